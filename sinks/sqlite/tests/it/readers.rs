//! Another user, who may read the database and write nothing.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use collector_core::testkit::entries;
use rusqlite::{Connection, OpenFlags};

use crate::store::{Store, query};

/// Names the database to the process of the other user.
const PATH: &str = "CARDATA_TEST_READ";
const NOBODY: u32 = 65_534;

#[tokio::test]
async fn who_may_only_read_reads_while_the_sink_writes_and_when_it_has_ended() {
    if let Some(path) = std::env::var_os(PATH) {
        let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert_eq!(query(&reader, "SELECT count(*) FROM readings"), ["8"]);
        return;
    }
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 1)).await.unwrap();
    read_only(&store);
    read(&store.path());
    sink.close().await.unwrap();
    read(&store.path());
}

/// The permissions that a group or the rest of the world has; of the owner too, for a run that is not root's.
fn read_only(store: &Store) {
    let path = store.path();
    let data = path.parent().unwrap();
    for file in std::fs::read_dir(data).unwrap() {
        let file = file.unwrap().path();
        std::fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    }
    for folder in [data, &store.folder()] {
        std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
}

/// In a process of its own: permissions bind no root.
fn read(path: &Path) {
    let mut reader = Command::new(std::env::current_exe().unwrap());
    reader.args([
        "--exact",
        "readers::who_may_only_read_reads_while_the_sink_writes_and_when_it_has_ended",
    ]);
    reader.env(PATH, path);
    let data = path.parent().unwrap();
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root {
        reader.uid(NOBODY).gid(NOBODY);
    } else {
        std::fs::set_permissions(data, Permissions::from_mode(0o555)).unwrap();
    }
    let output = reader.output().unwrap();
    std::fs::set_permissions(data, Permissions::from_mode(0o755)).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
