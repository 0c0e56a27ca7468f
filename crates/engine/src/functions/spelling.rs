//! Vietnamese spelling: where the mark of the tone stands in a syllable, and a form for search.

use unicode_normalization::UnicodeNormalization;

const TONES: &str = "\u{300}\u{301}\u{303}\u{309}\u{323}";
/// Circumflex, breve and horn: they make another letter.
const QUALITIES: &str = "\u{302}\u{306}\u{31b}";
const VOWELS: &str = "aăâeêioôơuưy";

/// What a syllable begins with, the longer first. `qu` and `gi` are read apart.
const ONSETS: &[&str] = &[
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr", "b", "c", "d", "đ", "g",
    "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x",
];
const NUCLEI: &[&str] = &[
    "a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y", "ai", "ao", "au", "ay", "âu", "ây",
    "eo", "êu", "ia", "iê", "iu", "oa", "oă", "oe", "oi", "oo", "ôi", "ôô", "ơi", "ua", "uâ", "uê",
    "ui", "uô", "uơ", "uy", "ưa", "ưi", "ươ", "ưu", "yê", "iêu", "oai", "oao", "oay", "oeo", "uao",
    "uây", "uêu", "uôi", "uya", "uyê", "uyu", "ươi", "ươu", "yêu",
];
const CODAS: &[&str] = &["", "c", "ch", "m", "n", "ng", "nh", "p", "t"];

/// The text composed, spaces folded, `Đ` as `Đ`, and each tone where the names of the country have
/// it: on the first of two open vowels (`hòa`, `thủy`), else by the usual rules (`hoàn`, `quý`).
pub(super) fn normalized(text: &str) -> String {
    let mut spelt = String::with_capacity(text.len() + 8);
    let mut word = String::new();
    let flush = |word: &mut String, spelt: &mut String| {
        match respelt(word) {
            Some(better) => spelt.push_str(&better),
            None => spelt.push_str(word),
        }
        word.clear();
    };
    for letter in spaced(text).nfd() {
        if letter.is_alphabetic() || is_mark(letter) {
            word.push(letter);
        } else {
            flush(&mut word, &mut spelt);
            spelt.push(letter);
        }
    }
    flush(&mut word, &mut spelt);
    spelt.nfc().collect()
}

/// The text for search: lower case, without marks, `đ` as `d`, spaces folded.
pub(super) fn folded(text: &str) -> String {
    let bare = text
        .nfkd()
        .filter(|letter| !is_mark(*letter))
        .flat_map(char::to_lowercase)
        // Lower case can bring a mark of its own.
        .filter(|letter| !is_mark(*letter));
    let bare = spaced(&bare.collect::<String>()).replace('đ', "d");
    bare.nfc().collect()
}

fn is_mark(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

/// Runs of spaces as one, none at the ends, nothing of no width; the letters that are taken for `Đ`
/// (eth, African d) as it.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut gap = false;
    for letter in text.chars() {
        let letter = match letter {
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => continue,
            'Ð' | 'Ɖ' => 'Đ',
            'ð' | 'ɖ' => 'đ',
            letter => letter,
        };
        if letter.is_whitespace() {
            gap = !spaced.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            spaced.push(' ');
        }
        spaced.push(letter);
    }
    spaced
}

struct Letter {
    /// Lower case, with its quality.
    plain: char,
    written: char,
    quality: Option<char>,
    tone: Option<char>,
}

/// The decomposed word with its tone in its place; none if it is no Vietnamese syllable with one.
fn respelt(word: &str) -> Option<String> {
    let letters = letters(word)?;
    let mut toned = letters.iter().enumerate().filter(|(_, l)| l.tone.is_some());
    let (Some((at, letter)), None) = (toned.next(), toned.next()) else {
        return None;
    };
    let tone = letter.tone?;
    let syllable: String = letters.iter().map(|letter| letter.plain).collect();
    let Parts {
        onset,
        nucleus,
        closed,
    } = Parts::of(&syllable)?;
    // `q` and `g` take their vowel along, and a tone that was set on that.
    let first = match syllable.as_bytes() {
        [b'q', b'u', ..] | [b'g', b'i', ..] => 1,
        _ => onset,
    };
    if at < first || at >= onset + nucleus {
        return None;
    }
    let place = onset + place(letters.get(onset..onset + nucleus)?, closed);
    let mut better = String::with_capacity(word.len());
    for (index, letter) in letters.iter().enumerate() {
        better.push(letter.written);
        better.extend(letter.quality);
        better.extend((index == place).then_some(tone));
    }
    Some(better)
}

fn letters(word: &str) -> Option<Vec<Letter>> {
    let mut letters: Vec<Letter> = Vec::new();
    for written in word.chars() {
        if TONES.contains(written) {
            let letter = letters.last_mut()?;
            if letter.tone.replace(written).is_some() {
                return None;
            }
        } else if QUALITIES.contains(written) {
            let letter = letters.last_mut()?;
            letter.plain = match (letter.plain, written) {
                ('a', '\u{302}') => 'â',
                ('a', '\u{306}') => 'ă',
                ('e', '\u{302}') => 'ê',
                ('o', '\u{302}') => 'ô',
                ('o', '\u{31b}') => 'ơ',
                ('u', '\u{31b}') => 'ư',
                _ => return None,
            };
            letter.quality = Some(written);
        } else {
            let mut lower = written.to_lowercase();
            let (Some(plain), None) = (lower.next(), lower.next()) else {
                return None;
            };
            letters.push(Letter {
                plain,
                written,
                quality: None,
                tone: None,
            });
        }
    }
    Some(letters)
}

/// How many letters the onset and the nucleus have, and whether something comes after.
struct Parts {
    onset: usize,
    nucleus: usize,
    closed: bool,
}

impl Parts {
    /// The parts of a syllable; none if it is not Vietnamese.
    fn of(syllable: &str) -> Option<Self> {
        let vowel = |letter: char| VOWELS.contains(letter);
        let onset = ONSETS.iter().find(|onset| {
            let rest = syllable.strip_prefix(**onset);
            let needs_vowel = matches!(**onset, "gi" | "qu");
            rest.is_some_and(|rest| !needs_vowel || rest.starts_with(vowel))
        });
        let onset = onset.copied().unwrap_or_default();
        let rest = syllable.strip_prefix(onset)?;
        let end = rest.find(|letter| !vowel(letter)).unwrap_or(rest.len());
        let (nucleus, coda) = rest.split_at_checked(end)?;
        (NUCLEI.contains(&nucleus) && CODAS.contains(&coda)).then(|| Self {
            onset: onset.chars().count(),
            nucleus: nucleus.chars().count(),
            closed: !coda.is_empty(),
        })
    }
}

/// Which letter of the nucleus has the tone.
fn place(nucleus: &[Letter], closed: bool) -> usize {
    match nucleus.iter().rposition(|letter| letter.quality.is_some()) {
        Some(last) => last,
        None if nucleus.len() == 3 => 1,
        None => usize::from(nucleus.len() == 2 && closed),
    }
}
