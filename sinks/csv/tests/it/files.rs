//! Which file a row goes to, and what happens to files that are not as the sink left them.

use collector_core::testkit::{entries, expected};
use collector_core::{Origin, Stamp};
use serde_json::json;

use crate::archive::{Archive, DAY, LONG_HEADER, snapshot_mut, soc};

/// Files after readings of March 1st, 2nd, April 1st and, late, of March 1st.
async fn rotated(rotate: &str) -> Archive {
    let archive = Archive::new(json!({ "rotate": rotate }));
    let batch = [soc(1, 0), soc(2, DAY), soc(3, 31 * DAY), soc(4, 1)];
    archive.store(&batch).await;
    let mut rows = archive.rows();
    rows.sort();
    assert_eq!(rows, expected(&batch), "{rotate}");
    archive
}

#[tokio::test]
async fn a_reading_goes_to_the_file_of_the_time_when_it_was_measured() {
    let daily = [
        "cardata-2026-03-01.csv",
        "cardata-2026-03-02.csv",
        "cardata-2026-04-01.csv",
    ];
    assert_eq!(rotated("daily").await.files(), daily);
    let monthly = ["cardata-2026-03.csv", "cardata-2026-04.csv"];
    assert_eq!(rotated("monthly").await.files(), monthly);
    assert_eq!(rotated("yearly").await.files(), ["cardata-2026.csv"]);
    assert_eq!(rotated("never").await.files(), ["cardata.csv"]);
    assert_eq!(
        rotated("monthly").await.cells(monthly[0]).len(),
        1 + 3,
        "the late one too"
    );
}

#[tokio::test]
async fn a_period_ends_at_midnight_in_utc() {
    let archive = Archive::new(json!({ "rotate": "daily" }));
    archive.store(&[soc(1, DAY / 2 - 1), soc(2, DAY / 2)]).await;
    assert_eq!(
        archive.files(),
        ["cardata-2026-03-01.csv", "cardata-2026-03-02.csv"]
    );
}

#[tokio::test]
async fn a_row_reads_as_the_header_says() {
    let archive = Archive::new(json!({}));
    archive.store(&[soc(74, 1)]).await;
    let row = "2026-03-01T12:00:00.001Z,\"4567, \"\"the other\"\"\",WBA11AA0001234567,vehicle.header,74,%,telematics,poll,measured,";
    assert_eq!(
        archive.read("cardata-2026-03.csv"),
        format!("{LONG_HEADER}\n{row}\n")
    );
}

#[tokio::test]
async fn a_row_tells_the_stream_from_polls_and_measured_times_from_those_of_a_call() {
    let archive = Archive::new(json!({}));
    let mut entry = soc(1, 0);
    let snapshot = snapshot_mut(&mut entry);
    snapshot.origin = Origin::Stream;
    snapshot.readings[0].stamp = Stamp::Requested;
    archive.store(&[entry]).await;
    let row = &archive.cells("cardata-2026-03.csv")[1];
    assert_eq!(row[7..], ["stream", "requested", ""]);
}

/// Before origin and stamp were kept.
const OLDER_HEADER: &str = "measured_at,vehicle,vin,descriptor,value,unit,source";

#[tokio::test]
async fn a_file_of_an_older_version_keeps_its_columns_and_the_period_goes_on_in_the_next() {
    let archive = Archive::new(json!({}));
    let older = format!(
        "{OLDER_HEADER}\n2026-03-01T12:00:00.000Z,i4,WBY8P210X07A12345,vehicle.header,1,%,telematics\n"
    );
    archive.write_file("cardata-2026-03.csv", &older);
    let all = [soc(1, 0), soc(3, 1)];
    // What stands in it is known to a replay.
    let mut sink = archive.open();
    sink.rewrite(&all).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(archive.read("cardata-2026-03.csv"), older);
    let cells = archive.cells("cardata-2026-03_2.csv");
    assert_eq!(cells.len(), 1 + 1);
    assert_eq!(cells[0].join(","), LONG_HEADER);
    assert_eq!(cells[1][4], "3");
}

