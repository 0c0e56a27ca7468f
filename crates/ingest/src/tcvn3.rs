//! TCVN3: the third and smallest set (VN3) of TCVN 5712:1993, which the ABC fonts have.
//!
//! Source: TCVN 5712:1993, compared byte for byte with its first set (VN1), of which it is a part,
//! as glibc has it (`localedata/charmaps/TCVN5712-1`): the small letters, the seven capitals
//! without tone marks and the space that does not break. A capital with a tone mark has no byte:
//! people type the small letter in a font of capitals (`.VnTimeH`), and nothing in the bytes says
//! so. The bytes that VN1 and VN2 give to such capitals and to tone marks alone are empty here: in
//! a text of ABC fonts they are something else, mostly quotes and dashes of Windows.

/// No letter.
const NONE: char = '\0';

/// From 0xA0 on, sixteen in a row.
const LETTERS: [[char; 16]; 6] = [
    [
        '\u{a0}', 'Ă', 'Â', 'Ê', 'Ô', 'Ơ', 'Ư', 'Đ', 'ă', 'â', 'ê', 'ô', 'ơ', 'ư', 'đ', NONE,
    ],
    [
        NONE, NONE, NONE, NONE, NONE, 'à', 'ả', 'ã', 'á', 'ạ', NONE, 'ằ', 'ẳ', 'ẵ', 'ắ', NONE,
    ],
    [
        NONE, NONE, NONE, NONE, NONE, NONE, 'ặ', 'ầ', 'ẩ', 'ẫ', 'ấ', 'ậ', 'è', NONE, 'ẻ', 'ẽ',
    ],
    [
        'é', 'ẹ', 'ề', 'ể', 'ễ', 'ế', 'ệ', 'ì', 'ỉ', NONE, NONE, NONE, 'ĩ', 'í', 'ị', 'ò',
    ],
    [
        NONE, 'ỏ', 'õ', 'ó', 'ọ', 'ồ', 'ổ', 'ỗ', 'ố', 'ộ', 'ờ', 'ở', 'ỡ', 'ớ', 'ợ', 'ù',
    ],
    [
        NONE, 'ủ', 'ũ', 'ú', 'ụ', 'ừ', 'ử', 'ữ', 'ứ', 'ự', 'ỳ', 'ỷ', 'ỹ', 'ý', 'ỵ', NONE,
    ],
];

/// The upper half, from 0x80 on.
pub(crate) fn upper_half() -> [Option<char>; 128] {
    let mut upper = [None; 128];
    let places = upper.iter_mut().skip(0xa0 - 0x80);
    for (place, letter) in places.zip(LETTERS.as_flattened()) {
        *place = Some(*letter).filter(|letter| *letter != NONE);
    }
    upper
}
