//! Records beyond the suite: what broke off, what is withdrawn, what tells records apart, and servers that cannot keep
//! the promise.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use collector_core::testkit::{entries, record_rows as expected, trip};
use collector_core::{
    Column, Entry, Record, RecordKind, RecordState, Sink, SinkError, Value, ValueType, Written,
};
use serde_json::json;

use crate::conformance::record_rows;
use crate::memory::Memory;
use crate::mock::Mock;
use crate::{bucket, database, misconfigured, sink};
use RecordState::{Final, Live, Withdrawn};

fn told(seq: u64, record: &Record) -> Entry {
    Entry::record_of(seq, record.clone())
}

fn opened(memory: &Memory) -> Box<dyn Sink> {
    sink(database(&memory.mock.url, "cars"))
}

/// Which entries were rejected, and which reading of each.
fn places(written: &Written) -> Vec<(u64, Option<usize>)> {
    let rejected = written.rejected.iter();
    rejected.map(|one| (one.seq, one.reading)).collect()
}

async fn write(memory: &Memory, record: &Record) {
    let written = opened(memory).write(&[told(1, record)]).await.unwrap();
    assert_eq!(written.rejected, []);
}

#[tokio::test]
async fn a_record_is_a_measurement_of_its_kind() {
    let memory = Memory::start().await;
    write(&memory, &trip(1, 2, Final, 1)).await;
    let lines: Vec<String> = memory
        .mock
        .asked()
        .into_iter()
        .filter(|asked| asked.uri.path() == "/write")
        .map(|asked| asked.body)
        .collect();
    assert_eq!(
        lines,
        [
            "cardata_test_trip_stop,number=1,record.kind=test_trip_stop,vehicle=i4,vin=WBY8P210X07A12345 \
             record.at=\"2026-03-01T12:01:00.000Z\",revision=2,state=\"final\",test_trip.start=\"2026-03-01T12:01:00.000Z\" \
             1772366461000998983\n",
            "cardata_test_trip,record.kind=test_trip,vehicle=i4,vin=WBY8P210X07A12345 \
             distance=2.5,purpose=\"work, \\\"home\\\"\",revision=2,start=\"2026-03-01T12:01:00.000Z\",state=\"final\" \
             1772366460000000000\n",
        ]
    );
}

#[tokio::test]
async fn what_a_higher_revision_does_not_know_is_gone() {
    let memory = Memory::start().await;
    write(&memory, &trip(1, 1, Live, 1)).await;
    let mut next = trip(1, 2, Live, 1);
    next.values = [None, Some(Value::Bool(true)), None].into();
    write(&memory, &next).await;
    assert_eq!(record_rows(memory.points()), expected(&[next]));
}

#[tokio::test]
async fn a_revision_that_says_more_removes_nothing() {
    let memory = Memory::start().await;
    write(&memory, &trip(1, 1, Live, 1)).await;
    write(&memory, &trip(1, 2, Live, 2)).await;
    let asked = memory.mock.asked();
    assert!(asked.iter().all(|asked| !asked.body.contains("DELETE")));
    assert_eq!(record_rows(memory.points()), expected(&[trip(1, 2, Live, 2)]));
}

#[tokio::test]
async fn a_withdrawn_record_does_not_come_back_by_an_earlier_revision() {
    let memory = Memory::start().await;
    write(&memory, &trip(1, 3, Live, 2)).await;
    write(&memory, &trip(1, 4, Withdrawn, 2)).await;
    for revision in [1, 3] {
        write(&memory, &trip(1, revision, Live, 2)).await;
        assert_eq!(record_rows(memory.points()), []);
    }
    write(&memory, &trip(1, 5, Final, 1)).await;
    assert_eq!(record_rows(memory.points()), expected(&[trip(1, 5, Final, 1)]));
    let measurements: BTreeSet<String> = memory
        .points()
        .into_iter()
        .map(|point| point.measurement)
        .collect();
    assert!(
        !measurements.contains("cardata_test_trip.withdrawn"),
        "{measurements:?}"
    );
}

#[tokio::test]
async fn parts_of_a_write_that_broke_off_do_not_stay() {
    let memory = Memory::start().await;
    write(&memory, &trip(1, 1, Live, 4)).await;
    // As if the point of the record itself had never been written.
    let mut sink = opened(&memory);
    let lost = memory
        .points()
        .into_iter()
        .filter(|point| point.measurement == "cardata_test_trip_stop");
    let lines: Vec<String> = lost.map(|point| line(&point)).collect();
    memory.clear();
    memory.write(&lines.join("\n"));
    sink.write(&[told(2, &trip(1, 2, Live, 1))]).await.unwrap();
    assert_eq!(record_rows(memory.points()), expected(&[trip(1, 2, Live, 1)]));
}

