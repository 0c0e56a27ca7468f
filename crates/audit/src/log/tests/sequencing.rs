//! Appending: what is written, what is refused.

use std::sync::Arc;

use super::{
    MemoryFiles, ORIGIN, bytes_of, entries, entries_of, grow, log_key, log_of, open, trust,
};
use crate::log::Files;
use crate::log::layout::Place;
use crate::log::tree::NodeHash;
use crate::log::{
    KeyKind, LogError, Sequencer, TreeHead, Trust, VerifierKey, newest, newest_checkpoint, verify,
};

#[tokio::test]
async fn a_log_is_verified_after_every_batch() {
    let files = Arc::new(MemoryFiles::default());
    let empty = verify(&*files, &trust()).await.unwrap();
    assert_eq!((empty.entries, empty.checkpoint), (0, None));
    for (number, size) in (1..).zip([1, 2, 200, 255, 256, 257, 600, 768, 1025]) {
        grow(&files, &[size]).await;
        let verified = verify(&*files, &trust()).await.unwrap();
        assert_eq!(
            (verified.entries, verified.heads, verified.beyond),
            (size, number, 0)
        );
        assert!(verified.checkpoint.unwrap().cosigned_by.is_empty());
    }
}

/// Files of a log that grows when they are listed.
struct Growing(Arc<MemoryFiles>);

#[async_trait::async_trait]
impl Files for Growing {
    async fn get(&self, path: &str) -> crate::log::Result<Option<bytes::Bytes>> {
        self.0.get(path).await
    }

    async fn put_new(
        &self,
        path: &str,
        bytes: bytes::Bytes,
    ) -> crate::log::Result<crate::log::Put> {
        self.0.put_new(path, bytes).await
    }

    async fn list(&self) -> crate::log::Result<Option<Vec<String>>> {
        let next = open(&self.0).await.next_sequence();
        grow(&self.0, &[next + 10, next + 300]).await;
        super::cosign_newest(&self.0).await;
        crate::log::expire(&*self.0, &*log_key(), &trust(), next + 300).await?;
        self.0.list().await
    }
}

#[tokio::test]
async fn a_log_that_grows_while_it_is_verified_is_whole() {
    let growing = Growing(log_of(&[3, 300]).await);
    for _ in 0..3 {
        let before = open(&growing.0).await.next_sequence() - 1;
        let verified = verify(&growing, &trust()).await.unwrap();
        assert_eq!(verified.entries, before);
        assert!(verified.beyond > 0);
    }
}

/// What runs in tasks and behind routes must be able to move between threads.
#[tokio::test]
async fn all_that_waits_can_be_awaited_on_any_thread() {
    fn is_send<T: Send>(waits: T) -> T {
        waits
    }
    let files = Arc::new(MemoryFiles::default());
    let opened = is_send(Sequencer::open(files.clone(), log_key(), &trust())).await;
    let mut sequencer = opened.unwrap();
    is_send(sequencer.append(&entries(1..=3))).await.unwrap();
    is_send(verify(&*files, &trust())).await.unwrap();
    is_send(crate::log::prove(&*files, &trust(), 0))
        .await
        .unwrap();
    let head = super::newest_head(&files).await;
    is_send(crate::log::against(&*files, &trust(), &head))
        .await
        .unwrap();
    is_send(crate::log::consistency_request(&*files, &trust(), 0))
        .await
        .unwrap();
    is_send(crate::log::expire(&*files, &*log_key(), &trust(), 0))
        .await
        .unwrap();
    is_send(newest_checkpoint(&*files, &trust())).await.unwrap();
}

#[tokio::test]
async fn positions_are_those_of_the_tree_and_known_entries_are_passed_over() {
    let files = Arc::new(MemoryFiles::default());
    let mut sequencer = open(&files).await;
    assert_eq!(sequencer.next_sequence(), 1);
    let first = sequencer.append(&entries(1..=3)).await.unwrap();
    assert_eq!((first.positions, first.head), (vec![0, 1, 2], 1));
    let second = sequencer.append(&entries(2..=5)).await.unwrap();
    assert_eq!((second.positions, second.head), (vec![1, 2, 3, 4], 2));
    assert_eq!(sequencer.next_sequence(), 6);
    let before = files.snapshot();
    let again = sequencer.append(&entries(1..=5)).await.unwrap();
    assert_eq!((again.head, again.checkpoint), (2, second.checkpoint));
    assert_eq!(sequencer.append(&[]).await.unwrap().head, 2);
    assert_eq!(files.snapshot(), before);
    assert_eq!(open(&files).await.next_sequence(), 6);
}

