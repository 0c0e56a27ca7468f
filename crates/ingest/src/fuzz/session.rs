//! A decoder tried for a while.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::chance::Chance;
use super::invariants::{broken, kind, text};
use super::mutate::{MAX_BYTES, spoil};
use super::packed::{Packing, gzip, within};
use super::targets::{Ground, Kind, LIMITS, Made, Target, busy, corpus, peak_bytes};
use crate::{Compression, Limits};

/// How long a decoder is tried.
#[derive(Debug, Clone, Copy)]
pub(super) enum Budget {
    Tries(u64),
    /// On a core: what else runs on the machine takes nothing from it.
    Time(Duration),
}

/// More than a decoder may need for a body of [`MAX_BYTES`], unoptimised, on a core.
const SLOW: Duration = Duration::from_secs(10);

/// By how much the process may grow while one decoder is tried: what a frame of zstd may look back,
/// and as much again.
const GROWTH_BYTES: u64 = 256 << 20;
/// A step that is smaller is the session's own: what it noted of hundreds of thousands of answers.
const NOTES_BYTES: u64 = 1 << 20;

/// Bodies that got answers of a new kind are kept to be spoilt further.
const POOL: usize = 4_000;

/// Of a long session so many small bodies with answers of a new kind are written down.
const WRITTEN: usize = 12;
const WRITTEN_BYTES: usize = 2 * 1024;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) tries: u64,
    pub(super) seconds: u64,
    /// Kinds of answers.
    pub(super) kinds: usize,
    /// Broken promises, one of each kind.
    pub(super) findings: Vec<String>,
}

pub(super) struct Session<'g> {
    ground: &'g Ground,
    target: &'g Target,
    chance: Chance,
    pool: Vec<Vec<u8>>,
    kinds: BTreeSet<String>,
    broke: BTreeSet<String>,
    fresh: Vec<Vec<u8>>,
    report: Report,
    /// Memory is watched only where nothing else runs in the process.
    peak_bytes: Option<u64>,
    /// What it was after the last body.
    last_peak_bytes: u64,
}

impl<'g> Session<'g> {
    pub(super) fn new(ground: &'g Ground, target: &'g Target, seed: u64) -> Self {
        Self {
            ground,
            target,
            chance: Chance::new(seed),
            pool: Vec::new(),
            kinds: BTreeSet::new(),
            broke: BTreeSet::new(),
            fresh: Vec::new(),
            report: Report::default(),
            peak_bytes: None,
            last_peak_bytes: 0,
        }
    }

    pub(super) fn run(mut self, budget: Budget) -> Report {
        let begun = busy();
        for (name, seed) in self.target.seeds() {
            self.pool.push(seed[..seed.len().min(MAX_BYTES)].to_vec());
            self.attempt(&seed, &name);
        }
        let is_long = matches!(budget, Budget::Time(_));
        if is_long {
            self.last_peak_bytes = peak_bytes();
            self.peak_bytes = Some(self.last_peak_bytes);
        }
        self.fresh.clear();
        let is_over = |tries: u64| match budget {
            Budget::Tries(most) => tries >= most,
            Budget::Time(most) => busy() - begun >= most,
        };
        while !is_over(self.report.tries) {
            let body = self.spoilt();
            self.attempt(&body, "spoilt");
        }
        if is_long {
            self.write_fresh();
        }
        self.report.seconds = (busy() - begun).as_secs();
        self.report.kinds = self.kinds.len();
        self.report
    }

    fn spoilt(&mut self) -> Vec<u8> {
        let Self {
            chance,
            pool,
            target,
            ..
        } = self;
        let mut body = chance.one(pool).clone();
        let choose = chance.below(64);
        let is_within = target.packing != Packing::None && !chance.once_in(4);
        if is_within {
            let mut change = |bytes: &mut Vec<u8>| spoil(bytes, &[], chance);
            if let Some(packed) = within(&body, target.packing, choose, &mut change) {
                return packed;
            }
        }
        spoil(&mut body, pool, chance);
        body
    }

