//! Profiles of what runs compute: taken, held against those before, kept, read back.

mod drift;
mod hidden;
mod kept;
mod list;
mod record;
mod rows;
mod take;

pub(crate) use drift::{Drifted, Drifting, judge};
pub(crate) use list::list;
pub(crate) use record::record;
