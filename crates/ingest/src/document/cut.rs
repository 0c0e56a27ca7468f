//! Where a JSON value ends. Only strings and brackets are looked at: what lies between them is for
//! the strict reader, once the value is whole.

/// How a stretch of bytes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Within the value.
    Within,
    /// Behind it; one without brackets and quotes ends before what follows it.
    Done,
    /// At a byte that cannot stand there.
    Wrong,
    /// At a bracket that opens too many levels.
    TooDeep,
}

/// A value being cut.
#[derive(Debug)]
pub(super) struct Cutter {
    /// The brackets that are to come, the next one last.
    closing: Vec<u8>,
    levels: usize,
    in_string: bool,
    escaped: bool,
    /// Whether the value is one without brackets and quotes.
    is_bare: bool,
}

impl Cutter {
    /// A value that may open so many levels.
    pub(super) fn new(levels: usize) -> Self {
        Self {
            closing: Vec::new(),
            levels,
            in_string: false,
            escaped: false,
            is_bare: false,
        }
    }

    /// Whether the value may end where the body does.
    pub(super) fn may_end(&self) -> bool {
        self.is_bare
    }

    /// Reads on; the answer says how many of the bytes were read.
    pub(super) fn read(&mut self, bytes: &[u8]) -> (usize, Cut) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.in_string {
                at += self.string(&bytes[at..]);
                if !self.in_string && self.closing.is_empty() {
                    return (at, Cut::Done);
                }
                continue;
            }
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}' if self.is_bare => {
                    return (at, Cut::Done);
                }
                b'"' | b'{' | b'[' if self.is_bare => return (at, Cut::Wrong),
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    if self.closing.len() == self.levels {
                        return (at, Cut::TooDeep);
                    }
                    self.closing.push(if byte == b'{' { b'}' } else { b']' });
                }
                b'}' | b']' => {
                    if self.closing.pop() != Some(byte) {
                        return (at, Cut::Wrong);
                    }
                    if self.closing.is_empty() {
                        return (at + 1, Cut::Done);
                    }
                }
                b',' if self.closing.is_empty() => return (at, Cut::Wrong),
                _ => self.is_bare = self.closing.is_empty(),
            }
            at += 1;
        }
        (at, Cut::Within)
    }

    /// Reads within a string, to behind its end or that of the bytes.
    fn string(&mut self, bytes: &[u8]) -> usize {
        if std::mem::take(&mut self.escaped) {
            return 1;
        }
        let mark = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        let Some(mark) = mark else {
            return bytes.len();
        };
        if bytes[mark] == b'\\' {
            self.escaped = true;
        } else {
            self.in_string = false;
        }
        mark + 1
    }
}

#[cfg(test)]
mod tests;
