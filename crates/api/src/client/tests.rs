use std::net::SocketAddr;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use service::{BodyFormat, Checksum, Credential, Door, Relation, UploadState};

use super::*;
use crate::testing::{self, Double, ID, TOKEN};

/// A client of the router over the double, on a port of the system's choice.
async fn remote(double: &Arc<Double>) -> RemoteService {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = testing::router(double);
    let serving = async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).await.unwrap();
    };
    tokio::runtime::Handle::current().spawn(serving);
    RemoteService::new(&base, None).unwrap()
}

fn call() -> Call {
    Call {
        credential: Some(Credential::Token(Secret::new(TOKEN))),
        door: Door::Cli,
        peer: None,
        user_agent: None,
        correlation_id: "x".to_owned(),
    }
}

fn submit_request() -> SubmitRequest {
    let dataset = "raw.visits".parse().unwrap();
    SubmitRequest {
        agency: Some("H26.01".parse().unwrap()),
        key: Some("k 1".to_owned()),
        relation: Some(Relation::Corrects(ID.parse().unwrap())),
        control_totals: [("rows".to_owned(), "3".to_owned())].into(),
        ..SubmitRequest::new(dataset, "2026-09".parse().unwrap(), BodyFormat::Csv)
    }
}

fn body(bytes: &'static [u8]) -> ByteStream {
    stream::iter([Ok(bytes.into())]).boxed()
}

const PAGE: Page = Page {
    offset: 5,
    limit: 7,
};

