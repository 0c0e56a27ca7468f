//! Servers that show a certificate.

use testkit::postgres::Front;

use super::*;

/// Both for a hundred years, and of no use anywhere else.
const AUTHORITY: &str = include_str!("authority.pem");
const CERTIFICATE: &str = include_str!("server.pem");
const KEY: &str = include_str!("server.key");

struct Home;

#[async_trait]
impl Names for Home {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        Ok(vec![[127, 0, 0, 1].into()])
    }
}

#[tokio::test]
async fn a_server_is_verified_by_the_name_that_was_declared() {
    // As the binary does, before anything connects.
    let _chosen = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut bench = Bench::new("verified", "select 1").await;
    // Nobody gets past it without TLS.
    let front = Front::of(Postgres::shared(), &format!("{CERTIFICATE}{KEY}"));
    let port = front.port();
    let entries = [format!("db.dtm.test:{port}"), format!("127.0.0.1:{port}")];
    bench.guard = Guard::new(entries).unwrap().with_names(Arc::new(Home));
    let authority = bench.spool.path().join("authority.pem");
    std::fs::write(&authority, AUTHORITY).unwrap();
    for (host, tls, trusted, works) in [
        ("db.dtm.test", Tls::VerifyFull, true, true),
        ("db.dtm.test", Tls::VerifyFull, false, false),
        ("127.0.0.1", Tls::VerifyFull, true, false),
        ("127.0.0.1", Tls::VerifyCa, true, true),
        ("127.0.0.1", Tls::VerifyCa, false, false),
        ("127.0.0.1", Tls::Require, false, true),
        ("127.0.0.1", Tls::Prefer, false, true),
        ("127.0.0.1", Tls::Disable, false, false),
    ] {
        let mut spec = bench.spec("select 1 as n", "n");
        spec.host = host.into();
        spec.port = port;
        spec.tls = tls;
        spec.root_certificates = trusted.then(|| authority.clone());
        let piece = bench.open(spec).next(None).await;
        let worked = matches!(piece, Ok(Some(_)));
        assert_eq!(worked, works, "{host} {tls:?} {piece:?}");
        if !works {
            let error = piece.unwrap_err();
            assert!(matches!(error, PullError::Unavailable(_)), "{error}");
            let said = error.to_string().contains("no safe connection");
            assert!(said || tls == Tls::Disable, "{error}");
        }
    }
}
