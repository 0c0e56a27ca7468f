use expect_test::{Expect, expect};

use crate::samples::judged;
use crate::{Coding, Delimiter, Dialect, Format, Quote};

fn check(dialect: Dialect, body: &str, expected: Expect) {
    let coding = Coding {
        dialect,
        ..Format::Csv.into()
    };
    expected.assert_eq(&judged(coding, body.as_bytes()));
}

fn of(delimiter: Delimiter) -> Dialect {
    Dialect {
        delimiter: Some(delimiter),
        ..Dialect::default()
    }
}

#[test]
fn the_delimiter_is_the_one_by_which_the_names_are_columns() {
    for d in [",", ";", "\t", "|"] {
        let body = format!("id{d}count{d}flag\nA{d}1{d}true\n\"B,;\t|\"{d}2{d}\n");
        let shown = judged(Format::Csv, body.as_bytes());
        let expected = "1: A | 1 | ∅ | ∅ | ∅ | true | ∅ | ∅\n2: B,;\t| | 2 | ∅";
        assert!(shown.starts_with(expected), "{shown}");
    }
    check(
        Dialect::default(),
        "\"id\";\"count\"\n\"A;\n\";1\n",
        expect![[r#"
            1: A;
             | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            1 received, 1 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_header_that_fits_by_no_delimiter_is_refused_by_the_names_it_has() {
    let check = |body: &str, expected: Expect| check(Dialect::default(), body, expected);
    check(
        "id;colour;count\nA;1;2\n",
        expect![[r#"
        `raw.samples` has no column `colour`
        Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`.
    "#]],
    );
    check(
        "foo|bar\nA|1\n",
        expect![[r#"
        `raw.samples` has no column `foo`, `bar`
        Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`.
    "#]],
    );
    check(
        "count;day\n1;2026-09-01\n",
        expect![[r#"
        the body has no column `id`
        `raw.samples` requires these columns in every row.
    "#]],
    );
    check(
        "id;count,day\nA;1\n",
        expect![[r#"
        `raw.samples` has no column `id;count`
        Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`.
    "#]],
    );
    check(
        "colour\nred\n",
        expect![[r#"
        `raw.samples` has no column `colour`
        Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`.
    "#]],
    );
}

#[test]
fn a_declared_delimiter_is_not_looked_for() {
    check(
        of(Delimiter::Comma),
        "id;count\nA;1\n",
        expect![[r#"
        `raw.samples` has no column `id;count`
        Separate cells by `,`, as declared, not by `;`.
    "#]],
    );
    check(
        Dialect::TSV,
        "id,count\nA,1\n",
        expect![[r#"
        `raw.samples` has no column `id,count`
        Separate cells by tabs, as declared, not by `,`.
    "#]],
    );
    check(
        Dialect::TSV,
        "id\tcount\tratio\nA, B\t1\t12.5\n",
        expect![[r#"
            1: A, B | 1 | ∅ | ∅ | 12.5 | ∅ | ∅ | ∅
            1 received, 1 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_first_line_of_sep_names_the_delimiter_and_is_no_row() {
    check(
        Dialect::default(),
        "\u{feff}sep=;\r\nid;count\r\nA;1\r\nB\r\n",
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 refused malformed - «∅»: the row has 1 cells, the header has 2 columns
                "B"
            2 received, 1 landed, 1 quarantined, 0 warned
        "#]],
    );
    check(
        of(Delimiter::Tab),
        "SEP=\t\nid\tcount\nA\t1\n",
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            1 received, 1 landed, 0 quarantined, 0 warned
        "#]],
    );
    check(
        Dialect::TSV,
        "sep=;\nid;count\n",
        expect![[r#"
        the body's first line names another delimiter than is declared
        Send text whose first line names the columns, separated by tabs.
    "#]],
    );
    check(
        Dialect::default(),
        "sep=^\nid^count\n",
        expect![[r#"
        `raw.samples` has no column `sep=^`
        Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`.
    "#]],
    );
    check(
        Dialect::default(),
        "sep=;\n",
        expect![[r#"
        the body is empty: it has no header
        Send text whose first line names the columns, separated by `;`.
    "#]],
    );
}

#[test]
fn semicolons_say_that_numbers_have_a_decimal_comma() {
    check(
        Dialect::default(),
        "id;count;small;price;ratio;day\n\
         A;1.250.000;-12;1.250,50;12,5;2026-09-01\n\
         B;1250;0;0,5;-1.000,25e2;\n\
         C,5;12,0;1.25;12.5;1,250.5;\n\
         1.5;1.2500;.250;0.250;1..250;\n\
         E;1,2,3;;1250,505;,5;\n\
         F;1.;-;5,;1,5e;\n",
        expect![[r#"
            1: A | 1250000 | -12 | 1250.50 | 12.5 | ∅ | 2026-09-01 | ∅
            2: B | 1250 | 0 | 0.50 | -100025.0 | ∅ | ∅ | ∅
            1 warned high count «1250000»: high is broken
            2 warned high count «1250»: high is broken
            3 refused type count «12,0»: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
                {"id":"C,5","count":"12,0","small":"1.25","price":"12.5","ratio":"1,250.5","day":null}
            3 refused type small «1.25»: `small` cannot be read as int32: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            3 refused type price «12.5»: `price` cannot be read as decimal(6,2): expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            3 refused type ratio «1,250.5»: `ratio` cannot be read as float64: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            4 refused type count «1.2500»: `count` cannot be read as int64: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
                {"id":"1.5","count":"1.2500","small":".250","price":"0.250","ratio":"1..250","day":null}
            4 refused type small «.250»: `small` cannot be read as int32: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            4 refused type price «0.250»: `price` cannot be read as decimal(6,2): expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            4 refused type ratio «1..250»: `ratio` cannot be read as float64: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            5 refused type count «1,2,3»: `count` cannot be read as int64: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
                {"id":"E","count":"1,2,3","small":null,"price":"1250,505","ratio":",5","day":null}
            5 refused type price «1250,505»: `price` cannot be read as decimal(6,2): too many digits after the decimal point
            5 refused type ratio «,5»: `ratio` cannot be read as float64: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            6 refused type count «1.»: `count` cannot be read as int64: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
                {"id":"F","count":"1.","small":"-","price":"5,","ratio":"1,5e","day":null}
            6 refused type small «-»: `small` cannot be read as int32: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            6 refused type price «5,»: `price` cannot be read as decimal(6,2): expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            6 refused type ratio «1,5e»: `ratio` cannot be read as float64: expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            6 received, 2 landed, 4 quarantined, 2 warned
        "#]],
    );
}

#[test]
fn a_declared_decimal_sign_is_the_one_of_every_number() {
    let point = Dialect {
        decimal_comma: Some(false),
        ..of(Delimiter::Semicolon)
    };
    check(
        point,
        "id;price;count\nA;12.5;1\nB;12,5;1.000\n",
        expect![[r#"
            1: A | 1 | ∅ | 12.50 | ∅ | ∅ | ∅ | ∅
            2 refused type count «1.000»: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
                {"id":"B","price":"12,5","count":"1.000"}
            2 refused type price «12,5»: `price` cannot be read as decimal(6,2): expected a decimal number without an exponent, as in `1250.50`
            2 received, 1 landed, 1 quarantined, 0 warned
        "#]],
    );
    let comma = Dialect {
        decimal_comma: Some(true),
        ..Dialect::default()
    };
    check(
        comma,
        "id,price,count\nA,\"12,5\",1\nB,12.5,1.000\n",
        expect![[r#"
            1: A | 1 | ∅ | 12.50 | ∅ | ∅ | ∅ | ∅
            2 refused type price «12.5»: `price` cannot be read as decimal(6,2): expected a number with a decimal comma, as in `1250,50` or `1.250,50`
                {"id":"B","price":"12.5","count":"1.000"}
            2 warned high count «1000»: high is broken
            2 received, 1 landed, 1 quarantined, 0 warned
        "#]],
    );
    let tabs = "id\tprice\nA\t12,5\nB\t12.5\n";
    check(
        Dialect::default(),
        tabs,
        expect![[r#"
        2: B | ∅ | ∅ | 12.50 | ∅ | ∅ | ∅ | ∅
        1 refused type price «12,5»: `price` cannot be read as decimal(6,2): expected a decimal number without an exponent, as in `1250.50`
            {"id":"A","price":"12,5"}
        2 received, 1 landed, 1 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn the_quote_is_the_declared_one() {
    let single = Dialect {
        quote: Quote::Single,
        ..Dialect::default()
    };
    check(
        single,
        "'id',count\n'A,''\nB\"',1\nC\",2\n'D,3\n",
        expect![[r#"
            1: A,'
            B" | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2: C" | 2 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3 refused malformed - «∅»: a quote is opened and not closed
                "'D,3"
            3 received, 2 landed, 1 quarantined, 0 warned
        "#]],
    );
    let none = Dialect {
        quote: Quote::None,
        ..Dialect::default()
    };
    check(
        none,
        "id,count\n\"A,1\n5\"\",2\n\"B\nC\",3\n",
        expect![[r#"
            1: "A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2: 5"" | 2 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            4: C" | 3 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3 refused malformed - «∅»: the row has 1 cells, the header has 2 columns
                "\"B"
            4 received, 3 landed, 1 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn the_header_once_more_is_no_row() {
    check(
        Dialect::default(),
        "id;count\nA;1\nid;count\nB;2\n",
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: B | 2 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 refused malformed - «∅»: the row is the header once more
                "id;count"
            3 received, 2 landed, 1 quarantined, 0 warned
        "#]],
    );
}