#[tokio::test]
async fn files_of_others_are_neither_extended_nor_overwritten() {
    let foreign = [
        "date,price\n2026-03-01,7\n",
        "\0\u{1}binary",
        &LONG_HEADER.replace(',', ";"),
    ];
    for content in foreign {
        let archive = Archive::new(json!({}));
        archive.write_file("cardata-2026-03.csv", content);
        archive.store(&[soc(1, 0)]).await;
        archive.store(&[soc(2, 0)]).await;
        assert_eq!(archive.read("cardata-2026-03.csv"), content);
        assert_eq!(archive.cells("cardata-2026-03_2.csv").len(), 1 + 2);
    }
}

#[tokio::test]
async fn a_folder_in_the_place_of_a_file_is_passed_over() {
    let archive = Archive::new(json!({}));
    std::fs::create_dir_all(archive.path().join("cardata-2026-03.csv")).unwrap();
    archive.store(&[soc(1, 0)]).await;
    assert_eq!(archive.cells("cardata-2026-03_2.csv").len(), 1 + 1);
}

#[tokio::test]
async fn an_empty_file_is_as_good_as_none() {
    let archive = Archive::new(json!({}));
    archive.write_file("cardata-2026-03.csv", "");
    archive.store(&[soc(1, 0)]).await;
    assert_eq!(archive.files(), ["cardata-2026-03.csv"]);
    assert_eq!(archive.rows(), expected(&[soc(1, 0)]));
}

#[tokio::test]
async fn a_file_that_a_spreadsheet_saved_is_extended() {
    let archive = Archive::new(json!({}));
    archive.store(&[soc(1, 0)]).await;
    let saved = archive.read("cardata-2026-03.csv").replace('\n', "\r\n");
    archive.write_file("cardata-2026-03.csv", saved.trim_end());
    archive.store(&[soc(2, 0)]).await;
    assert_eq!(archive.files(), ["cardata-2026-03.csv"]);
    assert_eq!(
        archive.rows(),
        [expected(&[soc(1, 0)]), expected(&[soc(2, 0)])].concat()
    );
}

#[tokio::test]
async fn a_line_without_its_end_is_completed_and_kept() {
    let archive = Archive::new(json!({}));
    archive.store(&[soc(1, 0)]).await;
    let torn = archive.read("cardata-2026-03.csv") + "2026-03-01T13:00:00.000Z,\"4567, \"\"the";
    archive.write_file("cardata-2026-03.csv", &torn);
    archive.store(&[soc(2, 0)]).await;
    let cells = archive.cells("cardata-2026-03.csv");
    assert_eq!(
        cells[2],
        [
            "2026-03-01T13:00:00.000Z",
            "4567, \"the",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            ""
        ]
    );
    assert_eq!(cells.len(), 1 + 3);
}

#[tokio::test]
async fn files_that_were_taken_away_while_it_runs_are_begun_anew() {
    let archive = Archive::new(json!({}));
    let mut sink = archive.open();
    sink.write(&[soc(1, 0)]).await.unwrap();
    std::fs::remove_file(archive.path().join("cardata-2026-03.csv")).unwrap();
    sink.write(&[soc(2, 0)]).await.unwrap();
    assert_eq!(archive.rows(), expected(&[soc(2, 0)]));
    std::fs::remove_dir_all(archive.path()).unwrap();
    sink.write(&[soc(3, 0)]).await.unwrap();
    assert_eq!(archive.rows(), expected(&[soc(3, 0)]));
}

#[tokio::test]
async fn a_batch_of_another_journal_is_not_a_repeat() {
    let archive = Archive::new(json!({}));
    archive.store(&entries(1, 3)).await;
    let config: sink_csv::CsvConfig = serde_json::from_value(json!({ "dir": archive.path() })).unwrap();
    let mut context = collector_core::testkit::context();
    context.log_id = collector_core::LogId::new("another");
    let mut sink = collector_core::SinkConfig::build(config, context).unwrap();
    sink.write(&[soc(1, 0)]).await.unwrap();
    assert_eq!(archive.rows().len(), 3 * 8 + 1);
}