#[tokio::test]
async fn submissions_are_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let id: SubmissionId = ID.parse().unwrap();
    let answer = remote
        .submit(&call(), submit_request(), body(b"a,b\n"))
        .await
        .unwrap();
    assert_eq!(answer, testing::submit_answer());
    assert_eq!(
        remote.submission(&call(), id).await.unwrap(),
        testing::submission()
    );
    let all = remote.submissions(&call(), PAGE).await.unwrap();
    assert_eq!(all, [testing::submission()]);
    let rows = remote.row_errors(&call(), id, PAGE).await.unwrap();
    assert_eq!(rows, testing::row_errors());
    let evidence = remote.evidence(&call(), id).await.unwrap();
    assert_eq!(
        (evidence.format, evidence.size_bytes),
        (BodyFormat::Csv.into(), 4)
    );
    let bytes: Vec<bytes::Bytes> = evidence.bytes.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"a,b\n");
    expect_test::expect![[r#"
        submit SubmitRequest { dataset: DatasetName { layer: Raw, full: "raw.visits" }, agency: Some(AgencyCode("H26.01")), period: PeriodCode("2026-09"), format: BodyType { format: Csv, declared: {} }, key: Some("k 1"), dry_run: false, relation: Some(Corrects(SubmissionId(0192f0c1-0000-7000-8000-000000000001))), control_totals: {"rows": "3"}, ack: Committed, restatement: false }
        body a,b

        submission 0192f0c1-0000-7000-8000-000000000001
        submissions Page { offset: 5, limit: 7 }
        row_errors 0192f0c1-0000-7000-8000-000000000001 Page { offset: 5, limit: 7 }
        evidence 0192f0c1-0000-7000-8000-000000000001"#]].assert_eq(&double.asked().join("\n"));
}

#[tokio::test]
async fn obligations_and_their_extensions_are_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let call = call();
    let all = remote.obligations(&call, ObligationFilter::default(), PAGE);
    assert_eq!(all.await.unwrap(), [testing::obligation()]);
    let of = testing::obligation().of;
    let some = ObligationFilter {
        dataset: Some(of.dataset.clone()),
        period: Some(of.period.clone()),
        agency: Some(of.agency.clone()),
    };
    remote.obligations(&call, some, PAGE).await.unwrap();
    let request = ExtendRequest {
        of,
        until: "2026-10-01".parse().unwrap(),
        reason: "bão".to_owned(),
    };
    let extended = remote.extend(&call, request).await.unwrap();
    assert_eq!(extended, testing::obligation());
    expect_test::expect![[r#"
        obligations ObligationFilter { dataset: None, period: None, agency: None } Page { offset: 5, limit: 7 }
        obligations ObligationFilter { dataset: Some(DatasetName { layer: Raw, full: "raw.visits" }), period: Some(PeriodCode("2026-09")), agency: Some(AgencyCode("H26.01")) } Page { offset: 5, limit: 7 }
        extend dataset `raw.visits` for agency `H26.01` in period `2026-09` 2026-10-01 bão"#]].assert_eq(&double.asked().join("\n"));
}

#[tokio::test]
async fn the_quarantine_is_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let call = call();
    let found = remote.quarantine(&call, QuarantineFilter::default(), PAGE);
    assert_eq!(found.await.unwrap(), testing::quarantine());
    let id: SubmissionId = ID.parse().unwrap();
    let filter = QuarantineFilter {
        dataset: Some("raw.visits".parse().unwrap()),
        agency: Some("H26.01".parse().unwrap()),
        period: Some("2026-09".parse().unwrap()),
        rule: Some("a & b".to_owned()),
        submission: Some(id),
    };
    remote.quarantine(&call, filter, PAGE).await.unwrap();
    for format in QuarantineFormat::ALL {
        let file = remote.quarantine_file(&call, id, format, "en");
        let bytes: Vec<bytes::Bytes> = file.await.unwrap().bytes.try_collect().await.unwrap();
        assert_eq!(bytes.concat(), b"_row\n1\n");
    }
    expect_test::expect![[r#"
        quarantine QuarantineFilter { dataset: None, agency: None, period: None, rule: None, submission: None } Page { offset: 5, limit: 7 }
        quarantine QuarantineFilter { dataset: Some(DatasetName { layer: Raw, full: "raw.visits" }), agency: Some(AgencyCode("H26.01")), period: Some(PeriodCode("2026-09")), rule: Some("a & b"), submission: Some(SubmissionId(0192f0c1-0000-7000-8000-000000000001)) } Page { offset: 5, limit: 7 }
        quarantine_file 0192f0c1-0000-7000-8000-000000000001 Csv en
        quarantine_file 0192f0c1-0000-7000-8000-000000000001 Xlsx en"#]].assert_eq(&double.asked().join("\n"));
}

#[tokio::test]
async fn a_release_is_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let all = ReleaseRequest {
        dataset: "raw.visits".parse().unwrap(),
        agency: None,
        period: None,
        submission: None,
    };
    let some = ReleaseRequest {
        agency: Some("H26".parse().unwrap()),
        period: Some("2026-09".parse().unwrap()),
        submission: Some(ID.parse().unwrap()),
        ..all.clone()
    };
    for request in [all.clone(), some.clone()] {
        let report = remote.release(&call(), request).await.unwrap();
        assert_eq!(report, testing::release());
    }
    let asked = [all, some].map(|request| format!("release {request:?}"));
    assert_eq!(double.asked(), asked);
}

#[tokio::test]
async fn a_replay_and_a_dry_run_are_known_from_afar() {
    let remote = remote(&Double::replaying()).await;
    let answer = remote
        .submit(&call(), submit_request(), body(b""))
        .await
        .unwrap();
    assert!(answer.replayed && !answer.dry_run);
    let dry = SubmitRequest {
        dry_run: true,
        ..submit_request()
    };
    let answer = remote.submit(&call(), dry.clone(), body(b"")).await;
    let answer = answer.unwrap();
    assert!(!answer.replayed && answer.dry_run && answer.restatement.is_none());
    let restated = SubmitRequest {
        restatement: true,
        ..dry
    };
    let answer = remote.submit(&call(), restated, body(b"")).await.unwrap();
    assert_eq!(answer.restatement, Some(testing::restatement()));
}

#[tokio::test]
async fn a_query_is_the_same_from_afar() {
    let remote = remote(&Double::new()).await;
    let request = QueryRequest {
        sql: "select $a".to_owned(),
        params: [("a".to_owned(), service::Value::Integer(1))].into(),
        at: service::At::Versions([("raw.visits".parse().unwrap(), 3)].into()),
    };
    let answer = remote.query(&call(), request).await.unwrap();
    assert_eq!(answer.versions, testing::query_answer().versions);
    assert_eq!(answer.schema, testing::batch().schema());
    let batches: Vec<_> = answer.batches.try_collect().await.unwrap();
    assert_eq!(batches, [testing::batch()]);
    let request = QueryRequest {
        sql: "select $a".to_owned(),
        params: [("a".to_owned(), service::Value::Integer(1))].into(),
        at: Default::default(),
    };
    let answer = remote.figures(&call(), request).await.unwrap();
    let batches: Vec<_> = answer.batches.try_collect().await.unwrap();
    assert_eq!(batches, [testing::batch()]);
}

#[tokio::test]
async fn a_result_that_breaks_off_is_never_taken_for_the_whole() {
    let error = || ServiceError::new(ErrorKind::LimitExceeded, "the answer met the limit");
    let remote = remote(&Double::breaking(error)).await;
    let request = QueryRequest {
        sql: "x".to_owned(),
        params: Default::default(),
        at: Default::default(),
    };
    let answer = remote.query(&call(), request).await.unwrap();
    let batches: Vec<_> = answer.batches.collect().await;
    let error = batches.last().unwrap().as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn the_catalogue_is_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let name: DatasetName = "raw.visits".parse().unwrap();
    let summaries = remote.datasets(&call()).await.unwrap();
    assert_eq!(
        format!("{summaries:?}"),
        format!("{:?}", [testing::dataset().summary])
    );
    let detail = remote.dataset(&call(), &name).await.unwrap();
    assert_eq!(format!("{detail:?}"), format!("{:?}", testing::dataset()));
    let page = Page {
        offset: 40,
        limit: 20,
    };
    let history = remote.history(&call(), &name, page).await.unwrap();
    assert_eq!(history, testing::dataset().history);
    let asked = format!("history raw.visits {page:?}");
    assert!(double.asked().contains(&asked), "{:?}", double.asked());
    let quality = remote.quality(&call(), &name, page).await.unwrap();
    assert_eq!(quality, testing::quality());
    let profiles = remote.profiles(&call(), &name, page).await.unwrap();
    assert_eq!(profiles, testing::profiles());
    let asked = format!("profiles raw.visits {page:?}");
    assert!(double.asked().contains(&asked), "{:?}", double.asked());
    let asked = format!("quality raw.visits {page:?}");
    assert!(double.asked().contains(&asked), "{:?}", double.asked());
    let request = LineageRequest {
        dataset: Some(name),
        column: Some("amount".to_owned()),
        direction: Direction::Down,
    };
    let answer = remote.lineage(&call(), request).await.unwrap();
    assert_eq!(answer.graph.json(), testing::graph().json());
}

#[tokio::test]
async fn a_trace_is_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let now = TraceRequest {
        dataset: "served.visits".parse().unwrap(),
        condition: "office = 'a & b'".to_owned(),
        column: None,
        at: service::At::Now,
    };
    let then = TraceRequest {
        column: Some("visits".to_owned()),
        at: service::At::Versions([("served.visits".parse().unwrap(), 3)].into()),
        ..now.clone()
    };
    for request in [now.clone(), then.clone()] {
        let answer = remote.trace(&call(), request).await.unwrap();
        assert_eq!(answer, testing::trace());
    }
    let asked = [now, then].map(|request| format!("trace {request:?}"));
    assert_eq!(double.asked(), asked);
}

#[tokio::test]
async fn reports_are_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let reports = remote.reports(&call()).await.unwrap();
    assert_eq!(format!("{reports:?}"), format!("{:?}", [testing::report()]));
    let request = RenderRequest {
        report: "monthly".to_owned(),
        params: testing::rendition().manifest.params,
        language: "en".to_owned(),
        table: Some("visits".to_owned()),
    };
    let rendered = remote.render(&call(), request).await.unwrap();
    assert_eq!(rendered, testing::rendition());
    let kept = remote.rendition(&call(), "0192").await.unwrap();
    assert_eq!(kept, testing::rendition());
    let page = Page {
        offset: 1,
        limit: 7,
    };
    let listed = remote.renditions(&call(), "monthly", page).await.unwrap();
    assert_eq!(listed, [testing::rendition(), testing::superseded()]);
    assert!(
        double
            .asked()
            .contains(&"renditions monthly 1 7".to_owned())
    );
    for format in RenditionFormat::ALL {
        let document = remote.document(&call(), "0192", format).await.unwrap();
        assert_eq!(document, testing::document(format));
    }
}

