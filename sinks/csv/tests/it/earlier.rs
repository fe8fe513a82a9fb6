//! What an erasure does with files of an earlier time: of another layout or delimiter, and of another journal.

use std::fs;

use collector_core::testkit::{expected, record_rows, trip};
use collector_core::{Entry, RecordState, Scope, Sink, SinkError, Value};
use serde_json::json;

use crate::archive::{Archive, DAY, cells, content, snapshot_mut, soc};
use crate::erase::{FILE, SHEET, between, numbers, sorted};

/// The files of the folder, without those that are hidden.
fn shown(archive: &Archive) -> Vec<(String, Vec<u8>)> {
    let content = content(&archive.path()).into_iter();
    content.filter(|(name, _)| !name.starts_with('.')).collect()
}

async fn refused(mut sink: Box<dyn Sink>, scope: &Scope) -> String {
    match sink.erase(scope).await.unwrap_err() {
        SinkError::Misconfigured { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_written_with_other_options_goes_too() {
    let spreadsheet = json!({ "layout": "wide", "delimiter": ";", "decimal": ",", "bom": true });
    let others = [
        spreadsheet,
        json!({ "delimiter": "\t" }),
        json!({ "layout": "wide", "delimiter": " " }),
    ];
    let mut all = [soc(1, 0), soc(2, DAY), soc(3, 2 * DAY)];
    let record = trip(0, 1, RecordState::Final, 1);
    for options in others {
        let archive = Archive::new(options.clone());
        archive
            .store(&[&all[..], &[Entry::record_of(4, record.clone())]].concat())
            .await;
        let old = archive.files();
        let delimiter = options["delimiter"].as_str().unwrap().as_bytes()[0];
        let archive = archive.with(json!({}));
        archive.write_file("cardata-2026-03_9.csv", "notes;of\tthe owner\n1;2\t3\n");
        for entry in &mut all {
            snapshot_mut(entry).readings[0].value = Value::Number(0.5);
        }
        archive.erase(&Scope::default()).await;
        archive.rewrite(&all).await;
        archive.rewrite(&[Entry::record_of(4, record.clone())]).await;
        for name in &old {
            assert_eq!(
                cells(&archive.bytes(name), delimiter).len(),
                1,
                "{name} {options}"
            );
            fs::remove_file(archive.path().join(name)).unwrap();
        }
        assert!(archive.read("cardata-2026-03_9.csv").ends_with("1;2\t3\n"));
        fs::remove_file(archive.path().join("cardata-2026-03_9.csv")).unwrap();
        assert_eq!(sorted(&archive), expected(&all), "{options}");
        let mut records = archive.records();
        records.sort();
        assert_eq!(records, record_rows(std::slice::from_ref(&record)));
    }
}

#[tokio::test]
async fn a_sheet_does_not_know_when_a_value_was_measured_and_says_so() {
    let wide = Archive::new(json!({ "layout": "wide" }));
    wide.store(&[numbers(1, &[("range", 1.0)])]).await;
    let before = shown(&wide);
    for layout in ["wide", "long"] {
        let archive = Archive::new(json!({ "layout": "wide", "delimiter": ";" }));
        archive.store(&[numbers(1, &[("range", 1.0)])]).await;
        let archive = archive.with(json!({ "layout": layout }));
        archive.store(&[soc(3, 40 * DAY)]).await;
        let before = shown(&archive);
        // The value was measured at noon, in whole seconds, or at any time before.
        for (since, until) in [(-DAY, -1), (999, DAY)] {
            let reason = refused(archive.open(), &between(since, until)).await;
            assert!(
                reason.contains(SHEET) && reason.contains("without --since"),
                "{reason}"
            );
        }
        assert_eq!(shown(&archive), before);
    }
    wide.erase(&between(1_000, DAY)).await;
    assert_eq!(shown(&wide), before, "nothing was measured so late");
}

#[tokio::test]
async fn what_another_journal_left_stays() {
    let archive = Archive::new(json!({}));
    archive.store(&[soc(1, 0), soc(2, 70 * DAY)]).await;
    let all = [soc(1, DAY), soc(2, 31 * DAY)];
    archive.of_another_journal().write(&all).await.unwrap();
    let before = shown(&archive);
    let reason = refused(archive.of_another_journal(), &Scope::default()).await;
    assert!(reason.contains(FILE) && reason.contains("move it"), "{reason}");
    assert_eq!(shown(&archive), before, "nothing was removed, of its own neither");

    let mut sink = archive.of_another_journal();
    sink.erase(&between(20 * DAY, 40 * DAY)).await.unwrap();
    assert_eq!(
        sorted(&archive),
        expected(&[soc(1, 0), soc(2, 70 * DAY), all[0].clone()])
    );
    for name in [FILE, "cardata-2026-05.csv"] {
        fs::rename(archive.path().join(name), archive.path().with_file_name(name)).unwrap();
    }
    sink.erase(&Scope::default()).await.unwrap();
    sink.rewrite(&all).await.unwrap();
    assert_eq!(archive.cells(FILE).len(), 2);
    sink.close().await.unwrap();
    // A file that it has begun is its own, whatever had that name.
    archive
        .of_another_journal()
        .erase(&Scope::default())
        .await
        .unwrap();
    assert_eq!(sorted(&archive), []);
}

#[tokio::test]
async fn nobody_knows_who_filled_a_folder_without_its_memory() {
    let archive = Archive::new(json!({}));
    archive.store(&[soc(1, 0)]).await;
    fs::remove_file(archive.path().join(".cardata-under-test.progress")).unwrap();
    let before = shown(&archive);
    refused(archive.open(), &Scope::default()).await;
    assert_eq!(shown(&archive), before);
}
