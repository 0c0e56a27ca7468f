use super::Sources;

fn sources(files: &[(&str, &str)]) -> Sources {
    let own = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
    Sources::from_files(files.iter().map(own))
}

#[test]
fn the_digest_follows_paths_and_bytes_and_not_their_order() {
    let digest = sources(&[("a", "1"), ("b", "2")]).sha256();
    assert_eq!(digest, sources(&[("b", "2"), ("a", "1")]).sha256());
    for other in [
        [("a", "2"), ("b", "1")],
        [("a", "1"), ("c", "2")],
        [("a", "12"), ("b", "")],
    ] {
        assert_ne!(digest, sources(&other).sha256());
    }
}

#[test]
fn a_folder_without_rooms_is_an_empty_project() {
    let nowhere = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/names");
    assert_eq!(Sources::from_folder(&nowhere).unwrap().iter().count(), 0);
}
