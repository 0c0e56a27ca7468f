use expect_test::{Expect, expect};

use super::{Refresh, Write, read};

const PATH: &str = "sql/refined/dossiers.sql";

fn check_at(path: &str, sql: &str, expected: Expect) {
    let mut problems = Vec::new();
    let read = read(path, sql, &mut problems);
    let mut told = if read.is_some() {
        "read\n"
    } else {
        "not read\n"
    }
    .to_owned();
    problems
        .iter()
        .for_each(|p| told.push_str(&format!("{p}\n")));
    expected.assert_eq(&told);
}

fn check(sql: &str, expected: Expect) {
    check_at(PATH, sql, expected);
}

const HEADER: &str = "-- why: it is needed\n-- write: replace\n-- refresh: on change\n";

#[test]
fn a_good_file_is_read() {
    let sql = "-- why: newest state\n--   of every dossier\n-- write: append\n-- refresh: on \
               change\n-- a comment: of the query\nselect 1\n";
    let read = read(PATH, sql, &mut Vec::new()).unwrap();
    assert_eq!(read.dataset.as_str(), "refined.dossiers");
    assert_eq!(read.why, "newest state of every dossier");
    assert_eq!(read.write, Write::Append);
    assert!(matches!(read.refresh, Refresh::OnChange));
    assert_eq!(read.sql, sql);
    assert_eq!(read.sha256.len(), 64);
}

