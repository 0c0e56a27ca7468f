//! Bodies that are something else than they are said to be.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::package::encrypted;
use crate::IngestError;

const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Where a compound file says how long its sectors are and where its folder begins.
const HEADER: usize = 76;
const SECTOR_SHIFT: usize = 30;
const FOLDER_SECTOR: usize = 48;

/// A folder's first entries, 128 bytes each.
const FOLDER_BYTES: usize = 4096;

const SAVE_AS: &str = "Open the file in a spreadsheet program and save it as `.xlsx` or `.ods`.";

/// Refuses what is no archive; leaves the file at its beginning.
pub(super) fn unmask(file: &mut File) -> Result<(), IngestError> {
    let failed = || IngestError::io("read the spooled body");
    let head = at(file, 0, HEADER).map_err(failed())?;
    let refuse = |message: &str| {
        let message = message.to_owned();
        Err(IngestError::refused(
            "malformed",
            Vec::new(),
            message,
            SAVE_AS,
        ))
    };
    if head.starts_with(COMPOUND_FILE) {
        if is_encrypted(file, &head).map_err(failed())? {
            return Err(encrypted());
        }
        return refuse("the body is a workbook of the old form `.xls`");
    }
    if !ZIP.iter().any(|magic| head.starts_with(magic)) {
        return match head.trim_ascii_start() {
            [] => refuse("the body is empty"),
            [b'<', ..] => refuse("the body is a web page or XML, not a workbook"),
            _ => refuse("the body is no workbook"),
        };
    }
    file.rewind().map_err(failed())
}

/// Programs pack a protected workbook into a compound file, under this name.
fn is_encrypted(file: &mut File, head: &[u8]) -> io::Result<bool> {
    let (Some(shift), Some(sector)) = (
        head.get(SECTOR_SHIFT).copied(),
        head.get(FOLDER_SECTOR..FOLDER_SECTOR + 4),
    ) else {
        return Ok(false);
    };
    let sector = sector
        .try_into()
        .map(u32::from_le_bytes)
        .unwrap_or_default();
    let from = (u64::from(sector) + 1) << u32::from(shift).min(16);
    let folder = at(file, from, FOLDER_BYTES)?;
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    Ok(folder.windows(name.len()).any(|window| window == name))
}

/// Up to so many bytes from there on. Some disks know no place as far away as a file may claim.
fn at(file: &mut File, from: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::with_capacity(bytes);
    if from >= file.metadata()?.len() {
        return Ok(read);
    }
    file.seek(SeekFrom::Start(from))?;
    file.take(bytes as u64).read_to_end(&mut read)?;
    Ok(read)
}
