//! Seals: Ed25519 signatures, by which somebody outside can tell that this house wrote a document.
//!
//! A seal is made over the exact bytes that are stored. What a person keeps is the same JSON
//! object with a member `proof`, which carries those bytes again beside their signature, so that
//! it can be read as it stands and checked without knowing how it was laid out:
//!
//! ```json
//! {"id":"…","rows":{"landed":10},
//!  "proof":{"algorithm":"Ed25519","key_id":"…","payload":"…","signature":"…"}}
//! ```
//!
//! A document never vouches for itself: whoever verifies brings the public keys along. A signature
//! does not say what kind of document it is under, so the document must.
//!
//! The folder of keys holds `ID.pem`, the current private key (PKCS#8, mode 0600); `ID.jwk`, a
//! public key for each that ever signed; and `current`, which names the one that signs. A retired
//! private key is deleted, so that who steals the folder, or a copy made after, cannot sign as of
//! before; its public key stays, so that what it signed can be verified for ever. Losing a public
//! key loses that, so keep the published set elsewhere too.

mod document;
mod error;
mod folder;
pub(crate) mod json;
mod jwk;
mod key;
mod keys;
mod pem;
mod verify;

pub use document::Sealed;
pub use error::{Difference, SealError, VerifyError};
pub use jwk::{KeyRecord, PublicKeys};
pub use key::{KeyId, PublicKey, Seal, SigningKey};
pub use keys::{MakeKey, SigningKeys};
pub use verify::{Verified, verify, verify_evidence};
