//! Against a real SFTP server of another make.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use testkit::sftp::Sftp;
use tokio::net::TcpListener;

use super::*;
use crate::guard::Names;
use crate::{PullError, Secret, SecretRef};

const SETTLE: Duration = Duration::from_millis(20);

struct Bench {
    server: Sftp,
    guard: Guard,
    spool: TempDir,
    secret: String,
    passphrase: String,
}

impl Bench {
    fn new() -> Self {
        let server = Sftp::start();
        let said = server.said();
        let at = format!("127.0.0.1:{}", said.port);
        let bench = Self {
            guard: Guard::new([at]).unwrap(),
            spool: TempDir::new().unwrap(),
            secret: said.password.clone(),
            passphrase: said.passphrase.clone(),
            server,
        };
        fs::create_dir(bench.server.files().join("inbox")).unwrap();
        bench
    }

    fn spec(&self) -> SftpSpec {
        let said = self.server.said();
        let password = SftpAuth::Password(SecretRef::parse("env:SECRET").unwrap());
        let mut spec = SftpSpec::new("127.0.0.1", &said.user, password, &said.host_key, "/inbox");
        spec.port = said.port;
        spec.settle = SETTLE;
        spec
    }

    fn by_key() -> SftpAuth {
        SftpAuth::Key {
            key: SecretRef::parse("file:key").unwrap(),
            passphrase: None,
        }
    }

    fn try_open(&self, spec: SftpSpec) -> Result<SftpSource> {
        SftpSource::open(spec, &self.guard, self, self.spool.path())
    }

    fn open(&self, spec: SftpSpec) -> SftpSource {
        self.try_open(spec).unwrap()
    }

    async fn failure(&self, spec: SftpSpec) -> PullError {
        let error = self.open(spec).next(None).await.unwrap_err();
        assert!(!error.to_string().contains(&self.secret), "{error}");
        error
    }

    /// A file of the inbox, last written so many seconds after some moment.
    fn write(&self, name: &str, text: &str, seconds: u64) {
        let path = self.server.files().join("inbox").join(name);
        fs::write(&path, text).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
        fs::File::options()
            .append(true)
            .open(path)
            .unwrap()
            .set_modified(at)
            .unwrap();
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.server.files().join(folder)).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

impl Secrets for Bench {
    fn get(&self, at: &SecretRef) -> Result<Secret> {
        Ok(Secret::new(match at.to_string().as_str() {
            "env:PASSPHRASE" => self.passphrase.clone(),
            _ => self.secret.clone(),
        }))
    }
}

fn body(piece: &Piece) -> String {
    let text = fs::read_to_string(piece.body.path()).unwrap();
    assert_eq!(text.len() as u64, piece.size_bytes);
    text
}

/// Files until there is nothing new, by name, and the last mark.
async fn drain(source: &SftpSource, from: Option<Mark>) -> (Vec<String>, Option<Mark>) {
    let (mut names, mut mark) = (Vec::new(), from);
    while let Some(piece) = source.next(mark.as_ref()).await.unwrap() {
        source.done(&piece).await.unwrap();
        names.push(piece.name);
        mark = Some(piece.mark);
        assert!(names.len() < 100, "it never ends");
    }
    (names, mark)
}

#[tokio::test]
async fn another_key_than_the_declared_one_is_refused_and_shown() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    let declared = format!("SHA256:{}", "A".repeat(43));
    spec.host_keys = vec![declared];
    let error = bench.failure(spec.clone()).await;
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    let found = &bench.server.said().host_key;
    let why = format!("shows a key that is not declared, `{found}`");
    assert!(error.to_string().contains(&why), "{error}");
    // What was shown can be declared, beside another.
    spec.host_keys.push(found.clone());
    assert!(bench.open(spec).next(None).await.unwrap().is_none());
}

