//! Two nodes on one S3 store and one control database on PostgreSQL: both receive for one table, one
//! of them is killed, and each row is there once.

use std::process::Command;
use std::sync::Arc;

use api::client::RemoteService;
use futures::future::join_all;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use testkit::TestHome;
use testkit::seaweed::{S3Target, Seaweed};

use super::sweep::Clients;
use super::{Log, Server, dtm, json};

struct Nodes {
    homes: [TestHome; 2],
    target: S3Target,
    password: String,
}

impl Nodes {
    fn new() -> Self {
        let mut database = url::Url::parse(&testkit::postgres::database("nodes")).unwrap();
        let nodes = Self {
            homes: [TestHome::new(), TestHome::new()],
            target: Seaweed::shared().target(),
            password: database.password().unwrap_or_default().to_owned(),
        };
        database.set_password(None).unwrap();
        for node in 0..2 {
            let store = nodes.target.url();
            nodes.done(
                node,
                &["init", "--store", &store, "--database", database.as_str()],
            );
        }
        nodes.done(0, &["apply"]);
        nodes
    }

    fn done(&self, node: usize, args: &[&str]) -> String {
        let output = self.dtm(node).args(args).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn dtm(&self, node: usize) -> Command {
        let mut command = dtm(&self.homes[node]);
        command
            .envs(self.target.env())
            .env("PGPASSWORD", &self.password);
        command
    }

    fn serve(&self, node: usize) -> (Server, Log, Arc<RemoteService>) {
        let mut serve = self.dtm(node);
        serve.env("DTM_LOG", "off,conduct::submit=debug").args([
            "serve",
            "--listen",
            "127.0.0.1:0",
        ]);
        let (server, log) = Server::start(serve);
        let remote = RemoteService::new(&format!("http://{}", server.address), None).unwrap();
        (server, log, Arc::new(remote))
    }
}

#[test]
fn two_nodes_receive_for_one_table_and_land_every_row_once() {
    let nodes = Nodes::new();
    let clients = Clients::of(&nodes.homes[0]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let seed = testkit::seed();
    let (staying, told, first) = nodes.serve(0);
    std::thread::scope(|scope| {
        // Nobody writes to a pipe that nobody reads.
        scope.spawn(move || told.count());
        for round in 0..3 {
            let (dying, log, second) = nodes.serve(1);
            let kill = dying.killer();
            scope.spawn(move || {
                let _passed = log.take(15 + 40 * round).count();
                kill();
            });
            runtime.block_on(async {
                let running = (0..8).map(|client| {
                    let dice = ChaCha8Rng::seed_from_u64(seed + (8 * round + client) as u64);
                    let node = if client % 2 == 0 { &first } else { &second };
                    let name = format!("r{round}c{client}");
                    Arc::clone(&clients).run(Arc::clone(node), name, dice)
                });
                join_all(running).await;
                // What the one did not answer, the other does.
                clients.hear_all(&first).await;
            });
            drop(dying);
        }
        assert_eq!(staying.stop(), Some(0));
    });
    clients.compare(|sql| json(&nodes.done(1, &["query", sql, "--format", "json"]))[0].clone());
}

#[test]
fn a_password_in_the_address_of_the_database_is_refused_before_it_is_written() {
    let home = TestHome::new();
    let address = "postgres://dtm:secret@127.0.0.1:1/dtm";
    super::fails(&home, &["init", "--database", address], 2, "PGPASSWORD");
    assert!(!home.path().join("dtm.toml").exists());
    let address = "postgres://dtm@127.0.0.1:1/dtm";
    super::fails(
        &home,
        &["init", "--database", address],
        3,
        "127.0.0.1:1/dtm",
    );
    assert!(!home.path().join("dtm.toml").exists());
}