#[tokio::test]
async fn an_entry_out_of_order_or_with_other_bytes_is_refused_and_nothing_is_written() {
    let files = log_of(&[300]).await;
    let before = files.snapshot();
    let mut sequencer = open(&files).await;
    let refused = sequencer.append(&entries(302..=303)).await;
    assert!(matches!(
        refused,
        Err(LogError::OutOfOrder {
            expected: 301,
            given: 302
        })
    ));
    let mut gap = entries(301..=303);
    gap.remove(1);
    let refused = sequencer.append(&gap).await;
    assert!(matches!(
        refused,
        Err(LogError::OutOfOrder {
            expected: 302,
            given: 303
        })
    ));
    for sequence in [1, 256, 257, 300] {
        let other = entries_of(sequence..=310, "served.other");
        let refused = sequencer.append(&other).await;
        assert!(matches!(refused, Err(LogError::Rewritten { sequence: s }) if s == sequence));
    }
    assert_eq!(files.snapshot(), before);
    sequencer.append(&entries(301..=301)).await.unwrap();
}

#[tokio::test]
async fn of_two_sequencers_one_is_overtaken_and_must_be_opened_again() {
    let files = log_of(&[10]).await;
    let mut one = open(&files).await;
    let mut other = open(&files).await;
    one.append(&entries(11..=20)).await.unwrap();
    let refused = other.append(&entries(11..=15)).await;
    assert!(matches!(refused, Err(LogError::Overtaken { number: 2 })));
    let refused = other.append(&entries(11..=15)).await;
    assert!(matches!(refused, Err(LogError::MustReopen)));
    let mut other = open(&files).await;
    assert_eq!(other.next_sequence(), 21);
    other.append(&entries(15..=30)).await.unwrap();
    assert_eq!(verify(&*files, &trust()).await.unwrap().entries, 30);
}

#[tokio::test]
async fn two_journals_in_one_log_are_found() {
    let files = log_of(&[10]).await;
    let mut one = open(&files).await;
    let mut other = open(&files).await;
    one.append(&entries(11..=20)).await.unwrap();
    let refused = other.append(&entries_of(11..=20, "served.other")).await;
    assert!(matches!(refused, Err(LogError::Occupied { path }) if path.starts_with("tile/")));
    assert_eq!(verify(&*files, &trust()).await.unwrap().entries, 20);
}

#[tokio::test]
async fn a_head_that_is_not_the_logs_own_is_refused() {
    let files = log_of(&[10]).await;
    let stranger = VerifierKey::new(ORIGIN, KeyKind::Ed25519, super::key(9).public()).unwrap();
    let other = Trust::new(vec![stranger], Vec::new()).unwrap();
    let opened = Sequencer::open(files.clone(), log_key(), &other).await;
    assert!(matches!(opened, Err(LogError::Damaged(damage)) if damage.path.starts_with("head/")));
    let mut headless = log_of(&[10, 20]).await.snapshot();
    headless.remove("head/00000000000000000001");
    let opened = Sequencer::open(Arc::new(MemoryFiles::new(headless)), log_key(), &trust()).await;
    assert!(matches!(opened, Err(LogError::Damaged(damage)) if damage.path.starts_with("head/")));
    let mut damaged = files.snapshot();
    damaged.remove("tile/0/000.p/10");
    let opened = Sequencer::open(Arc::new(MemoryFiles::new(damaged)), log_key(), &trust()).await;
    assert!(matches!(opened, Err(LogError::Damaged(damage)) if damage.path == "tile/0/000.p/10"));
}

