use super::{Arrow, Item, Layout, lay_out};

fn item(column: usize, title: &str, lines: &[&str]) -> Item {
    Item {
        column,
        title: title.to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    }
}

fn arrows(pairs: &[(usize, usize)]) -> Vec<Arrow> {
    let arrow = |&(from, to): &(usize, usize)| Arrow {
        from: (from, None),
        to: (to, None),
    };
    pairs.iter().map(arrow).collect()
}

/// Boxes of a column stand above one another, in their column and inside the picture.
fn check(items: &[Item], layout: &Layout) {
    for (index, place) in layout.places.iter().enumerate() {
        assert!(
            place.x >= 0 && place.x + place.width <= layout.width,
            "{place:?}"
        );
        assert!(
            place.y >= 0 && place.y + place.height <= layout.height,
            "{place:?}"
        );
        for (other, beside) in layout.places.iter().enumerate().skip(index + 1) {
            let apart = items[index].column != items[other].column
                || place.y + place.height < beside.y
                || beside.y + beside.height < place.y;
            assert!(apart, "{place:?} and {beside:?}");
        }
    }
}

#[test]
fn boxes_do_not_touch_and_the_same_graph_gives_the_same_picture() {
    let items: Vec<Item> = (0..60)
        .map(|n| item(n % 5, &format!("dataset_{n}"), &["one", "two"][..n % 3]))
        .collect();
    let pairs: Vec<(usize, usize)> = (0..60)
        .flat_map(|n| [(n, (n * 7 + 1) % 60), (n, (n * 11 + 3) % 60)])
        .filter(|(from, to)| from % 5 < to % 5)
        .collect();
    let layout = lay_out(&items, &arrows(&pairs));
    check(&items, &layout);
    let again = lay_out(&items, &arrows(&pairs));
    assert_eq!(layout.places, again.places);
    assert_eq!(layout.courses, again.courses);
    assert_eq!(layout.courses.len(), pairs.len());
}

#[test]
fn crossed_arrows_are_uncrossed() {
    let items = [
        item(0, "a", &[]),
        item(0, "b", &[]),
        item(1, "c", &[]),
        item(1, "d", &[]),
    ];
    let layout = lay_out(&items, &arrows(&[(0, 3), (1, 2)]));
    check(&items, &layout);
    let above = |one: usize, other: usize| layout.places[one].y < layout.places[other].y;
    assert_eq!(above(0, 1), above(3, 2));
}

#[test]
fn an_arrow_passes_a_column_in_a_lane_of_its_own() {
    let items = [
        item(0, "raw", &[]),
        item(1, "refined", &[]),
        item(2, "served", &[]),
    ];
    let layout = lay_out(&items, &arrows(&[(0, 1), (1, 2), (0, 2)]));
    check(&items, &layout);
    let passed = layout.places[1];
    let lane: i32 = layout.courses[2]
        .split_once('H')
        .and_then(|(before, _)| before.rsplit(' ').next())
        .and_then(|y| y.parse().ok())
        .unwrap();
    assert!(
        lane < passed.y || passed.y + passed.height < lane,
        "{lane} {passed:?}"
    );
}

#[test]
fn arrows_end_at_the_lines_that_they_are_about() {
    let items = [item(0, "a", &["x", "y"]), item(1, "b", &["z"])];
    let arrow = Arrow {
        from: (0, Some(1)),
        to: (1, Some(0)),
    };
    let layout = lay_out(&items, &[arrow]);
    let (from, to) = (layout.places[0], layout.places[1]);
    let (start, end) = (from.line_top(1) + 10, to.line_top(0) + 10);
    let right = from.x + from.width;
    assert!(layout.courses[0].starts_with(&format!("M{right} {start}C")));
    assert!(layout.courses[0].ends_with(&format!(" {} {end}", to.x)));
}

#[test]
fn an_empty_picture_is_one_too() {
    let layout = lay_out(&[], &[]);
    assert!(layout.places.is_empty() && layout.courses.is_empty());
}