#[tokio::test]
async fn operation_is_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let select = vec!["served.*".to_owned()];
    assert_eq!(
        remote.run(&call(), RunRequest { select }).await.unwrap(),
        testing::run()
    );
    assert_eq!(remote.runs(&call(), PAGE).await.unwrap(), [testing::run()]);
    assert_eq!(remote.run_of(&call(), "r1").await.unwrap(), testing::run());
    let report = remote.rollback(&call(), "r 1").await.unwrap();
    assert_eq!(report, testing::rollback());
    assert!(double.asked().contains(&"rollback r 1".to_owned()));
    assert_eq!(remote.plan(&call()).await.unwrap(), testing::plan());
    assert_eq!(remote.apply(&call()).await.unwrap(), testing::plan());
    let request = PreviewRequest {
        select: vec!["served.*".to_owned()],
    };
    let previews = remote.preview(&call(), request).await.unwrap();
    assert_eq!(previews, testing::previews());
    assert!(double.asked().contains(&"preview served.*".to_owned()));
    let withdrawal = RestateRequest::Withdrawal(testing::receipt().id);
    for request in [RestateRequest::Waiting, withdrawal] {
        let restated = remote.restate(&call(), request).await.unwrap();
        assert_eq!(restated, testing::restatement());
        assert!(double.asked().contains(&format!("restate {request:?}")));
    }
    let request = MaintainRequest {
        select: vec!["raw.*".to_owned()],
        delete: true,
        erase: true,
        keep_hours: Some(48),
    };
    let report = remote.maintain(&call(), request.clone()).await.unwrap();
    assert_eq!(report, testing::maintenance());
    assert!(double.asked().contains(&format!("maintain {request:?}")));
    let states = remote.connectors(&call()).await.unwrap();
    assert_eq!(states, [testing::connector()]);
    let request = PullRequest {
        connector: Some("province-inbox".to_owned()),
        from_start: true,
    };
    let reports = remote.pull(&call(), request.clone()).await.unwrap();
    assert_eq!(reports, [testing::pull_report()]);
    assert!(double.asked().contains(&format!("pull {request:?}")));
    let entries = remote.audit_entries(&call(), PAGE).await.unwrap();
    assert_eq!(entries, [testing::audit_record()]);
    assert_eq!(remote.whoami(&call()).await.unwrap(), testing::principal());
    let token = remote
        .create_token(&call(), &testing::principal())
        .await
        .unwrap();
    assert_eq!(token.reveal(), "dtm_t_new");
    let code = remote.create_sign_in_code(&call()).await.unwrap();
    assert_eq!(code.reveal(), "dtm_c_once");
    remote.may_read_metrics(&call()).await.unwrap();
    remote.ready().await.unwrap();
}

