//! What a run found of rules.

use project::{Severity, Text};
use service::RuleOutcome;

/// A rule that holds, and one that does not.
pub(crate) fn quality() -> Vec<RuleOutcome> {
    let unique = RuleOutcome {
        run: "r1".to_owned(),
        version: Some(3),
        rule: "unique".to_owned(),
        column: None,
        severity: Severity::Error,
        passed: true,
        failed_rows: 0,
        checked_rows: 2,
        null_rows: None,
        message: Text {
            vi: "Đã có một dòng khác trùng Mã".to_owned(),
            en: "Another row has the same Id".to_owned(),
        },
        checked_at: "2026-09-15T01:02:03.250Z".parse().unwrap(),
    };
    let broken = RuleOutcome {
        rule: "few_minutes".to_owned(),
        column: Some("minutes".to_owned()),
        severity: Severity::Warning,
        passed: false,
        failed_rows: 1,
        null_rows: Some(1),
        ..unique.clone()
    };
    vec![unique, broken]
}
