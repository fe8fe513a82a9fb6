//! What is remembered, whatever a crash or another journal does.

use super::*;

fn open(dir: &Path) -> Progress {
    Progress::open(dir, "csv").unwrap()
}

fn intent(seq: u64) -> Intent {
    Intent {
        seq: Some(seq),
        parts: Vec::new(),
    }
}

#[test]
fn the_last_line_counts() {
    let dir = tempfile::tempdir().unwrap();
    let mut progress = open(dir.path());
    progress.follow(&LogId::new("a"), Vec::new());
    progress.begin(intent(7)).unwrap();
    assert_eq!(open(dir.path()).intent(), Some(&intent(7)));
    progress.finish();
    let progress = open(dir.path());
    assert_eq!(progress.intent(), None);
    assert!(progress.contains(7) && !progress.contains(8));
}

#[test]
fn what_is_delivered_again_moves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut progress = open(dir.path());
    progress.begin(intent(7)).unwrap();
    progress.finish();
    let again = Intent {
        seq: None,
        parts: Vec::new(),
    };
    progress.begin(again.clone()).unwrap();
    assert_eq!(open(dir.path()).intent(), Some(&again));
    progress.finish();
    let progress = open(dir.path());
    assert!(progress.intent().is_none() && progress.contains(7) && !progress.contains(8));
}

#[test]
fn settling_makes_up_for_an_end_that_could_not_be_noted() {
    let dir = tempfile::tempdir().unwrap();
    let mut progress = open(dir.path());
    progress.begin(intent(7)).unwrap();
    progress.record.intent = None;
    progress.settle().unwrap();
    assert_eq!(open(dir.path()).intent(), None);
}

#[test]
fn another_journal_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut progress = open(dir.path());
    progress.follow(&LogId::new("a"), Vec::new());
    progress.begin(intent(7)).unwrap();
    progress.finish();
    progress.settle().unwrap();
    assert!(!progress.contains(1) && open(dir.path()).doubts(7));
    progress.begin(intent(6)).unwrap();
    progress.finish();
    assert!(!progress.doubts(6) && progress.doubts(7) && !progress.doubts(8));
    progress.follow(&LogId::new("b"), Vec::new());
    assert!(!progress.contains(1) && !progress.doubts(7));
}

#[test]
fn a_torn_line_leaves_its_predecessor_valid() {
    let dir = tempfile::tempdir().unwrap();
    let mut progress = open(dir.path());
    progress.begin(intent(7)).unwrap();
    progress.finish();
    let whole = progress.end;
    progress.begin(intent(9)).unwrap();
    for length in whole..progress.end {
        progress.file.set_len(length).unwrap();
        let mut read = open(dir.path());
        assert!(read.contains(7) && read.intent().is_none(), "cut at {length}");
        read.begin(intent(9)).unwrap();
        assert_eq!(
            open(dir.path()).intent(),
            Some(&intent(9)),
            "written behind a cut at {length}"
        );
    }
}

#[test]
fn the_file_stays_small() {
    let dir = tempfile::tempdir().unwrap();
    let mut progress = open(dir.path());
    for seq in 1..2_000 {
        progress.record.intent = Some(intent(seq));
        progress.finish();
    }
    assert!(progress.end < COMPACT_BEYOND + 100);
    assert!(open(dir.path()).contains(1_999));
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "no temporary file stays"
    );
}

#[test]
fn names_of_sinks_never_meet_and_never_leave_the_folder() {
    assert_eq!(file_name("csv"), ".cardata-csv.progress");
    assert_eq!(file_name("../a b"), ".cardata-%2e%2e%2fa%20b.progress");
}
