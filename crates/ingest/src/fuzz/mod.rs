//! Fuzzing of every decoder: bodies of the catalogue, spoilt by chance, and what must hold of each.
//!
//! The engine is our own and small, because those that are guided by coverage need a compiler that
//! this project does not use, or flags for all of it. What it is guided by instead is what a body is
//! answered: one that gets an answer of a new kind is kept and spoilt further.
//!
//! Without more, `cargo test` replays the corpus and tries a few hundred bodies for each decoder.
//! `DTM_FUZZ_SECONDS=600 cargo test -p ingest --lib -- fuzz --nocapture` tries each decoder for so
//! long, `DTM_FUZZ_TARGET=xlsx` only that one, and `DTM_FUZZ_SEED` begins elsewhere. What broke a
//! promise, and what got answers that no seed gets, is written to `crates/ingest/fuzz/<target>`, to
//! be committed: it is replayed from then on. `crates/ingest/fuzz/README.md` says what ran.

mod chance;
mod invariants;
mod mutate;
mod packed;
mod session;
mod targets;

#[cfg(test)]
mod tests;
