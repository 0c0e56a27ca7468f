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
    assert_eq!(read, 2);
}
