//! The commands, a file each.

pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod erase;
pub(crate) mod extend;
pub(crate) mod generate;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod lineage;
pub(crate) mod maintain;
pub(crate) mod plan;
pub(crate) mod pull;
pub(crate) mod query;
pub(crate) mod release;
pub(crate) mod report;
mod restatement;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod submit;
pub(crate) mod token;
pub(crate) mod trace;
pub(crate) mod verify;
pub(crate) mod withdraw;

use std::sync::Arc;

use crate::failure::{Failure, Outcome};
use crate::open::OnStep;

/// For commands that run no transformations.
pub(crate) fn untold() -> OnStep {
    Arc::new(|_, _, _| {})
}

/// `name=value`.
pub(crate) fn pairs(params: &[String]) -> Outcome<Vec<(String, String)>> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::Usage(format!(
                "`--param {text}` has no value; write `--param name=value`"
            ))
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    params.iter().map(pair).collect()
}