#[tokio::test]
async fn signing_in_is_not_done_from_afar() {
    let remote = remote(&Double::new()).await;
    let error = remote
        .sign_in(&call(), &Secret::new("x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(
        remote.sign_out(&call()).await.unwrap_err().kind,
        ErrorKind::Invalid
    );
}

#[tokio::test]
async fn an_error_is_the_same_from_afar() {
    let remote = remote(&Double::failing(|| {
        let mut error = ServiceError::new(ErrorKind::Refused, "no row of 3 landed").hint("Mend.");
        error.submission = Some(ID.parse().unwrap());
        error.rows = Some(testing::row_errors());
        error
    }))
    .await;
    let error = remote
        .submit(&call(), submit_request(), body(b"x"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Refused, "no row of 3 landed")
    );
    assert_eq!(error.hint.as_deref(), Some("Mend."));
    assert_eq!(error.submission, Some(ID.parse().unwrap()));
    assert_eq!(error.rows, Some(testing::row_errors()));
}

#[tokio::test]
async fn a_big_body_that_is_refused_early_still_gets_its_answer() {
    let remote = remote(&Double::failing(|| {
        ServiceError::new(ErrorKind::Forbidden, "no")
    }))
    .await;
    let chunks = (0..256).map(|_| Ok(bytes::Bytes::from(vec![b'x'; 32 << 10])));
    let body = stream::iter(chunks).boxed();
    let error = remote
        .submit(&call(), submit_request(), body)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let remote = RemoteService::new(&base, None).unwrap();
    let error = remote.plan(&call()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(
        error
            .message
            .starts_with("cannot reach the server at `http://127.0.0.1:"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for base in ["", "127.0.0.1:8080", "ftp://x", "http://"] {
        assert!(RemoteService::new(base, None).is_err(), "{base}");
    }
}

#[tokio::test]
async fn uploads_are_the_same_from_afar() {
    let double = Double::new();
    let remote = remote(&double).await;
    let request = UploadRequest {
        submit: submit_request(),
        length: 4,
        metadata: String::new(),
    };
    let upload = remote.create_upload(&call(), request).await.unwrap();
    let id = upload.id;
    let sent = UploadPart {
        offset: 1,
        checksum: Some(Checksum::Sha256([7; 32])),
    };
    let parts = remote
        .continue_upload(&call(), id, sent, body(b"abc"))
        .await;
    let resumed = remote.resume_upload(&call(), id).await.unwrap();
    for upload in [upload, parts.unwrap(), resumed] {
        assert_eq!((upload.id, upload.length, upload.offset), (id, 4, 4));
        let UploadState::Done(answer) = upload.state else {
            panic!("{upload:?}");
        };
        assert_eq!(*answer, testing::submit_answer());
    }
    remote.end_upload(&call(), id).await.unwrap();
    let asked = double.asked();
    assert!(asked[0].contains("key: Some(\"k 1\")"), "{asked:?}");
    assert!(asked[0].contains("Corrects"), "{asked:?}");
    let part = format!("continue_upload {ID} {sent:?}");
    assert!(asked.contains(&part), "{asked:?}");
    assert_eq!(asked.last(), Some(&format!("end_upload {ID}")));
}