    fn attempt(&mut self, body: &[u8], name: &str) {
        self.report.tries += 1;
        let begun = busy();
        let made = catch_unwind(AssertUnwindSafe(|| {
            self.ground.run(self.target, body, &LIMITS)
        }));
        let made = match made {
            Ok(made) => made,
            Err(panic) => {
                let told = panic.downcast_ref::<String>().cloned();
                let told = told.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                self.found(format!("panic: {}", told.unwrap_or_default()), body, name);
                return;
            }
        };
        let took = busy() - begun;
        if took > SLOW {
            self.found(format!("it took {took:?}"), body, name);
        }
        if let Some(before) = self.peak_bytes {
            let peak = peak_bytes();
            let step = peak.saturating_sub(self.last_peak_bytes);
            self.last_peak_bytes = peak;
            if peak > before + GROWTH_BYTES {
                self.found(
                    format!("the process grew by {} bytes", peak - before),
                    body,
                    name,
                );
                self.peak_bytes = Some(peak);
            } else if step < NOTES_BYTES {
                self.peak_bytes = Some(before + step);
            }
        }
        let contract = self.ground.contract(self.target);
        if let Some(broken) = broken(&made, contract, &LIMITS) {
            self.found(broken, body, name);
        }
        let is_new = self.kinds.insert(kind(&made));
        // What is costly is asked of some, and of all that are answered in a new way.
        if is_new || self.chance.once_in(8) {
            let told = text(&made, contract);
            if let Err(differs) = catch_unwind(AssertUnwindSafe(|| self.otherwise(body, &told)))
                .unwrap_or_else(|_| Err("panic, with the body cut otherwise".to_owned()))
            {
                self.found(differs, body, name);
            }
        }
        if is_new && self.pool.len() < POOL && body.len() <= MAX_BYTES {
            self.pool.push(body.to_vec());
            self.fresh.push(body.to_vec());
        }
    }

    /// The same body in other batches, a few bytes at a time and unpacked beforehand is answered
    /// the same.
    fn otherwise(&self, body: &[u8], told: &str) -> Result<(), String> {
        let (ground, target) = (self.ground, self.target);
        let contract = ground.contract(target);
        let same = |made: Option<Made>, how: &str| {
            let other = made.map(|made| text(&made, contract));
            match other {
                Some(other) if other != told => Err(format!("{how}: {other}\nand at once: {told}")),
                _ => Ok(()),
            }
        };
        if matches!(target.kind, Kind::File(_)) {
            return same(Some(ground.run(target, body, &LIMITS)), "once more");
        }
        let batches = Limits {
            batch_rows: 3,
            ..LIMITS
        };
        same(
            Some(ground.run(target, body, &batches)),
            "in batches of three",
        )?;
        for few in [1, 7] {
            same(ground.trickled(target, body, few), "a few bytes at a time")?;
        }
        if let Kind::Body(format, None) = target.kind {
            let packed = Target {
                kind: Kind::Body(format, Some(Compression::Gzip)),
                ..*target
            };
            let made = ground.run(&packed, &gzip(body), &LIMITS);
            // Packed, a body may be over limits that it is not over as it is.
            let is_limit = matches!(&made, Made::Judged(Err(crate::IngestError::Limit { .. })));
            let is_empty = body.is_empty();
            if !is_limit && !is_empty {
                same(Some(made), "packed")?;
            }
        }
        Ok(())
    }

    fn found(&mut self, what: String, body: &[u8], name: &str) {
        let kind: String = what
            .chars()
            .filter(|c| !c.is_ascii_digit())
            .take(60)
            .collect();
        if !self.broke.insert(kind) {
            return;
        }
        let file = self.write("broke", body);
        self.report
            .findings
            .push(format!("{}: {name} ({file}): {what}", self.target.name));
    }

    fn write_fresh(&mut self) {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.retain(|body| body.len() <= WRITTEN_BYTES);
        fresh.sort_by_key(Vec::len);
        for body in fresh.iter().take(WRITTEN) {
            self.write("new", body);
        }
    }

    fn write(&self, why: &str, body: &[u8]) -> String {
        let name = format!("{why}-{}", &hex::encode(Sha256::digest(body))[..12]);
        let folder = corpus(self.target);
        std::fs::create_dir_all(&folder).unwrap();
        let known = ["broke", "new"].iter().any(|why| {
            let (_, hash) = name.split_once('-').unwrap();
            folder.join(format!("{why}-{hash}")).exists()
        });
        if !known {
            std::fs::write(folder.join(&name), body).unwrap();
        }
        name
    }
}
