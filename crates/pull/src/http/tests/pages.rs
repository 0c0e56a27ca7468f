//! Walks through pages.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::response::{IntoResponse, Response};
use proptest::prelude::*;

use super::api::{Asked, Bench, body, drain, json, with_api};
use crate::{Auth, Body, HttpSpec, Mark, Paging, PullError, SecretRef, Since, Source};

/// Records with their watermarks, in the order in which the API lists them.
type Table = Arc<Mutex<Vec<(u32, i64)>>>;

fn table(records: impl IntoIterator<Item = (u32, i64)>) -> Table {
    Arc::new(Mutex::new(records.into_iter().collect()))
}

/// What the records of one walk are, as the API would list them.
fn listed(table: &Table, asked: &Asked, inclusive: bool) -> Vec<(u32, i64)> {
    let since = asked.get("since").parse::<i64>().ok();
    let table = table.lock().unwrap();
    let is_asked = |at: i64| since.is_none_or(|since| at > since || (inclusive && at == since));
    table
        .iter()
        .copied()
        .filter(|(_, at)| is_asked(*at))
        .collect()
}

fn page(records: &[(u32, i64)], more: &str) -> String {
    let texts: Vec<_> = records
        .iter()
        .map(|(id, at)| format!("{{\"id\":{id},\"at\":{at}}}"))
        .collect();
    format!("{{\"data\": [{}]{more}}}", texts.join(","))
}

fn ids(bodies: &[String]) -> Vec<Vec<u32>> {
    let ids_of = |body: &String| {
        let records: Vec<serde_json::Value> = serde_json::from_str(body).unwrap();
        let id = |record: &serde_json::Value| record["id"].as_u64().unwrap() as u32;
        records.iter().map(id).collect()
    };
    bodies.iter().map(ids_of).collect()
}

const PER_PAGE: usize = 2;

/// The API, which pages in every way.
fn api(table: Table, inclusive: bool) -> impl Fn(&Asked) -> Response + Clone + Send + Sync {
    move |asked: &Asked| {
        let records = listed(&table, asked, inclusive);
        let size = asked.get("size").parse().unwrap_or(PER_PAGE);
        let start = match asked.path.as_str() {
            "/page" => (asked.number("page") - 1) * size,
            "/offset" => asked.number("offset"),
            _ => asked
                .get("after")
                .trim_start_matches('c')
                .parse()
                .unwrap_or(0),
        };
        let end = (start + size).min(records.len());
        let here = records.get(start..end).unwrap_or_default();
        let last = end >= records.len();
        match asked.path.as_str() {
            "/cursor" if last => json(page(here, ", \"next\": null")),
            "/cursor" => json(page(here, &format!(", \"next\": \"c{end}\""))),
            "/link" if !last => {
                let since = asked.get("since");
                let link = format!("</link?after={end}&since={since}>; rel=\"next\"");
                ([("link", link)], json(page(here, ""))).into_response()
            }
            _ => json(page(here, "")),
        }
    }
}

