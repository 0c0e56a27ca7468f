use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn place(watermark: u32) -> Place {
    (format!("{watermark}"), None)
}

/// Cuts the rows, each of which is its number, by their watermarks.
fn cut(rows: &[u32], max_rows: u64, max_bytes: u64) -> Result<Option<(Vec<usize>, String)>> {
    let folder = TempDir::new().unwrap();
    let mut slice = Slice::new(folder.path(), max_rows, max_bytes)?;
    let mut complete = true;
    for (number, watermark) in rows.iter().enumerate() {
        if !slice.push(&number.to_string(), place(*watermark))? {
            complete = false;
            break;
        }
    }
    let Some(cut) = slice.cut(complete)? else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(cut.body.path()).unwrap();
    assert_eq!(text.len() as u64, cut.bytes);
    assert_eq!(cut.first, place(rows[0]));
    let taken: Vec<_> = text.lines().map(|line| line.parse().unwrap()).collect();
    Ok(Some((taken, cut.last.0)))
}

#[test]
fn a_slice_ends_between_two_places() {
    for (rows, most, taken, last) in [
        (&[1, 2, 3][..], 2, 2, "2"),
        (&[1, 2, 3], 3, 3, "3"),
        (&[1, 2, 3], 9, 3, "3"),
        (&[1, 2, 2, 2], 2, 1, "1"),
        (&[1, 2, 2, 2], 3, 1, "1"),
        // More rows of one place than a slice has, as there is nowhere else to end.
        (&[1, 1, 1, 2], 1, 3, "1"),
        (&[1, 1, 1], 1, 3, "1"),
    ] {
        let (found, at) = cut(rows, most, 1000).unwrap().unwrap();
        assert_eq!((found.len(), at.as_str()), (taken, last), "{rows:?} {most}");
    }
    assert!(cut(&[], 1, 1000).unwrap().is_none());
}

#[test]
fn a_slice_is_no_larger_than_it_may_be() {
    // Two bytes a row.
    let (found, at) = cut(&[1, 2, 3], 9, 5).unwrap().unwrap();
    assert_eq!((found.len(), at.as_str()), (2, "2"));
    let (found, at) = cut(&[1, 2, 2, 3], 9, 5).unwrap().unwrap();
    assert_eq!((found.len(), at.as_str()), (1, "1"));
    let error = cut(&[1, 1, 1], 9, 5).unwrap_err();
    assert!(matches!(error, PullError::Limit(_)));
    assert!(
        error.to_string().contains("more than 2 rows have the same"),
        "{error}"
    );
    let error = cut(&[1], 9, 1).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a row is larger than the 1 bytes"),
        "{error}"
    );
}

#[test]
fn a_line_break_between_values_does_not_end_the_row() {
    let folder = TempDir::new().unwrap();
    let mut slice = Slice::new(folder.path(), 9, 1000).unwrap();
    slice
        .push("{\"a\":{\n\"b\":\r\n\"c\\n\"}}", place(1))
        .unwrap();
    let cut = slice.cut(true).unwrap().unwrap();
    let text = std::fs::read_to_string(cut.body.path()).unwrap();
    assert_eq!(text, "{\"a\":{ \"b\":  \"c\\n\"}}\n");
}

proptest! {
    #[test]
    fn slices_one_after_another_are_all_rows_once(
        steps in prop::collection::vec(0_u32..2, 0..60),
        max_rows in 1_u64..8,
    ) {
        let mut at = 0;
        let rows: Vec<_> = steps.iter().map(|step| { at += step; at }).collect();
        let mut from = 0;
        while let Some((taken, last)) = cut(&rows[from..], max_rows, 10_000).unwrap() {
            prop_assert!(!taken.is_empty());
            prop_assert_eq!(&taken, &(0..taken.len()).collect::<Vec<_>>());
            let first = rows[from];
            let one_place = rows[from..from + taken.len()].iter().all(|row| *row == first);
            prop_assert!(taken.len() as u64 <= max_rows || one_place);
            from += taken.len();
            prop_assert_eq!(last, rows[from - 1].to_string());
            prop_assert!(from == rows.len() || rows[from] != rows[from - 1]);
        }
        prop_assert_eq!(from, rows.len());
    }
}
