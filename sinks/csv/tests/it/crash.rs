//! A process that is killed, or a machine that loses its power, at every possible moment.

use std::collections::BTreeMap;
use std::fs;

use collector_core::Entry;
use collector_core::testkit::{Row, expected};
use proptest::prelude::*;
use serde_json::json;

use crate::archive::{Archive, DAY, content, soc, text};

type Content = BTreeMap<String, Vec<u8>>;

const PROGRESS: &str = ".cardata-under-test.progress";

/// Two batches, and the folder before and after the second.
struct Crash {
    batch: Vec<Entry>,
    /// Whether the second batch was delivered again: numbers from before the first.
    rewritten: bool,
    before: Content,
    after: Content,
}

impl Crash {
    async fn prepare(first: &[Entry], second: Vec<Entry>) -> Self {
        let archive = Archive::new(json!({}));
        archive.store(first).await;
        let before = content(&archive.path());
        archive.store(&second).await;
        let after = content(&archive.path());
        Self {
            batch: second,
            rewritten: false,
            before,
            after,
        }
    }

    /// The second batch is a rewrite, and some of it stands in the files already.
    async fn prepare_rewrite(first: &[Entry], again: Vec<Entry>) -> Self {
        let archive = Archive::new(json!({}));
        archive.store(first).await;
        let before = content(&archive.path());
        archive.rewrite(&again).await;
        Self {
            batch: again,
            rewritten: true,
            before,
            after: content(&archive.path()),
        }
    }

    fn length_before(&self, file: &str) -> usize {
        self.before.get(file).map_or(0, Vec::len)
    }

    /// The end of the first line that the second batch wrote to the progress file: the intent.
    fn end_of_intent(&self) -> usize {
        let begin = self.length_before(PROGRESS);
        let line = self.after[PROGRESS][begin..]
            .iter()
            .position(|byte| *byte == b'\n');
        begin + line.unwrap() + 1
    }

    /// A folder in which the progress file ends with the intent, and each file is as `cut` makes it; a file
    /// is absent where that is `None`.
    fn folder(&self, cut: impl Fn(&str, &[u8]) -> Option<Vec<u8>>) -> Archive {
        let archive = Archive::new(json!({}));
        fs::create_dir_all(archive.path()).unwrap();
        for (name, bytes) in &self.after {
            let kept = match name.as_str() {
                PROGRESS => Some(bytes[..self.end_of_intent()].to_vec()),
                ".cardata.lock" => continue,
                name if name.starts_with('.') => Some(bytes.clone()),
                name => cut(name, bytes),
            };
            if let Some(kept) = kept {
                fs::write(archive.path().join(name), kept).unwrap();
            }
        }
        archive
    }

