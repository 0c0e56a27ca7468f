//! Documents are tested as bodies: bytes in, judgement out.

mod coded;
mod cross;
mod json;
mod mapped;
mod mapped_csv;
mod mapped_envelope;
mod shipped;
mod xml;
