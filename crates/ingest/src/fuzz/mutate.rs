//! Bodies spoilt by chance: what damage, carelessness and malice do to them.

use super::chance::Chance;

/// The most that a body grows to.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// What means something to one decoder or another.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"'",
    b",",
    b";",
    b"\t",
    b"|",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80\xae",
    b"e\xcc\x82\xcc\x81",
    b"sep=;",
    b"\"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"null",
    b"true",
    b"\\u0000",
    b"\\ud800",
    b"\\\"",
    b"{\"a\":",
    b"[[[[[[[[[[[[[[[[[[",
    b"<",
    b">",
    b"</",
    b"/>",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>",
    b"&b;",
    b"&#0;",
    b"&#x10ffff;",
    b"&amp;",
    b" xsi:nil=\"true\"",
    b" t=\"s\"",
    b" t=\"e\"",
    b"<f>1</f>",
    b" r=\"XFD1048576\"",
    b" table:number-rows-repeated=\"99999999\"",
    b" table:number-columns-repeated=\"99999999\"",
    b"<text:s text:c=\"99999999\"/>",
    b"PAR1",
    b"PARE",
    b"ARROW1",
    b"\xff\xff\xff\xff",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"0912345678",
    b"=1+1",
];

/// Numbers that people and programs trip over.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "00",
    "127",
    "65536",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "1e400",
    "1e-400",
    "NaN",
    "Infinity",
    "0.1",
    "1.250,50",
    "99999999999999999999999999999999999999999",
    "0x10",
    "+1",
];

const EDGES: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// Spoils the body a few times; others are what parts are borrowed from.
pub(super) fn spoil(body: &mut Vec<u8>, others: &[Vec<u8>], chance: &mut Chance) {
    for _ in 0..=chance.below(4) {
        once(body, others, chance);
    }
    body.truncate(MAX_BYTES);
}

fn once(body: &mut Vec<u8>, others: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(body.len() + 1);
    match chance.below(12) {
        0 => flip(body, chance),
        1 => set(body, chance),
        2 => body.truncate(at),
        3 => {
            body.drain(chance.stretch(body.len()));
        }
        4 => {
            // The same once more, or many times.
            let part = body[chance.stretch(body.len())].to_vec();
            let times = if chance.once_in(8) {
                chance.below(200)
            } else {
                1
            };
            insert(body, at, &part.repeat(times));
        }
        5 => insert(body, at, chance.one::<&[u8]>(TOKENS)),
        6 => {
            let token = chance.one(TOKENS);
            overwrite(body, at, token);
        }
        7 => number(body, chance),
        8 => {
            let edge = chance.one(&EDGES).to_le_bytes();
            let bytes = *chance.one(&[1, 2, 4, 8]);
            // What is a length mostly stands where lengths may stand.
            let at = if chance.once_in(2) { at } else { at / 4 * 4 };
            overwrite(body, at, &edge[..bytes]);
        }
        9 if !others.is_empty() => {
            let other = chance.one(others);
            let part = &other[chance.stretch(other.len())];
            insert(body, at, part);
        }
        10 if !others.is_empty() => {
            // The beginning of one and the end of another.
            let other = chance.one(others);
            body.truncate(at);
            body.extend_from_slice(&other[chance.below(other.len() + 1)..]);
        }
        _ => nudge(body, chance),
    }
}

fn flip(body: &mut [u8], chance: &mut Chance) {
    let at = chance.below(body.len());
    if let Some(byte) = body.get_mut(at) {
        *byte ^= 1 << chance.below(8);
    }
}

fn set(body: &mut [u8], chance: &mut Chance) {
    let at = chance.below(body.len());
    if let Some(byte) = body.get_mut(at) {
        *byte = u8::try_from(chance.below(256)).unwrap();
    }
}

/// A byte a little larger or smaller: lengths and counts that are off by one.
fn nudge(body: &mut [u8], chance: &mut Chance) {
    let at = chance.below(body.len());
    if let Some(byte) = body.get_mut(at) {
        *byte = byte.wrapping_add(*chance.one(&[1, 2, 254, 255]));
    }
}

/// Another number where one is written.
fn number(body: &mut Vec<u8>, chance: &mut Chance) {
    let from = chance.below(body.len());
    let digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = body[from..].iter().position(digit).map(|at| from + at) else {
        return;
    };
    let digits = body[start..].iter().take_while(|byte| digit(byte)).count();
    let other = chance.one(NUMBERS).bytes();
    body.splice(start..start + digits, other);
}

fn insert(body: &mut Vec<u8>, at: usize, part: &[u8]) {
    let part = &part[..part.len().min(MAX_BYTES)];
    body.splice(at..at, part.iter().copied());
}

fn overwrite(body: &mut [u8], at: usize, part: &[u8]) {
    for (byte, other) in body[at..].iter_mut().zip(part) {
        *byte = *other;
    }
}
