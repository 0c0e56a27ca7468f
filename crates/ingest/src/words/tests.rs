use proptest::prelude::*;

use super::{are_printable, each, end_of_plain};

/// Bytes beside every border that is looked for.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        20 => b' '..=b'~',
        1 => any::<u8>(),
        1 => prop::sample::select(vec![0, 1, 0x1f, b' ', b'!', b'"', b'#', b'[', b'\\', b']', 0x7e, 0x7f, 0x80, 0xff]),
    ];
    prop::collection::vec(byte, 0..40)
}

proptest! {
    #[test]
    fn words_find_what_bytes_find(bytes in bytes()) {
        let plain = |b: &u8| *b == b'"' || *b == b'\\' || *b < 0x20;
        prop_assert_eq!(end_of_plain(&bytes), bytes.iter().position(plain));
        for byte in [b'"', 0, 0x7f, 0x80, 0xff] {
            let mut found = Vec::new();
            each(&bytes, byte, |at| found.push(at));
            let expected = (0..bytes.len()).filter(|at| bytes[*at] == byte);
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }
        let printable = bytes.iter().all(|b| b.is_ascii() && !b.is_ascii_control());
        prop_assert_eq!(are_printable(&bytes), printable);
    }
}
