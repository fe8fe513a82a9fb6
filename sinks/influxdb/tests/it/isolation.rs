//! One refused reading neither blocks nor loses its neighbours, and no refusal costs requests without end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use collector_core::testkit::{entry_with, reading};
use collector_core::{Entry, Rejection, Value};
use serde_json::json;
use tests::servers::InfluxDb1;

use crate::mock::{Asked, Mock};
use crate::{bucket, database, misconfigured, sink, transient};

/// `lines` snapshots of the fields `f0`, `f1` …, one a second.
pub fn history(lines: i64, fields: i64) -> Vec<Entry> {
    let snapshot = |line: i64| {
        let field = |field: i64| reading(&format!("f{field}"), "", Value::Number(1.0), None, line * 1_000);
        entry_with(2 * line as u64, (0..fields).map(field).collect())
    };
    (0..lines).map(snapshot).collect()
}

pub fn refuses(status: u16, words: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, axum::Json(json!({ "code": "invalid", "message": words }))).into_response()
}

/// Every field of every line as `field@second`.
pub fn fields(asked: &Asked) -> Vec<String> {
    let mut fields = Vec::new();
    for line in asked.lines() {
        let (rest, time) = line.rsplit_once(' ').unwrap();
        let seconds = time.parse::<i64>().unwrap() / 1_000;
        let (_, set) = rest.rsplit_once(' ').unwrap();
        fields.extend(
            set.split(',')
                .map(|field| format!("{}@{seconds}", field.split('=').next().unwrap())),
        );
    }
    fields
}

/// A server that stores a request whole or, when `bad` is true of any field in it, not at all.
struct AllOrNothing {
    mock: Mock,
    stored: Arc<Mutex<BTreeSet<String>>>,
}

impl AllOrNothing {
    async fn start(words: &'static str, bad: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let stored = Arc::new(Mutex::new(BTreeSet::new()));
        let kept = Arc::clone(&stored);
        let mock = Mock::start(move |asked| {
            let fields = fields(asked);
            if fields.iter().any(|field| bad(field)) {
                return refuses(400, words);
            }
            kept.lock().unwrap().extend(fields);
            StatusCode::NO_CONTENT.into_response()
        })
        .await;
        Self { mock, stored }
    }

    async fn write(&self, batch: &[Entry]) -> Vec<String> {
        let written = sink(bucket(&self.mock.url, "cars")).write(batch).await.unwrap();
        written.rejected.iter().map(place).collect()
    }

    fn stored(&self) -> usize {
        self.stored.lock().unwrap().len()
    }
}

fn place(rejection: &Rejection) -> String {
    format!("f{}@{}", rejection.reading.unwrap(), rejection.seq / 2)
}

#[tokio::test]
async fn scattered_readings_are_found_without_a_hint() {
    let bad = ["f2@7", "f0@400", "f3@401", "f1@999"];
    let server = AllOrNothing::start("unable to parse", move |field| bad.contains(&field)).await;
    assert_eq!(server.write(&history(1_000, 4)).await, bad);
    assert_eq!(server.stored(), 3_996);
}

#[tokio::test]
async fn a_field_that_the_words_name_costs_few_requests() {
    let words = "failure writing points to database: partial write: field type conflict: input field \"f1\" on \
                 measurement \"cardata\" is type float, already exists as type integer dropped=1000";
    let server = AllOrNothing::start(words, |field| field.starts_with("f1@")).await;
    let rejected = server.write(&history(1_000, 12)).await;
    assert_eq!(rejected.len(), 1_000);
    assert!(rejected.iter().all(|field| field.starts_with("f1@")));
    assert_eq!(server.stored(), 11_000);
    assert_eq!(
        server.mock.asked().len(),
        4,
        "the batch, the empty request, the field and the others"
    );
}

#[tokio::test]
async fn the_only_reading_of_a_batch_is_rejected_with_the_servers_words() {
    let server = AllOrNothing::start("some new reason", |_| true).await;
    let written = sink(bucket(&server.mock.url, "cars"))
        .write(&history(1, 1))
        .await
        .unwrap();
    assert_eq!(written.rejected.len(), 1);
    assert!(
        written.rejected[0].reason.contains("some new reason"),
        "{:?}",
        written.rejected
    );
}

