use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use expect_test::expect;
use tempfile::TempDir;

use crate::seal::folder::{Disk, Folder, LocalDisk, unfinished};
use crate::seal::{KeyId, PublicKeys, Seal, SealError, SigningKey, SigningKeys};

/// 2026-09-15T10:00:00Z and something.
fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_789_466_400, 123_456_789).unwrap()
}

fn evening() -> DateTime<Utc> {
    morning() + TimeDelta::hours(8)
}

/// Another key each time, the same in each test.
fn maker() -> impl Fn() -> Result<SigningKey, SealError> {
    let next = AtomicU8::new(1);
    move || SigningKey::from_seed(&[next.fetch_add(1, Ordering::Relaxed); 32])
}

fn key_of(seed: u8) -> KeyId {
    SigningKey::from_seed(&[seed; 32]).unwrap().public().id()
}

/// A parent, so that the folder itself is made by the code.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn private(&self, id: KeyId) -> PathBuf {
        self.file(&format!("{id}.pem"))
    }

    fn public(&self, id: KeyId) -> PathBuf {
        self.file(&format!("{id}.jwk"))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder())
            .unwrap()
            .map(|found| found.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// With keys that no other maker of a test gives.
    fn open(&self) -> Result<SigningKeys, SealError> {
        let make = || SigningKey::from_seed(&[99; 32]);
        SigningKeys::open_or_create(&self.folder(), &make, evening())
    }

    fn error(&self) -> String {
        let error = self.open().unwrap_err();
        let place = format!("{}/", self.folder().display());
        error.to_string().replace(&place, "")
    }
}

fn verifies(keys: &PublicKeys, seal: &Seal, bytes: &[u8]) -> bool {
    let record = keys.get(seal.key_id);
    record.is_some_and(|record| record.key.verifies(bytes, &seal.signature))
}

/// One key is current and has its private half; all others are retired and have none.
fn check_whole(place: &Place, keys: &SigningKeys) {
    let current = keys.current();
    let public = keys.public_keys();
    assert!(verifies(&public, &keys.sign(b"now"), b"now"));
    assert_eq!(keys.sign(b"now").key_id, current);
    assert_eq!(
        fs::read_to_string(place.file("current")).unwrap(),
        format!("{current}\n")
    );
    for record in public.iter() {
        let id = record.key.id();
        assert_eq!(record.retired_at.is_none(), id == current, "{id}");
        assert_eq!(place.private(id).exists(), id == current, "{id}");
    }
    assert_eq!(SigningKeys::published(&place.folder()).unwrap(), public);
    let names = place.names();
    assert!(
        !names.iter().any(|name| name.ends_with(".unfinished")),
        "{names:?}"
    );
}

#[test]
fn a_new_folder_gets_a_key_which_is_there_when_it_is_opened_again() {
    let place = Place::new();
    let keys = SigningKeys::open_or_create(&place.folder(), &maker(), morning()).unwrap();
    check_whole(&place, &keys);
    let seal = keys.sign(b"receipt");
    drop(keys);
    let keys = place.open().unwrap();
    assert_eq!(keys.current(), key_of(1));
    assert_eq!(keys.sign(b"receipt"), seal);
    assert_ne!(keys.sign(b"Receipt").signature, seal.signature);
    check_whole(&place, &keys);
}

