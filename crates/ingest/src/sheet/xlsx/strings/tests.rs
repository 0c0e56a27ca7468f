use super::unescaped;

#[test]
fn escapes_stand_for_what_xml_cannot_say() {
    let cases = [
        ("a_x000D_b", "a\rb"),
        ("_x0001_", "\u{1}"),
        ("_x005F_x000D_", "_x000D_"),
        ("_xD83D__xDCF7_!", "📷!"),
        ("_xD83D_", "\u{fffd}"),
        ("_x00_", "_x00_"),
        ("_x+00D_", "_x+00D_"),
        ("_x", "_x"),
        ("_x00ế_", "_x00ế_"),
        ("__x000A__", "_\n_"),
        ("tên_xã", "tên_xã"),
        ("", ""),
    ];
    for (text, meant) in cases {
        assert_eq!(unescaped(text), meant, "{text}");
    }
}
