use super::{AgencyCode, DatasetName, Layer};

#[test]
fn a_dataset_name_is_a_layer_and_a_word() {
    let name: DatasetName = "raw.dossiers_2".parse().unwrap();
    assert_eq!((name.layer(), name.name()), (Layer::Raw, "dossiers_2"));
    assert_eq!(name.path(), "raw/dossiers_2");
    let long = format!("raw.{}", "a".repeat(61));
    for text in [
        "",
        "raw",
        "raw.",
        ".x",
        "gold.x",
        "raw.X",
        "raw.2x",
        "raw._x",
        "raw.a b",
        "raw.a.b",
        "raw.đ",
        long.as_str(),
    ] {
        assert!(text.parse::<DatasetName>().is_err(), "{text}");
    }
}

#[test]
fn an_agency_code_has_a_head_and_groups() {
    for text in ["H26", "G06.12", "H26.01.A7", "A00"] {
        assert_eq!(text.parse::<AgencyCode>().unwrap().as_str(), text);
    }
    let long = format!("H26.{}", "1".repeat(32));
    for text in [
        "",
        "Z26",
        "h26",
        "H2",
        "H266",
        "H26.",
        "H26..1",
        "H26.a",
        "26H",
        long.as_str(),
    ] {
        assert!(text.parse::<AgencyCode>().is_err(), "{text}");
    }
}

#[test]
fn an_agency_lies_within_itself_and_those_above_it() {
    let code = |text: &str| text.parse::<AgencyCode>().unwrap();
    assert!(code("H26.01").is_within(&code("H26")));
    assert!(code("H26").is_within(&code("H26")));
    assert!(!code("H26").is_within(&code("H26.01")));
    assert!(!code("H26.011").is_within(&code("H26.01")));
}
