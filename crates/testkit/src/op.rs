//! The kinds of requests that a store answers.

/// One kind of request. Whatever the caller used, it arrives as one of these: `put_multipart` is a
/// `StartUpload`, each part a `PutPart`; several ranges of one object are one `Get` per range, or
/// per group of ranges that lie close together; several deletes are one `Delete` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    Put,
    StartUpload,
    PutPart,
    CompleteUpload,
    AbortUpload,
    Get,
    Head,
    Delete,
    List,
    Copy,
    Rename,
}
