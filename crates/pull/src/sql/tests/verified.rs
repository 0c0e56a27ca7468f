//! Servers that show a certificate.

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

/// Has the server write the file itself, which is then its own.
async fn write(bench: &Bench, text: &str, name: &str) {
    let lines: Vec<_> = text.lines().map(|line| format!("('{line}')")).collect();
    let lines = lines.join(",");
    bench
        .run(&format!(
            "copy (values {lines}) to program 'umask 077; cat > {name}'"
        ))
        .await;
}

#[tokio::test]
async fn a_server_is_verified_by_the_name_that_was_declared() {
    let server = Postgres::of_its_own();
    let mut bench = Bench::of(&server.database("verified"), "select 1").await;
    write(&bench, CERTIFICATE, "server.crt").await;
    write(&bench, KEY, "server.key").await;
    bench.run("alter system set ssl = on").await;
    server.stop();
    server.start();

    let port = bench.url.port().unwrap();
    let entries = [format!("db.dtm.test:{port}"), format!("127.0.0.1:{port}")];
    bench.guard = Guard::new(entries).unwrap().with_names(Arc::new(Home));
    let authority = bench.spool.path().join("authority.pem");
    std::fs::write(&authority, AUTHORITY).unwrap();
    // A row only over TLS.
    let select = "select 1 as n from pg_stat_ssl where pid = pg_backend_pid() and ssl";
    for (host, tls, trusted, works) in [
        ("db.dtm.test", Tls::VerifyFull, true, true),
        ("db.dtm.test", Tls::VerifyFull, false, false),
        ("127.0.0.1", Tls::VerifyFull, true, false),
        ("127.0.0.1", Tls::VerifyCa, true, true),
        ("127.0.0.1", Tls::VerifyCa, false, false),
        ("127.0.0.1", Tls::Require, false, true),
        ("127.0.0.1", Tls::Prefer, false, true),
    ] {
        let mut spec = bench.spec(select, "n");
        spec.host = host.into();
        spec.tls = tls;
        spec.root_certificates = trusted.then(|| authority.clone());
        let piece = bench.open(spec).next(None).await;
        assert_eq!(
            matches!(piece, Ok(Some(_))),
            works,
            "{host} {tls:?} {piece:?}"
        );
        if !works {
            let error = piece.unwrap_err();
            assert!(error.to_string().contains("no safe connection"), "{error}");
        }
    }
}
