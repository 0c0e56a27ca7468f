//! Eight bytes at a time: what most bytes are not is looked for in words of them. No instruction of
//! one kind of processor, and no table.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);

/// The place of the first quote, backslash or control character.
pub(crate) fn end_of_plain(bytes: &[u8]) -> Option<usize> {
    let stops = |word| equal(word, b'"') | equal(word, b'\\') | below(word, b' ');
    first(bytes, stops, |byte| {
        byte == b'"' || byte == b'\\' || byte < b' '
    })
}

/// Whether the bytes begin with those, which are few.
#[inline(always)]
pub(crate) fn begin_with(bytes: &[u8], with: &[u8]) -> bool {
    let Some(head) = bytes.get(..with.len()) else {
        return false;
    };
    let (Some(last), Some(with_last)) = (head.last_chunk::<8>(), with.last_chunk::<8>()) else {
        return head == with;
    };
    // The last eight may have been seen by then: words are compared without a call.
    let (words, _) = head.as_chunks::<8>();
    let (with_words, _) = with.as_chunks::<8>();
    last == with_last && words.iter().zip(with_words).all(|(a, b)| a == b)
}

/// Tells every place of the byte, in order.
pub(crate) fn each(bytes: &[u8], byte: u8, mut tell: impl FnMut(usize)) {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let differing = u64::from_le_bytes(*word) ^ u64::from_le_bytes([byte; 8]);
        // Without a borrow from one byte to the next, all marks are right.
        let mut marks = !(((differing & !HIGHS) + !HIGHS) | differing) & HIGHS;
        while marks != 0 {
            tell(at * 8 + marks.trailing_zeros() as usize / 8);
            marks &= marks - 1;
        }
    }
    for (at, found) in rest.iter().enumerate() {
        if *found == byte {
            tell(words.len() * 8 + at);
        }
    }
}

/// Whether all of it are characters of ASCII, and none a control character.
pub(crate) fn are_printable(bytes: &[u8]) -> bool {
    let stops = |word: u64| (word & HIGHS) | equal(word, 0x7f) | below(word, b' ');
    first(bytes, stops, |byte| !(b' '..0x7f).contains(&byte)).is_none()
}

/// The place of the first byte that is looked for: in words the lowest mark is one, those above it
/// need not be.
#[inline(always)]
fn first(bytes: &[u8], marks: impl Fn(u64) -> u64, is_one: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let behind = rest.iter().position(|byte| is_one(*byte))?;
    Some(words.len() * 8 + behind)
}

/// Marks the bytes that are `byte`; above the first, others too.
#[inline(always)]
fn equal(word: u64, byte: u8) -> u64 {
    let differing = word ^ u64::from_le_bytes([byte; 8]);
    differing.wrapping_sub(ONES) & !differing & HIGHS
}

/// Marks the bytes below `byte`, which is ASCII; above the first, others too.
#[inline(always)]
fn below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(u64::from_le_bytes([byte; 8])) & !word & HIGHS
}

#[cfg(test)]
mod tests;
