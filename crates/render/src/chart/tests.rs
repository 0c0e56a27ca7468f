use expect_test::expect;
use project::ChartKind;

use super::scale::Scale;
use super::words::wrapped;
use super::{Chart, MAX_POINTS, Point, svg};
use crate::Language;
use crate::format::Formats;

fn point(label: &str, value: Option<f64>) -> Point {
    let shown = value.map_or_else(|| "–".to_owned(), |value| format!("{value}"));
    Point {
        label: label.to_owned(),
        value,
        shown,
    }
}

fn drawn(kind: ChartKind, points: &[Point], percent: bool) -> String {
    let chart = Chart {
        id: "c1",
        kind,
        title: "Điểm",
        percent,
        points,
    };
    svg(&chart, &Formats::new(Language::Vi).unwrap()).unwrap()
}

const KINDS: [ChartKind; 3] = [ChartKind::Bar, ChartKind::Column, ChartKind::Line];

#[test]
fn without_a_point_there_is_a_sentence_and_no_picture() {
    for kind in KINDS {
        let nothing = drawn(kind, &[], false);
        assert!(
            nothing.contains("Không có số liệu để vẽ biểu đồ."),
            "{nothing}"
        );
        assert!(!nothing.contains("<svg"), "{nothing}");
    }
}

#[test]
fn what_is_not_known_leaves_a_gap_and_breaks_a_line() {
    let points = [
        point("a", Some(1.0)),
        point("b", Some(2.0)),
        point("c", None),
        point("d", Some(3.0)),
    ];
    for kind in KINDS {
        let text = drawn(kind, &points, false);
        assert!(!text.contains("NaN"), "{text}");
        let marks = text.matches("<rect").count() + text.matches("<circle").count();
        assert_eq!(marks, 3, "{kind:?}");
    }
    assert_eq!(
        drawn(ChartKind::Line, &points, false)
            .matches("<polyline")
            .count(),
        1
    );
    for kind in KINDS {
        let text = drawn(kind, &[point("a", None)], false);
        assert!(text.contains("Không có số liệu"), "{text}");
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}

#[test]
fn a_label_cannot_leave_its_place_in_the_document() {
    let points = [point("</text><script>alert(1)</script>", Some(1.0))];
    for kind in KINDS {
        let text = drawn(kind, &points, false);
        assert!(!text.contains("<script"), "{text}");
    }
}

#[test]
fn a_chart_has_no_inline_style_and_names_itself_to_screen_readers() {
    let points = [point("Hà Nội", Some(95.2)), point("Huế", Some(-3.0))];
    for kind in KINDS {
        let text = drawn(kind, &points, false);
        assert!(!text.contains("style"), "{text}");
        assert!(
            text.contains(r#"role="img" aria-labelledby="c1-title c1-desc""#),
            "{text}"
        );
        assert!(text.contains("2 giá trị. Cao nhất: Hà Nội (95.2). Thấp nhất: Huế (-3)."));
    }
}

#[test]
fn a_chart_of_too_many_points_draws_the_first_and_says_so() {
    let points: Vec<Point> = (0..1201)
        .map(|i| point(&i.to_string(), Some(1.0)))
        .collect();
    let text = drawn(ChartKind::Bar, &points, false);
    assert_eq!(text.matches("<rect").count(), MAX_POINTS);
    assert!(
        text.contains("Chỉ vẽ 200 giá trị đầu trong tổng số 1.201."),
        "{text}"
    );
}

#[test]
fn bars_start_at_zero_whatever_their_sign() {
    let text = drawn(
        ChartKind::Bar,
        &[point("a", Some(10.0)), point("b", Some(-5.0))],
        false,
    );
    let shapes: Vec<&str> = text
        .lines()
        .filter(|l| l.contains("<rect") || l.contains("0.8"))
        .collect();
    expect![[r#"
        <line x1="200" y1="0" x2="200" y2="48" stroke-opacity="0.8"/>
        <rect x="200" y="4" width="369.7" height="16"><title>a: 10</title></rect>
        <rect x="15.2" y="28" width="184.9" height="16"><title>b: -5</title></rect>"#]]
    .assert_eq(&shapes.join("\n"));
}

#[test]
fn ticks_are_round_numbers_around_the_values() {
    let scale = |values: &[f64]| Scale::of(values.iter().copied(), true);
    for (values, low, high, decimals) in [
        (vec![], 0.0, 1.0, 1),
        (vec![0.0], 0.0, 1.0, 1),
        (vec![95.2, 40.0], 0.0, 100.0, 0),
        (vec![-3.0, 12.0], -5.0, 15.0, 0),
        (vec![0.985], 0.0, 1.0, 1),
        (vec![1_234_567.0], 0.0, 1_500_000.0, 0),
    ] {
        let scale = scale(&values);
        assert!((scale.low - low).abs() < 1e-9, "{values:?}: {scale:?}");
        assert!((scale.high - high).abs() < 1e-6, "{values:?}: {scale:?}");
        assert_eq!(scale.decimals, decimals, "{values:?}");
        assert!(scale.ticks.len() <= 9, "{values:?}: {scale:?}");
    }
}

#[test]
fn shares_have_an_axis_of_percentages() {
    let text = drawn(ChartKind::Column, &[point("a", Some(0.985))], true);
    assert!(text.contains(">80%<") && text.contains(">100%<"), "{text}");
}

#[test]
fn long_labels_are_wrapped_and_then_cut() {
    let label = "Tỷ lệ hồ sơ thủ tục hành chính được giải quyết đúng hạn";
    assert_eq!(wrapped(label, 100.0, 2), ["Tỷ lệ hồ sơ", "thủ tục hành…"]);
    assert_eq!(wrapped("Huế", 100.0, 2), ["Huế"]);
    assert_eq!(wrapped("", 100.0, 2), Vec::<String>::new());
    assert_eq!(wrapped("Nghiêngnghiêngnghiêng", 60.0, 1), ["Nghiêng…"]);
}
