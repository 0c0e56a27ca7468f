//! The newest checkpoint as it is served, and where cosignatures are put.

use super::checkpoint::{Checkpoint, SignedBy, Trust, verify_signatures};
use super::layout::{Numbered, Place, newest};
use super::note::{Note, NoteSignature, VerifierKey};
use super::{Damage, Files, LogError, Put, Result};

/// The newest checkpoint with the cosignatures of the trusted witnesses that are there, as
/// `checkpoint` is to be served, and the number of its head; nothing in an empty log. A log without
/// numbered heads, as a mirror of what is served has it, is read from its file `checkpoint`, and
/// its number is 0.
///
/// Errors: a head that no trusted key signed; a cosignature that does not hold.
pub async fn newest_checkpoint(
    files: &dyn Files,
    trust: &Trust,
) -> Result<Option<(u64, Checkpoint)>> {
    let Some((number, mut opened)) = newest_head(files, trust).await? else {
        return Ok(None);
    };
    add_cosignatures(files, trust, number, &mut opened).await?;
    Ok(Some((number, opened)))
}

/// The same without the cosignatures that are kept beside numbered heads.
pub(super) async fn newest_head(
    files: &dyn Files,
    trust: &Trust,
) -> Result<Option<(u64, Checkpoint)>> {
    let found = match newest(files, Place::Head).await? {
        Some(found) => Some(found),
        None => {
            let served = files.get(&Place::Checkpoint.to_string()).await?;
            served.map(|bytes| Numbered { number: 0, bytes })
        }
    };
    let Some(Numbered { number, bytes }) = found else {
        return Ok(None);
    };
    let path = head_path(number);
    let opened = trust.open_checkpoint(&bytes);
    let opened = opened.map_err(|error| Damage::of(path, error.to_string()))?;
    Ok(Some((number, opened)))
}

/// The checkpoint that is the head of that number, with its cosignatures; nothing if it is not
/// there.
pub async fn numbered_checkpoint(
    files: &dyn Files,
    trust: &Trust,
    number: u64,
) -> Result<Option<Checkpoint>> {
    let path = Place::Head(number).to_string();
    let Some(bytes) = files.get(&path).await? else {
        return Ok(None);
    };
    let opened = trust.open_checkpoint(&bytes);
    let mut opened = opened.map_err(|error| Damage::of(path, error.to_string()))?;
    add_cosignatures(files, trust, number, &mut opened).await?;
    Ok(Some(opened))
}

/// Where the head of that number is.
pub(super) fn head_path(number: u64) -> String {
    let place = if number == 0 {
        Place::Checkpoint
    } else {
        Place::Head(number)
    };
    place.to_string()
}

/// Adds what witnesses said of the head of that number.
pub(super) async fn add_cosignatures(
    files: &dyn Files,
    trust: &Trust,
    number: u64,
    checkpoint: &mut Checkpoint,
) -> Result<()> {
    for witness in trust.witnesses() {
        let text = &checkpoint.note.text;
        if let Some((line, by)) = read_cosignature(files, number, text, witness).await? {
            checkpoint.note.signatures.push(line);
            checkpoint.cosigned_by.push(by);
        }
    }
    Ok(())
}

/// What a witness said of the head of that number, which has that text.
pub(super) async fn read_cosignature(
    files: &dyn Files,
    number: u64,
    text: &str,
    witness: &VerifierKey,
) -> Result<Option<(NoteSignature, SignedBy)>> {
    if number == 0 {
        return Ok(None);
    }
    let path = Place::cosignature(number, witness).to_string();
    let Some(bytes) = files.get(&path).await? else {
        return Ok(None);
    };
    let damaged = |error: LogError| Damage::of(&path, error.to_string());
    let line = read_line(&bytes).map_err(damaged)?;
    let note = Note {
        text: text.to_owned(),
        signatures: vec![line.clone()],
    };
    let signed = verify_signatures(&note, std::slice::from_ref(witness)).map_err(damaged)?;
    let by = signed.into_iter().next();
    let by = by.ok_or_else(|| Damage::of(&path, "it is not by the witness of its name"))?;
    Ok(Some((line, by)))
}

/// Puts a cosignature beside the head of that number, if it is of a trusted witness and over
/// exactly that head; the first of a witness stays.
pub async fn record_cosignature(
    files: &dyn Files,
    trust: &Trust,
    number: u64,
    line: &NoteSignature,
) -> Result<()> {
    let kind = "cosignature";
    let known = trust.witnesses().iter().find(|key| key.is_named_by(line));
    let witness = known.ok_or_else(|| LogError::unproven(kind, "its witness is not trusted"))?;
    let path = Place::Head(number).to_string();
    let bytes = files.get(&path).await?;
    let bytes = bytes.ok_or_else(|| Damage::of(path, "it is missing"))?;
    let note = Note {
        text: trust.open_checkpoint(&bytes)?.note.text,
        signatures: vec![line.clone()],
    };
    verify_signatures(&note, std::slice::from_ref(witness))?;
    let path = Place::cosignature(number, witness).to_string();
    let put = files.put_new(&path, line.to_string().into()).await?;
    // Another one of the same witness says the same, at another time.
    let (Put::Created | Put::Same | Put::Other) = put;
    Ok(())
}

/// The one line of a file with a cosignature.
fn read_line(bytes: &[u8]) -> Result<NoteSignature> {
    let text = str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.strip_suffix('\n'));
    let text = text.ok_or_else(|| LogError::unreadable("cosignature", "it is no line"))?;
    text.parse()
}
