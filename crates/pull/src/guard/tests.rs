use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::{ObjectStore, RetryConfig};
use proptest::prelude::*;
use tokio::net::TcpListener;

use super::*;

fn closed() -> Guard {
    Guard::new(Vec::<String>::new()).unwrap()
}

/// Answers each question with the next of its answers, and the last one from then on.
struct Scripted {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let read = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self {
            answers: Mutex::new(answers.iter().rev().map(read).collect()),
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Names for Scripted {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        match answers.len() {
            0 => Err(io::Error::other("no such name")),
            1 => Ok(answers[0].clone()),
            _ => Ok(answers.pop().unwrap()),
        }
    }
}

async fn refused(guard: &Guard, host: &str, port: u16) -> String {
    match guard.addresses(host, port).await {
        Err(PullError::Declared(message)) => message,
        other => panic!("`{host}`: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_public_is_refused_however_it_is_written() {
    for (host, what) in [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.0.0.1", "private"),
        ("100.64.0.1", "shared by a carrier"),
        ("100.127.255.255", "shared by a carrier"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.169.254", "link-local"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.8", "reserved"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "reserved"),
        ("192.168.1.1", "private"),
        ("198.18.0.1", "benchmarks"),
        ("198.19.255.255", "benchmarks"),
        ("198.51.100.7", "documentation"),
        ("203.0.113.9", "documentation"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        // The same in other clothes.
        ("0x7f.1", "loopback"),
        ("0x7f000001", "loopback"),
        ("2130706433", "loopback"),
        ("0177.0.0.1", "loopback"),
        ("127.1", "loopback"),
        ("127.0.0.1.", "loopback"),
        ("0", "unspecified"),
        ("2852039166", "link-local"),
        ("１２７.0.0.1", "loopback"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("[::1]", "loopback"),
        ("0:0:0:0:0:0:0:1", "loopback"),
        ("::7f00:1", "IPv4 address within"),
        ("::ffff:127.0.0.1", "IPv4 address within"),
        ("[::ffff:127.0.0.1]", "IPv4 address within"),
        ("[::ffff:8.8.8.8]", "IPv4 address within"),
        ("[::ffff:0:127.0.0.1]", "reserved"),
        ("64:ff9b::7f00:1", "IPv4 address within"),
        ("64:ff9b:1::a00:1", "IPv4 address within"),
        ("100::1", "reserved"),
        ("2001::1", "reserved"),
        ("2001:db8::1", "documentation"),
        ("2002:7f00:1::", "IPv4 address within"),
        ("3fff::1", "documentation"),
        ("5f00::1", "reserved"),
        ("fc00::1", "unique local"),
        ("fd12:3456::1", "unique local"),
        ("fe80::1", "link-local"),
        ("fec0::1", "reserved"),
        ("ff02::1", "multicast"),
    ] {
        let message = refused(&closed(), host, 443).await;
        assert!(message.contains(what), "`{host}`: {message}");
    }
}

#[tokio::test]
async fn public_addresses_are_reached() {
    for host in [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "223.255.255.255",
        "2001:4860:4860::8888",
        "2400:cb00::1",
        "[2606:4700:4700::1111]",
        "0x01010101",
    ] {
        let found = closed().addresses(host, 443).await;
        assert_eq!(found.unwrap().len(), 1, "{host}");
    }
}

#[tokio::test]
async fn the_message_says_what_would_have_to_be_listed() {
    let guard = closed().with_names(Scripted::new(&[&["10.9.8.7"]]));
    assert_eq!(
        refused(&guard, "Db.Local", 5432).await,
        "cannot reach `db.local:5432`: `10.9.8.7` is a private address, and `db.local:5432` is \
         not in `allow_addresses`"
    );
    assert_eq!(
        refused(&guard, "0xa9fea9fe", 80).await,
        "cannot reach `169.254.169.254:80`: it is a link-local address, and \
         `169.254.169.254:80` is not in `allow_addresses`"
    );
    assert_eq!(
        refused(&guard, "::", 80).await,
        "cannot reach `[::]:80`: it is the unspecified address, which no list can open"
    );
}

#[tokio::test]
async fn one_bad_address_of_a_name_is_enough_to_refuse_it() {
    for bad in ["10.0.0.1", "::ffff:1.1.1.1", "fe80::1"] {
        let guard = closed().with_names(Scripted::new(&[&["1.1.1.1", bad]]));
        let message = refused(&guard, "mixed.vn", 443).await;
        assert!(message.contains(bad), "{message}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_unavailable() {
    for names in [Scripted::new(&[]), Scripted::new(&[&[]])] {
        let guard = closed().with_names(names);
        let error = guard.addresses("gone.vn", 443).await.unwrap_err();
        assert!(matches!(error, PullError::Unavailable(_)));
        assert!(error.to_string().contains("`gone.vn`"), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_host_is_said_so() {
    for host in [
        "",
        "a b",
        "a/b",
        "a@b",
        "1.2.3.4.5",
        "300.1.1.1",
        "[::1",
        "host:80",
    ] {
        let message = refused(&closed(), host, 443).await;
        assert!(message.contains("is no host"), "`{host}`: {message}");
    }
}

#[tokio::test]
async fn an_entry_opens_its_host_at_its_port_and_nothing_else() {
    let names = Scripted::new(&[&["10.0.0.5"]]);
    let entries = ["Db.Local.:5432", "10.0.0.6:22", "[fd00::1]:80", "0x7f.1:81"];
    let guard = Guard::new(entries).unwrap().with_names(names);
    for (host, port, opened) in [
        ("db.local", 5432, true),
        ("DB.LOCAL.", 5432, true),
        ("db.local", 5433, false),
        ("other.local", 5432, false),
        // The address behind a listed name is not listed.
        ("10.0.0.5", 5432, false),
        ("10.0.0.6", 22, true),
        ("10.0.0.6", 23, false),
        ("10.0.0.7", 22, false),
        ("fd00::1", 80, true),
        ("fd00::2", 80, false),
        ("127.0.0.1", 81, true),
    ] {
        let found = guard.addresses(host, port).await;
        assert_eq!(found.is_ok(), opened, "{host}:{port} {found:?}");
    }
}

#[tokio::test]
async fn a_listed_name_opens_no_special_address() {
    for (address, opened) in [
        ("10.0.0.1", true),
        ("127.0.0.1", true),
        ("fd00::1", true),
        ("169.254.169.254", false),
        ("fe80::1", false),
        ("::ffff:10.0.0.1", false),
        ("0.0.0.0", false),
        ("224.0.0.1", false),
    ] {
        let guard = Guard::new(["inner.vn:80"]).unwrap();
        let guard = guard.with_names(Scripted::new(&[&[address]]));
        let found = guard.addresses("inner.vn", 80).await;
        assert_eq!(found.is_ok(), opened, "{address} {found:?}");
    }
}

#[tokio::test]
async fn a_range_opens_its_addresses_at_every_port_by_whatever_name() {
    let names = Scripted::new(&[&["10.20.30.40"]]);
    let ranges = [
        "10.20.0.0/16",
        "169.254.10.9/30",
        "::ffff:0:0/96",
        "224.0.0.0/4",
        "::/0",
    ];
    let guard = Guard::new(ranges).unwrap().with_names(names);
    for (host, opened) in [
        ("10.20.255.1", true),
        ("inner.vn", true),
        ("10.21.0.1", false),
        ("169.254.10.8", true),
        ("169.254.10.12", false),
        ("::ffff:10.0.0.1", true),
        ("fe80::1", true),
        ("224.0.0.1", false),
        ("ff02::1", false),
        ("::", false),
    ] {
        let found = guard.addresses(host, 4711).await;
        assert_eq!(found.is_ok(), opened, "{host} {found:?}");
    }
}

#[test]
fn an_entry_that_opens_nothing_is_refused_by_name() {
    for entry in [
        "",
        "db.local",
        "10.0.0.1",
        "db.local:",
        "db.local:0",
        "db.local:70000",
        "db.local:http",
        "fd00::1:80:x",
        "10.0.0.0/33",
        "db.local/16",
        "http://db.local:80",
        ":80",
    ] {
        let error = Guard::new([entry]).unwrap_err();
        let named = format!("`{entry}` in `allow_addresses`");
        assert!(error.to_string().contains(&named), "{error}");
    }
}

#[test]
fn only_declared_schemes_without_a_user_are_read() {
    let guard = closed();
    for (text, plain, why) in [
        ("http://api.vn/", false, "plain HTTP"),
        ("ftp://api.vn/", true, "`ftp:`"),
        ("file:///etc/passwd", true, "`file:`"),
        ("gopher://api.vn", true, "`gopher:`"),
        ("api.vn/v1", true, "no URL"),
        ("https://", false, "no URL"),
        ("https://:80", false, "no URL"),
        ("https://hunter2@api.vn", false, "by reference"),
        ("https://me:hunter2@api.vn", false, "by reference"),
        ("https://:hunter2@api.vn", false, "by reference"),
    ] {
        let error = guard.url(text, plain).unwrap_err();
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let url = guard.url("http://0x7f.1/a?b=c#d", true).unwrap();
    assert_eq!(url.as_str(), "http://127.0.0.1/a?b=c");
}

/// A name that leads to a public address when it is checked and to a private one when it is
/// connected to.
#[tokio::test]
async fn a_name_is_asked_once_for_the_check_and_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let names = Scripted::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let guard = Guard::new([format!("moving.vn:{port}")]).unwrap();
    let guard = guard.with_names(names.clone());
    let within = Duration::from_secs(10);
    let stream = guard.connect("moving.vn", port, within).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
    assert_eq!(names.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_closed_port_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let guard = Guard::new([format!("127.0.0.1:{port}")]).unwrap();
    let within = Duration::from_secs(10);
    let error = guard.connect("127.0.0.1", port, within).await.unwrap_err();
    assert!(matches!(error, PullError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

/// The standard library's own opinion, where it has a stable one.
fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.to_ipv4().is_some()
                || address.segments()[0] & 0xe000 != 0x2000
        }
    }
}

/// Half of them near a border of a range.
fn v4() -> impl Strategy<Value = Ipv4Addr> {
    let first = prop::sample::select(vec![
        0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 240, 255,
    ]);
    let near = (first, any::<[u8; 3]>()).prop_map(|(a, [b, c, d])| Ipv4Addr::new(a, b, c, d));
    prop_oneof![any::<u32>().prop_map(Ipv4Addr::from), near]
}

proptest! {
    #[test]
    fn whatever_the_standard_library_calls_special_is_refused(
        four in v4(),
        six in any::<u128>().prop_map(Ipv6Addr::from),
    ) {
        for address in [IpAddr::V4(four), IpAddr::V6(six)] {
            prop_assert!(!is_special(address) || ranges::of(address).is_some(), "{address}");
        }
        prop_assert!(ranges::of(IpAddr::V6(four.to_ipv6_mapped())).is_some());
        prop_assert!(ranges::of(IpAddr::V6(four.to_ipv6_compatible())).is_some());
    }

    /// However an IPv4 address is written, it is checked as what it is.
    #[test]
    fn every_way_to_write_an_address_meets_the_same_check(address in v4()) {
        let number = u32::from(address);
        let [a, b, c, d] = address.octets();
        let ways = [
            address.to_string(),
            number.to_string(),
            format!("0x{number:x}"),
            format!("0{number:o}"),
            format!("{a}.0x{b:x}.0{c:o}.{d}"),
            format!("{a}.{}", number & 0x00ff_ffff),
            format!("{a}.{b}.{}.", number & 0xffff),
        ];
        for way in ways {
            let expected: Host = Host::Ipv4(address);
            prop_assert_eq!(host_of(&way).unwrap(), expected, "{}", way);
        }
    }
}

#[tokio::test]
async fn the_clients_of_a_store_connect_to_what_was_checked_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://moving.vn:{}", listener.local_addr().unwrap().port());
    let listed = Guard::new([address.trim_start_matches("http://")]).unwrap();
    // It leads elsewhere a moment later.
    let names = Scripted::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let clients = listed
        .with_names(names)
        .store(&address, true)
        .await
        .unwrap();
    let store = AmazonS3Builder::new()
        .with_bucket_name("drop")
        .with_endpoint(&address)
        .with_allow_http(true)
        .with_access_key_id("key")
        .with_secret_access_key("secret")
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        })
        .with_http_connector(clients)
        .build()
        .unwrap();
    let error = store.list(None).try_collect::<Vec<_>>().await.unwrap_err();
    let told = format!("{error:?}");
    assert!(
        told.contains("`169.254.169.254` is a link-local address"),
        "{told}"
    );
}

#[tokio::test]
async fn a_store_that_may_not_be_reached_is_told_before_it_is_asked() {
    let closed = closed().with_names(Scripted::new(&[&["10.1.2.3"]]));
    for (address, plain, why) in [
        ("http://127.0.0.1:1", true, "it is a loopback address"),
        ("https://s3.local", false, "`10.1.2.3` is a private address"),
        ("http://s3.local", false, "begins with `http://`"),
        (
            "https://key:secret@s3.local",
            false,
            "a user or a password in it",
        ),
    ] {
        let error = closed.store(address, plain).await.unwrap_err();
        assert!(matches!(error, PullError::Declared(_)), "{error}");
        assert!(error.to_string().contains(why), "{address}: {error}");
    }
}