#[tokio::test]
async fn who_may_not_in_is_told_by_what() {
    let mut bench = Bench::new();
    bench.secret = "wrong-secret".into();
    let error = bench.failure(bench.spec()).await;
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    let why = "does not let `agency` in by the password in `env:SECRET`";
    assert!(error.to_string().ends_with(why), "{error}");

    bench.secret = bench.server.said().stranger_key.clone();
    let mut spec = bench.spec();
    spec.auth = Bench::by_key();
    let error = bench.failure(spec).await;
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    assert!(
        error.to_string().ends_with("in by the key in `file:key`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_private_key_opens_in_every_form() {
    let mut bench = Bench::new();
    bench.write("a.csv", "a\n", 1);
    let said = bench.server.said();
    let keys = [
        (said.client_key.clone(), false),
        (said.pkcs8_key.clone(), false),
        (said.encrypted_key.clone(), true),
    ];
    for (key, encrypted) in keys {
        bench.secret = key;
        let mut spec = bench.spec();
        spec.auth = SftpAuth::Key {
            key: SecretRef::parse("file:key").unwrap(),
            passphrase: encrypted.then(|| SecretRef::parse("env:PASSPHRASE").unwrap()),
        };
        let piece = bench.open(spec.clone()).next(None).await.unwrap().unwrap();
        assert_eq!(body(&piece), "a\n");
        if encrypted {
            spec.auth = Bench::by_key();
            let error = bench.try_open(spec).err().unwrap();
            assert!(error.to_string().contains("its passphrase"), "{error}");
        }
    }
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_connected() {
    let mut bench = Bench::new();
    bench.secret = "no key, but hunter2".into();
    type Declare = fn(&mut SftpSpec);
    let cases: [(Declare, &str); 8] = [
        (
            |spec| spec.host_keys = Vec::new(),
            "the fingerprint of the server's key",
        ),
        (
            |spec| spec.host_keys = vec!["MD5:aa".into()],
            "`MD5:aa` is no fingerprint",
        ),
        (
            |spec| spec.host_keys = vec!["SHA256:short".into()],
            "`SHA256:short` is no fingerprint",
        ),
        (|spec| spec.folder = String::new(), "a folder has no name"),
        (
            |spec| spec.done_folder = Some(String::new()),
            "a folder has no name",
        ),
        (
            |spec| spec.done_folder = Some("/inbox/".into()),
            "where they are already",
        ),
        (
            |spec| spec.refused_folder = Some("/inbox".into()),
            "where they are already",
        ),
        (
            |spec| spec.auth = Bench::by_key(),
            "the secret `file:key` is no private key",
        ),
    ];
    for (declare, why) in cases {
        let mut spec = bench.spec();
        declare(&mut spec);
        let error = bench.try_open(spec).err().unwrap();
        assert!(matches!(error, PullError::Declared(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn files_come_in_order_whole_and_once() {
    let bench = Bench::new();
    // Longer than many requests, each of which is answered in part.
    let long: String = (0..60_000).map(|n| format!("{n},hồ sơ\n")).collect();
    bench.write("b.csv", &long, 2);
    bench.write("a.csv", "a\n", 2);
    bench.write("z.csv", "", 1);
    let source = bench.open(bench.spec());
    let first = source.next(None).await.unwrap().unwrap();
    assert_eq!((first.name.as_str(), body(&first).as_str()), ("z.csv", ""));
    assert_eq!(first.content_type, "text/csv");
    let second = source.next(Some(&first.mark)).await.unwrap().unwrap();
    assert_eq!(
        (second.name.as_str(), body(&second).as_str()),
        ("a.csv", "a\n")
    );
    // Another process, which has only the mark.
    let third = bench
        .open(bench.spec())
        .next(Some(&second.mark))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(third.name, "b.csv");
    assert_eq!(body(&third), long);
    assert!(source.next(Some(&third.mark)).await.unwrap().is_none());
    let again = source.next(Some(&second.mark)).await.unwrap().unwrap();
    assert_eq!((again.mark, again.name), (third.mark.clone(), third.name));
    // A file of the same second and one that was written anew.
    bench.write("aa.csv", "aa\n", 2);
    bench.write("a.csv", "other\n", 3);
    let (names, mark) = drain(&source, Some(third.mark)).await;
    assert_eq!(names, ["aa.csv", "a.csv"]);
    assert!(drain(&source, mark).await.0.is_empty());
}

#[tokio::test]
async fn only_finished_files_that_are_meant_are_taken() {
    let bench = Bench::new();
    for name in [
        ".hidden.csv",
        "a.csv.part",
        "b.csv.tmp",
        "c.csv.filepart",
        "d.txt",
        "e.csv",
    ] {
        bench.write(name, "x", 1);
    }
    let inbox = bench.server.files().join("inbox");
    fs::create_dir(inbox.join("folder.csv")).unwrap();
    symlink(inbox.join("d.txt"), inbox.join("link.csv")).unwrap();
    let mut spec = bench.spec();
    spec.pattern = "*.csv".into();
    assert_eq!(drain(&bench.open(spec), None).await.0, ["e.csv"]);
}

#[tokio::test]
async fn files_that_are_done_are_moved_away() {
    let bench = Bench::new();
    let done = bench.server.files().join("done");
    fs::create_dir(&done).unwrap();
    bench.write("a.csv", "a", 1);
    bench.write("b.csv", "b", 2);
    fs::write(done.join("b.csv"), "an older one").unwrap();
    let mut spec = bench.spec();
    spec.done_folder = Some("/done".into());
    let source = bench.open(spec.clone());
    let (names, mark) = drain(&source, None).await;
    assert_eq!(names, ["a.csv", "b.csv"]);
    assert!(bench.names("inbox").is_empty());
    assert_eq!(bench.names("done"), ["a.csv", "b.csv", "b.csv.1700000002"]);
    // However old, what is there is new.
    bench.write("late.csv", "late", 0);
    let piece = source.next(mark.as_ref()).await.unwrap().unwrap();
    assert_eq!(piece.name, "late.csv");
    // Whoever ended before saying so has it moved the next time, and does not get it again.
    let other = bench.open(spec);
    assert!(other.next(Some(&piece.mark)).await.unwrap().is_none());
    assert!(bench.names("inbox").is_empty());
    assert_eq!(bench.names("done").len(), 4);
    // Told again, nothing happens; nor to a newer file of that name.
    source.done(&piece).await.unwrap();
    bench.write("late.csv", "newer", 9);
    source.done(&piece).await.unwrap();
    assert_eq!(bench.names("inbox"), ["late.csv"]);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_said_to_be_so() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    spec.folder = "/nowhere".into();
    let error = bench.failure(spec).await;
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("cannot list the folder `/nowhere`"),
        "{error}"
    );

    bench.write("a.csv", "a", 1);
    let mut spec = bench.spec();
    spec.done_folder = Some("/nowhere".into());
    let source = bench.open(spec);
    let piece = source.next(None).await.unwrap().unwrap();
    let error = source.done(&piece).await.unwrap_err();
    assert!(matches!(error, PullError::Declared(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("cannot move `a.csv` to `/nowhere/a.csv`"),
        "{error}"
    );
    assert_eq!(bench.names("inbox"), ["a.csv"]);
}

#[tokio::test]
async fn a_file_that_grows_while_it_is_read_is_not_handed_on() {
    let bench = Bench::new();
    bench.write("grows.csv", "a\n", 1);
    let error = bench.failure(bench.spec()).await;
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("`grows.csv` changed while it was read"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_is_still_written_holds_up_those_after_it() {
    let bench = Bench::new();
    bench.write("a.csv", "a", 1);
    bench.write("b.csv", "b", 2);
    let mut spec = bench.spec();
    spec.settle = Duration::from_secs(3600);
    let source = bench.open(spec);
    // It waits for the first to settle, which takes an hour.
    let waiting = tokio::time::timeout(Duration::from_millis(300), source.next(None)).await;
    assert!(waiting.is_err(), "{waiting:?}");
}

#[tokio::test]
async fn a_file_has_a_limit() {
    let bench = Bench::new();
    bench.write("a.csv", "12345", 1);
    let mut spec = bench.spec();
    spec.max_file_bytes = 5;
    assert!(bench.open(spec.clone()).next(None).await.unwrap().is_some());
    // Over it, there is a piece without bytes, and those behind it are not held up.
    bench.write("b.csv", "1234", 2);
    spec.max_file_bytes = 4;
    let source = bench.open(spec);
    let large = source.next(None).await.unwrap().unwrap();
    assert_eq!((large.name.as_str(), large.size_bytes), ("a.csv", 5));
    assert_eq!(fs::metadata(large.body.path()).unwrap().len(), 0);
    let next = source.next(Some(&large.mark)).await.unwrap().unwrap();
    assert_eq!(
        (next.name.as_str(), body(&next).as_str()),
        ("b.csv", "1234")
    );
    assert_eq!(SftpSource::told(&next.mark).as_deref(), Some("b.csv"));
}

#[tokio::test]
async fn a_folder_has_a_limit_that_no_answer_without_names_goes_round() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    spec.pattern = "*.csv".into();
    for name in ["a.csv", "b.txt", "c.txt"] {
        bench.write(name, "x", 1);
    }
    // The folder itself and the one above it are names, too.
    spec.max_files = 5;
    assert!(bench.open(spec.clone()).next(None).await.unwrap().is_some());
    bench.write("d.txt", "x", 1);
    fs::create_dir(bench.server.files().join("hollow")).unwrap();
    for folder in ["/inbox", "/hollow"] {
        spec.folder = folder.into();
        let source = bench.open(spec.clone());
        let asked = tokio::time::timeout(Duration::from_secs(20), source.next(None)).await;
        let error = asked.unwrap().unwrap_err();
        assert!(matches!(error, PullError::Limit(_)), "{error}");
        let why = format!("the folder `{folder}` has more than 5 files");
        assert!(error.to_string().contains(&why), "{error}");
    }
}

#[tokio::test]
async fn a_read_that_gives_more_than_was_asked_for_or_nothing_is_not_taken() {
    let bench = Bench::new();
    for name in ["floods.csv", "drips.csv"] {
        bench.write(name, "12345", 1);
        let source = bench.open(bench.spec());
        let asked = tokio::time::timeout(Duration::from_secs(20), source.next(None)).await;
        let error = asked.unwrap().unwrap_err();
        assert!(matches!(error, PullError::Unavailable(_)), "{error}");
        let why = format!("cannot read `{name}`");
        assert!(error.to_string().contains(&why), "{error}");
        fs::remove_file(bench.server.files().join("inbox").join(name)).unwrap();
    }
}

#[tokio::test]
async fn what_was_refused_goes_into_a_folder_of_its_own() {
    let bench = Bench::new();
    for folder in ["done", "refused"] {
        fs::create_dir(bench.server.files().join(folder)).unwrap();
    }
    let outcome = |landed| Outcome {
        landed,
        slot: "x".to_owned(),
        papers: Vec::new(),
    };
    let mut spec = bench.spec();
    spec.done_folder = Some("/done".into());
    for refused in [None, Some("/refused".to_owned())] {
        spec.refused_folder = refused;
        let source: &dyn Source = &bench.open(spec.clone());
        bench.write("a.csv", "a", 1);
        bench.write("b.csv", "b", 2);
        let first = source.next(None).await.unwrap().unwrap();
        source.settled(&first, &outcome(false)).await.unwrap();
        let second = source.next(Some(&first.mark)).await.unwrap().unwrap();
        source.settled(&second, &outcome(true)).await.unwrap();
    }
    assert!(bench.names("inbox").is_empty());
    assert_eq!(bench.names("done"), ["a.csv", "b.csv", "b.csv.1700000002"]);
    assert_eq!(bench.names("refused"), ["a.csv"]);
}

#[tokio::test]
async fn a_server_that_hangs_up_or_says_nothing_is_unavailable_and_asked_anew() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    spec.answer_within = Duration::from_millis(1500);
    let source = bench.open(spec);
    for (name, why) in [
        ("breaks.csv", "hung up"),
        ("stalls.csv", "no answer within 1.5s"),
    ] {
        bench.write(name, "x", 1);
        let began = Instant::now();
        let error = source.next(None).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(15), "{error}");
        assert!(matches!(error, PullError::Unavailable(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        fs::remove_file(bench.server.files().join("inbox").join(name)).unwrap();
        bench.write("good.csv", "good", 2);
        let piece = source.next(None).await.unwrap().unwrap();
        assert_eq!(body(&piece), "good");
    }
}

#[tokio::test]
async fn what_is_no_server_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let mut bench = Bench::new();
    bench.guard = Guard::new([at.to_string()]).unwrap();
    let mut spec = bench.spec();
    spec.port = at.port();
    spec.connect_within = Duration::from_millis(50);
    let error = bench.failure(spec.clone()).await;
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(
        error.to_string().contains("does not answer within 50ms"),
        "{error}"
    );
    drop(listener);
    let error = bench.failure(spec).await;
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(
        error.to_string().contains(&format!("cannot reach `{at}`")),
        "{error}"
    );
}

/// Leads to loopback when it is asked first, and elsewhere from then on.
struct Moving(std::sync::atomic::AtomicUsize);

#[async_trait]
impl Names for Moving {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let first = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        Ok(vec![
            if first {
                [127, 0, 0, 1]
            } else {
                [169, 254, 169, 254]
            }
            .into(),
        ])
    }
}

#[tokio::test]
async fn only_an_address_that_was_checked_is_connected_to() {
    let mut bench = Bench::new();
    let port = bench.server.said().port;
    let guard = Guard::new([format!("moving.vn:{port}")]).unwrap();
    bench.guard = guard.with_names(Arc::new(Moving(0.into())));
    let mut spec = bench.spec();
    spec.host = "moving.vn".into();
    let source = bench.open(spec.clone());
    assert!(source.next(None).await.unwrap().is_none());
    let error = source.next(None).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`169.254.169.254` is a link-local"),
        "{error}"
    );
    bench.guard = Guard::new(["127.0.0.1:1"]).unwrap();
    for host in ["127.0.0.1", "localhost", "0x7f.1", "::ffff:127.0.0.1"] {
        spec.host = host.into();
        let error = bench.failure(spec.clone()).await;
        assert!(matches!(error, PullError::Declared(_)), "{error}");
        assert!(error.to_string().contains("cannot reach"), "{error}");
    }
}
