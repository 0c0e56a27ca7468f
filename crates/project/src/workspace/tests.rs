use expect_test::{Expect, expect};

use crate::{Project, Sources};

fn contract(dataset: &str, column: &str, more: &str) -> String {
    let (_, name) = dataset.split_once('.').unwrap();
    format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: {dataset}\nname: x\nversion: 1.0.0\nstatus: \
         active\ndescription: {{ purpose: x }}\nteam: {{ name: x }}\ncustomProperties:\n  - {{ \
         property: name.en, value: x }}\n  - {{ property: purpose.vi, value: x }}\n  - {{ \
         property: classification, value: public }}\nschema:\n  - name: {name}\n    physicalType: \
         table\n    properties:\n      - name: {column}\n        businessName: x\n        \
         logicalType: string\n        physicalType: string\n        required: true\n        \
         description: x\n        customProperties: [{{ property: businessName.en, value: X }}]\n\
         {more}"
    )
}

const SQL: &str = "-- why: x\n-- write: replace\n-- refresh: on change\nselect 1\n";

fn read(files: &[(&str, &str)]) -> (Project, String) {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let (project, problems) = Project::read(&Sources::from_files(files));
    (project, problems.iter().map(|p| format!("{p}\n")).collect())
}

fn check(files: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&read(files).1);
}

#[test]
fn a_small_project_without_fault_is_read() {
    let kinds = contract("codes.kinds", "code", "");
    let things = contract("refined.things", "thing", "");
    let (project, told) = read(&[
        ("warehouse/README.md", ""),
        ("warehouse/policies/a.yaml", ""),
        ("warehouse/codes/kinds.odcs.yaml", &kinds),
        ("warehouse/codes/kinds.csv", "code\na\n"),
        ("warehouse/refined/things.odcs.yaml", &things),
        ("sql/refined/things.sql", SQL),
        ("lineage/refined/things.txt", "edge\n"),
        ("lineage/README.md", "graph\n"),
    ]);
    assert_eq!(told, "");
    assert!(
        project
            .dataset(&"refined.things".parse().unwrap())
            .is_some()
    );
    assert_eq!(project.code_lists["kinds"].codes.len(), 1);
    assert_eq!(project.transformations.len(), 1);
    assert_eq!(project.lineage.len(), 2);
}

