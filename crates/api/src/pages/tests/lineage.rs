//! The lineage pages.

use super::fake::{Fake, Stage};
use super::get;

#[tokio::test]
async fn the_picture_has_every_table_as_a_link_and_the_list_says_the_same() {
    let page = get(&Fake::new(Stage::Full), "/lineage").await.body;
    let picture = page.split("<svg").nth(1).unwrap();
    let (picture, list) = picture.split_once("</svg>").unwrap();
    for dataset in [
        "raw.dossiers",
        "refined.dossiers",
        "served.national_summary",
        "codes.units",
    ] {
        let link = format!("<a href=\"/lineage/{dataset}\"");
        assert!(picture.contains(&link), "{dataset} in the picture");
        assert!(list.contains(&link), "{dataset} in the list");
    }
    assert!(picture.contains("aria-label=\"raw.dossiers: "));
}

#[tokio::test]
async fn titles_come_with_the_graph_and_the_catalogue_is_read_to_search_it_alone() {
    let fake = Fake::new(Stage::Full);
    for path in ["/lineage", "/lineage/raw.dossiers"] {
        let page = get(&fake, &format!("{path}?lang=vi")).await.body;
        for label in [
            "aria-label=\"raw.dossiers: Hồ sơ thủ tục hành chính\"",
            "aria-label=\"refined.dossiers: Hồ sơ ở trạng thái mới nhất\"",
        ] {
            assert!(page.contains(label), "{label} in {path}");
        }
    }
    let listed = || fake.asked.lock().unwrap().contains(&"datasets".to_owned());
    assert!(!listed());
    get(&fake, "/lineage?q=national").await;
    assert!(listed());
}

#[tokio::test]
async fn the_neighbourhood_of_a_table_grows_with_the_depth() {
    let fake = Fake::new(Stage::Full);
    let near = get(&fake, "/lineage/served.provincial_scoreboard")
        .await
        .body;
    let far = get(&fake, "/lineage/served.provincial_scoreboard?depth=9")
        .await
        .body;
    let count = |page: &str| page.matches("class=\"card").count();
    assert!(1 < count(&near) && count(&near) < count(&far));
    assert!(!near.contains("/lineage/raw.dossiers\"") && far.contains("/lineage/raw.dossiers\""));
    assert!(near.contains("class=\"card main\""));
    let wrong = get(&fake, "/lineage/served.provincial_scoreboard?depth=1000")
        .await
        .body;
    assert_eq!(count(&wrong), count(&near));
}

#[tokio::test]
async fn columns_show_what_carries_values_and_on_demand_what_decides() {
    let fake = Fake::new(Stage::Full);
    let direct = get(&fake, "/lineage/served.reconciliation?columns=1")
        .await
        .body;
    let all = get(&fake, "/lineage/served.reconciliation?columns=1&all=1")
        .await
        .body;
    assert!(!direct.contains("class=\"decides\"") && all.contains("class=\"decides\""));
    // The list has every edge, whatever is drawn.
    assert!(direct.contains("dùng để ghép bảng"), "{direct}");
    let column = get(&fake, "/lineage/refined.dossiers.agency_code")
        .await
        .body;
    assert!(
        column.contains("href=\"/lineage/raw.dossiers.agency_code\""),
        "{column}"
    );
    assert!(column.contains("href=\"/lineage/refined.agencies.agency_code\""));
}

#[tokio::test]
async fn a_dataset_or_a_column_is_found_by_its_name_or_title_without_accents() {
    let fake = Fake::new(Stage::Full);
    let by_name = get(&fake, "/lineage?q=national").await.body;
    assert!(by_name.contains("<a href=\"/lineage/served.national_summary\">"));
    assert!(!by_name.contains("<svg") && !by_name.contains("/lineage/raw.dossiers\""));
    // Hồ sơ thủ tục hành chính
    let by_title = get(&fake, "/lineage?q=HO+so+thu+tuc&lang=vi").await.body;
    assert!(
        by_title.contains("<a href=\"/lineage/raw.dossiers\">"),
        "{by_title}"
    );
    for asked in ["agency_code", "refined.dossiers+agency_code"] {
        let column = get(&fake, &format!("/lineage?q={asked}")).await.body;
        assert!(column.contains("<a href=\"/lineage/refined.dossiers.agency_code\">"));
        assert!(!column.contains("<a href=\"/lineage/refined.dossiers.dossier_id\">"));
    }
    let none = get(&fake, "/lineage?q=%3Cb%3E&lang=en").await.body;
    assert!(none.contains("value=\"&#60;b&#62;\"") && none.contains("No dataset and no column"));
}
