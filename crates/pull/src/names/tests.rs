use super::{is_put_away, is_unready, paper};

#[test]
fn what_is_still_written_is_left() {
    for name in [
        ".a.csv",
        "a.csv.part",
        "A.CSV.FILEPART",
        "a.tmp",
        "~$a.xlsx",
        "a.crdownload",
    ] {
        assert!(is_unready(name), "{name}");
    }
    for name in ["a.csv", "part", "a.part.csv", "tmp.csv"] {
        assert!(!is_unready(name), "{name}");
    }
    assert!(is_put_away("done") && is_put_away("refused") && !is_put_away("done.csv"));
}

#[test]
fn the_name_of_a_paper_fits() {
    assert_eq!(paper("a.csv", "receipt.json"), "a.csv.receipt.json");
    let long = paper(&"ạ".repeat(84), "receipt.json");
    assert!(
        long.len() <= 213 && long.ends_with("ạ.receipt.json"),
        "{long}"
    );
}
