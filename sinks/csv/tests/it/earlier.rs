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
async fn a_row_goes_with_its_minute_and_a_bound_within_one_is_refused() {
    let wide = Archive::new(json!({ "layout": "wide" }));
    let mut streamed = numbers(3, &[("mileage", 2.0)]);
    snapshot_mut(&mut streamed).source = "live".into();
    wide.store(&[numbers(1, &[("range", 1.0)]), streamed, soc(5, 120_000)])
        .await;
    let before = shown(&wide);
    for (since, until) in [(1, DAY), (-DAY, 59_998), (1_000, 2_000)] {
        let reason = refused(wide.open(), &between(since, until)).await;
        assert!(
            reason.contains(SHEET) && reason.contains("bounds of rows"),
            "{reason}"
        );
    }
    let of_one = Scope::new(
        vec![serde_json::from_value(json!({ "sources": ["live"] })).unwrap()],
        None,
        None,
    );
    refused(wide.open(), &of_one).await;
    wide.erase(&between(60_000, 119_999)).await;
    assert_eq!(shown(&wide), before, "nothing was measured then");
    wide.erase(&between(0, 59_999)).await;
    let left = wide.cells(SHEET);
    assert_eq!((left.len(), left[1][0].as_str()), (2, "2026-03-01 12:02:00"));
}

/// Its rows are snapshots, and what a value's own time was is not known there.
#[tokio::test]
async fn a_sheet_of_an_earlier_version_is_not_extended_and_its_rows_come_anew() {
    let archive = Archive::new(json!({ "layout": "wide" }));
    archive.store(&[numbers(1, &[("range", 1.0)])]).await;
    fs::remove_file(archive.path().join(SHEET)).unwrap();
    let header = "received_at [UTC],measured_at [UTC],vehicle,vin,source,entry,range [km],note\n";
    let row = "2026-03-01 12:01:01,2026-03-01 12:00:00,i4,WBY8P210X07A12345,telematics,1,1,\n";
    archive.write_file(SHEET, &format!("{header}{row}"));
    archive.store(&[numbers(3, &[("range", 2.0)])]).await;
    assert_eq!(archive.read(SHEET), format!("{header}{row}"));
    let reason = refused(archive.open(), &between(-DAY, -1)).await;
    assert!(
        reason.contains(SHEET) && reason.contains("without --since"),
        "{reason}"
    );
    archive.erase(&Scope::default()).await;
    assert_eq!(archive.read(SHEET), header);
    archive
        .rewrite(&[numbers(1, &[("range", 1.0)]), numbers(3, &[("range", 2.0)])])
        .await;
    let rows = archive.cells("cardata-i4-7A12345-2026-03_2.csv");
    assert_eq!(
        (rows.len(), &rows[1][4], &rows[2][4]),
        (3, &"1".to_owned(), &"2".to_owned())
    );
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
