use super::{Table, grouped, mebibytes, megabytes, rate, ratio};

#[test]
fn columns_are_as_wide_as_their_widest_cell_and_figures_stand_to_the_right() {
    let mut table = Table::new(["who", "seconds"]);
    table.row(["dtm".to_owned(), "1.250".to_owned()]);
    table.row(["duckdb ≠".to_owned(), "10.125".to_owned()]);
    let expected = "\
| who      | seconds |
| -------- | ------: |
| dtm      |   1.250 |
| duckdb ≠ |  10.125 |";
    assert_eq!(table.text(), expected);
}

#[test]
fn numbers_are_written_to_be_read() {
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(5_000_000), "5,000,000");
    assert_eq!(rate(5_000_000, 2.5), "2.00 M");
    assert_eq!(rate(1_500, 2.0), "750");
    assert_eq!(megabytes(1_612_400_000), "1,612");
    assert_eq!(mebibytes(1), "1");
    assert_eq!(ratio(1.0, 4.0), "0.25");
    assert_eq!(ratio(1.0, 0.0), "–");
}
