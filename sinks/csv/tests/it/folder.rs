//! The folder: checks that leave nothing behind, and sinks that get in each other's way.

use std::fs;
use std::path::Path;

use collector_core::testkit::expected;
use collector_core::{Held, SinkError};
use serde_json::json;

use crate::archive::{Archive, content, soc};

fn reason(result: Result<(), SinkError>) -> String {
    match result {
        Err(SinkError::Misconfigured { reason }) => reason,
        other => panic!("a person should be asked, but: {other:?}"),
    }
}

#[tokio::test]
async fn a_check_of_a_folder_that_will_be_made_makes_nothing() {
    let archive = Archive::new(json!({}));
    archive.open().check().await.unwrap();
    assert!(!archive.path().exists());
}

#[tokio::test]
async fn a_check_of_a_folder_in_use_changes_nothing() {
    let archive = Archive::new(json!({}));
    let mut sink = archive.open();
    sink.write(&[soc(1, 0)]).await.unwrap();
    let before = content(&archive.path());
    sink.check().await.unwrap();
    assert_eq!(content(&archive.path()), before);
}

#[tokio::test]
async fn a_file_is_no_folder() {
    let archive = Archive::new(json!({}));
    std::fs::write(archive.path(), "").unwrap();
    let mut sink = archive.open();
    let checked = reason(sink.check().await);
    assert!(
        checked.ends_with("csv is a file; choose a folder as `dir`"),
        "{checked}"
    );
    let written = sink.write(&[soc(1, 0)]).await.map(drop);
    assert!(written.is_err());
}

/// Nobody, not even root, can make a file in sysfs.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_without_write_permission_needs_a_person() {
    use collector_core::SinkConfig;

    let config: sink_csv::CsvConfig =
        serde_json::from_value(json!({ "dir": "/sys/kernel/cardata" })).unwrap();
    let mut sink = config.build(collector_core::testkit::context()).unwrap();
    let checked = reason(sink.check().await);
    assert!(checked.contains("create a file in /sys/kernel"), "{checked}");
    assert!(checked.contains("choose another `dir`"), "{checked}");
    let written = reason(sink.write(&[soc(1, 0)]).await.map(drop));
    assert!(
        written.contains("create the folder /sys/kernel/cardata"),
        "{written}"
    );
}

#[tokio::test]
async fn a_folder_has_one_sink_at_a_time() {
    let archive = Archive::new(json!({}));
    let (mut first, mut second) = (archive.open(), archive.open());
    first.write(&[soc(1, 0)]).await.unwrap();
    let written = reason(second.write(&[soc(1, 0)]).await.map(drop));
    assert!(
        written.contains("give each csv sink a folder of its own"),
        "{written}"
    );
    assert_eq!(reason(second.check().await), written);

    first.close().await.unwrap();
    second.check().await.unwrap();
    second.write(&[soc(1, 0), soc(2, 0)]).await.unwrap();
    assert_eq!(
        archive.rows(),
        [expected(&[soc(1, 0)]), expected(&[soc(2, 0)])].concat()
    );
}

#[tokio::test]
async fn a_folder_that_was_emptied_or_replaced_is_noticed() {
    let archive = Archive::new(json!({}));
    let mut sink = archive.open();
    assert_eq!(sink.held().await.unwrap(), Held::Nothing);
    sink.write(&[soc(1, 0)]).await.unwrap();
    assert_eq!(sink.held().await.unwrap(), Held::UpTo(1));
    for file in archive.files() {
        fs::remove_file(archive.path().join(file)).unwrap();
    }
    assert_eq!(sink.held().await.unwrap(), Held::Nothing, "its files are gone");
    sink.write(&[soc(2, 0)]).await.unwrap();
    assert_eq!(sink.held().await.unwrap(), Held::UpTo(2));

    // An older copy of the folder in its place, and one over it, to which the sink goes on.
    let copy = archive.path().with_extension("copy");
    copy_all(&archive.path(), &copy);
    sink.write(&[soc(3, 1)]).await.unwrap();
    copy_all(&copy, &archive.path());
    assert_eq!(sink.held().await.unwrap(), Held::UpTo(2));
    sink.write(&[soc(3, 1)]).await.unwrap();
    assert_eq!(sink.held().await.unwrap(), Held::UpTo(3));
    fs::remove_dir_all(archive.path()).unwrap();
    fs::rename(&copy, archive.path()).unwrap();
    assert_eq!(sink.held().await.unwrap(), Held::UpTo(2));
    sink.write(&[soc(4, 2)]).await.unwrap();
    assert_eq!(sink.held().await.unwrap(), Held::UpTo(4));
    sink.close().await.unwrap();
    assert_eq!(
        archive.rows(),
        [expected(&[soc(2, 0)]), expected(&[soc(4, 2)])].concat()
    );
    assert_eq!(archive.open().held().await.unwrap(), Held::UpTo(4));
    fs::remove_dir_all(archive.path()).unwrap();
    assert_eq!(
        archive.open().held().await.unwrap(),
        Held::Nothing,
        "all of it is gone"
    );
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
