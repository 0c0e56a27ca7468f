//! The power goes at some moment while clients send: of the disk is left what was synced.

use std::path::Path;
use std::sync::Arc;

use api::client::RemoteService;
use futures::future::join_all;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use testkit::TestHome;
use testkit::home::copy_folder;
use testkit::power::{Trace, traced};

use super::sweep::{Clients, settle};
use super::{Server, done};

#[test]
fn what_was_answered_before_the_power_went_is_there_afterwards() {
    let seed = testkit::seed();
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let home = TestHome::new();
    done(&home, &["init"]);
    done(&home, &["apply"]);
    let before = home.root().join("before");
    copy_folder(&home.path(), &before);
    let clients = Clients::of(&home);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let log = home.root().join("trace");
    let mut serve = traced(Path::new(env!("CARGO_BIN_EXE_dtm")), &log);
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    let (server, said) = Server::start(super::in_home(serve, &home));
    let remote = RemoteService::new(&format!("http://{}", server.address), None).unwrap();
    let remote = Arc::new(remote);
    runtime.block_on(join_all((0..4).map(|client| {
        let dice = ChaCha8Rng::seed_from_u64(dice.next_u64());
        Arc::clone(&clients).run(Arc::clone(&remote), format!("c{client}"), dice)
    })));
    server.killer()();
    // The tracer ends last.
    let _ended = said.count();
    let trace = Trace::read(&log, &home.path(), &before);
    for cut in 0..testkit::sweep(6).min(50) {
        let moment = dice.random_range(trace.moments() / 8..=trace.moments());
        println!(
            "seed {seed}, cut {cut}: moment {moment} of {}",
            trace.moments()
        );
        let left = TestHome::new();
        trace.image(moment, &left.path());
        let heard = |id: service::SubmissionId| {
            let answered = trace.sent(&id.to_string());
            answered.is_some_and(|answered| answered < moment)
        };
        settle(&left, &clients.earlier(heard), &runtime);
    }
}
