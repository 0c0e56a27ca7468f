//! Signed notes and the keys that verify them (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{LogError, Result};
use crate::seal::PublicKey;

/// How long a note may be.
pub const NOTE_BYTES: usize = 256 * 1024;
/// How many signatures a note may have.
pub const NOTE_SIGNATURES: usize = 64;
const NAME_BYTES: usize = 255;
const DASH: &str = "\u{2014} ";

/// How a key signs: the type of its signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Ed25519 over the text of the note.
    Ed25519,
    /// Ed25519 over the time and the text: a witness's (C2SP tlog-cosignature, version 1).
    Cosignature,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A public key with the name under which it signs notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: PublicKey,
}

impl VerifierKey {
    /// A key under a name, which has 1 to 255 bytes and no space, control character or `+`.
    pub fn new(name: &str, kind: KeyKind, key: PublicKey) -> Result<Self> {
        if !is_name(name) {
            let message = format!("`{name}` is no name of a key");
            return Err(LogError::unreadable("verifier key", message));
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            key,
        })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The first four bytes of the SHA-256 over the name, a line's end, the type and the key.
    pub fn id(&self) -> [u8; 4] {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', self.kind.byte()])
            .chain_update(self.key.as_bytes())
            .finalize()
            .into();
        let [a, b, c, d, ..] = digest;
        [a, b, c, d]
    }

    /// Whether the signature claims to be this key's.
    pub fn is_named_by(&self, signature: &NoteSignature) -> bool {
        signature.name == self.name && signature.id == self.id()
    }
}

impl fmt::Display for VerifierKey {
    /// `name+hash+base64`, the vkey form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.kind.byte()], &self.key.as_bytes()[..]].concat();
        let (id, key) = (hex::encode(self.id()), STANDARD.encode(material));
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = LogError;

    /// Takes the one spelling that is printed.
    fn from_str(text: &str) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable("verifier key", message);
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(broken("it is not of the form `name+hash+base64`"));
        };
        let material = STANDARD
            .decode(key)
            .map_err(|_| broken("its key is no base64"))?;
        let (kind, raw) = match material.split_first() {
            Some((1, raw)) => (KeyKind::Ed25519, raw),
            Some((4, raw)) => (KeyKind::Cosignature, raw),
            _ => return Err(broken("its key is none of Ed25519")),
        };
        let raw = raw
            .try_into()
            .map_err(|_| broken("its key has not 32 bytes"))?;
        let key = Self::new(name, kind, PublicKey::from_bytes(raw))?;
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(broken("its hash is not that of its name and key"))
        }
    }
}

/// A signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: String,
    /// The id of the key.
    pub id: [u8; 4],
    /// What the key made; its shape is that of the key's kind.
    pub bytes: Vec<u8>,
}

impl fmt::Display for NoteSignature {
    /// The line with its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [&self.id[..], &self.bytes].concat();
        writeln!(f, "{DASH}{} {}", self.name, STANDARD.encode(all))
    }
}

impl FromStr for NoteSignature {
    type Err = LogError;

    /// Reads a line without its end.
    fn from_str(line: &str) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable("signature line", message);
        let rest = line.strip_prefix(DASH);
        let (name, signature) = rest
            .and_then(|rest| rest.split_once(' '))
            .ok_or_else(|| broken("it is not a dash, a name and a signature"))?;
        if !is_name(name) {
            return Err(broken("its name is no name of a key"));
        }
        let all = STANDARD
            .decode(signature)
            .map_err(|_| broken("it is no base64"))?;
        match all.split_first_chunk::<4>() {
            Some((id, bytes)) if !bytes.is_empty() => Ok(Self {
                name: name.to_owned(),
                id: *id,
                bytes: bytes.to_vec(),
            }),
            _ => Err(broken("it is too short")),
        }
    }
}

/// A text and its signatures, of which none has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, which ends with a line's end.
    pub text: String,
    /// At least one.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note, at most 256 KiB with 64 signatures. What it reads is printed as it was.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let broken = |message: &str| LogError::unreadable("signed note", message);
        if bytes.len() > NOTE_BYTES {
            return Err(broken("it is longer than 256 KiB"));
        }
        let all = str::from_utf8(bytes).map_err(|_| broken("it is no UTF-8"))?;
        if all.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(broken("it has a control character"));
        }
        let blank = all
            .rfind("\n\n")
            .ok_or_else(|| broken("it has no blank line"))?;
        let (text, lines) = (&all[..=blank], &all[blank + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or_else(|| broken("its last line does not end, or it has no signature"))?;
        let signatures: Vec<_> = lines.split('\n').map(str::parse).collect::<Result<_>>()?;
        if signatures.len() > NOTE_SIGNATURES {
            return Err(broken("it has more than 64 signatures"));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|line| write!(f, "{line}"))
    }
}

fn is_name(name: &str) -> bool {
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    !name.is_empty() && name.len() <= NAME_BYTES && !name.contains(odd)
}