#[test]
fn rotation_retires_the_old_key_and_what_it_signed_still_verifies() {
    let place = Place::new();
    let make = maker();
    let keys = SigningKeys::open_or_create(&place.folder(), &make, morning()).unwrap();
    let seal = keys.sign(b"receipt");
    assert_eq!(keys.rotate(&make, evening()).unwrap(), key_of(2));
    assert_eq!(keys.current(), key_of(2));
    assert_eq!(keys.sign(b"receipt").key_id, key_of(2));
    check_whole(&place, &keys);
    drop(keys);
    let keys = place.open().unwrap();
    check_whole(&place, &keys);
    assert!(verifies(&keys.public_keys(), &seal, b"receipt"));
    let times = keys.public_keys().to_jwks()["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|jwk| format!("{} {} {}", jwk["kid"], jwk["created_at"], jwk["retired_at"]))
        .collect::<Vec<_>>();
    expect![[r#"
        "34750f98bd59fcfc" "2026-09-15T10:00:00Z" "2026-09-15T18:00:00Z"
        "6a3803d5f059902a" "2026-09-15T18:00:00Z" null"#]]
    .assert_eq(&times.join("\n"));
    let kept = [key_of(1), key_of(2)].map(|id| format!("{id}.jwk"));
    let mut names = [
        &kept[..],
        &[format!("{}.pem", key_of(2)), "current".to_owned()],
    ]
    .concat();
    names.sort();
    assert_eq!(place.names(), names);
}

#[test]
fn many_may_sign_while_the_key_is_rotated() {
    let place = Place::new();
    let make = maker();
    let keys = SigningKeys::open_or_create(&place.folder(), &make, morning()).unwrap();
    let done = AtomicBool::new(false);
    let seals = std::thread::scope(|scope| {
        let signer = scope.spawn(|| {
            let mut seals = vec![keys.sign(b"first")];
            while !done.load(Ordering::Acquire) {
                seals.push(keys.sign(b"first"));
            }
            seals
        });
        for _ in 0..5 {
            keys.rotate(&make, evening()).unwrap();
        }
        done.store(true, Ordering::Release);
        signer.join().unwrap()
    });
    let public = keys.public_keys();
    assert_eq!(public.iter().count(), 6);
    assert!(seals.iter().all(|seal| verifies(&public, seal, b"first")));
    check_whole(&place, &keys);
}

#[test]
fn a_clock_that_was_set_back_does_not_retire_a_key_before_it_was_made() {
    let place = Place::new();
    let make = maker();
    let keys = SigningKeys::open_or_create(&place.folder(), &make, evening()).unwrap();
    keys.rotate(&make, morning()).unwrap();
    let public = keys.public_keys();
    let old = public.get(key_of(1)).unwrap();
    assert_eq!(old.retired_at, old.created_at);
}

#[test]
fn a_key_that_signed_before_is_not_made_current_again() {
    let place = Place::new();
    let make = || SigningKey::from_seed(&[1; 32]);
    let keys = SigningKeys::open_or_create(&place.folder(), &make, morning()).unwrap();
    let again = keys.rotate(&make, evening());
    assert!(matches!(again, Err(SealError::Reused(id)) if id == key_of(1)));
    check_whole(&place, &keys);
}

/// A disk that fails at one step, counted from 0, and does well before and after.
#[derive(Debug)]
struct Faulty {
    steps: Arc<AtomicUsize>,
    fails_at: usize,
}

impl Faulty {
    fn step(&self) -> io::Result<()> {
        match self.steps.fetch_add(1, Ordering::Relaxed) {
            step if step == self.fails_at => Err(io::Error::other("disk full")),
            _ => Ok(()),
        }
    }
}

impl Disk for Faulty {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        if let Err(error) = self.step() {
            fs::write(unfinished(path), &bytes[..bytes.len() / 2]).unwrap();
            return Err(error);
        }
        if let Err(error) = self.step() {
            fs::write(unfinished(path), bytes).unwrap();
            return Err(error);
        }
        LocalDisk.write(path, bytes)?;
        self.step()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.remove(path)?;
        self.step()
    }
}

/// The folder with a disk that fails at that step, and the count of the steps.
fn faulty(place: &Place, fails_at: usize) -> (Folder, Arc<AtomicUsize>) {
    let steps = Arc::new(AtomicUsize::new(0));
    let disk = Faulty {
        steps: steps.clone(),
        fails_at,
    };
    (Folder::new(&place.folder(), Box::new(disk)), steps)
}

/// Four steps of each of three writes: private key, `current`, public key.
const CREATION_STEPS: usize = 12;
/// Those, the old public key again, and the removal of the private one.
const ROTATION_STEPS: usize = CREATION_STEPS + 4 + 2;

#[test]
fn a_crash_at_any_step_of_the_first_opening_is_got_over() {
    for fails_at in 0..=CREATION_STEPS {
        let place = Place::new();
        let (folder, steps) = faulty(&place, fails_at);
        let opened = SigningKeys::open(folder, &maker(), morning());
        assert_eq!(
            opened.is_ok(),
            fails_at == CREATION_STEPS,
            "step {fails_at}"
        );
        drop(opened);
        let keys = place.open().unwrap();
        check_whole(&place, &keys);
        assert_eq!(keys.public_keys().iter().count(), 1, "step {fails_at}");
        assert!(steps.load(Ordering::Relaxed) <= CREATION_STEPS);
    }
}

#[test]
fn a_crash_at_any_step_of_a_rotation_is_got_over() {
    for fails_at in 0..=ROTATION_STEPS {
        let place = Place::new();
        let make = maker();
        drop(SigningKeys::open_or_create(&place.folder(), &make, morning()).unwrap());
        let (folder, _) = faulty(&place, fails_at);
        let keys = SigningKeys::open(folder, &make, morning()).unwrap();
        let before = keys.sign(b"before");
        let rotated = keys.rotate(&make, evening());
        assert_eq!(
            rotated.is_ok(),
            fails_at == ROTATION_STEPS,
            "step {fails_at}"
        );
        // The process may go on for a while and sign.
        let after = keys.sign(b"after");
        let public = keys.public_keys();
        assert!(verifies(&public, &after, b"after"), "step {fails_at}");
        drop(keys);
        let keys = place.open().unwrap();
        check_whole(&place, &keys);
        let public = keys.public_keys();
        assert!(verifies(&public, &before, b"before"), "step {fails_at}");
        assert!(verifies(&public, &after, b"after"), "step {fails_at}");
    }
}

#[test]
fn a_rotation_that_failed_at_any_step_can_be_tried_again() {
    for fails_at in 0..ROTATION_STEPS {
        let place = Place::new();
        let make = maker();
        drop(SigningKeys::open_or_create(&place.folder(), &make, morning()).unwrap());
        let (folder, _) = faulty(&place, fails_at);
        let keys = SigningKeys::open(folder, &make, morning()).unwrap();
        keys.rotate(&make, evening()).unwrap_err();
        assert_eq!(keys.rotate(&make, evening()).unwrap(), key_of(3));
        check_whole(&place, &keys);
        drop(keys);
        let keys = place.open().unwrap();
        assert_eq!(keys.current(), key_of(3));
        check_whole(&place, &keys);
    }
}

#[test]
fn a_half_written_key_never_becomes_current() {
    let place = Place::new();
    let keys = SigningKeys::open_or_create(&place.folder(), &maker(), morning()).unwrap();
    drop(keys);
    fs::write(
        place.private(key_of(2)),
        "-----BEGIN PRIVATE KEY-----\nMC4C",
    )
    .unwrap();
    fs::write(unfinished(&place.private(key_of(3))), "-----BEGIN").unwrap();
    fs::write(unfinished(&place.file("current")), key_of(2).to_string()).unwrap();
    let keys = place.open().unwrap();
    assert_eq!(keys.current(), key_of(1));
    assert_eq!(keys.public_keys().iter().count(), 1);
    check_whole(&place, &keys);
}

#[test]
fn without_the_file_current_a_new_key_signs_and_the_old_one_is_retired() {
    let place = Place::new();
    drop(SigningKeys::open_or_create(&place.folder(), &maker(), morning()).unwrap());
    fs::remove_file(place.file("current")).unwrap();
    let keys = place.open().unwrap();
    assert_eq!(keys.current(), key_of(99));
    assert!(keys.public_keys().get(key_of(1)).is_some());
    check_whole(&place, &keys);
}

#[test]
fn a_damaged_folder_is_refused_and_left_as_it_is() {
    let damages: [fn(&Place); 7] = [
        |place| fs::remove_file(place.private(key_of(2))).unwrap(),
        |place| fs::write(place.private(key_of(2)), "").unwrap(),
        |place| {
            let other = SigningKey::from_seed(&[3; 32]).unwrap().to_pem().unwrap();
            fs::write(place.private(key_of(2)), other).unwrap();
        },
        |place| fs::write(place.file("current"), "").unwrap(),
        |place| fs::write(place.file("current"), key_of(1).to_string()).unwrap(),
        |place| fs::write(place.public(key_of(1)), "{}").unwrap(),
        |place| {
            fs::rename(place.public(key_of(1)), place.public(key_of(4))).unwrap();
        },
    ];
    let mut answers = Vec::new();
    for damage in damages {
        let place = Place::new();
        let make = maker();
        let keys = SigningKeys::open_or_create(&place.folder(), &make, morning()).unwrap();
        keys.rotate(&make, evening()).unwrap();
        drop(keys);
        damage(&place);
        let names = place.names();
        answers.push(place.error());
        assert_eq!(place.names(), names);
    }
    expect![[r#"
        the signing keys are damaged at `6a3803d5f059902a.pem`: the current key is missing
        the signing keys are damaged at `6a3803d5f059902a.pem`: cannot read the key: it is no PEM block `PRIVATE KEY`
        the signing keys are damaged at `6a3803d5f059902a.pem`: it is another key than its name says
        the signing keys are damaged at `current`: it names no key
        the signing keys are damaged at `current`: it names key `34750f98bd59fcfc`, which has been retired
        the signing keys are damaged at `34750f98bd59fcfc.jwk`: cannot read the key: it is no JWK: missing field `kty`
        the signing keys are damaged at `c5b940ed3f65c391.jwk`: it is another key than its name says"#]].assert_eq(&answers.join("\n"));
}

#[cfg(unix)]
mod permissions {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_folder_and_its_files_are_their_owners_alone() {
        let place = Place::new();
        let make = maker();
        let keys = SigningKeys::open_or_create(&place.folder(), &make, morning()).unwrap();
        keys.rotate(&make, evening()).unwrap();
        assert_eq!(mode(&place.folder()), 0o700);
        for name in place.names() {
            assert_eq!(mode(&place.file(&name)), 0o600, "{name}");
        }
        assert!(keys.exposed().is_empty());
    }

    #[test]
    fn what_others_have_rights_on_is_closed_to_them_and_told() {
        let place = Place::new();
        drop(SigningKeys::open_or_create(&place.folder(), &maker(), morning()).unwrap());
        let private = place.private(key_of(1));
        set_mode(&place.folder(), 0o750);
        set_mode(&private, 0o644);
        let keys = place.open().unwrap();
        assert_eq!(keys.exposed(), [place.folder(), private.clone()]);
        assert_eq!((mode(&place.folder()), mode(&private)), (0o700, 0o600));
        drop(keys);
        assert!(place.open().unwrap().exposed().is_empty());
    }
}
