use super::Stamp;
use crate::Version;

fn stamp() -> Stamp {
    Stamp {
        dataset: "raw.dossiers".parse().unwrap(),
        version: Version {
            major: 2,
            minor: 10,
            patch: 3,
        },
        contract_sha256: "ab".repeat(32),
        table: "Dữ liệu".to_owned(),
        made_by: "dtm 1.0".to_owned(),
    }
}

#[test]
fn a_stamp_is_read_as_it_was_written() {
    let lines = stamp().lines();
    let lines = lines.iter().map(|(key, value)| (*key, value.as_str()));
    assert_eq!(Stamp::read(lines.chain([("later", "x")])), Some(stamp()));
}

#[test]
fn what_lacks_a_dataset_a_version_or_a_table_is_no_stamp() {
    for lost in ["dataset", "contract_version", "table"] {
        let lines = stamp().lines();
        let lines = lines.iter().map(|(key, value)| (*key, value.as_str()));
        assert_eq!(Stamp::read(lines.filter(|(key, _)| *key != lost)), None);
    }
    for version in ["", "1", "1.0", "1.0.0.0", "1.x.0", "-1.0.0"] {
        let lines = stamp().lines();
        let lines = lines.iter().map(|(key, value)| match *key {
            "contract_version" => (*key, version),
            key => (key, value.as_str()),
        });
        assert_eq!(Stamp::read(lines), None, "{version}");
    }
}
