use super::*;
use crate::SecretRef;

fn spec(select: &str) -> SqlSpec {
    let secret = SecretRef::parse("env:X").unwrap();
    SqlSpec::new("h", "d", "u", secret, select, "at")
}

#[test]
fn what_is_no_single_select_is_refused_before_it_is_sent() {
    for (select, why) in [
        ("", "neither `select` nor `with`"),
        ("delete from t", "neither `select` nor `with`"),
        ("selected", "neither `select` nor `with`"),
        ("/* x */ select 1", "neither `select` nor `with`"),
        ("select 1;", "leave out the `;`"),
        ("select 1 where a > $1", "the only placeholder"),
    ] {
        let error = check(&spec(select)).unwrap_err();
        assert!(matches!(error, PullError::Declared(_)), "{select}");
        assert!(error.to_string().contains(why), "{error}");
    }
    for select in [
        "select 1",
        "  SELECT 1",
        "with a as (select 1) select * from a",
        "select\n1",
    ] {
        check(&spec(select)).unwrap();
    }
}

#[test]
fn a_comparison_that_would_leave_out_rows_of_a_key_is_refused() {
    for (select, with_key) in [
        ("select 1 where at > $mark", false),
        ("select 1 where at >$mark", false),
        ("select 1 where at >= $mark", true),
        ("select 1 where at > $marker", true),
        ("select 1", true),
    ] {
        let mut spec = spec(select);
        check(&spec).unwrap();
        spec.key = Some("id".into());
        assert_eq!(check(&spec).is_ok(), with_key, "{select}");
    }
}

#[test]
fn only_the_placeholder_is_replaced() {
    for (select, written) in [
        ("a > $mark", "a > X"),
        ("$mark,$mark", "X,X"),
        (
            "$marker $mark_ $mark$ $markê",
            "$marker $mark_ $mark$ $markê",
        ),
        ("($mark)::text", "(X)::text"),
        ("ê$mark", "êX"),
    ] {
        assert_eq!(with_marks(select, "X"), written);
    }
}

#[test]
fn a_statement_is_cut_by_place_whatever_the_declared_one_says() {
    let types = Types {
        watermark: ("INT8", "-1"),
        key: Some("UUID"),
    };
    let mut spec = spec("select * from t -- all");
    let sql = |spec: &SqlSpec, from| {
        let query = slice(spec, &types, from);
        let (_, end) = query.sql.split_once("rows_of_dtm where ").unwrap();
        (end.to_owned(), query.values)
    };
    let at = "rows_of_dtm.\"at\"";
    let (end, values) = sql(&spec, From::Beginning);
    assert_eq!(end, format!("{at} is not null order by {at}"));
    assert!(values.is_empty());
    let (end, values) = sql(&spec, From::At("5"));
    assert!(end.contains(&format!("{at} >= cast($1 as INT8)")), "{end}");
    assert_eq!(values, ["5"]);
    let (end, _) = sql(&spec, From::After("5", None));
    assert!(end.contains(&format!("{at} > cast($1 as INT8)")), "{end}");
    spec.key = Some("a\"b".into());
    let (end, values) = sql(&spec, From::After("5", Some("k")));
    let key = "rows_of_dtm.\"a\"\"b\"";
    let after = format!("({at}, {key}) > (cast($1 as INT8), cast($2 as UUID))");
    assert!(end.contains(&after), "{end}");
    assert!(end.ends_with(&format!("order by {at}, {key}")), "{end}");
    assert_eq!(values, ["5", "k"]);
    spec.select = "select * from t where at >= $mark".into();
    let query = slice(&spec, &types, From::Beginning);
    assert!(
        query.sql.contains("where at >= cast($1 as INT8)\n)"),
        "{}",
        query.sql
    );
    assert_eq!(query.values, ["-1"]);
}
