//! The seeds still reach the inside of their parsers, and break no promise.

use fuzz::{TARGETS, assert_reachable};

#[test]
fn every_seed_reaches_the_inside_of_its_parser() {
    for target in TARGETS {
        assert_reachable(target);
    }
}

#[test]
fn every_target_has_a_program_and_every_folder_a_target() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str, end: &str| -> Vec<String> {
        let listed = std::fs::read_dir(root.join(folder)).unwrap();
        let names = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.map(|name| name.trim_end_matches(end).to_owned()).collect();
        names.sort();
        names
    };
    let mut targets: Vec<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    targets.sort();
    assert_eq!(names("fuzz_targets", ".rs"), targets);
    assert_eq!(names("corpus", ""), targets);
}
