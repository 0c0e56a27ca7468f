use super::*;
use object_store::memory::InMemory;

fn store() -> FaultyStore {
    FaultyStore::new(Arc::new(InMemory::new()))
}

async fn holds(store: &FaultyStore, path: &str) -> bool {
    store.inner.head(&Path::from(path)).await.is_ok()
}

#[tokio::test]
async fn a_fault_before_the_effect_leaves_the_store_as_it_was() {
    let store = store().with(Fault::before(Op::Put, "log"));
    let error = store.put(&"log/0".into(), "x".into()).await.unwrap_err();
    assert!(error.to_string().contains("never reached"), "{error}");
    assert!(!holds(&store, "log/0").await);
    store.put(&"log/0".into(), "x".into()).await.unwrap();
    store.assert_all_met();
}

#[tokio::test]
async fn a_fault_after_the_effect_hides_an_effect_that_happened() {
    let store = store().with(Fault::after(Op::Put, "log").nth(2));
    store.put(&"log/0".into(), "x".into()).await.unwrap();
    store.put(&"data/0".into(), "x".into()).await.unwrap();
    let error = store.put(&"log/1".into(), "x".into()).await.unwrap_err();
    assert!(error.to_string().contains("was lost"), "{error}");
    assert!(holds(&store, "log/1").await);
}

#[tokio::test]
async fn a_full_disk_takes_nothing_and_says_so() {
    let store = store().with(Fault::full(Op::Put, "data"));
    let error = store.put(&"data/0".into(), "x".into()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    let cause = cause.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::StorageFull);
    assert!(!holds(&store, "data/0").await);
    store.put(&"data/0".into(), "x".into()).await.unwrap();
    store.assert_all_met();
}

#[tokio::test]
async fn a_fault_of_several_times_ends_after_them() {
    let store = store().with(Fault::before(Op::Get, "a").nth(2).times(2));
    store.put(&"a".into(), "x".into()).await.unwrap();
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(store.get(&"a".into()).await.is_ok());
    }
    assert_eq!(answers, [true, false, false, true]);
}

#[tokio::test]
#[should_panic(expected = "no request met")]
async fn a_planned_fault_that_is_never_met_fails_the_test() {
    let store = store().with(Fault::before(Op::Put, "a").times(2));
    store.put(&"a".into(), "x".into()).await.unwrap_err();
    store.assert_all_met();
}

#[tokio::test]
async fn a_held_request_waits_for_the_gate() {
    let gate = Gate::new();
    let store = store().with(Fault::held(Op::Put, "slow", &gate));
    let (slow, fast) = ("slow".into(), "fast".into());
    let test = async {
        gate.arrived(1).await;
        store.put(&fast, "x".into()).await.unwrap();
        assert!(!holds(&store, "slow").await);
        gate.open();
    };
    let (answer, ()) = futures::join!(store.put(&slow, "x".into()), test);
    answer.unwrap();
    assert!(holds(&store, "slow").await);
}

#[tokio::test]
async fn a_cut_store_answers_nothing_until_it_is_mended() {
    let store = store();
    store.put(&"a".into(), "x".into()).await.unwrap();
    store.cut();
    store.head(&"a".into()).await.unwrap_err();
    store.delete(&"a".into()).await.unwrap_err();
    assert!(store.list(None).next().await.unwrap().is_err());
    store.mend();
    store.delete(&"a".into()).await.unwrap();
    assert!(store.injected().is_empty());
}

#[tokio::test]
async fn a_list_whose_answer_is_lost_breaks_off_after_its_entries() {
    let store = store().with(Fault::after(Op::List, ""));
    store.put(&"a".into(), "x".into()).await.unwrap();
    let entries: Vec<_> = store.list(None).collect().await;
    assert!(entries[0].is_ok() && entries[1].is_err() && entries.len() == 2);
}

#[tokio::test]
async fn the_parts_and_the_end_of_an_upload_meet_faults() {
    let store = store()
        .with(Fault::before(Op::PutPart, "big"))
        .with(Fault::after(Op::CompleteUpload, "big"));
    let mut upload = store.put_multipart(&"big".into()).await.unwrap();
    upload.put_part("one".into()).await.unwrap_err();
    upload.put_part("two".into()).await.unwrap();
    upload.complete().await.unwrap_err();
    let bytes = store
        .get(&"big".into())
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(bytes, "two");
    store.assert_all_met();
}

#[tokio::test]
async fn a_seed_gives_the_same_faults_in_whatever_order_tasks_come_by() {
    let paths: Vec<_> = (0..200).map(|n| Path::from(format!("p/{n}"))).collect();
    let mut outcomes = Vec::new();
    for reversed in [false, true] {
        let store = store().with_seed(crate::seed(), Rates::default());
        let mut order = paths.clone();
        if reversed {
            order.reverse();
        }
        for path in &order {
            store.put(path, "x".into()).await.ok();
        }
        let mut met: Vec<_> = store
            .injected()
            .into_iter()
            .map(|met| format!("{met:?}"))
            .collect();
        met.sort();
        outcomes.push(met);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert!(!outcomes[0].is_empty());
}
