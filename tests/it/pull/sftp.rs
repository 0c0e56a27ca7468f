//! A folder of an SFTP server, a real one of another make.

use std::fs;
use std::time::{Duration, SystemTime};

use service::{ErrorKind, Page, Service};
use testkit::sftp::Sftp;

use super::{all, entries, pull, pulled, setup, state, visits};
use crate::home::{Fixture, VISITS};

struct Server(Sftp);

impl Server {
    /// A server with folders for what comes, what is done and what is refused.
    async fn start() -> Self {
        let server = tokio::task::spawn_blocking(Sftp::start).await.unwrap();
        for folder in ["out", "done", "refused"] {
            fs::create_dir(server.files().join(folder)).unwrap();
        }
        Self(server)
    }

    fn connector(&self) -> String {
        let said = self.0.said();
        format!(
            "name: inbox\ntitle: {{ vi: Tệp, en: Files }}\nkind: sftp\nsource:\n  host: \
             127.0.0.1\n  port: {port}\n  allow_addresses: ['127.0.0.1:{port}']\n  user: {user}\n  \
             password: env:SFTP_PASSWORD\n  host_keys: ['{key}']\n  folder: /out\n  quiet: 0s\n  \
             done_folder: /done\n  refused_folder: /refused\ndataset: raw.visits\nagency: \
             H26\nperiod: 2026-09\nschedule: {{ every: 15m }}\nrepeated: new\n",
            port = said.port,
            user = said.user,
            key = said.host_key,
        )
    }

    /// The same, whose files stay where they are.
    fn kept(&self) -> String {
        let moved = "  done_folder: /done\n  refused_folder: /refused\n";
        self.connector().replace(moved, "")
    }

    async fn house(&self, connector: &str) -> Fixture {
        let mut setup = setup(connector);
        let password = self.0.said().password.clone();
        setup.env.insert("SFTP_PASSWORD".to_owned(), password);
        Fixture::with(setup).await
    }

    /// A file, last written so many seconds after some moment.
    fn put(&self, name: &str, text: &str, seconds: u64) {
        let path = self.0.files().join("out").join(name);
        fs::write(&path, text).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000 + seconds);
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(at).unwrap();
    }

    fn lies(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.files().join(folder)).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

