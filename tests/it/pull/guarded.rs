//! Whatever reaches the net goes where its connector says, and nowhere else.

use std::net::TcpListener;

use service::ErrorKind;
use testkit::seaweed::Seaweed;

use super::portal::{Instead, Portal};
use super::{pull, setup, state};
use crate::home::Fixture;

/// A connector of each kind that would reach that port of this machine.
fn connectors(port: u16) -> [(&'static str, String); 4] {
    let key = format!("SHA256:{}", "A".repeat(43));
    [
        (
            "objects",
            format!(
                "url: s3://drop\n  endpoint: http://localhost:{port}\n  allow_http: true\n  \
                 access_key: env:SECRET\n  secret_key: env:SECRET"
            ),
        ),
        (
            "http",
            format!("url: http://localhost:{port}/list\n  allow_http: true"),
        ),
        (
            "sftp",
            format!(
                "host: localhost\n  port: {port}\n  user: u\n  password: env:SECRET\n  host_keys: \
                 ['{key}']\n  folder: /out\n  quiet: 0s"
            ),
        ),
        (
            "sql",
            format!(
                "host: localhost\n  port: {port}\n  database: d\n  user: u\n  password: \
                 env:SECRET\n  tls: disable\n  select: select 1 as n\n  watermark: n"
            ),
        ),
    ]
}

fn connector(kind: &str, source: &str) -> String {
    format!(
        "name: inbox\ntitle: {{ vi: Nguồn, en: Source }}\nkind: {kind}\nsource:\n  \
         {source}\ndataset: raw.visits\nagency: H26\nperiod: 2026-09\nschedule: {{ every: 15m \
         }}\nrepeated: new\n"
    )
}

async fn house(connector: &str) -> Fixture {
    let mut setup = setup(connector);
    let secret = ("SECRET".to_owned(), "of-the-test".to_owned());
    setup.env.extend([secret]);
    Fixture::with(setup).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_that_is_not_listed_is_reached_by_no_kind() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let elsewhere = "\n  allow_addresses: ['localhost:1', 10.0.0.0/8]";
    for (kind, source) in connectors(port) {
        for (host, more) in [
            ("localhost", ""),
            ("localhost", elsewhere),
            ("127.0.0.1", ""),
        ] {
            let source = source.replace("localhost", host) + more;
            let f = house(&connector(kind, &source)).await;
            let told = pull(&f).await.unwrap().error.unwrap();
            let reason = format!("cannot reach `{host}:{port}`: ");
            assert!(told.contains(&reason), "{kind}: {told}");
            assert!(told.contains("loopback address"), "{kind}: {told}");
            assert!(told.contains("`allow_addresses`"), "{kind}: {told}");
            assert_eq!(
                state(&f).await.error_kind,
                Some(ErrorKind::Invalid),
                "{kind}"
            );
        }
    }
    let met = listener.accept().map(|(_, from)| from);
    assert_eq!(met.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_of_the_process_is_guarded_as_a_declared_one() {
    let target = tokio::task::spawn_blocking(|| Seaweed::shared().target());
    let target = target.await.unwrap();
    let source = format!(
        "url: {}\n  access_key: env:KEY\n  secret_key: env:SECRET_KEY",
        target.url()
    );
    let env = [
        ("AWS_ENDPOINT_URL", target.endpoint.clone()),
        ("AWS_REGION", target.region.clone()),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("KEY", target.access_key.clone()),
        ("SECRET_KEY", target.secret_key.clone()),
    ];
    let host = url::Url::parse(&target.endpoint).unwrap();
    let (host, port) = (host.host_str().unwrap(), host.port().unwrap());
    let listed = format!("{source}\n  allow_addresses: ['{host}:{port}']");
    for (source, reached) in [(source, false), (listed, true)] {
        let mut setup = setup(&connector("objects", &source));
        let variables = env.clone().map(|(name, value)| (name.to_owned(), value));
        setup.env.extend(variables);
        let f = Fixture::with(setup).await;
        let error = pull(&f).await.unwrap().error;
        assert_eq!(error.is_none(), reached, "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_redirects_elsewhere_is_not_followed() {
    let (portal, other) = (Portal::start().await, Portal::start().await);
    portal.instead("", Instead::Redirect(format!("http://{}/", other.at)), 100);
    let source = format!(
        "url: s3://drop\n  endpoint: http://{at}\n  allow_http: true\n  allow_addresses: \
         ['{at}']\n  access_key: env:SECRET\n  secret_key: env:SECRET",
        at = portal.at
    );
    let f = house(&connector("objects", &source)).await;
    let told = pull(&f).await.unwrap().error.unwrap();
    assert!(told.contains("cannot list"), "{told}");
    assert!(!portal.asked().is_empty());
    assert_eq!(other.asked().len(), 0);
}
