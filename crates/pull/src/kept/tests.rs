use tempfile::TempDir;

use super::Kept;
use crate::PullError;

#[test]
fn a_piece_is_kept_up_to_its_limit() {
    let folder = TempDir::new().unwrap();
    let mut spool = Kept::create(folder.path(), 5).unwrap();
    spool.push(b"123").unwrap();
    spool.fill(&b"45"[..], PullError::Spool).unwrap();
    let over = spool.fill(&b"6"[..], PullError::Spool).unwrap_err();
    assert!(matches!(over, PullError::Limit(_)), "{over}");
    let (file, size) = spool.finish().unwrap();
    assert_eq!(size, 5);
    assert_eq!(std::fs::read(file.path()).unwrap(), b"12345");
    drop(file);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