#[tokio::test]
async fn lines_that_the_server_counts_as_dropped_need_no_proof() {
    let mock = Mock::start(|asked| match asked.lines().len() {
        0 => StatusCode::NO_CONTENT.into_response(),
        lines => refuses(422, &format!("partial write: some new reason dropped={lines}")),
    })
    .await;
    let written = sink(bucket(&mock.url, "cars"))
        .write(&history(3_000, 5))
        .await
        .unwrap();
    assert_eq!(written.rejected.len(), 15_000);
    assert_eq!(mock.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_refuses_an_empty_request_too_needs_a_person() {
    let mock = Mock::start(|_| refuses(400, "schema is wanting")).await;
    let reason = misconfigured(sink(bucket(&mock.url, "cars")).write(&history(1_000, 5)).await);
    assert!(
        reason.contains("schema is wanting") && reason.contains("refuses everything"),
        "{reason}"
    );
    assert_eq!(mock.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_refuses_every_line_alike_needs_a_person() {
    let server = AllOrNothing::start("no such schema", |_| true).await;
    let reason = misconfigured(
        sink(bucket(&server.mock.url, "cars"))
            .write(&history(5_000, 2))
            .await,
    );
    assert!(reason.contains("no such schema"), "{reason}");
    assert!(server.mock.asked().len() < 300, "{}", server.mock.asked().len());
}

#[tokio::test]
async fn patience_ends_and_what_is_left_is_rejected_together() {
    let every_third = |field: &str| {
        field
            .split('@')
            .nth(1)
            .unwrap()
            .parse::<u32>()
            .unwrap()
            .is_multiple_of(3)
    };
    let server = AllOrNothing::start("some new reason", move |field| {
        every_third(field) || field == "f0@1"
    })
    .await;
    let mut batch = history(5_000, 1);
    // Something is stored, so it is not the server as a whole.
    batch.extend(
        history(5_002, 2)
            .into_iter()
            .skip(5_000)
            .filter(|entry| entry.seq / 2 % 3 == 2),
    );
    let written = sink(bucket(&server.mock.url, "cars"))
        .write(&batch)
        .await
        .unwrap();
    assert!(server.mock.asked().len() < 300, "{}", server.mock.asked().len());
    assert!(
        written
            .rejected
            .iter()
            .any(|rejection| rejection.reason.contains("together with others"))
    );
    let total: usize = batch.iter().map(|entry| entry.readings().len()).sum();
    assert_eq!(
        server.stored() + written.rejected.len(),
        total,
        "stored or rejected, nothing between"
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_halved_and_the_size_remembered() {
    let mock = Mock::start(|asked| match asked.body.len() {
        0..200_000 => StatusCode::NO_CONTENT.into_response(),
        _ => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    })
    .await;
    let mut sink = sink(bucket(&mock.url, "cars"));
    let batch = history(4_000, 10);
    assert_eq!(sink.write(&batch).await.unwrap().rejected, []);
    let first = mock.asked().len();
    let stored: usize = mock
        .asked()
        .iter()
        .filter(|asked| asked.body.len() < 200_000)
        .map(|a| a.lines().len())
        .sum();
    assert_eq!(stored, 4_000);
    assert_eq!(sink.write(&batch).await.unwrap().rejected, []);
    let second = &mock.asked()[first..];
    assert!(
        second.iter().all(|asked| asked.body.len() < 200_000),
        "nothing is too large again"
    );
}

#[tokio::test]
async fn a_reading_that_is_too_large_alone_is_rejected() {
    let mock = Mock::start(|asked| match asked.body.contains("xxx") {
        false => StatusCode::NO_CONTENT.into_response(),
        true => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    })
    .await;
    let mut batch = history(10, 2);
    let long = reading("f2", "", Value::Text("x".repeat(5_000).into()), None, 5_000);
    batch[5] = entry_with(10, vec![reading("f0", "", Value::Bool(true), None, 5_000), long]);
    let written = sink(bucket(&mock.url, "cars")).write(&batch).await.unwrap();
    assert_eq!(
        written
            .rejected
            .iter()
            .map(|r| (r.seq, r.reading))
            .collect::<Vec<_>>(),
        [(10, Some(1))]
    );
    assert!(written.rejected[0].reason.contains("413"));
}

#[tokio::test]
async fn an_outage_in_the_middle_acknowledges_nothing() {
    let mock = Mock::start(|asked| match asked.lines().len() {
        100 => refuses(400, "unable to parse"),
        50 => StatusCode::BAD_GATEWAY.into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    transient(sink(bucket(&mock.url, "cars")).write(&history(100, 1)).await);
}

#[tokio::test]
async fn a_real_server_keeps_the_neighbours_of_fields_with_other_types() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let name = server.create_database().await;
    server.write(&name, "cardata f1=1i,f3=true 0").await;
    let batch = history(500, 5);
    let written = sink(database(&server.url(), &name)).write(&batch).await.unwrap();
    let rejected: BTreeSet<_> = written
        .rejected
        .iter()
        .filter_map(|rejection| rejection.reading)
        .collect();
    assert_eq!(rejected, [1, 3].into());
    assert_eq!(written.rejected.len(), 1_000);
    assert!(
        written
            .rejected
            .iter()
            .all(|rejection| rejection.reason.contains("already exists as type"))
    );
    let points = server.points(&name).await;
    assert_eq!(
        points
            .iter()
            .filter(|point| point.tags.contains_key("vin"))
            .count(),
        1_500
    );
}
