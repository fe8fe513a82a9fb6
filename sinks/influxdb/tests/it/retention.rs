//! What a server keeps nothing of, because it is too old, costs neither the rest nor a dead letter.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use collector_core::testkit::{entry_with, reading, trip};
use collector_core::{Entry, RecordState, Value};
use jiff::Timestamp;
use tests::servers::InfluxDb1;

use crate::isolation::{fields, history, refuses};
use crate::mock::Mock;
use crate::{bucket, database, sink};

/// The forms of the versions: status, words, whether the rest of the lines is stored.
const FORMS: [(u16, &str, bool); 4] = [
    (
        400,
        "partial write: points beyond retention policy dropped={}",
        true,
    ),
    (
        500,
        "unexpected error writing points to database: partial write: points beyond retention policy dropped={}",
        true,
    ),
    (
        422,
        "failure writing points to database: partial write: dropped {} points outside retention policy of duration \
         24h0m0s - oldest point cardata,vin=X at 2025-01-04T00:00:00Z dropped because it violates a Retention Policy \
         Lower Bound at 2026-01-04T00:00:00Z, newest point … dropped={} for database: 9f28 for retention policy: autogen",
        true,
    ),
    (
        422,
        "data is outside of the retention window of the bucket",
        false,
    ),
];

/// A server that keeps the fields of seconds from `bound` on.
async fn server(form: (u16, &'static str, bool), bound: i64) -> (Mock, Arc<Mutex<BTreeSet<String>>>) {
    let stored: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let kept = Arc::clone(&stored);
    let (status, words, is_partial) = form;
    let mock = Mock::start(move |asked| {
        let second = |field: &String| field.split('@').nth(1).unwrap().parse::<i64>().unwrap();
        let (new, old): (Vec<_>, Vec<_>) = fields(asked)
            .into_iter()
            .partition(|field| second(field) >= bound);
        if old.is_empty() || is_partial {
            kept.lock().unwrap().extend(new);
        }
        let seconds: BTreeSet<_> = old.iter().map(second).collect();
        match seconds.len() {
            0 => StatusCode::NO_CONTENT.into_response(),
            dropped => refuses(status, &words.replace("{}", &dropped.to_string())),
        }
    })
    .await;
    (mock, stored)
}

#[tokio::test]
async fn what_is_too_old_is_counted_and_the_rest_is_stored_with_every_version() {
    for form in FORMS {
        for bound in [1, 700, 4_999, 5_000] {
            let (mock, stored) = server(form, bound).await;
            // As it came: the newest first, and the oldest beside it.
            let mut batch = history(5_000, 2);
            batch.reverse();
            batch.swap(0, 4_000);
            let mut sink = sink(bucket(&mock.url, "cars"));
            let written = sink.write(&batch).await.unwrap();
            assert_eq!(written.rejected, [], "{form:?}");
            assert_eq!(written.outlived, 2 * bound as usize, "{form:?}");
            assert_eq!(stored.lock().unwrap().len(), 2 * (5_000 - bound as usize));
            assert!(mock.asked().len() < 40, "{} requests", mock.asked().len());
        }
    }
}

/// Of the words shown nothing is left that could be judged.
#[tokio::test]
async fn a_secret_that_is_a_part_of_the_words_hides_nothing() {
    for form in FORMS {
        let (mock, _) = server(form, 3).await;
        let mut options = bucket(&mock.url, "cars");
        options["token"] = "t".into();
        let written = sink(options).write(&history(5, 1)).await.unwrap();
        assert_eq!((written.rejected.len(), written.outlived), (0, 3), "{form:?}");
    }
}

#[tokio::test]
async fn what_is_too_far_ahead_is_rejected() {
    let words = "partial write: dropped 1 points outside retention policy … violates a Write Window Upper Bound dropped=1";
    let mock = Mock::start(move |asked| match asked.has_lines() {
        true => refuses(422, words),
        false => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    let written = sink(bucket(&mock.url, "cars"))
        .write(&history(1, 1))
        .await
        .unwrap();
    assert_eq!((written.rejected.len(), written.outlived), (1, 0));
}

/// An odometer of years ago beside charges of today.
#[tokio::test]
async fn a_real_server_keeps_what_is_new() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let name = server.create_database().await;
    let policy = format!("CREATE RETENTION POLICY week ON \"{name}\" DURATION 168h REPLICATION 1 DEFAULT");
    server.statement(&policy).await;
    let now = Timestamp::now().as_millisecond();
    let charge = |seq, at| -> Entry {
        let old = reading("mileage", "", Value::Number(1.0), Some("km"), 1_730_246_400_000);
        let new = reading("soc", "", Value::Number(seq as f64), Some("%"), at);
        entry_with(seq, vec![old, new])
    };
    let mut sink = sink(database(&server.url(), &name));
    let written = sink.write(&[charge(2, now - 1_000)]).await.unwrap();
    assert_eq!((written.rejected.len(), written.outlived), (0, 1));
    sink.write(&[charge(4, now)]).await.unwrap();
    let points = server.points(&name).await;
    assert_eq!(points.len(), 2, "{points:?}");
}

/// The trips of years ago, which the program makes out of a history.
#[tokio::test]
async fn a_record_of_long_ago_is_no_dead_letter() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let name = server.create_database().await;
    let policy = format!("CREATE RETENTION POLICY week ON \"{name}\" DURATION 168h REPLICATION 1 DEFAULT");
    server.statement(&policy).await;
    let old = trip(0, 1, RecordState::Final, 2);
    let mut new = trip(1, 1, RecordState::Final, 0);
    new.at = Timestamp::now();
    new.key = [Value::Timestamp(new.at)].into();
    let batch = [Entry::record_of(1, old), Entry::record_of(2, new)];
    let mut sink = sink(database(&server.url(), &name));
    let written = sink.write(&batch).await.unwrap();
    assert_eq!((written.rejected.as_slice(), written.outlived), (&[][..], 1));
    let points = server.points(&name).await;
    let places: BTreeSet<_> = points.iter().map(|point| point.timestamp).collect();
    assert_eq!(places.len(), 1, "{points:?}");
}
