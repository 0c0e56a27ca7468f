//! The shipped project: sound, traced, and giving the figures that it promises.

use std::path::{Path, PathBuf};

use project::{Layer, Sources};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_project_has_no_problem_and_its_lineage_is_fresh_and_never_opaque() {
    let checked = conduct::check(&Sources::from_folder(&root()).unwrap()).await;
    assert!(checked.problems.is_empty(), "{:#?}", checked.problems);
    assert!(checked.project.transformations.len() >= 12);
    for (path, text) in checked
        .lineage
        .iter()
        .filter(|(path, _)| path.ends_with(".txt"))
    {
        assert!(
            !text.is_empty() && !text.contains(" opaque"),
            "{path}:\n{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_project_has_no_problem() {
    let checked = conduct::check(&Sources::from_folder(&crate::home::example()).unwrap()).await;
    assert!(checked.problems.is_empty(), "{:#?}", checked.problems);
}

/// The problems of the example project after a change of its files.
async fn problems(change: impl Fn(&str, String) -> Option<String>) -> Vec<String> {
    let files = Sources::from_folder(&crate::home::example()).unwrap();
    let files = files.iter().filter_map(|(path, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        change(path, text).map(|text| (path.to_owned(), text.into_bytes()))
    });
    let checked = conduct::check(&Sources::from_files(files)).await;
    checked.problems.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drawing_of_the_graph_is_held_to_the_sql_when_nothing_else_is_wrong() {
    const DRAWING: &str = "lineage/README.md";
    let found = problems(|path, text| (path != DRAWING).then_some(text)).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("lineage/README.md: the lineage is missing"));
    let edited = |path: &str, text: String| {
        let by_hand = if path == DRAWING { " by hand" } else { "" };
        text + by_hand
    };
    let found = problems(|path, text| Some(edited(path, text))).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("lineage/README.md: the lineage is stale"));
    let found = problems(|path, text| Some(edited(path, text.replace("status:", "stat:")))).await;
    assert!(found.iter().all(|p| !p.contains(DRAWING)), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_only_receives_needs_no_lineage() {
    let received = |path: &str| {
        let rooms = [
            "sql/",
            "lineage/",
            "warehouse/served/",
            "warehouse/reports/",
        ];
        !rooms.iter().any(|room| path.starts_with(room))
    };
    let found = problems(|path, text| received(path).then_some(text)).await;
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn our_own_books_have_sound_contracts() {
    let folder = root().join("crates/conduct/system");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let contract = project::Contract::read(&format!("system/{name}"), &text).unwrap();
        assert_eq!(contract.dataset.layer(), Layer::System);
        read += 1;
    }
    assert_eq!(read, 6);
}
