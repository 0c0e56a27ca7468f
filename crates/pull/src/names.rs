//! The names of files that people drop: which are not ready, and where they go.

/// The folder beside a file that landed.
pub(crate) const DONE: &str = "done";
/// The folder beside a file that was refused.
pub(crate) const REFUSED: &str = "refused";

/// The folder for that end.
pub(crate) fn end(landed: bool) -> &'static str {
    if landed { DONE } else { REFUSED }
}

/// Whether a file of that name is still written, or is nobody's message: hidden files, and the
/// names that programs give to what they have not finished.
pub(crate) fn is_unready(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with('.')
        || lower.starts_with("~$")
        || [".part", ".tmp", ".filepart", ".crdownload"]
            .iter()
            .any(|ending| lower.ends_with(ending))
}

/// Whether the folder of that name holds what was put away.
pub(crate) fn is_put_away(name: &str) -> bool {
    name == DONE || name == REFUSED
}

/// The name of a paper beside a file: no file system takes more than 255 bytes.
pub(crate) fn paper(name: &str, ending: &str) -> String {
    let mut end = name.len().min(200);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}.{ending}", &name[..end])
}

#[cfg(test)]
mod tests;
