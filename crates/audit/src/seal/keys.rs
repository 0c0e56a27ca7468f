//! The keys of this house: one that signs, and the public halves of all that ever did.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use chrono::{DateTime, SubsecRound, Utc};

use super::folder::{Folder, LocalDisk};
use super::{KeyId, KeyRecord, PublicKey, PublicKeys, Seal, SealError, SigningKey};

/// Where a new key comes from: [`SigningKey::generate`], or in tests a seed.
pub type MakeKey<'a> = &'a dyn Fn() -> Result<SigningKey, SealError>;

/// The open folder of keys. One process may have it open at a time; whoever opens it sees to that.
/// Opening and rotating wait for the disk, signing does not.
#[derive(Debug)]
pub struct SigningKeys {
    folder: Folder,
    state: RwLock<State>,
    /// Held by the one who rotates, so that signing goes on meanwhile.
    turn: Mutex<()>,
    exposed: Vec<PathBuf>,
}

#[derive(Debug)]
struct State {
    current: SigningKey,
    /// In the order of their making.
    published: Vec<KeyRecord>,
}

impl SigningKeys {
    /// Opens the folder, which is made with its first key if it is not there.
    ///
    /// It finishes what a crash interrupted: unfinished files are removed, a current key that was
    /// not published yet is, and one that was to be retired is. A private key that never was
    /// current is ignored. A folder whose file `current` is gone gets a new key. It refuses a
    /// folder whose current key is missing, is no key or has been retired: making a new one would
    /// hide the loss.
    pub fn open_or_create(
        folder: &Path,
        make: MakeKey<'_>,
        now: DateTime<Utc>,
    ) -> Result<Self, SealError> {
        Self::open(Folder::new(folder, Box::new(LocalDisk)), make, now)
    }

    fn open(folder: Folder, make: MakeKey<'_>, now: DateTime<Utc>) -> Result<Self, SealError> {
        folder.make()?;
        let exposed = folder.close_to_others()?;
        folder.remove_unfinished()?;
        let mut published = folder.public_keys()?;
        let current = match folder.current()? {
            Some(id) => {
                folder.check_in_use(id, &published)?;
                folder.private_key(id)?
            }
            None => install(&folder, &published, make)?,
        };
        publish(&folder, &current, &mut published, now)?;
        let keys = Self {
            folder,
            state: RwLock::new(State { current, published }),
            turn: Mutex::new(()),
            exposed,
        };
        keys.retire_all_but_current(now)?;
        Ok(keys)
    }

    /// The public keys in a folder that another process may have open. Changes nothing.
    pub fn published(folder: &Path) -> Result<PublicKeys, SealError> {
        let folder = Folder::new(folder, Box::new(LocalDisk));
        Ok(folder.public_keys()?.into_iter().collect())
    }

    /// What others had rights on when the folder was opened, and have no longer. For the log: the
    /// key should be rotated if somebody may have read it.
    pub fn exposed(&self) -> &[PathBuf] {
        &self.exposed
    }

    /// The key that signs.
    pub fn current(&self) -> KeyId {
        self.read(|state| state.current.public().id())
    }

    /// The public keys of all that ever signed, in the order of their making.
    pub fn public_keys(&self) -> PublicKeys {
        self.read(|state| state.published.iter().cloned().collect())
    }

    /// Signs exactly these bytes with the current key; until the next rotation the same bytes get
    /// the same signature.
    pub fn sign(&self, bytes: &[u8]) -> Seal {
        self.read(|state| state.current.sign(bytes))
    }

    /// Signs exactly these bytes with the current key, and says which key that is.
    pub fn sign_and_name(&self, bytes: &[u8]) -> (PublicKey, [u8; 64]) {
        self.read(|state| (state.current.public(), state.current.sign(bytes).signature))
    }

    /// Makes a new key and lets it sign. The old private key is deleted, its public key stays.
    ///
    /// On an error [`current`](Self::current) says which key signs; what it signs can be verified,
    /// and the next opening or rotation finishes what is left over.
    pub fn rotate(&self, make: MakeKey<'_>, now: DateTime<Utc>) -> Result<KeyId, SealError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.folder.remove_unfinished()?;
        // From the disk, where a rotation that failed may have left a key to be retired.
        let mut published = self.folder.public_keys()?;
        let current = install(&self.folder, &published, make)?;
        // The old key signs until the new one is published, so that no signature is ever without
        // its public key.
        publish(&self.folder, &current, &mut published, now)?;
        let id = current.public().id();
        self.write(|state| *state = State { current, published });
        self.retire_all_but_current(now)?;
        Ok(id)
    }

    fn retire_all_but_current(&self, now: DateTime<Utc>) -> Result<(), SealError> {
        let current = self.current();
        let published = self.read(|state| state.published.clone());
        let others = published.iter().map(|record| record.key.id()).enumerate();
        for (index, id) in others.filter(|(_, id)| *id != current) {
            let mut record = published[index].clone();
            if record.retired_at.is_none() {
                let now = now.trunc_subsecs(0);
                // A clock that was set back does not retire a key before it was made.
                record.retired_at = Some(record.created_at.map_or(now, |made| made.max(now)));
                self.folder.write_public(&record)?;
                self.write(|state| state.published[index] = record);
            }
            self.folder.remove_private(id)?;
        }
        Ok(())
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Makes a key that is current on the disk. It must be published before it signs: a private key
/// with a public one beside it has been current, one without never signed.
fn install(
    folder: &Folder,
    published: &[KeyRecord],
    make: MakeKey<'_>,
) -> Result<SigningKey, SealError> {
    let key = make()?;
    let id = key.public().id();
    if published.iter().any(|record| record.key.id() == id) {
        return Err(SealError::Reused(id));
    }
    folder.write_private(&key)?;
    folder.write_current(id)?;
    Ok(key)
}

fn publish(
    folder: &Folder,
    key: &SigningKey,
    published: &mut Vec<KeyRecord>,
    now: DateTime<Utc>,
) -> Result<(), SealError> {
    let key = key.public();
    if published.iter().any(|record| record.key == key) {
        return Ok(());
    }
    let record = KeyRecord {
        key,
        created_at: Some(now.trunc_subsecs(0)),
        retired_at: None,
    };
    folder.write_public(&record)?;
    published.push(record);
    published.sort_by_key(KeyRecord::order);
    Ok(())
}

#[cfg(test)]
mod tests;
