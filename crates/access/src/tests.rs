use chrono::{DateTime, TimeDelta, Utc};
use expect_test::{Expect, expect};
use project::{AgencyCode, DatasetName};
use service::{Action, Principal, Secret};

use crate::{
    AccessError, Decision, Resource, Role, SecretKind, check_principal, decide, hash, kind_of,
    mint, scope, session_is_live, session_needs_touch, sign_in_code_expires_at, token_is_live,
};

fn agency(text: &str) -> AgencyCode {
    text.parse().unwrap()
}

fn principal(role: &str, own: Option<&str>) -> Principal {
    Principal {
        name: "lan".to_owned(),
        role: role.to_owned(),
        agency: own.map(agency),
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

#[test]
fn the_whole_table_of_roles_and_acts() {
    let mut table = format!("{:<20}", "");
    for role in Role::ALL {
        table += &format!(" {}", role.as_str());
    }
    table += "\n";
    let own = agency("H26");
    for action in Action::ALL {
        table += &format!("{:<20}", action.as_str());
        for role in Role::ALL {
            let principal = principal(role.as_str(), (!role.is_national()).then_some("H26"));
            let resource = Resource {
                agency: Some(&own),
                dataset: None,
            };
            let elsewhere = agency("H29");
            let other = Resource {
                agency: Some(&elsewhere),
                dataset: None,
            };
            let word = match (
                decide(&principal, action, &resource).is_allowed(),
                decide(&principal, action, &other).is_allowed(),
            ) {
                (true, true) => "yes",
                (true, false) => "own",
                (false, false) => "-",
                (false, true) => "only others'",
            };
            table += &format!(" {word:<width$}", width = role.as_str().len());
        }
        table = table.trim_end().to_owned() + "\n";
    }
    expect![[r#"
                             submitter official analyst data_engineer operator auditor administrator
        sign_in              yes       yes      yes     yes           yes      yes     yes
        sign_out             yes       yes      yes     yes           yes      yes     yes
        create_sign_in_code  yes       yes      yes     yes           yes      yes     yes
        create_token         -         -        -       -             -        -       yes
        submit               own       own      -       -             -        -       yes
        upload               own       own      -       -             -        -       yes
        withdraw             own       own      -       -             -        -       yes
        pull                 -         -        -       yes           yes      -       yes
        read_submission      own       own      -       yes           -        -       yes
        read_evidence        own       own      -       -             -        -       yes
        read_obligations     own       own      yes     yes           -        -       yes
        extend_deadline      -         -        -       -             -        -       yes
        release              -         -        -       yes           -        -       yes
        erase                -         -        -       -             -        -       yes
        query                -         -        yes     yes           -        -       yes
        read_figures         yes       yes      yes     yes           -        -       yes
        trace                -         -        yes     yes           -        yes     yes
        read_catalogue       yes       yes      yes     yes           yes      yes     yes
        read_reports         yes       yes      yes     yes           yes      yes     yes
        render_report        -         yes      yes     yes           -        -       yes
        read_rendition       -         yes      yes     yes           -        -       yes
        run                  -         -        -       yes           yes      -       yes
        rollback             -         -        -       yes           yes      -       yes
        read_runs            -         -        yes     yes           yes      -       yes
        plan                 -         -        -       yes           yes      -       yes
        apply                -         -        -       yes           yes      -       yes
        maintain             -         -        -       -             yes      -       yes
        read_audit           -         -        -       -             -        yes     yes
        read_metrics         -         -        -       -             yes      -       yes
    "#]]
    .assert_eq(&table);
}

fn check(principal: &Principal, action: Action, about: Option<&str>, expect: Expect) {
    let about = about.map(agency);
    let dataset: DatasetName = "raw.dossiers".parse().unwrap();
    let resource = Resource {
        agency: about.as_ref(),
        dataset: Some(&dataset),
    };
    let answer = match decide(principal, action, &resource) {
        Decision::Allow => "allow".to_owned(),
        Decision::Deny { reason } => reason,
    };
    expect.assert_eq(&answer);
}

#[test]
fn an_agencys_principal_acts_for_its_agency_and_those_below() {
    let province = principal("submitter", Some("H26"));
    check(&province, Action::Submit, Some("H26"), expect!["allow"]);
    check(
        &province,
        Action::Submit,
        Some("H26.01.02"),
        expect!["allow"],
    );
    check(
        &province,
        Action::Submit,
        Some("H29"),
        expect![
            "`lan` acts for agency `H26` and may not `submit` for agency `H29` on dataset `raw.dossiers`"
        ],
    );
    check(
        &principal("official", Some("H26.01")),
        Action::ReadSubmission,
        Some("H26"),
        expect![
            "`lan` acts for agency `H26.01` and may not `read_submission` for agency `H26` on dataset `raw.dossiers`"
        ],
    );
    check(
        &principal("official", Some("H26.1")),
        Action::ReadEvidence,
        Some("H26.10"),
        expect![
            "`lan` acts for agency `H26.1` and may not `read_evidence` for agency `H26.10` on dataset `raw.dossiers`"
        ],
    );
}

#[test]
fn what_is_not_known_is_denied() {
    check(
        &principal("submitter", Some("H26")),
        Action::ReadSubmission,
        None,
        expect![
            "`lan` acts for agency `H26` and may not `read_submission` without naming an agency on dataset `raw.dossiers`"
        ],
    );
    check(
        &principal("submitter", None),
        Action::Submit,
        Some("H26"),
        expect!["`lan` has the role `submitter` and no agency to act for"],
    );
    check(
        &principal("root", None),
        Action::SignOut,
        None,
        expect!["`lan` has the role `root`, which this system does not know"],
    );
    check(
        &principal("", None),
        Action::ReadCatalogue,
        None,
        expect!["`lan` has the role ``, which this system does not know"],
    );
}

#[test]
fn a_denial_names_the_role_the_act_and_the_dataset() {
    check(
        &principal("operator", None),
        Action::Query,
        None,
        expect!["role `operator` may not `query` on dataset `raw.dossiers`"],
    );
    check(
        &principal("auditor", None),
        Action::ReadEvidence,
        Some("H26"),
        expect!["role `auditor` may not `read_evidence` on dataset `raw.dossiers`"],
    );
}

#[test]
fn lists_are_limited_to_the_agency_of_an_agencys_principal() {
    assert_eq!(
        scope(&principal("official", Some("H26"))),
        Some(&agency("H26"))
    );
    assert_eq!(scope(&principal("data_engineer", None)), None);
}

#[test]
fn a_principal_must_have_an_agency_exactly_if_its_role_acts_for_one() {
    assert_eq!(
        check_principal(&principal("official", Some("H26"))),
        Ok(Role::Official)
    );
    assert_eq!(
        check_principal(&principal("administrator", None)),
        Ok(Role::Administrator)
    );
    let named = |name: &str| Principal {
        name: name.to_owned(),
        ..principal("analyst", None)
    };
    let refused = [
        principal("official", None),
        principal("analyst", Some("H26")),
        principal("root", None),
        named(""),
        named(" lan"),
        named("lan\nroot"),
    ];
    let errors = refused
        .map(|p| format!("{}\n", check_principal(&p).unwrap_err()))
        .concat();
    expect![[r#"
        role `official` acts for an agency: name it, as in `H26`
        role `analyst` is national and acts for no agency: leave out `H26`
        `root` is no role: expected one of `submitter`, `official`, `analyst`, `data_engineer`, `operator`, `auditor`, `administrator`
        `` is no name of a principal: expected 1 to 100 characters without line breaks
        ` lan` is no name of a principal: expected 1 to 100 characters without line breaks
        `lan\nroot` is no name of a principal: expected 1 to 100 characters without line breaks
    "#]].assert_eq(&errors);
    assert!(check_principal(&named(&"ă".repeat(100))).is_ok());
    assert!(check_principal(&named(&"ă".repeat(101))).is_err());
}

#[test]
fn a_secret_shows_its_kind_and_survives_no_typing_error() {
    let kinds = [
        SecretKind::Token,
        SecretKind::SignInCode,
        SecretKind::Session,
    ];
    for kind in kinds {
        let secret = mint(kind, [7; 32]);
        assert_eq!(kind_of(&secret), Ok(kind));
        let text = secret.reveal();
        for position in 0..text.len() {
            let mut wrong = text.as_bytes().to_vec();
            wrong[position] = if wrong[position] == b'0' { b'1' } else { b'0' };
            let wrong = Secret::new(String::from_utf8(wrong).unwrap());
            assert_eq!(
                kind_of(&wrong),
                Err(AccessError::NotASecret),
                "at {position}"
            );
        }
        for wrong in [
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}0"),
            &text.to_uppercase(),
        ] {
            assert_eq!(kind_of(&Secret::new(wrong)), Err(AccessError::NotASecret));
        }
    }
    for wrong in ["", "dtm_", "dtm_ă", &"ă".repeat(40), "Bearer x"] {
        assert_eq!(kind_of(&Secret::new(wrong)), Err(AccessError::NotASecret));
    }
    expect!["dtm_07070707070707070707070707070707070707070707070707070707070707071aa89ffd"]
        .assert_eq(mint(SecretKind::Token, [7; 32]).reveal());
    expect!["dtm_code_0707070707070707070707070707070707070707070707070707070707070707bfa29a66"]
        .assert_eq(mint(SecretKind::SignInCode, [7; 32]).reveal());
}

#[test]
fn the_hash_is_the_sha256_of_the_whole_text() {
    expect!["46aeb5580bac5a25c250228ddf4586dbd9399d8c5dc1550579e5ad9f4f3e1cdf"]
        .assert_eq(&hash(&Secret::new("dtm_")));
    let (one, other) = (
        mint(SecretKind::Token, [1; 32]),
        mint(SecretKind::Session, [1; 32]),
    );
    assert_ne!(hash(&one), hash(&other));
}

#[test]
fn a_wrong_secret_is_not_repeated_in_the_error() {
    let error = kind_of(&Secret::new("someone-elses-password")).unwrap_err();
    assert!(!error.to_string().contains("password"));
}

#[test]
fn a_session_ends_by_idleness_and_by_age() {
    let (minute, hour) = (60, 3600);
    assert!(session_is_live(at(15 * minute - 1), at(0), at(0)));
    assert!(!session_is_live(at(15 * minute), at(0), at(0)));
    assert!(session_is_live(at(12 * hour - 1), at(0), at(12 * hour - 2)));
    assert!(!session_is_live(at(12 * hour), at(0), at(12 * hour - 1)));
    // Another machine's clock may be a little ahead.
    assert!(session_is_live(at(0), at(2), at(2)));
    assert!(!session_needs_touch(at(59), at(0)));
    assert!(session_needs_touch(at(60), at(0)));
}

#[test]
fn a_token_ends_when_revoked_or_expired() {
    assert!(token_is_live(at(0), None, None));
    assert!(token_is_live(at(0), Some(at(1)), None));
    assert!(!token_is_live(at(1), Some(at(1)), None));
    assert!(!token_is_live(at(0), None, Some(at(5))));
}

#[test]
fn a_sign_in_code_lives_ten_minutes() {
    assert_eq!(
        sign_in_code_expires_at(at(0)) - at(0),
        TimeDelta::minutes(10)
    );
}
