//! A dataset's page and the history of its table.

use axum::http::StatusCode;
use render::Language;

use super::fake::{Fake, Stage};
use super::{check, get, get_with};

const ENGLISH: &str = "dtm_session=known; dtm_lang=en";

#[tokio::test]
async fn the_largest_files_are_listed_and_the_rest_are_counted() {
    let fake = Fake::new(Stage::Full);
    let page = get_with(&fake, "/datasets/raw.dossiers", ENGLISH)
        .await
        .body;
    assert_eq!(page.matches("-c000.zstd.parquet</code>").count(), 50);
    for part in [
        "<summary>1,062 files</summary>",
        "Smaller files that are not shown: 1,012.",
        "<th scope=\"col\"><code>_period</code></th>",
        "<td><code>2026-09</code></td><td class=\"number\">90,000</td>",
        "<td class=\"number\">9.8 MB</td>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = get(&fake, "/datasets/raw.dossiers").await.body;
    for part in ["1.062 tệp", "Số tệp nhỏ hơn không hiển thị: 1.012."] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn the_rows_in_quarantine_are_a_query_away_for_those_who_may_query() {
    let address = |page: &str| {
        let start = page.find("/query?sql=select%0A++++received_at")?;
        let address = page[start..].split('"').next()?;
        Some(address.to_owned())
    };
    let fake = Fake::new(Stage::Full);
    for (cookie, message) in [(ENGLISH, "message_en"), ("dtm_session=known", "message_vi")] {
        let page = get_with(&fake, "/datasets/raw.dossiers", cookie).await.body;
        let query = get(&fake, &address(&page).unwrap()).await;
        assert_eq!(query.status, StatusCode::OK);
        for part in [
            format!("    {message},\n").as_str(),
            "where dataset = &#39;raw.dossiers&#39; and severity = &#39;error&#39;\n",
            "limit 100</textarea>",
            "rows=\"14\"",
        ] {
            assert!(query.body.contains(part), "{part}: {}", query.body);
        }
    }
    let page = get(&Fake::for_role("official"), "/datasets/raw.dossiers").await;
    check("/datasets/raw.dossiers", &page.body, Language::Vi);
    assert_eq!(address(&page.body), None);
    assert!(!page.body.contains("href=\"/query"), "{}", page.body);
    assert!(
        page.body
            .contains("<a href=\"/submissions\">Xem các lần nộp")
    );
}

#[tokio::test]
async fn the_contract_is_there_before_the_table() {
    for (stage, queried) in [(Stage::Unapplied, false), (Stage::Full, true)] {
        let page = get(&Fake::new(stage), "/datasets/raw.dossiers").await.body;
        let contract = "href=\"/api/v1/datasets/raw.dossiers/contract\"";
        assert!(page.contains(contract), "{page}");
        let query = page.contains(">Truy vấn bộ dữ liệu này</a>");
        assert_eq!(query, queried, "only a table can be queried");
    }
}

#[tokio::test]
async fn the_rules_of_the_last_run_are_shown_broken_ones_first() {
    let fake = Fake::new(Stage::Full);
    let results = |page: &str| {
        let section = page.split("id=\"outcomes\"").nth(1);
        let section = section.and_then(|rest| rest.split("</section>").next());
        section.map(str::to_owned)
    };
    let page = get_with(&fake, "/datasets/served.provincial_scoreboard", ENGLISH).await;
    let found = results(&page.body).unwrap();
    let first = found.split("<tbody>").nth(1).unwrap().trim_start();
    assert!(first.starts_with("<tr class=\"failed\">"), "{found}");
    assert_eq!(found.matches("class=\"failed\"").count(), 1);
    for part in [
        "<a href=\"/runs/r%202\"><code>r 2</code></a>, ",
        "<td>Does not hold</td><td class=\"number\"><a href=\"/query?sql=select",
        "rule%20%3D%20%27",
        ">1,234</a></td><td class=\"number\">98,765</td>",
        "so nothing was published",
        "href=\"/api/v1/datasets/served.provincial_scoreboard/quality?limit=1000\"",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    assert!(
        !found.contains("<code>r1</code>"),
        "the run before is not the last one"
    );

    let page = get(&fake, "/datasets/served.reconciliation").await;
    let found = results(&page.body).unwrap();
    assert!(found.contains("<td>Đạt</td>") && !found.contains("class=\"failed\""));
    assert!(!found.contains("class=\"refusal\""), "{found}");
    let page = get(
        &Fake::for_role("official"),
        "/datasets/served.reconciliation",
    )
    .await;
    let found = results(&page.body).unwrap();
    assert!(!found.contains("href=\"/runs/"), "{found}");

    let page = get(&Fake::new(Stage::Empty), "/datasets/served.reconciliation").await;
    let found = results(&page.body).unwrap();
    assert!(found.contains("Chưa có lần chạy nào kiểm tra"), "{found}");
    let page = get(&fake, "/datasets/raw.dossiers").await;
    assert_eq!(results(&page.body), None, "no run computes it");
}

#[tokio::test]
async fn columns_are_shown_in_figures_and_hidden_values_by_their_reason() {
    let fake = Fake::new(Stage::Full);
    let section = |page: &str| {
        let section = page.split("id=\"profiles\"").nth(1);
        section.map(|rest| rest.split("</section>").next().unwrap().to_owned())
    };
    let address = "/datasets/served.provincial_scoreboard";
    let page = get_with(&fake, address, ENGLISH).await.body;
    let found = section(&page).unwrap();
    for part in [
        "Period 2026-09. Rows: 4,000. Rows looked at: 1,000.",
        "<td class=\"number\">25 (2.5%)</td><td class=\"number\">2</td>",
        "<td>8</td><td class=\"number\">10.5</td><td>1,012</td>",
        "<td>12 <span class=\"soft\">(600)</span></td>",
        "aria-label=\"Values: 8 – 1,012. Most rows in: 510 – 1,012 (600)\"",
        "<path d=\"M0.0 28h49.5v-17.5h-49.5zM50.0 28h49.5v-28.0h-49.5z\"/>",
        "Values are hidden: one looks like personal data</td><td class=\"number\">–</td>",
        "<td class=\"number\">0.125</td></tr>",
        "href=\"/api/v1/datasets/served.provincial_scoreboard/profiles?limit=1000\"",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    assert!(
        !found.contains("777"),
        "the period before is not the newest"
    );
    assert_eq!(found.matches("<th scope=\"row\">").count(), 2);
    let hidden = found.find("Values are hidden").unwrap();
    assert!(
        hidden < found.find("<svg").unwrap(),
        "in the contract's order"
    );
    let found = section(&get(&fake, address).await.body).unwrap();
    assert!(found.contains("10,5") && found.contains("1.012"), "{found}");
    let empty = Fake::new(Stage::Empty);
    assert_eq!(section(&get(&empty, address).await.body), None);
}

#[tokio::test]
async fn a_long_history_is_cut_on_the_page_and_read_in_parts_on_its_own() {
    let fake = Fake::new(Stage::Full);
    let versions = |page: &str| page.matches("<th scope=\"row\" class=\"number\">").count();
    let page = get(&fake, "/datasets/raw.dossiers").await.body;
    assert_eq!(versions(&page), 20);
    let path = "/datasets/raw.dossiers/history";
    assert!(page.contains(&format!("href=\"{path}\"")), "{page}");
    let offsets = [(0, 50, None, Some(50)), (100, 30, Some(50), None)];
    for (offset, shown, before, after) in offsets {
        let page = get(&fake, &format!("{path}?offset={offset}")).await.body;
        assert_eq!(versions(&page), shown);
        assert!(page.contains(&format!(">{}</th>", 129 - offset)), "{page}");
        for (neighbour, rel) in [(before, "prev"), (after, "next")] {
            let link = neighbour.map(|at: u32| format!("{path}?offset={at}\" rel=\"{rel}\""));
            assert_eq!(page.contains(&format!("rel=\"{rel}\"")), link.is_some());
            assert!(link.is_none_or(|link| page.contains(&link)), "{page}");
        }
        assert!(page.contains("…</code>"), "a long commit is cut");
    }
    let end = get(&fake, &format!("{path}?offset=18446744073709551615")).await;
    assert_eq!(end.status, StatusCode::OK);
    check(path, &end.body, Language::Vi);
}