fn line(point: &tests::servers::Point) -> String {
    let tags: String = point
        .tags
        .iter()
        .map(|(key, value)| format!(",{key}={value}"))
        .collect();
    let value = match &point.value {
        tests::servers::FieldValue::Text(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    format!(
        "{}{tags} {}={value} {}",
        point.measurement, point.field, point.timestamp
    )
}

#[tokio::test]
async fn a_vehicle_that_is_called_otherwise_leaves_no_second_record() {
    let memory = Memory::start().await;
    write(&memory, &trip(1, 1, Live, 1)).await;
    let mut renamed = trip(1, 2, Live, 1);
    renamed.vehicle.name = "the car".into();
    write(&memory, &renamed).await;
    assert_eq!(record_rows(memory.points()), expected(&[renamed]));
}

/// A kind whose records share a moment.
static BILL: RecordKind = RecordKind {
    name: "test_bill",
    plural: "test_bills",
    short: "bill",
    version: 1,
    title: "Bill",
    key: &[
        Column::new("from", ValueType::Timestamp, None),
        Column::new("tariff", ValueType::Text, None),
        Column::new("number", ValueType::Number, None),
    ],
    columns: &[Column::new("sum", ValueType::Number, None)],
    children: &[],
};

fn bill(from: i64, tariff: &str, number: f64) -> Record {
    let whole = trip(1, 1, Live, 0);
    let from = jiff::Timestamp::from_millisecond(from).unwrap();
    let key = [
        Value::Timestamp(from),
        Value::Text(tariff.into()),
        Value::Number(number),
    ];
    Record::new(&BILL, whole.vehicle, whole.at, key, [Some(Value::Number(1.0))])
}

#[tokio::test]
async fn records_of_one_moment_stand_side_by_side() {
    let memory = Memory::start().await;
    let bills = [
        bill(1_000, "day", 1.0),
        bill(2_000, "day", 1.0),
        bill(1_000, "night", 1.0),
        bill(1_000, "day", 2.0),
    ];
    let batch: Vec<Entry> = (1..).zip(&bills).map(|(seq, bill)| told(seq, bill)).collect();
    opened(&memory).write(&batch).await.unwrap();
    let points = memory.points();
    let sums: Vec<_> = points.iter().filter(|point| point.field == "sum").collect();
    assert_eq!(sums.len(), 4, "{sums:?}");
    let moments: BTreeSet<i64> = sums
        .iter()
        .map(|point| point.timestamp.div_euclid(1_000_000))
        .collect();
    assert_eq!(moments.len(), 1, "within one millisecond");
}

#[tokio::test]
async fn a_server_that_removes_nothing_marks_what_is_none_any_more() {
    let memory = Memory::that_keeps().await;
    for options in [
        database(&memory.mock.url, "cars"),
        bucket(&memory.mock.url, "cars"),
    ] {
        memory.clear();
        for record in [
            trip(1, 1, Live, 2),
            trip(2, 1, Live, 0),
            trip(1, 3, Live, 1),
            trip(2, 2, Withdrawn, 0),
            trip(1, 2, Live, 3),
        ] {
            sink(options.clone()).write(&[told(1, &record)]).await.unwrap();
        }
        let (gone, there): (Vec<_>, Vec<_>) = record_rows(memory.points())
            .into_iter()
            .partition(|row| row.state == "withdrawn");
        assert_eq!(there, expected(&[trip(1, 3, Live, 1)]));
        let gone: Vec<_> = gone.iter().map(|row| (row.kind.as_str(), row.revision)).collect();
        assert_eq!(gone, [("test_trip", 2), ("test_trip_stop", 3)]);
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_refuses_records_and_takes_readings() {
    let answers = [
        (json!({ "results": [{ "error": "not supported" }] }), true),
        (json!("no such statement"), true),
        // As VictoriaMetrics does, which never can keep a record: no letters.
        (
            json!({ "results": [
                { "name": "databases", "series": [{ "name": "databases", "columns": ["name"], "values": [] }] }
            ] }),
            false,
        ),
    ];
    for (answer, is_rejected) in answers {
        let mock = Mock::start(move |asked| match asked.uri.path() {
            "/query" => axum::Json(answer.clone()).into_response(),
            _ => StatusCode::NO_CONTENT.into_response(),
        })
        .await;
        let mut batch = entries(1, 2);
        batch.push(told(3, &trip(1, 1, Live, 1)));
        let written = sink(database(&mock.url, "cars")).write(&batch).await.unwrap();
        let rejected = if is_rejected { vec![(3, None)] } else { vec![] };
        assert_eq!(places(&written), rejected);
        for rejection in &written.rejected {
            let reason = &rejection.reason;
            assert!(reason.contains("which revision it holds"), "{reason}");
        }
        sink(database(&mock.url, "cars"))
            .check()
            .await
            .expect("readings are welcome");
    }
}

#[tokio::test]
async fn a_server_that_refuses_everything_loses_no_record() {
    let closed = r#"{"code":"invalid","message":"closed for the winter"}"#;
    let mock = Mock::start(move |_| (StatusCode::BAD_REQUEST, closed).into_response()).await;
    let record = told(1, &trip(1, 1, Live, 0));
    let reason = misconfigured(sink(database(&mock.url, "cars")).write(&[record]).await);
    assert!(reason.contains("refuses everything"), "{reason}");
    assert!(reason.contains("closed for the winter"), "{reason}");
}

#[tokio::test]
async fn a_server_that_opens_while_it_is_asked_loses_no_record() {
    // The question for what is there, the parts, and the whole.
    for number in 1..=3 {
        let memory = Memory::that_was_closed_at(number).await;
        let written = opened(&memory)
            .write(&[told(1, &trip(1, 1, Live, 1))])
            .await
            .unwrap();
        assert_eq!(places(&written), [], "{number}");
        let rows = record_rows(memory.points());
        assert_eq!(rows, expected(&[trip(1, 1, Live, 1)]), "{number}");
    }
}

#[tokio::test]
async fn a_record_that_is_refused_takes_no_other_with_it() {
    let memory = Memory::start().await;
    memory.write("cardata_test_bill sum=1i 0");
    let batch = [
        told(1, &trip(1, 1, Live, 1)),
        told(2, &bill(1, "day", 1.0)),
        told(3, &trip(2, 1, Live, 1)),
    ];
    let written = opened(&memory).write(&batch).await.unwrap();
    assert_eq!(places(&written), [(2, None)]);
    assert!(
        written.rejected[0].reason.contains("field type conflict"),
        "{written:?}"
    );
    let rows = record_rows(memory.points());
    assert_eq!(rows, expected(&[trip(1, 1, Live, 1), trip(2, 1, Live, 1)]));
}

#[tokio::test]
async fn a_record_that_no_line_can_hold_is_rejected() {
    let memory = Memory::start().await;
    let mut endless = trip(1, 1, Live, 0);
    endless.values[0] = Some(Value::Number(f64::INFINITY));
    let mut options = database(&memory.mock.url, "cars");
    let written = sink(options.clone()).write(&[told(1, &endless)]).await.unwrap();
    assert!(
        written.rejected[0]
            .reason
            .contains("distance: InfluxDB cannot keep inf"),
        "{written:?}"
    );
    options["fixed_tags"] = json!({ "tariff": "x" });
    let written = sink(options)
        .write(&[told(1, &bill(1, "day", 1.0))])
        .await
        .unwrap();
    assert!(
        written.rejected[0].reason.contains("choose another name"),
        "{written:?}"
    );
    assert_eq!(memory.points(), []);
}

#[tokio::test]
async fn a_login_that_may_only_write_needs_a_person() {
    let mock = Mock::start(|asked| match asked.uri.path() {
        "/query" => (
            StatusCode::FORBIDDEN,
            axum::Json(json!({ "message": "read is unauthorized" })),
        )
            .into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    let mut sink = sink(bucket(&mock.url, "cars"));
    let record = told(1, &trip(1, 1, Live, 0));
    for reason in [
        misconfigured(sink.check().await),
        misconfigured(sink.write(&[record]).await),
    ] {
        assert!(reason.contains("--read-buckets"), "{reason}");
    }
}

#[tokio::test]
async fn a_record_that_is_refused_stands_alone_among_the_dead_letters() {
    let refused = |body: &str| body.contains("record.kind=test_trip,") && body.contains("revision=7");
    let mock = Mock::start(move |asked| match asked.uri.path() {
        "/query" => {
            let questions = asked.body.matches("SELECT").count();
            let nothing = vec![json!({}); questions];
            axum::Json(json!({ "results": nothing })).into_response()
        }
        _ if refused(&asked.body) => (StatusCode::BAD_REQUEST, "it does not fit").into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    let mut batch = entries(1, 2);
    batch.push(told(3, &trip(1, 1, Live, 1)));
    batch.push(told(4, &trip(2, 7, Live, 1)));
    batch.push(told(5, &trip(3, 1, Live, 1)));
    let written = sink(database(&mock.url, "cars")).write(&batch).await.unwrap();
    assert_eq!(places(&written), [(4, None)]);
    let stored: Vec<_> = mock
        .asked()
        .into_iter()
        .filter(|asked| !refused(&asked.body))
        .collect();
    for start in ["2026-03-01T12:01", "2026-03-01T12:03"] {
        let is_there = |body: &str| body.contains("record.kind=test_trip,") && body.contains(start);
        assert!(stored.iter().any(|asked| is_there(&asked.body)), "{start}");
    }
}

#[tokio::test]
async fn a_server_that_fails_at_records_gets_the_batch_again() {
    let mock = Mock::start(|asked| match asked.uri.path() {
        "/query" => {
            let nothing = vec![json!({}); asked.body.matches("SELECT").count()];
            axum::Json(json!({ "results": nothing })).into_response()
        }
        _ if asked.body.contains("record.kind") => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    let mut batch = entries(1, 2);
    batch.push(told(3, &trip(1, 1, Live, 1)));
    let error = sink(database(&mock.url, "cars")).write(&batch).await.unwrap_err();
    assert!(matches!(error, SinkError::Transient { .. }), "{error:?}");
}