#[test]
fn every_fault_of_a_header_is_told() {
    check(
        "select 1\n",
        expect![[r#"
        not read
        sql/refined/dossiers.sql:1:1: the header lacks `-- why: …`
        sql/refined/dossiers.sql:1:1: the header lacks `-- write: …`
        sql/refined/dossiers.sql:1:1: the header lacks `-- refresh: …`
    "#]],
    );
    check(
        "-- why:\n-- write: merge\n-- refresh: daily\nselect 1\n",
        expect![[r#"
            not read
            sql/refined/dossiers.sql:1:1: `why` is empty
            sql/refined/dossiers.sql:2:1: `write` must be one of `replace`, `append`, `merge on COLUMN, …`, `replace window COLUMN, …`, found `merge`
            sql/refined/dossiers.sql:3:1: `refresh` must be one of `on change`, `at period close`, `cron MINUTE HOUR DAY MONTH WEEKDAY`, found `daily`
        "#]],
    );
    check(
        "-- whi: x\n-- why: a\n-- why: b\n-- write: replace\nselect 1\n",
        expect![[r#"
            not read
            sql/refined/dossiers.sql:1:1: unknown key `whi` in the header: did you mean `why`?
            sql/refined/dossiers.sql:3:1: key `why` stands twice; first on line 2
            sql/refined/dossiers.sql:1:1: the header lacks `-- refresh: …`
        "#]],
    );
    check(
        "\n-- why: a\n-- write: append\n-- refresh: on change\nselect 1\n",
        expect![[r#"
            not read
            sql/refined/dossiers.sql:1:1: the header lacks `-- why: …`
            sql/refined/dossiers.sql:1:1: the header lacks `-- write: …`
            sql/refined/dossiers.sql:1:1: the header lacks `-- refresh: …`
        "#]],
    );
}

#[test]
fn a_refresh_is_on_change_by_cron_or_at_the_close_of_a_period() {
    let refreshed = |refresh: &str| {
        let sql = HEADER.replace("refresh: on change", &format!("refresh: {refresh}"));
        let mut problems = Vec::new();
        let read = read(PATH, &(sql + "select 1\n"), &mut problems);
        let told = problems.iter().map(ToString::to_string).collect::<String>();
        (read.map(|read| read.refresh), told)
    };
    for right in ["on change", "cron 0 2 * * *", "at period close"] {
        let (read, told) = refreshed(right);
        assert_eq!(
            (read.unwrap().to_string().as_str(), told.as_str()),
            (right, "")
        );
    }
    let (read, _) = refreshed("cron 0 2 * * *");
    let Some(Refresh::Cron(schedule)) = read else {
        panic!("{read:?}");
    };
    // Two o'clock in Vietnam is seven in the evening of the day before in UTC.
    let after = schedule.after("2026-09-20T03:00:00Z".parse().unwrap());
    assert_eq!(after.unwrap().to_rfc3339(), "2026-09-20T19:00:00+00:00");
    for (wrong, fault) in [
        ("cron", "found `cron`"),
        ("cron 0 2 * *", "expected minute, hour, day of month"),
        ("cron 0 25 * * *", "`0 25 * * *` is no schedule"),
        ("cron 0 0 31 2 *", "that time never comes"),
        ("At period close", "found `At period close`"),
        ("period close", "found `period close`"),
    ] {
        let (read, told) = refreshed(wrong);
        assert!(read.is_none(), "{wrong}");
        assert!(told.contains(fault), "{told}");
        assert!(told.contains(":3:1: `refresh`"), "{told}");
    }
}

#[test]
fn windows_are_columns() {
    let written = |write: &str| {
        let sql = HEADER.replace("write: replace", &format!("write: {write}")) + "select 1\n";
        let mut problems = Vec::new();
        let read = read(PATH, &sql, &mut problems);
        let told = problems.iter().map(ToString::to_string).collect::<String>();
        (read.map(|read| read.write), told)
    };
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        written("replace window period, agency_code"),
        (
            Some(Write::Window(names(&["period", "agency_code"]))),
            String::new()
        )
    );
    assert_eq!(
        written("merge on dossier_id"),
        (Some(Write::Merge(names(&["dossier_id"]))), String::new())
    );
    for (write, fault) in [
        ("replace window", "found `replace window`"),
        ("merge on period,", "names the column ``"),
        ("merge on Period", "names the column `Period`"),
        (
            "replace window period, period",
            "names the column `period` twice",
        ),
    ] {
        let (read, told) = written(write);
        assert_eq!(read, None);
        assert!(told.contains(fault), "{told}");
    }
}

#[test]
fn a_body_must_be_there_and_steady() {
    check(
        HEADER,
        expect![[r#"
        read
        sql/refined/dossiers.sql: the file holds no query: write one `select` below the header
    "#]],
    );
    check(
        &format!("{HEADER}-- nothing here\n/* nor here */\n"),
        expect![[r#"
            read
            sql/refined/dossiers.sql: the file holds no query: write one `select` below the header
        "#]],
    );
    check(
        &format!("{HEADER}select now() as at, $period as p\n"),
        expect![[r#"
            read
            sql/refined/dossiers.sql:4:8: `now` answers differently on every run: take the time of the run from `$run_at`
            sql/refined/dossiers.sql:4:21: `$period` is not given: known are `$run_at`
        "#]],
    );
    check(
        &format!("{HEADER}delete from t\n"),
        expect![[r#"
        read
        sql/refined/dossiers.sql:4:1: expected one `select`, found `delete`
    "#]],
    );
}

#[test]
fn only_refined_and_served_are_made_by_queries() {
    let sql = format!("{HEADER}select 1\n");
    check_at(
        "sql/served/x.sql",
        &sql,
        expect![[r#"
        read
    "#]],
    );
    check_at(
        "sql/raw/x.sql",
        &sql,
        expect![[r#"
        not read
        sql/raw/x.sql: no query makes the layer `raw`: expected `sql/refined/` or `sql/served/`
    "#]],
    );
    check_at(
        "sql/codes/x.sql",
        &sql,
        expect![[r#"
        not read
        sql/codes/x.sql: no query makes the layer `codes`: expected `sql/refined/` or `sql/served/`
    "#]],
    );
    check_at(
        "sql/gold/x.sql",
        &sql,
        expect![[r#"
        not read
        sql/gold/x.sql: the path names no dataset: expected `sql/<layer>/<name>.sql`, the name in lowercase letters, digits and `_`
    "#]],
    );
    check_at(
        "sql/refined/Dossiers.sql",
        &sql,
        expect![[r#"
        not read
        sql/refined/Dossiers.sql: the path names no dataset: expected `sql/<layer>/<name>.sql`, the name in lowercase letters, digits and `_`
    "#]],
    );
}

#[test]
fn comments_layout_case_and_reasons_mean_nothing() {
    let meaning = |text: &str| read(PATH, text, &mut Vec::new()).unwrap().meaning;
    let of = |sql: &str| meaning(&format!("{HEADER}{sql}"));
    let plain = of("select a, 'B c' as b from t where a >= -1");
    for same in [
        "SELECT a ,\n\t'B c' AS b -- all of them\nfrom /* the */ t WHERE a>= - 1 ;\n",
        "-- first\nselect A, 'B c' as b from T where a >=-1",
    ] {
        assert_eq!(of(same), plain, "{same}");
    }
    let why = HEADER.replace("it is needed", "it is asked for");
    assert_eq!(meaning(&format!("{why}select 1")), of("select 1"));
    let append = HEADER.replace("write: replace", "write: append");
    assert_ne!(meaning(&format!("{append}select 1")), of("select 1"));
    let window = |columns: &str| HEADER.replace("replace", &format!("replace window {columns}"));
    let (one, two) = (window("a, b"), window("b, a"));
    assert_ne!(
        meaning(&format!("{one}select 1")),
        meaning(&format!("{two}select 1"))
    );
}

#[test]
fn what_is_written_otherwise_and_may_mean_otherwise_is_another() {
    let of = |sql: &str| {
        let text = format!("{HEADER}{sql}");
        read(PATH, &text, &mut Vec::new()).unwrap().meaning
    };
    for [one, other] in [
        ["select 'a -- b' as a", "select 'a -- c' as a"],
        ["select 'a  b' as a", "select 'a b' as a"],
        ["select 'A' as a", "select 'a' as a"],
        ["select \"A\" from t", "select \"a\" from t"],
        ["select 'a''b' as a", "select 'a' 'b' as a"],
        ["select x'ab' as a", "select x 'ab' as a"],
        ["select e'\\' -- a' as a", "select e'\\' -- b' as a"],
        ["select `a -- b` from t", "select `a -- c` from t"],
        [
            "select a from t where a < 1",
            "select a from t where a <= 1",
        ],
        ["select a1 from t", "select a 1 from t"],
        ["select a / b from t", "select a from t"],
    ] {
        assert_ne!(of(one), of(other), "{one}");
    }
}
