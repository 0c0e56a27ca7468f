use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{Folder, FolderOptions};
use crate::{Mark, Outcome, Paper, Piece, PullError, Source};

/// A drop folder with what is needed to look at it.
struct Inbox {
    root: TempDir,
    now: SystemTime,
}

impl Inbox {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        for folder in ["inbox", "spool"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Self { root, now }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("inbox").join(name)
    }

    /// Drops a file that was last written so many seconds ago.
    fn drop(&self, name: &str, text: &str, age_seconds: u64) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(self.now - Duration::from_secs(age_seconds))
            .unwrap();
    }

    fn look(&self) -> Folder {
        Folder::new(FolderOptions {
            folder: self.root.path().join("inbox"),
            quiet: Duration::from_secs(30),
            now: self.now,
            spool_folder: self.root.path().join("spool"),
            limit_bytes: 100,
        })
    }

    /// Every piece of one walk, in order.
    async fn names(&self) -> Vec<String> {
        let look = self.look();
        let mut names = Vec::new();
        let mut mark: Option<Mark> = None;
        while let Some(piece) = look.next(mark.as_ref()).await.unwrap() {
            names.push(piece.name);
            mark = Some(piece.mark);
        }
        names
    }

    /// Every file below the folder with its text, in order.
    fn lies(&self) -> Vec<(String, String)> {
        fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    walk(root, &path, found);
                    continue;
                }
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                let text = fs::read_link(&path).map_or_else(
                    |_| fs::read_to_string(&path).unwrap(),
                    |to| format!("-> {}", to.display()),
                );
                found.push((name, text));
            }
        }
        let mut found = Vec::new();
        walk(&self.path(""), &self.path(""), &mut found);
        found.sort();
        found
    }
}

fn landed(slot: &str) -> Outcome {
    Outcome {
        landed: true,
        slot: slot.to_owned(),
        papers: vec![Paper {
            ending: "receipt.json",
            bytes: b"{}".to_vec(),
        }],
    }
}

async fn only(look: &Folder) -> Piece {
    look.next(None).await.unwrap().unwrap()
}

fn text(piece: &Piece) -> String {
    fs::read_to_string(piece.body.path()).unwrap()
}

#[tokio::test]
async fn what_is_ready_is_taken_oldest_first() {
    let inbox = Inbox::new();
    inbox.drop("H26/b.csv", "b", 100);
    inbox.drop("a.csv", "a", 60);
    inbox.drop("H26/2026-09/c.csv", "c", 300);
    assert_eq!(
        inbox.names().await,
        ["H26/2026-09/c.csv", "H26/b.csv", "a.csv"]
    );
}

#[tokio::test]
async fn what_is_hidden_unfinished_or_young_is_left_as_it_is() {
    let inbox = Inbox::new();
    inbox.drop(".a.csv", "x", 100);
    inbox.drop("b.csv.part", "x", 100);
    inbox.drop(".hidden/c.csv", "x", 100);
    inbox.drop("young.csv", "x", 29);
    inbox.drop("future.csv", "x", 0);
    inbox.drop("done/s/old.csv", "x", 100);
    inbox.drop("H26/refused/s/old.csv", "x", 100);
    let before = inbox.lies();
    assert_eq!(inbox.names().await, [""; 0]);
    assert_eq!(inbox.lies(), before);
    inbox.drop("young.csv", "x", 30);
    assert_eq!(inbox.names().await, ["young.csv"]);
}

#[tokio::test]
async fn what_landed_is_moved_beside_its_receipt() {
    let inbox = Inbox::new();
    inbox.drop("H26/số liệu.csv", "rows", 100);
    let look = inbox.look();
    let piece = only(&look).await;
    assert_eq!((text(&piece).as_str(), piece.size_bytes), ("rows", 4));
    look.settled(&piece, &landed("s1")).await.unwrap();
    let expected = [
        ("H26/done/s1/số liệu.csv", "rows"),
        ("H26/done/s1/số liệu.csv.receipt.json", "{}"),
    ];
    assert_eq!(
        inbox.lies(),
        expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    assert!(look.next(None).await.unwrap().is_none());
    // Told again, it does nothing.
    look.settled(&piece, &landed("s1")).await.unwrap();
    assert_eq!(inbox.lies().len(), 2);
}

#[tokio::test]
async fn a_file_that_was_put_away_half_is_put_away_by_the_next_look() {
    let inbox = Inbox::new();
    inbox.drop("a.csv", "rows", 100);
    // The receipt was written, and the process ended while it wrote another paper.
    inbox.drop("done/s1/a.csv.receipt.json", "{}", 0);
    inbox.drop("done/s1/.a.csv.errors.csv.tmp", "ha", 0);
    let look = inbox.look();
    let piece = only(&look).await;
    look.settled(&piece, &landed("s1")).await.unwrap();
    let names: Vec<String> = inbox.lies().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "done/s1/.a.csv.errors.csv.tmp",
            "done/s1/a.csv",
            "done/s1/a.csv.receipt.json"
        ]
    );
}

