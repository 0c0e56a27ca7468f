use super::Look;

#[test]
fn days_are_told_from_numbers_by_the_format() {
    let moments = [
        "dd/mm/yyyy",
        "yyyy-mm-dd",
        "d-mmm-yy",
        "[$-42A]dd mmmm yyyy",
        "h:mm AM/PM",
        "DD/MM/YY",
        "dd/mm/yyyy;@",
        "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy",
        "\"ngày\" dd \"tháng\" mm",
        "mm:ss.0",
        "[Red]dd/mm",
        "yyyy\"年\"m\"月\"",
    ];
    for code in moments {
        assert_eq!(Look::of_code(code), Look::Moment, "{code}");
    }
    let numbers = [
        "General",
        "0",
        "0.00",
        "#,##0.00",
        "@",
        "0%",
        "0.00E+00",
        "#,##0\\ \"đ\"",
        "\"days\" 0",
        "#,##0_);[Red](#,##0)",
        "[Blue]0",
        "0;dd/mm",
        "\\d0",
        "_d0",
        "*d0",
        "[$đ-42A]#,##0",
        "",
        "[>100]0",
        "\"open",
        "[open",
        "[]0",
        "\\",
    ];
    for code in numbers {
        assert_eq!(Look::of_code(code), Look::Number, "{code}");
    }
    for code in ["[h]:mm", "[hh]:mm:ss", "[mm]:ss", "[s]", "[H]:MM"] {
        assert_eq!(Look::of_code(code), Look::Span, "{code}");
    }
}

#[test]
fn formats_that_every_program_has_go_by_number() {
    assert_eq!(Look::built_in(0), Some(Look::Number));
    assert_eq!(Look::built_in(14), Some(Look::Moment));
    assert_eq!(Look::built_in(22), Some(Look::Moment));
    assert_eq!(Look::built_in(46), Some(Look::Span));
    assert_eq!(Look::built_in(49), Some(Look::Number));
    assert_eq!(Look::built_in(164), None);
}
