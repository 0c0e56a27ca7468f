//! One JSON object of one line, read strictly. A reader of our own because three things must not be
//! lost on the way: the digits of a number, a key that is given twice, and where a line is broken.

use std::borrow::Cow;

use crate::cell::Cell;
use crate::words;

/// Why a line is not the object that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// No JSON, at that byte of the line.
    Syntax(usize),
    /// JSON, but no object.
    NotAnObject,
    /// A key is given twice.
    DuplicateKey,
    /// Lists and objects nest deeper than is taken.
    TooDeep,
    /// More fields than are taken.
    TooManyFields,
}

/// Takes the fields of an object.
pub(crate) trait Visit<'a> {
    /// Takes a field.
    fn field(&mut self, name: Cow<'a, str>, value: Cell<'a>) -> Result<(), Broken>;

    /// What will probably stand before the next value: a name without escapes in quotes, and a
    /// colon. Where it does, the name is not read.
    fn guess(&self) -> Option<&str> {
        None
    }

    /// Takes the field whose name was guessed.
    fn guessed(&mut self, _value: Cell<'a>) -> Result<(), Broken> {
        Ok(())
    }
}

/// What is done with every field, whatever its name.
struct Each<F>(F);

impl<'a, F> Visit<'a> for Each<F>
where
    F: FnMut(Cow<'a, str>, Cell<'a>) -> Result<(), Broken>,
{
    fn field(&mut self, name: Cow<'a, str>, value: Cell<'a>) -> Result<(), Broken> {
        self.0(name, value)
    }
}

/// Hands every field of the object to `visit`, in order.
pub(crate) fn object<'a>(
    line: &'a str,
    nesting: usize,
    visit: impl FnMut(Cow<'a, str>, Cell<'a>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    object_to(line, nesting, Each(visit))
}

/// Hands every field of the object to `visit`, in order.
pub(crate) fn object_to<'a>(
    line: &'a str,
    nesting: usize,
    visit: impl Visit<'a>,
) -> Result<(), Broken> {
    let mut reader = Reader {
        text: line,
        at: 0,
        nesting,
    };
    reader.skip_space();
    match reader.peek() {
        Some(b'{') => {}
        Some(b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
            return Err(Broken::NotAnObject);
        }
        _ => return Err(reader.broken()),
    }
    reader.fields(0, visit)?;
    reader.skip_space();
    if reader.at == line.len() {
        Ok(())
    } else {
        Err(reader.broken())
    }
}

/// The one value that the text is.
pub(crate) fn value(text: &str, nesting: usize) -> Result<Cell<'_>, Broken> {
    let mut reader = Reader {
        text,
        at: 0,
        nesting,
    };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(reader.broken())
    }
}

/// Hands every item of the list to `visit`, in order.
pub(crate) fn items<'a>(
    text: &'a str,
    nesting: usize,
    mut visit: impl FnMut(Cell<'a>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut reader = Reader {
        text,
        at: 0,
        nesting,
    };
    reader.skip_space();
    if reader.peek() != Some(b'[') {
        return Err(reader.broken());
    }
    reader.list(0, &mut visit)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    nesting: usize,
}

impl<'a> Reader<'a> {
    fn broken(&self) -> Broken {
        Broken::Syntax(self.at)
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// An object, `depth` levels below the line's own.
    fn fields(&mut self, depth: usize, mut visit: impl Visit<'a>) -> Result<(), Broken> {
        self.at += 1;
        self.skip_space();
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.skip_space();
            let rest = &self.bytes()[self.at..];
            match visit.guess() {
                Some(guess) if words::begin_with(rest, guess.as_bytes()) => {
                    self.at += guess.len();
                    let value = self.value(depth)?;
                    visit.guessed(value)?;
                }
                _ => {
                    let name = self.string()?;
                    self.skip_space();
                    if !self.take(b':') {
                        return Err(self.broken());
                    }
                    let value = self.value(depth)?;
                    visit.field(name, value)?;
                }
            }
            self.skip_space();
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.broken());
            }
        }
    }

    fn list(
        &mut self,
        depth: usize,
        visit: &mut dyn FnMut(Cell<'a>) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.at += 1;
        self.skip_space();
        if self.take(b']') {
            return Ok(());
        }
        loop {
            visit(self.value(depth)?)?;
            self.skip_space();
            if self.take(b']') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.broken());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Cell<'a>, Broken> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.string().map(Cell::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Cell::Bool(true)),
            Some(b'f') => self.word("false", Cell::Bool(false)),
            Some(b'n') => self.word("null", Cell::Null),
            Some(open @ (b'{' | b'[')) => {
                let depth = depth + 1;
                if depth > self.nesting {
                    return Err(Broken::TooDeep);
                }
                let start = self.at;
                if open == b'[' {
                    self.list(depth, &mut |_| Ok(()))?
                } else {
                    self.nested_fields(depth)?
                }
                Ok(Cell::Nested(&self.text[start..self.at]))
            }
            _ => Err(self.broken()),
        }
    }

    /// Apart from `fields` only so that the compiler sees no type that contains itself.
    fn nested_fields(&mut self, depth: usize) -> Result<(), Broken> {
        let ignore: &mut dyn FnMut(Cow<'a, str>, Cell<'a>) -> Result<(), Broken> =
            &mut |_, _| Ok(());
        self.fields(depth, Each(ignore))
    }

    fn word(&mut self, word: &str, cell: Cell<'a>) -> Result<Cell<'a>, Broken> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.broken());
        }
        self.at += word.len();
        Ok(cell)
    }

    fn number(&mut self) -> Result<Cell<'a>, Broken> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Cell::Number(&self.text[start..self.at]))
    }

    fn digits(&mut self) -> Result<(), Broken> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(self.broken())
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Broken> {
        if !self.take(b'"') {
            return Err(self.broken());
        }
        let plain = self.plain()?;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        while self.take(b'\\') {
            text.push(self.escaped()?);
            text.push_str(self.plain()?);
        }
        if self.take(b'"') {
            Ok(Cow::Owned(text))
        } else {
            Err(self.broken())
        }
    }

    /// The characters up to the next quote or backslash.
    fn plain(&mut self) -> Result<&'a str, Broken> {
        let start = self.at;
        let stop = words::end_of_plain(&self.bytes()[start..]);
        self.at = stop.map_or(self.text.len(), |stop| start + stop);
        match self.peek() {
            Some(b'"' | b'\\') => Ok(&self.text[start..self.at]),
            _ => Err(self.broken()),
        }
    }

    fn escaped(&mut self) -> Result<char, Broken> {
        let letter = self.peek().ok_or(self.broken())?;
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => return Err(Broken::Syntax(self.at - 1)),
        })
    }

    /// The four digits behind `\u`, and the second half of a surrogate pair behind them.
    fn code_point(&mut self) -> Result<char, Broken> {
        let unit = self.code_unit()?;
        let code = match unit {
            0xd800..=0xdbff => {
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(self.broken());
                }
                let low = self.code_unit()?;
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(self.broken());
                }
                0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
            }
            _ => unit,
        };
        char::from_u32(code).ok_or(self.broken())
    }

    fn code_unit(&mut self) -> Result<u32, Broken> {
        let digits = self
            .bytes()
            .get(self.at..self.at + 4)
            .ok_or(self.broken())?;
        let mut unit = 0;
        for &digit in digits {
            unit = unit * 16 + char::from(digit).to_digit(16).ok_or(self.broken())?;
        }
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests;
