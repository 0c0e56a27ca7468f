//! Homes whose tables and evidence are on S3, with the built binary.

use std::process::Output;

use testkit::TestHome;
use testkit::seaweed::{S3Target, Seaweed};

use super::{dtm, json};
use crate::home::VISITS;

/// A home with the environment under which its store is found.
struct Remote {
    home: TestHome,
    target: S3Target,
    plain_http: bool,
}

impl Remote {
    fn new() -> Self {
        Self {
            home: TestHome::new(),
            target: Seaweed::shared().target(),
            plain_http: true,
        }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = dtm(&self.home);
        command.envs(self.target.env()).args(args);
        if !self.plain_http {
            command.env_remove("AWS_ALLOW_HTTP");
        }
        command.output().unwrap()
    }

    #[track_caller]
    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn init(&self) {
        self.done(&["init", "--store", &self.target.url()]);
    }
}

#[test]
fn on_s3_a_project_goes_from_init_to_a_report() {
    let remote = Remote::new();
    remote.init();
    remote.done(&["apply"]);
    let file = remote.home.write("visits.csv", VISITS);
    let file = file.to_str().unwrap();
    let submit = [
        "submit",
        "raw.visits",
        file,
        "--agency",
        "H26",
        "--period",
        "2026-09",
        "--key",
        "k",
        "--format",
        "json",
    ];
    let receipt = json(&remote.done(&submit));
    assert_eq!(receipt[0]["rows"]["landed"], 2, "{receipt}");
    assert_eq!(json(&remote.done(&submit)), receipt);
    let steps = json(&remote.done(&["run", "--format", "json"]));
    assert_eq!(steps[0]["state"], "built", "{steps}");
    let sql = "select office, visits, minutes from visits_by_office order by office";
    assert_eq!(
        remote.done(&["query", sql, "--format", "csv"]),
        "office,visits,minutes\r\nBa Đình,1,12\r\nCầu Giấy,1,8\r\n"
    );
    let out = remote.home.root().join("visits.html");
    let report = [
        "report",
        "visits",
        "--param",
        "period=2026-09",
        "--out",
        out.to_str().unwrap(),
    ];
    remote.done(&report);
    let page = std::fs::read_to_string(out).unwrap();
    assert!(page.contains("Cầu Giấy") && page.contains("<svg"), "{page}");
    // What is kept of the rows is on the bucket, and none of it at home.
    assert!(!remote.home.path().join("lake").exists());
    let again = json(&remote.done(&["run", "--format", "json"]));
    assert_eq!(again[0]["state"], "up_to_date", "{again}");
}

#[test]
fn plain_http_to_a_store_is_refused_with_both_ways_out_and_each_of_them_works() {
    let mut remote = Remote::new();
    let url = remote.target.url();
    let refused = |remote: &Remote, args: &[&str]| {
        let output = remote.run(args);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{told}");
        for named in [
            remote.target.endpoint.as_str(),
            "`s3.allow_http`",
            "`AWS_ALLOW_HTTP=true`",
        ] {
            assert!(told.contains(named), "{told}");
        }
    };
    remote.plain_http = false;
    refused(&remote, &["init", "--store", &url]);
    // Nothing is left that would be in the way of the next try.
    remote.plain_http = true;
    remote.init();
    remote.done(&["apply"]);

    remote.plain_http = false;
    refused(&remote, &["plan"]);
    let settings = remote.home.path().join("dtm.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let allowed = text.replace("allow_http = false", "allow_http = true");
    assert_ne!(allowed, text);
    std::fs::write(&settings, allowed).unwrap();
    assert_eq!(
        json(&remote.done(&["plan", "--format", "json"])),
        serde_json::json!([])
    );
}

#[test]
fn a_store_without_credentials_is_refused_and_the_variables_are_named() {
    let home = TestHome::new();
    let mut command = dtm(&home);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env_remove(name);
    }
    let output = command
        .args(["init", "--store", "s3://bucket/lake"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.contains("no credentials for `s3://bucket/lake`"),
        "{told}"
    );
    assert!(
        told.contains("`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"),
        "{told}"
    );
    assert!(!home.path().join("dtm.toml").exists());
}
