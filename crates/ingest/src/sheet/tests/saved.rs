use expect_test::expect;

use crate::Format;
use crate::samples::{contract, judge, judged, rules};

const XLSX: &[u8] = include_bytes!("../fixtures/form.xlsx");
const ODS: &[u8] = include_bytes!("../fixtures/form.ods");

#[test]
fn a_form_that_was_filled_in_and_saved_by_another_program_is_read() {
    let expected = expect![[r##"
        1: 00 | 1250 | -7 | 0.30 | 0.25 | true | 2026-09-15 | 2026-09-15T08:30:00+07:00
        2: Huế 01 | 2250 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        1 warned high count «1250»: cell B2: high is broken
        2 warned high count «2250»: cell B4: high is broken
        3 refused type count «#DIV/0!»: cell B5: `count` cannot be read as int64: the cell holds an error of the spreadsheet
            {"id":"03","count":"#DIV/0!","small":null,"price":null,"ratio":null,"flag":null,"day":"2026-09-05","at":null}
        3 received, 2 landed, 1 quarantined, 2 warned
    "##]];
    let shown = judged(Format::Xlsx, XLSX);
    expected.assert_eq(&shown);
    assert_eq!(judged(Format::Ods, ODS), shown);
}

#[test]
fn a_form_of_another_contract_is_known_by_its_stamp() {
    let mut other = contract();
    other.dataset = "raw.others".parse().unwrap();
    for (format, body) in [(Format::Xlsx, XLSX), (Format::Ods, ODS)] {
        let limits = crate::Limits::default();
        let error = judge(format, &other, &rules(), &limits, body)
            .err()
            .unwrap();
        let message = "the file is the form of `raw.samples`, not of `raw.others`";
        assert_eq!(error.to_string(), message);
    }
}
