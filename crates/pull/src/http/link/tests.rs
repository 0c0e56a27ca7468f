use super::*;

fn found(field: &str) -> Result<Option<String>> {
    let here = Url::parse("https://api.vn/v1/list?page=1").unwrap();
    next([&field.to_owned()], &here, "page 1")
}

#[test]
fn the_next_page_is_found_among_other_links() {
    for (field, target) in [
        (
            "<https://api.vn/v1/list?page=2>; rel=\"next\"",
            "https://api.vn/v1/list?page=2",
        ),
        (
            "</v1/list?page=2>;rel=next",
            "https://api.vn/v1/list?page=2",
        ),
        ("<?page=2>; rel=NEXT", "https://api.vn/v1/list?page=2"),
        (
            "<?page=0>; rel=\"prev\", <?page=2>; title=\"a, <b>; rel=\\\"x\"; rel=\"last next\"",
            "https://api.vn/v1/list?page=2",
        ),
        ("<?a,b>; rel=next", "https://api.vn/v1/list?a,b"),
        ("<https://API.vn:443/x>; rel=next", "https://api.vn/x"),
    ] {
        assert_eq!(found(field).unwrap().as_deref(), Some(target), "{field}");
    }
}

#[test]
fn what_is_not_the_next_page_is_not_followed() {
    for field in [
        "",
        "<?page=2>",
        "<?page=2>; rel=prev",
        "<?page=2>; rel=nextish",
        "<?page=2>; title=\"rel=next\"",
        "<?page=2>; rel=prev; rel=next",
        "?page=2; rel=next",
        "<?page=2; rel=next",
    ] {
        assert_eq!(found(field).unwrap(), None, "{field}");
    }
}

#[test]
fn another_server_is_refused_by_name() {
    for target in [
        "https://evil.vn/v1/list",
        "http://api.vn/v1/list",
        "https://api.vn:8443/v1/list",
        "https://api.vn.evil.vn/",
        "//evil.vn/",
        "https://api.vn@evil.vn/",
        "https://me:hunter2@api.vn/",
        "file:///etc/passwd",
        "data:,x",
    ] {
        let error = found(&format!("<{target}>; rel=next")).unwrap_err();
        assert!(matches!(error, PullError::Answer(_)), "{target}");
        assert!(error.to_string().contains("another server"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
