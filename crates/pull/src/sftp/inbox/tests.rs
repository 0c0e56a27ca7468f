use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{SecretRef, SftpAuth};

fn entry(name: &str, changed_at: u32) -> Entry {
    Entry {
        name: name.to_owned(),
        size_bytes: 1,
        changed_at,
    }
}

fn names<'e>(entries: &[&'e Entry]) -> Vec<&'e str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

/// Takes file after file until none is left.
fn take_all(entries: &[Entry], mark: &mut Option<Taken>) -> Vec<String> {
    let mut taken = Vec::new();
    while let Some(next) = fresh(entries, mark.as_ref(), false).first() {
        taken.push(next.name.clone());
        *mark = Some(Taken::after(mark.as_ref(), (*next).clone(), false));
        assert!(taken.len() <= entries.len(), "{taken:?}");
    }
    taken
}

#[test]
fn a_name_is_meant_when_it_matches_and_is_finished() {
    let secret = SecretRef::parse("env:X").unwrap();
    let mut spec = SftpSpec::new("h", "u", SftpAuth::Password(secret), "k", "/in");
    for (pattern, name, meant) in [
        ("*", "a.csv", true),
        ("*.csv", "a.csv", true),
        ("*.csv", "a.csv.gz", false),
        ("*.csv", ".csv", false),
        ("*", ".hidden", false),
        ("*", "a.part", false),
        ("*", "a.csv.TMP", false),
        ("*", "a.filepart", false),
        ("*", "a.parts", true),
        ("*", "../x", false),
        ("*", "a\0b", false),
        ("hs_????.csv", "hs_2026.csv", true),
        ("hs_????.csv", "hs_202.csv", false),
        ("hồ sơ ?.csv", "hồ sơ ờ.csv", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-b-b", false),
        ("*a*", "bab", true),
        ("", "a", false),
        ("**", "a", true),
        ("[a]", "a", false),
    ] {
        spec.pattern = pattern.to_owned();
        assert_eq!(is_meant(&spec, name), meant, "`{pattern}` `{name}`");
    }
}

#[test]
fn files_come_by_time_then_by_name() {
    let entries = [entry("b", 2), entry("a", 2), entry("z", 1)];
    assert_eq!(take_all(&entries, &mut None), ["z", "a", "b"]);
}

#[test]
fn a_file_of_the_same_second_is_taken_though_its_name_comes_before() {
    let mut mark = None;
    take_all(&[entry("m", 5)], &mut mark);
    let later = [entry("a", 5), entry("m", 5), entry("z", 5)];
    assert_eq!(take_all(&later, &mut mark), ["a", "z"]);
    assert!(take_all(&later, &mut mark).is_empty());
}

#[test]
fn a_file_that_was_written_anew_is_taken_again() {
    let mut mark = None;
    take_all(&[entry("a", 5)], &mut mark);
    assert_eq!(take_all(&[entry("a", 6)], &mut mark), ["a"]);
    let mut longer = entry("a", 6);
    longer.size_bytes = 2;
    assert_eq!(take_all(&[longer], &mut mark), ["a"]);
}

#[test]
fn many_files_of_one_second_are_taken_once_each_within_a_mark() {
    let entries: Vec<_> = (0..400)
        .map(|n| entry(&format!("{n:04}{}", "x".repeat(251)), 5))
        .collect();
    let mut mark = None;
    assert_eq!(take_all(&entries, &mut mark).len(), 400);
    assert!(crate::mark::write(&mark.unwrap()).is_ok());
}

#[test]
fn what_is_moved_out_is_new_however_old_it_is() {
    let mark = Taken::after(None, entry("m", 5), true);
    let entries = [entry("late", 3), entry("m", 5), entry("n", 6)];
    assert_eq!(names(&fresh(&entries, Some(&mark), true)), ["late", "n"]);
    assert_eq!(names(&fresh(&entries, Some(&mark), false)), ["n"]);
    // Taking the late one does not lead the mark back.
    let mark = Taken::after(Some(&mark), entry("late", 3), true);
    assert_eq!(names(&fresh(&entries, Some(&mark), false)), ["n"]);
}

#[test]
fn a_file_settles_when_it_stays_as_it_is() {
    let settle = Duration::from_secs(5);
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut looks = Looks::default();
    let (file, mut longer) = (entry("a", 1), entry("a", 1));
    longer.size_bytes = 2;
    assert_eq!(looks.left(&file, settle, at(0)), settle);
    looks.look(std::slice::from_ref(&file), at(0));
    looks.look(std::slice::from_ref(&file), at(3));
    assert_eq!(looks.left(&file, settle, at(3)), Duration::from_secs(2));
    assert_eq!(looks.left(&file, settle, at(5)), Duration::ZERO);
    looks.look(std::slice::from_ref(&longer), at(6));
    assert_eq!(looks.left(&longer, settle, at(7)), Duration::from_secs(4));
    assert_eq!(looks.left(&file, settle, at(7)), settle);
    looks.look(&[], at(8));
    looks.look(std::slice::from_ref(&longer), at(9));
    assert_eq!(looks.left(&longer, settle, at(9)), settle);
}

proptest! {
    /// Files that arrive in the order of their times, several to a second and in any order within
    /// it, are each taken once, wherever the rounds fall.
    #[test]
    fn nothing_is_left_out_or_taken_twice(
        rounds in prop::collection::vec(prop::collection::vec((0_u32..2, "[a-e]{1,2}"), 0..8), 1..8)
    ) {
        let (mut there, mut mark, mut taken) = (Vec::new(), None, Vec::new());
        let mut now = 0;
        for round in rounds {
            for (later, name) in round {
                now += later;
                // A file that is written anew within its second is not told apart.
                there.retain(|other: &Entry| other.name != name || other.changed_at == now);
                let file = entry(&name, now);
                if !there.contains(&file) {
                    there.push(file);
                }
            }
            let all: BTreeSet<_> = there.iter().map(Entry::place).collect();
            while let Some(next) = fresh(&there, mark.as_ref(), false).first() {
                taken.push(next.place());
                mark = Some(Taken::after(mark.as_ref(), (*next).clone(), false));
            }
            let once: BTreeSet<_> = taken.iter().cloned().collect();
            prop_assert_eq!(once.len(), taken.len());
            prop_assert!(all.is_subset(&once), "{:?} {:?}", all, once);
        }
    }

    #[test]
    fn a_pattern_means_what_an_expression_means(pattern in "[ab*?]{0,6}", name in "[ab]{0,6}") {
        fn slow(pattern: &[u8], name: &[u8]) -> bool {
            match pattern.split_first() {
                None => name.is_empty(),
                Some((b'*', rest)) => (0..=name.len()).any(|held| slow(rest, &name[held..])),
                Some((sign, rest)) => name.split_first().is_some_and(|(first, left)| {
                    (sign == first || *sign == b'?') && slow(rest, left)
                }),
            }
        }
        let expected = slow(pattern.as_bytes(), name.as_bytes());
        prop_assert_eq!(matches(&pattern, &name), expected);
    }
}