fn pagings() -> [(&'static str, Paging); 4] {
    [
        (
            "page",
            Paging::Page {
                parameter: "page".into(),
                first: 1,
            },
        ),
        (
            "offset",
            Paging::Offset {
                parameter: "offset".into(),
            },
        ),
        (
            "cursor",
            Paging::Cursor {
                parameter: "after".into(),
                next: "/next".into(),
            },
        ),
        ("link", Paging::Link),
    ]
}

fn spec_of(bench: &Bench, (path, paging): (&str, Paging)) -> HttpSpec {
    let mut spec = bench.spec();
    spec.url = format!("http://{}/{path}", bench.at);
    spec.paging = paging;
    spec.records = "/data".into();
    spec.since = Some(Since {
        parameter: "since".into(),
        field: "/at".into(),
        start: None,
    });
    spec
}

#[tokio::test]
async fn a_walk_hands_on_every_page_and_then_only_what_is_new() {
    for paging in pagings() {
        let name = paging.0;
        let records = table([(1, 10), (2, 30), (3, 20), (4, 20), (5, 5)]);
        with_api(api(records.clone(), false), async |bench| {
            let source = bench.open(spec_of(&bench, paging));
            let (bodies, mark) = drain(&source, None).await;
            assert_eq!(ids(&bodies), [vec![1, 2], vec![3, 4], vec![5]], "{name}");
            let (bodies, mark) = drain(&source, mark).await;
            assert!(bodies.is_empty(), "{name}");
            records.lock().unwrap().extend([(6, 31), (7, 32), (8, 33)]);
            let (bodies, mark) = drain(&source, mark).await;
            assert_eq!(ids(&bodies), [vec![6, 7], vec![8]], "{name}");
            assert!(drain(&source, mark).await.0.is_empty(), "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn whoever_starts_again_in_the_middle_gets_the_same_page() {
    for paging in pagings() {
        let name = paging.0;
        let records = table((0..7).map(|id| (id, i64::from(id))));
        with_api(api(records, false), async |bench| {
            let spec = spec_of(&bench, paging);
            let (mut mark, mut pages) = (None::<Mark>, Vec::new());
            loop {
                // Another process each time, and each time the answer is lost once.
                let lost = bench.open(spec.clone()).next(mark.as_ref()).await.unwrap();
                let piece = bench.open(spec.clone()).next(mark.as_ref()).await.unwrap();
                let (Some(lost), Some(piece)) = (lost, piece) else {
                    break;
                };
                assert_eq!(body(&lost), body(&piece), "{name}");
                assert_eq!(
                    (lost.name, lost.mark),
                    (piece.name.clone(), piece.mark.clone())
                );
                pages.push(body(&piece));
                mark = Some(piece.mark);
            }
            let all: Vec<_> = ids(&pages).concat();
            assert_eq!(all, (0..7).collect::<Vec<_>>(), "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_page_is_asked_for_with_what_was_declared() {
    with_api(api(table([(1, 10)]), false), async |bench| {
        let mut spec = spec_of(&bench, pagings()[0].clone());
        spec.url += "?fixed=ê";
        spec.parameters = vec![("unit".into(), "H 1&2".into())];
        spec.headers = vec![("X-Client".into(), "dtm".into())];
        spec.page_size = Some(("size".into(), 50));
        spec.auth = Auth::Basic {
            user: "dtm".into(),
            password: SecretRef::parse("env:P").unwrap(),
        };
        spec.since.as_mut().unwrap().start = Some("-5".into());
        let source = bench.open(spec);
        let piece = source.next(None).await.unwrap().unwrap();
        assert_eq!(piece.name, format!("page 1 of `http://{}/page`", bench.at));
        assert_eq!(piece.content_type, "application/json");
        let asked = bench.log.lock().unwrap()[0].clone();
        let expected = [
            ("fixed", "ê"),
            ("unit", "H 1&2"),
            ("size", "50"),
            ("page", "1"),
            ("since", "-5"),
        ];
        assert_eq!(asked.query.len(), expected.len());
        for (name, value) in expected {
            assert_eq!(asked.get(name), value);
        }
        assert_eq!(asked.header("x-client"), "dtm");
        assert_eq!(asked.header("accept"), "application/json");
        // `dtm:hunter2`
        assert_eq!(asked.header("authorization"), "Basic ZHRtOmh1bnRlcjI=");
    })
    .await;
}

#[tokio::test]
async fn records_are_handed_on_as_they_were_received() {
    let text =
        " {\"data\" : [ {\"n\": 1.10, \"big\": 123456789012345678901234567890} ] , \"x\": 1}\n";
    for (what, expected) in [
        (
            Body::Records,
            "[ {\"n\": 1.10, \"big\": 123456789012345678901234567890} ]",
        ),
        (Body::Page, text),
    ] {
        with_api(
            move |_: &Asked| json(text),
            async |bench| {
                let mut spec = bench.spec();
                spec.records = "/data".into();
                spec.body = what;
                let piece = bench.open(spec).next(None).await.unwrap().unwrap();
                assert_eq!(body(&piece), expected);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_records() {
    with_api(
        |_: &Asked| json("\u{feff}[1]"),
        async |bench| {
            let piece = bench.open(bench.spec()).next(None).await.unwrap().unwrap();
            assert_eq!(body(&piece), "[1]");
        },
    )
    .await;
}

#[tokio::test]
async fn an_api_that_repeats_the_watermark_itself_comes_to_rest() {
    for paging in pagings() {
        let name = paging.0;
        // More records of the newest watermark than a page holds.
        let records = table([(1, 1), (2, 9), (3, 9), (4, 9), (5, 9), (6, 9)]);
        with_api(api(records.clone(), true), async |bench| {
            let source = bench.open(spec_of(&bench, paging));
            let (bodies, mark) = drain(&source, None).await;
            let repeated = [vec![2, 3], vec![4, 5], vec![6]];
            assert_eq!(ids(&bodies)[3..], repeated, "{name}");
            let (bodies, mark) = drain(&source, mark).await;
            assert!(bodies.is_empty(), "{name} {bodies:?}");
            // A late record of the same watermark is not left out.
            records.lock().unwrap().push((7, 9));
            let (bodies, mark) = drain(&source, mark).await;
            assert!(ids(&bodies).concat().contains(&7), "{name}");
            assert!(drain(&source, mark).await.0.is_empty(), "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn an_api_without_a_watermark_is_read_again_when_anything_changed() {
    for paging in pagings() {
        let name = paging.0;
        let records = table((0..5).map(|id| (id, 1)));
        with_api(api(records.clone(), false), async |bench| {
            let mut spec = spec_of(&bench, paging);
            spec.since = None;
            let source = bench.open(spec);
            let (bodies, mark) = drain(&source, None).await;
            assert_eq!(bodies.len(), 3, "{name}");
            let (bodies, mark) = drain(&source, mark).await;
            assert!(bodies.is_empty(), "{name}");
            records.lock().unwrap()[3].0 = 33;
            let (bodies, mark) = drain(&source, mark).await;
            assert_eq!(ids(&bodies), [vec![0, 1], vec![2, 33], vec![4]], "{name}");
            records.lock().unwrap().truncate(2);
            let (bodies, mark) = drain(&source, mark).await;
            assert_eq!(ids(&bodies), [vec![0, 1]], "{name}");
            assert!(drain(&source, mark).await.0.is_empty(), "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_single_page_is_handed_on_when_it_changed() {
    let text = Arc::new(Mutex::new("[1]"));
    let shown = text.clone();
    with_api(
        move |_: &Asked| json(*shown.lock().unwrap()),
        async |bench| {
            let source = bench.open(bench.spec());
            let (bodies, mark) = drain(&source, None).await;
            assert_eq!(bodies, ["[1]"]);
            *text.lock().unwrap() = "[1,2]";
            let (bodies, mark) = drain(&source, mark).await;
            assert_eq!(bodies, ["[1,2]"]);
            *text.lock().unwrap() = "[]";
            assert!(drain(&source, mark).await.0.is_empty());
        },
    )
    .await;
}

#[tokio::test]
async fn a_short_page_is_the_last_where_it_was_declared_so() {
    with_api(api(table((1..4).map(|id| (id, 1))), false), async |bench| {
        let mut spec = spec_of(&bench, pagings()[0].clone());
        spec.page_size = Some(("size".into(), 2));
        spec.short_page_ends = true;
        let source = bench.open(spec);
        let first = source.next(None).await.unwrap().unwrap();
        let second = source.next(Some(&first.mark)).await.unwrap().unwrap();
        assert_eq!(ids(&[body(&second)]), [vec![3]]);
        assert!(source.next(Some(&second.mark)).await.unwrap().is_none());
        // The next walk's first page was asked for, and no third one.
        let asked = bench.log.lock().unwrap().clone();
        let pages: Vec<_> = asked.iter().map(|asked| asked.get("page")).collect();
        assert_eq!(pages, ["1", "2", "1"]);
    })
    .await;
}

/// The failure of a walk, and after how many pages it came.
async fn walk_failure(
    answer: impl Fn(&Asked) -> Response + Clone + Send + Sync + 'static,
    paging: Paging,
    declare: impl FnOnce(&mut HttpSpec),
) -> (String, usize) {
    with_api(answer, async |bench| {
        let mut spec = spec_of(&bench, ("list", paging));
        spec.since = None;
        declare(&mut spec);
        let source = bench.open(spec);
        let (mut mark, mut pages) = (None, 0);
        loop {
            match source.next(mark.as_ref()).await {
                Ok(piece) => mark = Some(piece.expect("it fails before it ends").mark),
                Err(error) => {
                    assert!(matches!(error, PullError::Answer(_)), "{error}");
                    return (error.to_string(), pages);
                }
            }
            pages += 1;
            assert!(pages < 100, "it never fails");
        }
    })
    .await
}

#[tokio::test]
async fn an_api_that_does_not_count_is_found_out() {
    let answer = |_: &Asked| json(page(&[(1, 1)], ""));
    for (_, paging) in &pagings()[..2] {
        let (why, pages) = walk_failure(answer, paging.clone(), |_| {}).await;
        assert!(why.contains("page 2 of"), "{why}");
        assert!(
            why.contains("does not heed the parameter that counts"),
            "{why}"
        );
        assert_eq!(pages, 1);
    }
}

#[tokio::test]
async fn a_circle_of_whatever_length_is_found_out() {
    for length in 1..12_usize {
        // Some pages before the circle, so that it does not close where it began.
        let answer = move |asked: &Asked| {
            let here: usize = asked.get("after").parse().unwrap_or(0);
            let next = if here == length + 2 { 3 } else { here + 1 };
            json(page(&[(here as u32, 1)], &format!(", \"next\": {next}")))
        };
        let (why, pages) = walk_failure(answer, pagings()[2].1.clone(), |_| {}).await;
        assert!(
            why.contains("leads back to a page that was read before"),
            "{why}"
        );
        assert!(pages <= 3 * (length + 3), "{length}: {pages}");
    }
}

#[tokio::test]
async fn a_link_to_itself_is_found_out() {
    let answer = |asked: &Asked| {
        let link = format!("<http://{}/list?after=1>; rel=next", asked.header("host"));
        ([("link", link)], json(page(&[(1, 1)], ""))).into_response()
    };
    let (why, pages) = walk_failure(answer, Paging::Link, |_| {}).await;
    assert!(why.contains("leads back to a page"), "{why}");
    assert_eq!(pages, 1);
}

#[tokio::test]
async fn a_secret_does_not_follow_a_link_to_another_server() {
    let answer = |_: &Asked| {
        let link = "<http://127.0.0.1:1/list>; rel=next";
        ([("link", link)], json(page(&[(1, 1)], ""))).into_response()
    };
    let (why, pages) = walk_failure(answer, Paging::Link, |spec| {
        spec.auth = Auth::Bearer(SecretRef::parse("env:T").unwrap());
    })
    .await;
    assert!(
        why.contains("`http://127.0.0.1:1`, which is another server"),
        "{why}"
    );
    assert_eq!(pages, 0);
    // Nor does a mark that somebody changed lead there.
    with_api(answer, async |bench| {
        let source = bench.open(spec_of(&bench, ("list", Paging::Link)));
        let mark = r#"{"at":{"link":"http://127.0.0.1:1/list"},"pages":1}"#;
        let error = source.next(Some(&Mark(mark.into()))).await.unwrap_err();
        assert!(
            error.to_string().contains("leads to another server"),
            "{error}"
        );
        assert_eq!(bench.asked(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_cursor_that_is_none_is_said_to_be_so() {
    let answer = |_: &Asked| json(page(&[(1, 1)], ", \"next\": {}"));
    let (why, _) = walk_failure(answer, pagings()[2].1.clone(), |_| {}).await;
    assert!(why.contains("has no text or number at `/next`"), "{why}");
    let long = "x".repeat(5000);
    let answer = move |_: &Asked| json(page(&[(1, 1)], &format!(", \"next\": \"{long}\"")));
    with_api(answer, async |bench| {
        let error = bench.failure(spec_of(&bench, pagings()[2].clone())).await;
        assert!(matches!(error, PullError::Limit(_)), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_mark_of_another_kind_of_paging_is_refused() {
    with_api(api(table([(1, 1), (2, 2), (3, 3)]), false), async |bench| {
        let [by_page, by_offset, ..] = pagings();
        let first = bench
            .open(spec_of(&bench, by_page))
            .next(None)
            .await
            .unwrap()
            .unwrap();
        let other = bench.open(spec_of(&bench, by_offset));
        let error = other.next(Some(&first.mark)).await.unwrap_err();
        assert!(matches!(error, PullError::Mark(_)), "{error}");
        assert!(
            error.to_string().contains("another kind of paging"),
            "{error}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_walk_whose_pages_shift_begins_again_and_leaves_nothing_out() {
    let records = table((0..6).map(|id| (id, i64::from(id))));
    let shown = records.clone();
    let answer = move |asked: &Asked| {
        let all = listed(&shown, asked, false);
        let start = ((asked.number("page") - 1) * 2).min(all.len());
        let here = &all[start..(start + 2).min(all.len())];
        json(page(here, &format!(", \"total\": {}", all.len())))
    };
    with_api(answer, async |bench| {
        let mut spec = spec_of(&bench, ("list", pagings()[0].1.clone()));
        spec.total = Some("/total".into());
        let source = bench.open(spec);
        let first = source.next(None).await.unwrap().unwrap();
        // Record 2 moves to the first page, which was read.
        records.lock().unwrap().remove(0);
        let (bodies, _) = drain(&source, Some(first.mark)).await;
        assert_eq!(ids(&bodies), [vec![1, 2], vec![3, 4], vec![5]]);
    })
    .await;
}

#[tokio::test]
async fn pages_that_never_stop_shifting_are_an_error_in_the_end() {
    let count = Arc::new(Mutex::new(10));
    let answer = move |asked: &Asked| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let id = asked.number("page") as u32;
        json(page(&[(id, 1)], &format!(", \"total\": {count}")))
    };
    let (why, pages) = walk_failure(answer, pagings()[0].1.clone(), |spec| {
        spec.total = Some("/total".into());
    })
    .await;
    assert!(why.contains("the pages change under the walk"), "{why}");
    assert!(why.contains("set the mark back"), "{why}");
    assert_eq!(pages, 4);
    let answer = |_: &Asked| json(page(&[(1, 1)], ""));
    let (why, _) = walk_failure(answer, pagings()[0].1.clone(), |spec| {
        spec.total = Some("/total".into());
    })
    .await;
    assert!(why.contains("has no number at `/total`"), "{why}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Records that come with growing watermarks, several of one, are each handed on, wherever the
    /// rounds of pulling and the pages fall; an API that answers only what is after the watermark
    /// repeats none.
    #[test]
    fn every_record_is_handed_on(
        rounds in prop::collection::vec(prop::collection::vec(0_i64..2, 0..7), 1..5),
        way in 0_usize..4,
        inclusive: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let records = table([]);
        let (mut id, mut at) = (0, 0);
        let handed_on: Vec<u32> = runtime.block_on(with_api(
            api(records.clone(), inclusive),
            async |bench| {
                let source = bench.open(spec_of(&bench, pagings()[way].clone()));
                let (mut mark, mut all) = (None, Vec::new());
                for round in rounds {
                    // Only within a round do records share a watermark, as `after` requires.
                    at += 1;
                    for later in round {
                        at += later;
                        id += 1;
                        records.lock().unwrap().push((id, at));
                    }
                    let (bodies, reached) = drain(&source, mark).await;
                    all.extend(ids(&bodies).concat());
                    mark = reached;
                }
                all
            },
        ));
        let once: BTreeSet<_> = handed_on.iter().copied().collect();
        prop_assert_eq!(once.len() as u32, id);
        prop_assert!(inclusive || handed_on.len() == once.len(), "{:?}", handed_on);
    }
}
