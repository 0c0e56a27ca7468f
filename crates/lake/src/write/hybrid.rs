//! Small numbers as Parquet's hybrid of runs and packed bits, see
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>.

/// Shorter runs are packed with what stands beside them.
const RUN: usize = 16;
/// Numbers are packed by so many.
const GROUP: usize = 8;

/// Adds the numbers, of so many bits each.
pub(super) fn hybrid(numbers: &[u16], width: u8, out: &mut Vec<u8>) {
    let mut rest = numbers;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|number| *number == first).count();
        if same >= RUN || same == rest.len() {
            run(same, *first, width, out);
            rest = &rest[same..];
            continue;
        }
        // Until a run begins with a group.
        let groups = rest.chunks(GROUP).skip(1);
        let starts = (1..).zip(groups).find(|(at, _)| {
            let ahead = &rest[at * GROUP..];
            ahead.len() >= RUN && ahead[..RUN].iter().all(|number| *number == ahead[0])
        });
        let packed = starts.map_or(rest.len(), |(at, _)| at * GROUP);
        pack(&rest[..packed], width, out);
        rest = &rest[packed..];
    }
}

/// Adds one number so many times.
pub(super) fn run(count: usize, number: u16, width: u8, out: &mut Vec<u8>) {
    varint(count << 1, out);
    let bytes = usize::from(width).div_ceil(8);
    out.extend(&number.to_le_bytes()[..bytes]);
}

/// Adds groups of numbers, the last filled up with noughts.
fn pack(numbers: &[u16], width: u8, out: &mut Vec<u8>) {
    varint(numbers.len().div_ceil(GROUP) << 1 | 1, out);
    for group in numbers.chunks(GROUP) {
        // Eight numbers of up to 16 bits.
        let mut bits = 0_u128;
        for (at, number) in (0..).zip(group) {
            bits |= u128::from(*number) << (at * u32::from(width));
        }
        out.extend(&bits.to_le_bytes()[..usize::from(width)]);
    }
}

fn varint(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