#[tokio::test]
async fn after_a_rotation_both_keys_are_believed_while_both_are_trusted() {
    let files = log_of(&[10]).await;
    let new = VerifierKey::new(ORIGIN, KeyKind::Ed25519, super::key(9).public()).unwrap();
    let both = Trust::new(vec![super::log_vkey(), new], Vec::new()).unwrap();
    let mut sequencer = Sequencer::open(files.clone(), super::key(9), &both)
        .await
        .unwrap();
    sequencer.append(&entries(11..=12)).await.unwrap();
    assert_eq!(verify(&*files, &both).await.unwrap().entries, 12);
    assert!(verify(&*files, &trust()).await.is_err());
}

#[tokio::test]
async fn the_newest_head_is_found_without_a_list_and_with_others_deleted() {
    for count in 1..70_u64 {
        let files = MemoryFiles::default();
        for number in 1..=count {
            let place = Place::Head(number);
            // Powers of two and those that begin as the newest does, in binary, are needed.
            let begins = (0..7).any(|bits| count >> bits << bits == number);
            let needed = begins || number.is_power_of_two();
            if needed {
                files
                    .put_new(&place.to_string(), number.to_string().into())
                    .await
                    .unwrap();
            }
        }
        assert_eq!(
            newest(&files, Place::Head).await.unwrap().unwrap().number,
            count
        );
    }
    assert!(
        newest(&MemoryFiles::default(), Place::Head)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn the_checkpoint_to_serve_is_the_newest_head() {
    let files = log_of(&[3, 9]).await;
    let (number, checkpoint) = newest_checkpoint(&*files, &trust()).await.unwrap().unwrap();
    let head = bytes_of(&*files, "head/00000000000000000002").await;
    assert_eq!(
        (number, checkpoint.note.to_string().as_bytes()),
        (2, &head[..])
    );
    // What is served can be mirrored and verified without numbered heads.
    let mut mirror = files.snapshot();
    mirror.retain(|path, _| !path.starts_with("head/"));
    mirror.insert("checkpoint".to_owned(), head);
    let verified = verify(&MemoryFiles::new(mirror), &trust()).await.unwrap();
    assert_eq!((verified.entries, verified.heads), (9, 0));
}

/// Files that can be read and not listed, as behind a web server.
struct Unlisted(MemoryFiles);

#[async_trait::async_trait]
impl Files for Unlisted {
    async fn get(&self, path: &str) -> crate::log::Result<Option<bytes::Bytes>> {
        self.0.get(path).await
    }

    async fn put_new(
        &self,
        path: &str,
        bytes: bytes::Bytes,
    ) -> crate::log::Result<crate::log::Put> {
        self.0.put_new(path, bytes).await
    }

    async fn list(&self) -> crate::log::Result<Option<Vec<String>>> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_listed_is_verified_all_the_same() {
    let whole = log_of(&[3, 300, 513]).await;
    super::cosign_newest(&whole).await;
    let whole = whole.snapshot();
    let verified = verify(&Unlisted(super::memory(&whole)), &trust())
        .await
        .unwrap();
    assert_eq!(
        (verified.entries, verified.heads, verified.beyond),
        (513, 3, 0)
    );
    assert_eq!(verified.cosigned_by[0].size, 513);
    for path in [
        "head/00000000000000000001",
        "tile/0/000",
        "tile/0/002.p/1",
        "tile/1/000.p/2",
        "tile/entries/001",
        "tile/entries/002.p/1",
    ] {
        let mut files = whole.clone();
        files.remove(path);
        let refused = verify(&Unlisted(super::memory(&files)), &trust()).await;
        let is_found = match refused {
            Err(LogError::Damaged(damage)) => damage.path == path,
            // Without the first head none is found: by itself that is a log without entries.
            Ok(empty) => path.starts_with("head/") && empty.entries == 0,
            Err(_) => false,
        };
        assert!(is_found, "{path}");
    }
}

#[test]
fn an_empty_tree_has_the_root_of_nothing() {
    let head = TreeHead {
        origin: ORIGIN.to_owned(),
        size: 0,
        root: NodeHash::empty(),
    };
    assert!(
        head.to_string()
            .ends_with("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
    );
}
