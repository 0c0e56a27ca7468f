//! What the rules of contracts say of the tables that runs make: judged, kept, read back.

mod foretold;
mod judge;
mod list;
mod record;
mod rows;

pub(crate) use foretold::{Unmade, foretold};
pub(crate) use judge::{Case, Judged, ToJudge};
pub(crate) use list::list;
pub(crate) use record::record;
