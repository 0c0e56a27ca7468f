//! What a further delivery means.

use service::{Service, WithdrawRequest};

use super::{INBOX, PLACE, all, drop_file, house, pulled, visits};

#[tokio::test(flavor = "multi_thread")]
async fn a_further_file_is_one_beside_the_others_unless_something_else_is_declared() {
    let f = house(INBOX).await;
    for (name, id) in [("a.csv", "V-1"), ("b.csv", "V-2")] {
        drop_file(&f, &format!("{PLACE}/{name}"), &visits(&[(id, "Huế", 1)]));
        pulled(&f).await;
    }
    assert_eq!(all(&f).await, "V-1 1, V-2 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_file_replaces_the_one_before() {
    let f = house(&INBOX.replace("repeated: new", "repeated: replaces")).await;
    for (id, minutes) in [("V-1", 1), ("V-2", 2), ("V-3", 3)] {
        let body = visits(&[(id, "Huế", minutes)]);
        drop_file(&f, &format!("{PLACE}/visits.csv"), &body);
        let pieces = pulled(&f).await;
        assert!(pieces[0].landed, "{pieces:?}");
        assert_eq!(all(&f).await, format!("{id} {minutes}"));
    }
    // An earlier state again is a delivery again.
    drop_file(
        &f,
        &format!("{PLACE}/visits.csv"),
        &visits(&[("V-1", "Huế", 1)]),
    );
    pulled(&f).await;
    assert_eq!(all(&f).await, "V-1 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_file_corrects_rows_of_the_same_keys() {
    let f = house(&INBOX.replace("repeated: new", "repeated: corrects")).await;
    let first = visits(&[("V-1", "Huế", 1), ("V-2", "Huế", 2)]);
    drop_file(&f, &format!("{PLACE}/a.csv"), &first);
    pulled(&f).await;
    for minutes in [20, 30] {
        let body = visits(&[("V-2", "Huế", minutes)]);
        drop_file(&f, &format!("{PLACE}/a.csv"), &body);
        let pieces = pulled(&f).await;
        assert!(pieces[0].landed, "{pieces:?}");
        assert_eq!(all(&f).await, format!("V-1 1, V-2 {minutes}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_again_is_the_same_submission_as_long_as_that_counts() {
    let f = house(INBOX).await;
    let body = visits(&[("V-1", "Huế", 1)]);
    let name = format!("{PLACE}/a.csv");
    drop_file(&f, &name, &body);
    let first = pulled(&f).await[0].submission.unwrap();
    drop_file(&f, &name, &body);
    assert_eq!(pulled(&f).await[0].submission, Some(first));
    assert_eq!(all(&f).await, "V-1 1");
    let withdraw = WithdrawRequest {
        id: first,
        reason: "sent by mistake".to_owned(),
    };
    f.house.withdraw(&f.admin, withdraw).await.unwrap();
    assert_eq!(all(&f).await, "");
    drop_file(&f, &name, &body);
    let again = pulled(&f).await[0].submission.unwrap();
    assert_ne!(again, first);
    assert_eq!(all(&f).await, "V-1 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_that_is_dropped_again_is_judged_again() {
    let f = house(INBOX).await;
    let name = format!("{PLACE}/a.csv");
    drop_file(&f, &name, "visit_id,office,visited_at,minutes\nV-1,,x,-1\n");
    let first = pulled(&f).await;
    drop_file(&f, &name, "visit_id,office,visited_at,minutes\nV-1,,x,-1\n");
    let second = pulled(&f).await;
    assert!(!first[0].landed && !second[0].landed);
    assert_ne!(first[0].submission, second[0].submission);
}
