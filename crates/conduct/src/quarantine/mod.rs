//! The quarantine read back: searched, and as files that can be mended and sent again.

mod file;
mod list;
mod rows;

pub(crate) use file::file;
pub(crate) use list::list;
