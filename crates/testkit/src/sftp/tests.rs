use super::*;

#[test]
fn the_server_says_what_opens_it_and_takes_its_folder_with_it() {
    let server = Sftp::start();
    let files = server.files();
    assert!(files.is_dir());
    assert!(server.said().host_key.starts_with("SHA256:"));
    assert_ne!(server.said().port, 0);
    drop(server);
    assert!(!files.parent().unwrap().exists());
}

#[test]
fn two_servers_have_keys_and_ports_of_their_own() {
    let (one, other) = (Sftp::start(), Sftp::start());
    assert_ne!(one.said().port, other.said().port);
    assert_ne!(one.said().host_key, other.said().host_key);
}
