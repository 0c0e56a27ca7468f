//! What a run found in columns.

use service::{ColumnProfile, ProfiledBin, ProfiledValue};

/// A column of numbers with everything, and one of texts that is hidden.
pub(crate) fn profiles() -> Vec<ColumnProfile> {
    let minutes = ColumnProfile {
        run: "r1".to_owned(),
        version: 3,
        period: Some("2026-09".to_owned()),
        column: "minutes".to_owned(),
        kind: "number".to_owned(),
        rows: 4_000,
        seen_rows: 1_000,
        sampled: true,
        null_rows: 25,
        not_finite_rows: 0,
        distinct_values: Some(2),
        min: Some("8".to_owned()),
        max: Some("1012".to_owned()),
        mean: Some(10.5),
        quantiles: ["8", "8", "10.5", "12", "12"].map(str::to_owned).to_vec(),
        top: vec![ProfiledValue {
            value: "12".to_owned(),
            rows: 600,
        }],
        histogram: [("8", "510", 375), ("510", "1012", 600)]
            .map(|(from, to, rows)| ProfiledBin {
                from: from.to_owned(),
                to: to.to_owned(),
                rows,
            })
            .to_vec(),
        hidden: None,
        psi: Some(0.125),
        null_share_change: Some(-0.5),
        compared_run: Some("r0".to_owned()),
        compared_period: Some("2026-08".to_owned()),
        profiled_at: "2026-09-15T01:02:03.250Z".parse().unwrap(),
    };
    let office = ColumnProfile {
        column: "office".to_owned(),
        kind: "text".to_owned(),
        min: None,
        max: None,
        mean: None,
        quantiles: vec![],
        top: vec![],
        histogram: vec![],
        hidden: Some("looks_personal".to_owned()),
        psi: None,
        compared_run: None,
        compared_period: None,
        ..minutes.clone()
    };
    vec![minutes, office]
}