    /// Delivers the batch again, an entry at a time, and a new one behind it.
    async fn recover(&self, archive: &Archive) -> Vec<Row> {
        let next = self.batch.last().unwrap().seq.max(9) + 1;
        let mut sink = archive.open();
        for entry in &self.batch {
            let entry = std::slice::from_ref(entry);
            match self.rewritten {
                true => sink.rewrite(entry).await.unwrap(),
                false => sink.write(entry).await.unwrap(),
            };
        }
        sink.write(&[soc(next, DAY)]).await.unwrap();
        sink.close().await.unwrap();
        let mut rows = archive.rows();
        rows.sort();
        rows
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

#[tokio::test]
async fn a_batch_is_stored_once_wherever_its_rows_were_torn() {
    let first = [soc(1, 0)];
    let second = vec![soc(2, 0), text(3, "=a\n\"b\""), soc(4, 0)];
    let crash = Crash::prepare(&first, second.clone()).await;
    let want = expected(&[&first[..], &second, &[soc(10, DAY)]].concat());
    let file = "cardata-2026-03.csv";
    for length in crash.length_before(file)..=crash.after[file].len() {
        let archive = crash.folder(|_, bytes| Some(bytes[..length].to_vec()));
        assert_eq!(crash.recover(&archive).await, want, "torn at byte {length}");
    }
}

#[tokio::test]
async fn a_batch_that_begins_a_file_is_stored_once_wherever_it_was_torn() {
    let first = [soc(1, 0)];
    let second = vec![soc(2, 31 * DAY), soc(3, 31 * DAY)];
    let crash = Crash::prepare(&first, second.clone()).await;
    let want = expected(&[&first[..], &second, &[soc(10, DAY)]].concat());
    let file = "cardata-2026-04.csv";
    let absent = crash.folder(|name, bytes| (name != file).then(|| bytes.to_vec()));
    assert_eq!(
        crash.recover(&absent).await,
        want,
        "killed before the file was made"
    );
    for length in 0..=crash.after[file].len() {
        let cut = |name: &str, bytes: &[u8]| {
            let kept = if name == file { length } else { bytes.len() };
            Some(bytes[..kept].to_vec())
        };
        assert_eq!(
            crash.recover(&crash.folder(cut)).await,
            want,
            "torn at byte {length}"
        );
    }
}

#[tokio::test]
async fn what_is_delivered_again_is_stored_once_wherever_it_was_torn() {
    // Two months; of the first a part is there.
    let first = [soc(3, 3), soc(9, DAY)];
    let again = vec![soc(1, 1), soc(2, 31 * DAY), soc(3, 3), soc(4, 4)];
    let crash = Crash::prepare_rewrite(&first, again.clone()).await;
    let news = [soc(1, 1), soc(2, 31 * DAY), soc(4, 4)];
    let want = expected(&[&first[..], &news, &[soc(10, DAY)]].concat());
    for file in ["cardata-2026-03.csv", "cardata-2026-04.csv"] {
        for length in crash.length_before(file)..=crash.after[file].len() {
            let cut = |name: &str, bytes: &[u8]| {
                let kept = if name == file { length } else { bytes.len() };
                Some(bytes[..kept].to_vec())
            };
            assert_eq!(
                crash.recover(&crash.folder(cut)).await,
                want,
                "{file} torn at byte {length}"
            );
        }
    }
    let absent = crash.folder(|name, bytes| (name != "cardata-2026-04.csv").then(|| bytes.to_vec()));
    assert_eq!(
        crash.recover(&absent).await,
        want,
        "the second file was never made"
    );
}

#[tokio::test]
async fn a_torn_intent_means_that_nothing_was_begun() {
    let first = [soc(1, 0)];
    let second = vec![soc(2, 0)];
    let crash = Crash::prepare(&first, second.clone()).await;
    let want = expected(&[&first[..], &second, &[soc(10, DAY)]].concat());
    for length in crash.length_before(PROGRESS)..crash.end_of_intent() {
        let archive = crash.folder(|name, _| crash.before.get(name).cloned());
        let progress = archive.path().join(PROGRESS);
        fs::write(&progress, &crash.after[PROGRESS][..length]).unwrap();
        assert_eq!(crash.recover(&archive).await, want, "torn at byte {length}");
    }
}

/// The note that a batch is complete is not made durable; the batch may be acknowledged all the same, and then
/// never comes again.
#[tokio::test]
async fn a_complete_batch_stays_although_its_end_was_not_noted() {
    let first = [soc(1, 0)];
    let second = vec![soc(2, 0), soc(3, 31 * DAY)];
    let crash = Crash::prepare(&first, second.clone()).await;
    let archive = crash.folder(|_, bytes| Some(bytes.to_vec()));
    archive.store(&[soc(4, 0)]).await;
    let mut rows = archive.rows();
    rows.sort();
    assert_eq!(rows, expected(&[&first[..], &second, &[soc(4, 0)]].concat()));
}

#[tokio::test]
async fn a_file_that_others_changed_after_the_crash_keeps_what_is_in_it() {
    let crash = Crash::prepare(&[soc(1, 0)], vec![soc(2, 0)]).await;
    let file = "cardata-2026-03.csv";
    let before = &crash.before[file];
    let shorter = before[..before.len() - 1].to_vec();
    let longer = [before, "a note without end, ".repeat(20).as_bytes()].concat();
    for changed in [shorter, longer] {
        let archive = crash.folder(|_, _| Some(changed.clone()));
        archive.store(&crash.batch).await;
        let bytes = archive.bytes(file);
        assert!(bytes.starts_with(&changed) && bytes.len() > changed.len());
        assert!(!bytes.contains(&0), "no gap was filled with zeros");
    }
}

#[tokio::test]
async fn what_others_append_after_a_batch_is_kept_at_the_next_start() {
    let archive = Archive::new(json!({}));
    archive.store(&[soc(1, 0)]).await;
    let file = "cardata-2026-03.csv";
    let note = "2026-03-02T00:00:00.000Z,i4,WBY8P210X07A12345,my.note,serviced,,me,,,\n";
    archive.write_file(file, &(archive.read(file) + note));
    archive.store(&[soc(2, 0)]).await;
    assert_eq!(archive.rows().len(), 3);
    assert!(archive.read(file).contains(note));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// After a power failure, each file may hold any part of what was written, and zeros for the rest.
    #[test]
    fn a_batch_is_stored_once_whatever_of_it_reached_the_disk(
        kept in prop::collection::vec((0.0..=1.0_f64, any::<bool>()), 3),
        days in prop::collection::vec(0..90_i64, 1..8),
    ) {
        let first: Vec<Entry> = vec![soc(1, 0), soc(2, 40 * DAY)];
        let second: Vec<Entry> = (3..).zip(&days).map(|(seq, day)| soc(seq, day * DAY)).collect();
        let next = soc((3 + second.len() as u64).max(10), DAY);
        let want = expected(&[&first[..], &second, &[next]].concat());
        let rows = run(async {
            let crash = Crash::prepare(&first, second).await;
            let archive = crash.folder(|name, bytes| {
                let (share, zeros) = kept[usize::from(name.as_bytes()[14] - b'3')];
                let before = crash.length_before(name);
                let length = before + ((bytes.len() - before) as f64 * share) as usize;
                let mut kept = bytes[..length].to_vec();
                if zeros {
                    kept.resize(bytes.len(), 0);
                }
                Some(kept)
            });
            crash.recover(&archive).await
        });
        prop_assert_eq!(rows, want);
    }
}
