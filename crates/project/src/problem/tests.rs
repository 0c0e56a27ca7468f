use super::{Problem, known, must_be};

#[test]
fn a_problem_shows_its_place_or_the_file_alone() {
    assert_eq!(
        Problem::at("a.sql", 3, 7, "it is wrong").to_string(),
        "a.sql:3:7: it is wrong"
    );
    assert_eq!(
        Problem::at("a.sql", 0, 0, "it is wrong").to_string(),
        "a.sql: it is wrong"
    );
}

#[test]
fn the_nearest_word_is_proposed_and_else_all_are_listed() {
    let words = ["agencies", "provinces"];
    assert_eq!(
        known("agency", &["agency_code"], "column"),
        "the known column is `agency_code`"
    );
    assert_eq!(known("agencys", &words, "list"), "did you mean `agencies`?");
    assert_eq!(
        known("periods", &words, "list"),
        "known are `agencies`, `provinces`"
    );
    assert_eq!(known("x", &[], "list"), "no list is known here");
}

#[test]
fn one_word_is_not_called_one_of_them() {
    assert_eq!(must_be("a", &["b"], "c"), "`a` must be `b`, found `c`");
    assert_eq!(
        must_be("a", &["b", "d"], "c"),
        "`a` must be one of `b`, `d`, found `c`"
    );
}