#[test]
fn files_that_need_one_another_are_missed() {
    let of = |dataset: &str| contract(dataset, "code", "");
    check(
        &[
            ("warehouse/codes/a.odcs.yaml", &of("codes.a")),
            ("warehouse/codes/b.csv", "code\n"),
            ("warehouse/raw/c.odcs.yaml", &of("raw.c")),
            ("warehouse/refined/d.odcs.yaml", &of("refined.d")),
            ("sql/served/e.sql", SQL),
        ],
        expect![[r#"
            sql/served/e.sql: dataset `served.e` has no contract: create `warehouse/served/e.odcs.yaml`
            warehouse/codes/a.odcs.yaml: dataset `codes.a` has a contract but no CSV file: create `warehouse/codes/a.csv`
            warehouse/codes/b.csv: code list `b` has no contract: create `warehouse/codes/b.odcs.yaml`
            warehouse/raw/c.odcs.yaml: raw datasets are submitted by period, but there is no calendar: create `warehouse/codes/periods.csv` and its contract
            warehouse/refined/d.odcs.yaml: dataset `refined.d` has a contract but no SQL: create `sql/refined/d.sql`
        "#]],
    );
}

#[test]
fn a_file_that_cannot_be_read_still_counts_as_there() {
    check(
        &[
            ("warehouse/codes/a.odcs.yaml", "a: ["),
            ("warehouse/codes/a.csv", "whatever\n"),
            ("warehouse/refined/d.odcs.yaml", "- 1\n"),
            ("sql/refined/d.sql", "select 1"),
        ],
        expect![[r#"
            sql/refined/d.sql:1:1: the header lacks `-- refresh: …`
            sql/refined/d.sql:1:1: the header lacks `-- why: …`
            sql/refined/d.sql:1:1: the header lacks `-- write: …`
            warehouse/codes/a.odcs.yaml:2:1: this is no YAML: while parsing a node, did not find expected node content
            warehouse/refined/d.odcs.yaml:1:1: the contract must be a mapping, found a list
        "#]],
    );
}

#[test]
fn code_lists_that_rules_name_must_exist() {
    let quality = |list: &str| {
        format!(
            "        quality:\n          - {{ type: library, metric: invalidValues, arguments: {{ \
             codeList: {list} }}, mustBe: 0 }}\n"
        )
    };
    let kinds = contract("codes.kinds", "code", "");
    let parts = contract("codes.parts", "code", &quality("kinds"));
    let things = contract("refined.things", "kind", &quality("kind"));
    check(
        &[
            ("warehouse/codes/kinds.odcs.yaml", &kinds),
            ("warehouse/codes/kinds.csv", "code\na\n"),
            ("warehouse/codes/parts.odcs.yaml", &parts),
            ("warehouse/codes/parts.csv", "code\na\nb\n"),
            ("warehouse/refined/things.odcs.yaml", &things),
            ("sql/refined/things.sql", SQL),
        ],
        expect![[r#"
            warehouse/codes/parts.csv:3:1: X is no code of the list `kinds` that is valid in the period: `b`
            warehouse/refined/things.odcs.yaml:25:76: no code list is named `kind`: did you mean `kinds`?
        "#]],
    );
}

#[test]
fn stray_files_are_told_with_what_was_expected() {
    check(
        &[
            ("warehouse/notes.txt", ""),
            ("warehouse/raw/dossiers.yaml", ""),
            ("warehouse/raw/dossiers.csv", ""),
            ("warehouse/raw/deep/dossiers.odcs.yaml", ""),
            ("warehouse/refind/dossiers.odcs.yaml", ""),
            ("warehouse/codes/x.tsv", ""),
            ("warehouse/reports/x.yml", ""),
            ("warehouse/adapters/x.json", ""),
            ("sql/x.sql", ""),
            ("sql/refined/x.txt", ""),
            ("lineage/x.txt", ""),
        ],
        expect![[r#"
            lineage/x.txt: the file does not belong here: expected `lineage/<layer>/<name>.txt`
            sql/refined/x.txt: the file does not belong here: expected `sql/<layer>/<name>.sql`
            sql/x.sql: the file does not belong here: expected `sql/<layer>/<name>.sql`
            warehouse/adapters/x.json: the file does not belong here: expected `warehouse/adapters/<name>.yaml`
            warehouse/codes/x.tsv: the file does not belong here: expected `<list>.odcs.yaml` and `<list>.csv`
            warehouse/notes.txt: the file does not belong here: expected `warehouse/<layer>/<name>.odcs.yaml`
            warehouse/raw/deep/dossiers.odcs.yaml: the file does not belong here: expected a file directly in the folder of its layer
            warehouse/raw/dossiers.csv: no data lives here: submit the file with `dtm submit`
            warehouse/raw/dossiers.yaml: the file does not belong here: expected `<name>.odcs.yaml`
            warehouse/refind/dossiers.odcs.yaml: `warehouse/` has no folder `refind`: did you mean `refined`?
            warehouse/reports/x.yml: the file does not belong here: expected `warehouse/reports/<name>.yaml`
        "#]],
    );
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let files = [("sql/refined/x.sql".to_owned(), b"select '\xff'".to_vec())];
    let (_, problems) = Project::read(&Sources::from_files(files));
    let told: String = problems.iter().map(|p| format!("{p}\n")).collect();
    expect![[r#"
        sql/refined/x.sql: dataset `refined.x` has no contract: create `warehouse/refined/x.odcs.yaml`
        sql/refined/x.sql:1:9: the file is no UTF-8 from here: save it as UTF-8
    "#]].assert_eq(&told);
}

#[test]
fn the_shipped_project_has_no_problem() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (project, problems) = Project::read(&Sources::from_folder(&root).unwrap());
    let told: String = problems.iter().map(|p| format!("{p}\n")).collect();
    assert_eq!(told, "");
    assert!(!project.contracts.is_empty());
    assert!(!project.adapters.is_empty());
}
