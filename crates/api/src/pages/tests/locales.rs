//! The texts: complete in both languages, and none that no page says.

use std::collections::BTreeSet;

use render::Language;

use crate::pages::texts::Texts;

/// The keys of a locale in order.
fn keys(locale: &str) -> Vec<&str> {
    let keys = locale
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    keys.filter_map(|line| line.split_once(" ="))
        .map(|(key, _)| key)
        .collect()
}

#[test]
fn both_languages_have_the_same_texts_in_the_same_order() {
    let (vi, en) = (
        include_str!("../../../locales/vi.ftl"),
        include_str!("../../../locales/en.ftl"),
    );
    assert_eq!(keys(vi), keys(en));
    let unique: BTreeSet<&str> = keys(vi).into_iter().collect();
    assert_eq!(unique.len(), keys(vi).len(), "a key stands twice");
    for language in Language::ALL {
        for key in &unique {
            assert!(Texts::of(language).has(key), "{key}");
        }
    }
}

#[test]
fn one_is_not_many() {
    let said = |language, count| Texts::of(language).say_with("rules-count", &[("count", count)]);
    for (count, vi, en) in [
        ("1", "1 quy tắc", "1 rule"),
        ("21", "21 quy tắc", "21 rules"),
        ("1,062", "1,062 quy tắc", "1,062 rules"),
        ("1.000", "1.000 quy tắc", "1.000 rules"),
    ] {
        assert_eq!(said(Language::Vi, count), vi);
        assert_eq!(said(Language::En, count), en);
    }
}

#[test]
fn every_text_that_is_said_is_there_and_every_text_is_said() {
    let sources = [
        include_str!("../../../templates/base.html"),
        include_str!("../../../templates/connectors.html"),
        include_str!("../../../templates/dataset.html"),
        include_str!("../../../templates/datasets.html"),
        include_str!("../../../templates/failure.html"),
        include_str!("../../../templates/history.html"),
        include_str!("../../../templates/lineage.html"),
        include_str!("../../../templates/lineage_columns.html"),
        include_str!("../../../templates/lineage_tables.html"),
        include_str!("../../../templates/macros.html"),
        include_str!("../../../templates/obligations.html"),
        include_str!("../../../templates/overview.html"),
        include_str!("../../../templates/quarantine.html"),
        include_str!("../../../templates/query.html"),
        include_str!("../../../templates/report.html"),
        include_str!("../../../templates/reports.html"),
        include_str!("../../../templates/run.html"),
        include_str!("../../../templates/runs.html"),
        include_str!("../../../templates/sign_in.html"),
        include_str!("../../../templates/submission.html"),
        include_str!("../../../templates/submissions.html"),
        include_str!("../../../templates/trace.html"),
        include_str!("../lineage/columns.rs"),
        include_str!("../dataset.rs"),
        include_str!("../overview.rs"),
        include_str!("../profiles.rs"),
        include_str!("../submissions.rs"),
    ];
    let said: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| ["say(\"", "say_with(\""].map(|call| source.split(call).skip(1)))
        .flatten()
        .filter_map(|part| part.split('"').next())
        .collect();
    // What the columns of the lineage picture are called.
    let said: BTreeSet<&str> = said.into_iter().chain(["this-dataset"]).collect();
    let known = keys(include_str!("../../../locales/vi.ftl"));
    for key in &said {
        assert!(known.contains(key), "no text `{key}`");
    }
    let made = [
        "classification-",
        "connector-",
        "error-",
        "hidden-",
        "kind-",
        "layer-",
        "nav-",
        "quarantine-by-",
        "relation-",
        "restricted-",
        "severity-",
        "standing-",
        "state-",
        "step-",
        "timeliness-",
        "trace-role-",
    ];
    for key in known {
        let made = made.iter().any(|start| key.starts_with(start));
        assert!(made || said.contains(key), "`{key}` is never said");
    }
}