#[tokio::test]
async fn a_file_that_is_written_to_after_it_was_read_stays_and_is_a_piece_again() {
    let inbox = Inbox::new();
    inbox.drop("a.csv", "rows", 100);
    let look = inbox.look();
    let piece = only(&look).await;
    inbox.drop("a.csv", "rows and more", 40);
    look.settled(&piece, &landed("s1")).await.unwrap();
    let next = only(&inbox.look()).await;
    assert_eq!(text(&next), "rows and more");
}

#[tokio::test]
async fn a_file_that_goes_away_or_grows_during_the_walk_is_passed_over() {
    let inbox = Inbox::new();
    inbox.drop("a.csv", "a", 300);
    inbox.drop("b/b.csv", "b", 200);
    inbox.drop("c.csv", "c", 100);
    inbox.drop("d.csv", "d", 50);
    let look = inbox.look();
    let first = only(&look).await;
    fs::remove_file(inbox.path("b/b.csv")).unwrap();
    fs::remove_dir(inbox.path("b")).unwrap();
    inbox.drop("c.csv", "cc", 0);
    let next = look.next(Some(&first.mark)).await.unwrap().unwrap();
    assert_eq!(next.name, "d.csv");
}

#[tokio::test]
async fn links_are_not_followed_and_are_put_away_with_the_reason() {
    let inbox = Inbox::new();
    fs::write(inbox.root.path().join("secret.csv"), "secret").unwrap();
    fs::create_dir(inbox.root.path().join("elsewhere")).unwrap();
    fs::write(inbox.root.path().join("elsewhere/x.csv"), "secret").unwrap();
    symlink("../secret.csv", inbox.path("a.csv")).unwrap();
    symlink("../elsewhere", inbox.path("b")).unwrap();
    assert_eq!(inbox.names().await, [""; 0]);
    let lies = inbox.lies();
    let shown: Vec<&str> = lies.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        shown,
        [
            "refused/a.csv",
            "refused/a.csv.errors.txt",
            "refused/b",
            "refused/b.errors.txt"
        ]
    );
    assert_eq!(lies[0].1, "-> ../secret.csv");
    assert!(lies[1].1.contains("symbolic link"), "{}", lies[1].1);
    assert!(!lies.iter().any(|(_, text)| text == "secret"));
    // Another of the same name is put beside it.
    symlink("../secret.csv", inbox.path("a.csv")).unwrap();
    assert_eq!(inbox.names().await, [""; 0]);
    assert_eq!(
        fs::read_link(inbox.path("refused/2-a.csv")).unwrap(),
        Path::new("../secret.csv")
    );
}

#[tokio::test]
async fn a_folder_that_becomes_a_link_during_the_walk_leads_nowhere() {
    let inbox = Inbox::new();
    fs::create_dir(inbox.root.path().join("elsewhere")).unwrap();
    inbox.drop("b/x.csv", "mine", 100);
    fs::write(inbox.root.path().join("elsewhere/x.csv"), "secret").unwrap();
    let look = inbox.look();
    let piece = only(&look).await;
    assert_eq!(text(&piece), "mine");
    fs::rename(inbox.path("b"), inbox.path("kept")).unwrap();
    symlink("../elsewhere", inbox.path("b")).unwrap();
    let again = look.next(None).await.unwrap().unwrap();
    assert_eq!(again.name, "kept/x.csv");
    let error = look.settled(&piece, &landed("s1")).await.unwrap_err();
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert_eq!(
        fs::read_dir(inbox.root.path().join("elsewhere"))
            .unwrap()
            .count(),
        1
    );
}

#[tokio::test]
async fn a_folder_that_becomes_a_link_before_its_file_is_read_gives_nothing() {
    let inbox = Inbox::new();
    inbox.drop("a.csv", "a", 300);
    inbox.drop("b/x.csv", "mine!!", 200);
    let look = inbox.look();
    let first = only(&look).await;
    let elsewhere = inbox.root.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    // The same in size and time, as only somebody makes it who means harm.
    fs::write(elsewhere.join("x.csv"), "secret").unwrap();
    let file = File::options().write(true).open(elsewhere.join("x.csv"));
    let written_at = inbox.now - Duration::from_secs(200);
    file.unwrap().set_modified(written_at).unwrap();
    fs::rename(inbox.path("b"), inbox.root.path().join("kept")).unwrap();
    symlink("../elsewhere", inbox.path("b")).unwrap();
    assert!(look.next(Some(&first.mark)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_over_the_limit_comes_without_its_bytes() {
    let inbox = Inbox::new();
    inbox.drop("a.csv", &"x".repeat(101), 100);
    let piece = only(&inbox.look()).await;
    assert_eq!((text(&piece).as_str(), piece.size_bytes), ("", 101));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_unavailable() {
    let inbox = Inbox::new();
    fs::remove_dir(inbox.path("")).unwrap();
    let error = inbox.look().next(None).await.unwrap_err();
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("inbox"), "{error}");
}

#[tokio::test]
async fn of_two_looks_at_once_the_second_finds_it_moved() {
    let inbox = Inbox::new();
    inbox.drop("a.csv", "rows", 100);
    let (one, other) = (inbox.look(), inbox.look());
    let (first, second) = (only(&one).await, only(&other).await);
    one.settled(&first, &landed("s1")).await.unwrap();
    other.settled(&second, &landed("s1")).await.unwrap();
    assert_eq!(inbox.lies().len(), 2);
}