fn visit(n: u32) -> String {
    visits(&[(&format!("V-{n}"), "Huế", n)])
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_ending_land_and_are_moved_away_by_what_became_of_them() {
    let server = Server::start().await;
    let f = server.house(&server.connector()).await;
    server.put("a.csv", &visit(1), 1);
    let json = r#"[{"visit_id":"V-2","office":"Huế","visited_at":"2026-09-01T08:30:00+07:00"}]"#;
    server.put("b.json", json, 2);
    server.put("c.doc", "of no format", 3);
    server.put(
        "d.csv",
        "visit_id,office,visited_at,minutes\nV-3,,x,-1\n",
        4,
    );
    server.put("e.csv", &VISITS.replace("V-", "W-"), 5);
    let pieces = pulled(&f).await;
    let landed: Vec<(&str, bool)> = pieces.iter().map(|p| (p.name.as_str(), p.landed)).collect();
    let expected = [
        ("a.csv", true),
        ("b.json", true),
        ("c.doc", false),
        ("d.csv", false),
        ("e.csv", true),
    ];
    assert_eq!(landed, expected);
    assert!(
        pieces[2]
            .message
            .as_ref()
            .unwrap()
            .contains("has no known format")
    );
    assert!(server.lies("out").is_empty());
    assert_eq!(server.lies("done"), ["a.csv", "b.json", "e.csv"]);
    assert_eq!(server.lies("refused"), ["c.doc", "d.csv"]);
    assert_eq!(f.number("select count(*) from raw.visits").await, 4);

    assert_eq!(pulled(&f).await, []);
    // However old it is by its time.
    server.put("late.csv", &visit(9), 0);
    let f = f.reopened().await;
    assert_eq!(pulled(&f).await.len(), 1);
    assert_eq!(f.number("select count(*) from raw.visits").await, 5);
    let state = state(&f).await;
    assert_eq!((state.kind.as_str(), state.failures), ("sftp", 0));
    assert_eq!(state.mark.as_deref(), Some("late.csv"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_may_only_be_read_is_read_on_from_its_mark() {
    let server = Server::start().await;
    let limited = format!("{}limits: {{ pieces: 2 }}\n", server.kept());
    let f = server.house(&limited).await;
    for n in 1..=3 {
        server.put(&format!("{n}.csv"), &visit(n), n.into());
    }
    assert_eq!(pulled(&f).await.len(), 2);
    assert_eq!(all(&f).await, "V-1 1, V-2 2");
    let f = f.reopened().await;
    assert_eq!(pulled(&f).await.len(), 1);
    assert_eq!(pulled(&f).await, []);
    assert_eq!(all(&f).await, "V-1 1, V-2 2, V-3 3");
    assert_eq!(server.lies("out").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_over_the_limit_is_refused_and_holds_up_none_behind_it() {
    for moves in [true, false] {
        let server = Server::start().await;
        let connector = if moves {
            server.connector()
        } else {
            server.kept()
        };
        let f = server
            .house(&format!("{connector}limits: {{ bytes: 100 }}\n"))
            .await;
        let two = visits(&[("V-1", "Ba Đình", 1), ("V-2", "Huế", 2)]);
        server.put("big.csv", &two, 1);
        server.put("small.csv", &visit(3), 2);
        let pieces = pulled(&f).await;
        let landed: Vec<bool> = pieces.iter().map(|piece| piece.landed).collect();
        assert_eq!(landed, [false, true]);
        let told = pieces[0].message.as_ref().unwrap();
        assert!(told.contains("the limit is 100"), "{told}");
        assert_eq!(all(&f).await, "V-3 3");
        assert_eq!(pulled(&f).await, []);
        let expected: &[&str] = if moves { &["big.csv"] } else { &[] };
        assert_eq!(server.lies("refused"), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_landed_and_could_not_be_moved_away_lands_no_second_time() {
    let server = Server::start().await;
    fs::remove_dir(server.0.files().join("done")).unwrap();
    let f = server.house(&server.connector()).await;
    server.put("a.csv", &visit(1), 1);
    let told = pull(&f).await.unwrap().error.unwrap();
    assert!(told.contains("cannot move `a.csv`"), "{told}");
    assert_eq!(all(&f).await, "V-1 1");
    let f = f.reopened().await;
    fs::create_dir(server.0.files().join("done")).unwrap();
    assert!(pulled(&f).await[0].landed);
    assert_eq!(server.lies("done"), ["a.csv"]);
    assert_eq!(all(&f).await, "V-1 1");
    let page = Page {
        offset: 0,
        limit: 10,
    };
    assert_eq!(f.house.submissions(&f.admin, page).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_file_opens_and_is_in_no_error_no_entry_and_no_state() {
    let server = Server::start().await;
    let by_key = server
        .connector()
        .replace("password: env:SFTP_PASSWORD", "key: file:sftp.key");
    let f = server.house(&by_key).await;
    let secrets = f.folder().join("secrets");
    fs::create_dir(&secrets).unwrap();
    let said = server.0.said();
    server.put("a.csv", &visit(1), 1);
    for (key, opens) in [(&said.stranger_key, false), (&said.client_key, true)] {
        fs::write(secrets.join("sftp.key"), key).unwrap();
        let report = pull(&f).await.unwrap();
        assert_eq!(report.error.is_none(), opens, "{report:?}");
        if let Some(told) = &report.error {
            assert!(told.ends_with("by the key in `file:sftp.key`"), "{told}");
        }
        let shown = format!("{report:?} {:?} {:?}", state(&f).await, entries(&f).await);
        let lines = key
            .lines()
            .filter(|line| line.len() > 20 && !line.starts_with('-'));
        assert!(lines.count() > 0);
        for line in key
            .lines()
            .filter(|line| line.len() > 20 && !line.starts_with('-'))
        {
            assert!(!shown.contains(line), "{shown}");
        }
    }
    assert_eq!(all(&f).await, "V-1 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_shows_another_key_is_not_signed_in_to() {
    let server = Server::start().await;
    let other = format!("SHA256:{}", "A".repeat(43));
    let connector = server
        .connector()
        .replace(&server.0.said().host_key, &other);
    let f = server.house(&connector).await;
    server.put("a.csv", &visit(1), 1);
    let told = pull(&f).await.unwrap().error.unwrap();
    assert!(told.contains("shows a key that is not declared"), "{told}");
    assert_eq!(state(&f).await.error_kind, Some(ErrorKind::Invalid));
    assert_eq!(server.lies("out"), ["a.csv"]);
}
