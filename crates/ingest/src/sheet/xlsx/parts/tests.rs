use super::resolved;

#[test]
fn targets_are_relative_to_the_folder_or_absolute() {
    let cases = [
        ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
        (
            "xl",
            "/xl/worksheets/sheet1.xml",
            "xl/worksheets/sheet1.xml",
        ),
        ("xl/a", "../b.xml", "xl/b.xml"),
        ("", "./xl/workbook.xml", "xl/workbook.xml"),
        ("", "../../x.xml", "x.xml"),
        ("", "", ""),
    ];
    for (folder, target, part) in cases {
        assert_eq!(resolved(folder, target), part);
    }
}
