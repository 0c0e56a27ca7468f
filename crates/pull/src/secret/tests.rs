use super::*;

#[test]
fn a_reference_is_read_and_written_alike() {
    for text in [
        "env:API_TOKEN",
        "env:_x1",
        "file:sftp.key",
        "file:db-password",
    ] {
        assert_eq!(SecretRef::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn what_is_no_reference_is_refused_and_not_shown() {
    for text in [
        "",
        "hunter2",
        "env:",
        "env:1ST",
        "env:A-B",
        "env:hunter 2",
        "file:",
        "file:.ssh",
        "file:../hunter2",
        "file:/etc/hunter2",
        "file:a\0hunter2",
        "vault:hunter2",
        " env:HUNTER2",
        "Env:HUNTER2",
    ] {
        let error = SecretRef::parse(text).unwrap_err();
        assert!(matches!(error, PullError::Declared(_)), "{text}");
        let shown = format!("{error} {error:?}").to_lowercase();
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

#[test]
fn a_secret_is_never_shown() {
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    assert_eq!(secret.reveal(), "hunter2");
}
