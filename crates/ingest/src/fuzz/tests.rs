use std::time::Duration;

use super::chance::Chance;
use super::mutate::{MAX_BYTES, spoil};
use super::session::{Budget, Session};
use super::targets::{Ground, LIMITS, Made, TARGETS};

/// What a test run has time for.
const TRIES: u64 = 150;

#[expect(
    clippy::disallowed_methods,
    reason = "how long it is tried, and from where"
)]
fn said(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn every_decoder_keeps_its_promises_whatever_it_is_given() {
    let seconds = said("DTM_FUZZ_SECONDS").map(|seconds| seconds.parse().unwrap());
    let seed = said("DTM_FUZZ_SEED").map_or(1, |seed| seed.parse().unwrap());
    let only = said("DTM_FUZZ_TARGET");
    let ground = Ground::new();
    let mut findings = Vec::new();
    for target in &TARGETS {
        if only.as_ref().is_some_and(|only| only != target.name) {
            continue;
        }
        let seeds = target.seeds().len() as u64;
        let budget = match seconds {
            Some(seconds) => Budget::Time(Duration::from_secs(seconds)),
            None => Budget::Tries(seeds + TRIES),
        };
        let report = Session::new(&ground, target, seed).run(budget);
        println!(
            "{}: {} seeds, {} executions in {} s, {} kinds of answers, {} findings",
            target.name,
            seeds,
            report.tries,
            report.seconds,
            report.kinds,
            report.findings.len()
        );
        assert!(seeds > 0, "`{}` has no seeds", target.name);
        assert!(
            report.kinds > 3,
            "`{}` is answered in {} ways",
            target.name,
            report.kinds
        );
        for finding in &report.findings {
            println!("  {finding}");
        }
        findings.extend(report.findings);
    }
    assert!(
        findings.is_empty(),
        "seed {seed}: {}",
        findings.join("\n\n")
    );
}

#[test]
fn a_body_is_spoilt_alike_from_one_seed_and_otherwise_from_another() {
    let spoilt = |seed| {
        let mut chance = Chance::new(seed);
        let mut bodies = Vec::new();
        for _ in 0..200 {
            let mut body = b"id,count\nA,1\nB,2\n".to_vec();
            spoil(&mut body, &[b"other".to_vec()], &mut chance);
            assert!(body.len() <= MAX_BYTES);
            bodies.push(body);
        }
        bodies
    };
    assert_eq!(spoilt(1), spoilt(1));
    assert_ne!(spoilt(1), spoilt(2));
    let changed = spoilt(1)
        .iter()
        .filter(|body| *body != b"id,count\nA,1\nB,2\n")
        .count();
    assert!(changed > 150, "{changed}");
}

/// Most seeds are refused; one that is good shows that rows are reached at all.
#[test]
fn every_decoder_of_bodies_lands_rows_of_one_of_its_seeds() {
    let ground = Ground::new();
    for target in &TARGETS {
        let lands = |body: &[u8]| match ground.run(target, body, &LIMITS) {
            Made::Judged(Ok(judgement)) => judgement.counts.landed > 0,
            Made::Judged(Err(_)) => false,
            Made::Problems(problems) => problems.len() < 3,
        };
        let seeds = target.seeds();
        assert!(
            seeds.iter().any(|(_, body)| lands(body)),
            "`{}` lands nothing",
            target.name
        );
    }
}
