use super::*;

#[test]
fn a_home_is_not_created_before_someone_writes_into_it() {
    let home = TestHome::new();
    assert!(!home.path().exists());
    let home = home.with_settings("[serve]\n");
    assert_eq!(
        fs::read_to_string(home.path().join("dtm.toml")).unwrap(),
        "[serve]\n"
    );
}

#[test]
fn a_project_is_copied_with_its_folders() {
    let source = TestHome::new();
    source.write("sql/served/scoreboard.sql", "select 1");
    source.write("elsewhere/left_behind.txt", "");
    let home = TestHome::new().with_project(source.root());
    let copied = home.project().join("sql/served/scoreboard.sql");
    assert_eq!(fs::read_to_string(copied).unwrap(), "select 1");
    assert!(!home.project().join("elsewhere").exists());
}

#[test]
fn the_folder_goes_with_its_owner() {
    let home = TestHome::new();
    let root = home.root().to_owned();
    drop(home);
    assert!(!root.exists());
}
