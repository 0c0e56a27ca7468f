//! Figures go to stdout, everything else to stderr.

use std::io::Write;

use anyhow::Result;

/// A line of the answer.
pub fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// A line about the work.
pub fn tell(text: &str) -> Result<()> {
    writeln!(std::io::stderr().lock(), "{text}")?;
    Ok(())
}
