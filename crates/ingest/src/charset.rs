//! Text of any charset as UTF-8, a stretch at a time. Nothing is guessed from the text itself.

use std::io::{self, Cursor, Read};

use encoding_rs::{DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1258};

use crate::{Charset, IngestError, tcvn3};

const BUFFER_BYTES: usize = 64 * 1024;

/// No UTF-8 has this byte. It stands for what a charset of single bytes does not have, so that
/// the row it stands in is seen to be broken and no other.
const UNDECODABLE: &[u8] = b"\xff";

const BYTE_ORDER_MARKS: [(&[u8], Charset); 3] = [
    (b"\xef\xbb\xbf", Charset::Utf8),
    (b"\xff\xfe", Charset::Utf16Le),
    (b"\xfe\xff", Charset::Utf16Be),
];

/// The text in UTF-8, without its byte order mark. What is not declared is what the mark says, and
/// without a mark it is UTF-8.
///
/// UTF-8 passes as it is, right or wrong. A byte that windows-1258 or TCVN3 do not have comes out
/// as one that UTF-8 does not have. UTF-16 that is broken is an error of the reader, for
/// [`IngestError::read`]: where its next row begins cannot be told.
pub(crate) fn decoded(
    mut bytes: Box<dyn Read + Send>,
    declared: Option<Charset>,
) -> Result<Box<dyn Read + Send>, IngestError> {
    let mut head = Vec::with_capacity(4);
    let read = (&mut bytes).take(3).read_to_end(&mut head);
    read.map_err(IngestError::read)?;
    let mark = BYTE_ORDER_MARKS
        .iter()
        .find(|(mark, _)| head.starts_with(mark));
    let charset = agreed(declared, mark.map(|(_, charset)| *charset))?;
    head.drain(..mark.map_or(0, |(mark, _)| mark.len()));
    let bytes: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(bytes));
    let decoder = match charset {
        Charset::Utf8 | Charset::Utf16 => return Ok(bytes),
        Charset::Utf16Le => Decoder::Utf16(UTF_16LE.new_decoder_without_bom_handling(), charset),
        Charset::Utf16Be => Decoder::Utf16(UTF_16BE.new_decoder_without_bom_handling(), charset),
        Charset::Windows1258 => Decoder::Bytes(Box::new(windows_1258())),
        Charset::Tcvn3 => Decoder::Bytes(Box::new(tcvn3::upper_half())),
    };
    Ok(Box::new(Decoded {
        bytes,
        decoder,
        input: vec![0; BUFFER_BYTES],
        output: Vec::with_capacity(BUFFER_BYTES * 3),
        given: 0,
        ended: false,
        failure: None,
    }))
}

fn agreed(declared: Option<Charset>, marked: Option<Charset>) -> Result<Charset, IngestError> {
    let refuse = |message: String, hint: &str| {
        Err(IngestError::refused("malformed", Vec::new(), message, hint))
    };
    match (declared, marked) {
        (None, marked) => Ok(marked.unwrap_or(Charset::Utf8)),
        (Some(Charset::Utf16), Some(marked)) if marked != Charset::Utf8 => Ok(marked),
        (Some(Charset::Utf16), None) => refuse(
            "the body is declared as UTF-16 and has no byte order mark".to_owned(),
            "Declare it as `utf-16le` or `utf-16be`.",
        ),
        (Some(declared), Some(marked)) if declared != marked => refuse(
            format!(
                "the body is declared as {}, its byte order mark says {}",
                declared.name(),
                marked.name()
            ),
            "Declare the charset that the body has.",
        ),
        (Some(declared), _) => Ok(declared),
    }
}

/// The upper half of a charset of single bytes.
type UpperHalf = [Option<char>; 128];

enum Decoder {
    Bytes(Box<UpperHalf>),
    Utf16(encoding_rs::Decoder, Charset),
}

impl Decoder {
    fn decode(&mut self, input: &[u8], last: bool, output: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Bytes(upper) => {
                decode_bytes(upper, input, output);
                Ok(())
            }
            Self::Utf16(decoder, charset) => decode_utf16(decoder, *charset, input, last, output),
        }
    }
}

fn decode_bytes(upper: &UpperHalf, input: &[u8], output: &mut Vec<u8>) {
    for byte in input {
        match byte.checked_sub(128) {
            None => output.push(*byte),
            Some(place) => match upper[usize::from(place)] {
                Some(letter) => {
                    output.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                None => output.extend_from_slice(UNDECODABLE),
            },
        }
    }
}

fn decode_utf16(
    decoder: &mut encoding_rs::Decoder,
    charset: Charset,
    input: &[u8],
    last: bool,
    output: &mut Vec<u8>,
) -> io::Result<()> {
    let start = output.len();
    // Two bytes become three at most; the rest is for what the decoder kept from before.
    output.resize(start + input.len() * 2 + 16, 0);
    let decoded = decoder.decode_to_utf8_without_replacement(input, &mut output[start..], last);
    let (result, _, written) = decoded;
    output.truncate(start + written);
    match result {
        DecoderResult::InputEmpty => Ok(()),
        DecoderResult::Malformed(..) | DecoderResult::OutputFull => {
            let name = charset.name();
            let message = format!(
                "the body is not {name}: half of a character stands without its other half"
            );
            let hint = "Look whether it was cut off on its way, or send it as UTF-8.";
            let refused = IngestError::refused("malformed", Vec::new(), message, hint);
            Err(io::Error::other(refused))
        }
    }
}

/// As the WHATWG's index has it, without the control characters that it puts where Windows has
/// nothing.
fn windows_1258() -> UpperHalf {
    let mut upper = [None; 128];
    for (byte, letter) in (128..=u8::MAX).zip(&mut upper) {
        let byte = [byte];
        let (text, _) = WINDOWS_1258.decode_without_bom_handling(&byte);
        *letter = text.chars().next().filter(|letter| !letter.is_control());
    }
    upper
}

struct Decoded {
    bytes: Box<dyn Read + Send>,
    decoder: Decoder,
    input: Vec<u8>,
    output: Vec<u8>,
    /// How much of the output was handed on.
    given: usize,
    ended: bool,
    /// What is told once all that could be read before it was handed on, so that it does not matter
    /// in what stretches the bytes come.
    failure: Option<io::Error>,
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() && !self.ended {
            let read = self.bytes.read(&mut self.input)?;
            self.output.clear();
            self.given = 0;
            self.ended = read == 0;
            let input = &self.input[..read];
            if let Err(error) = self.decoder.decode(input, self.ended, &mut self.output) {
                self.failure = Some(error);
                self.ended = true;
            }
        }
        if self.given == self.output.len()
            && let Some(error) = self.failure.take()
        {
            return Err(error);
        }
        let left = &self.output[self.given..];
        let given = left.len().min(buffer.len());
        buffer[..given].copy_from_slice(&left[..given]);
        self.given += given;
        Ok(given)
    }
}

#[cfg(test)]
pub(crate) mod tests;
