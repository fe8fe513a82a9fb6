//! What the sink sends.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use collector_core::testkit::{ended, entries, entry_with, reading};
use collector_core::{Entry, Origin, Reading, Stamp, Value};
use serde_json::json;

use crate::mock::{Asked, Mock};
use crate::{bucket, database, sink};

fn stored(_: &Asked) -> axum::response::Response {
    StatusCode::NO_CONTENT.into_response()
}

fn number(key: &str, value: f64, at: i64) -> Reading {
    reading(key, key, Value::Number(value), None, at)
}

#[tokio::test]
async fn a_bucket_is_written_to_with_a_token_under_the_path_of_the_url() {
    let mock = Mock::start(stored).await;
    let mut sink = sink(bucket(&format!("{}/influx/", mock.url), "car data"));
    sink.write(&[entry_with(1, vec![number("a", 1.0, 5)])])
        .await
        .unwrap();
    let asked = &mock.asked()[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(
        asked.uri.to_string(),
        "/influx/api/v2/write?org=home&bucket=car+data&precision=ms"
    );
    assert_eq!(asked.header("authorization"), Some("Token t0ps3cret"));
    assert_eq!(asked.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(asked.header("user-agent").unwrap().starts_with("cardata/"));
    assert_eq!(
        asked.header("content-encoding"),
        None,
        "nothing is compressed on the way to this machine"
    );
    assert_eq!(asked.body, "cardata,vehicle=i4,vin=WBY8P210X07A12345 a=1 5\n");
}

#[tokio::test]
async fn a_database_is_written_to_with_a_login_in_the_header() {
    let mock = Mock::start(stored).await;
    let mut options = database(&mock.url, "cars");
    options["user"] = json!("me");
    options["password"] = json!("s3cret");
    options["retention_policy"] = json!("long");
    sink(options)
        .write(&[entry_with(1, vec![number("a", 1.0, 5)])])
        .await
        .unwrap();
    let asked = &mock.asked()[0];
    assert_eq!(asked.uri.to_string(), "/write?db=cars&rp=long&precision=ms");
    assert_eq!(asked.header("authorization"), Some("Basic bWU6czNjcmV0"));
}

#[tokio::test]
async fn readings_of_one_time_share_a_line_and_further_values_go_by_nanoseconds() {
    let mock = Mock::start(stored).await;
    let mut further = number("a", 9.0, 5);
    further.occurrence = 1;
    let readings = vec![
        number("a", 1.0, 5),
        number("b", 2.0, 7),
        further,
        number("c", 3.0, 5),
    ];
    sink(database(&mock.url, "cars"))
        .write(&[entry_with(1, readings)])
        .await
        .unwrap();
    let bodies: Vec<_> = mock
        .asked()
        .into_iter()
        .map(|asked| (asked.uri.to_string(), asked.body))
        .collect();
    let head = "cardata,vehicle=i4,vin=WBY8P210X07A12345";
    assert_eq!(
        bodies,
        [
            (
                "/write?db=cars&precision=ms".to_owned(),
                format!("{head} a=1,c=3 5\n{head} b=2 7\n")
            ),
            (
                "/write?db=cars&precision=n".to_owned(),
                format!("{head} a=9 5000001\n")
            ),
        ]
    );
}

#[tokio::test]
async fn a_text_with_a_line_break_has_a_line_of_its_own() {
    let mock = Mock::start(stored).await;
    let text = reading("b", "b", Value::Text("x\ny".into()), None, 5);
    let readings = vec![number("a", 1.0, 5), text, number("c", 3.0, 5)];
    sink(database(&mock.url, "cars"))
        .write(&[entry_with(1, readings)])
        .await
        .unwrap();
    let head = "cardata,vehicle=i4,vin=WBY8P210X07A12345";
    assert_eq!(
        mock.asked()[0].body,
        format!("{head} a=1 5\n{head} b_text=\"x\ny\" 5\n{head} c=3 5\n")
    );
}

#[tokio::test]
async fn a_large_batch_goes_in_requests_of_5000_lines() {
    let mock = Mock::start(stored).await;
    let snapshot = |seq| entry_with(seq, (0..1_000).map(|i| number("a", 1.0, i)).collect());
    let batch: Vec<_> = (1..=11).map(snapshot).collect();
    sink(database(&mock.url, "cars")).write(&batch).await.unwrap();
    let lines: Vec<_> = mock.asked().iter().map(|asked| asked.lines().len()).collect();
    assert_eq!(lines, [5_000, 5_000, 1_000]);
}

#[tokio::test]
async fn long_texts_make_smaller_requests() {
    let mock = Mock::start(stored).await;
    let text = Value::Text("x".repeat(60_000).into());
    let readings = (0..200)
        .map(|i| reading("a", "a", text.clone(), None, i))
        .collect();
    sink(database(&mock.url, "cars"))
        .write(&[entry_with(1, readings)])
        .await
        .unwrap();
    let sizes: Vec<_> = mock.asked().iter().map(|asked| asked.body.len()).collect();
    assert!(
        sizes.len() > 1 && sizes.iter().all(|size| *size < 5 * 1024 * 1024),
        "{sizes:?}"
    );
    let lines: usize = mock.asked().iter().map(|asked| asked.lines().len()).sum();
    assert_eq!(lines, 200);
}

#[tokio::test]
async fn what_no_line_can_hold_is_rejected_and_the_rest_is_sent() {
    let mock = Mock::start(stored).await;
    let readings = vec![
        number("a", f64::NAN, 5),
        number("b", 2.0, 5),
        number("time", 3.0, 5),
    ];
    let written = sink(database(&mock.url, "cars"))
        .write(&[entry_with(3, readings)])
        .await
        .unwrap();
    let rejected: Vec<_> = written.rejected.iter().map(|r| (r.seq, r.reading)).collect();
    assert_eq!(rejected, [(3, Some(0)), (3, Some(2))]);
    assert_eq!(
        mock.asked()[0].body,
        "cardata,vehicle=i4,vin=WBY8P210X07A12345 b=2 5\n"
    );
}

#[tokio::test]
async fn nothing_is_sent_for_nothing() {
    let mock = Mock::start(stored).await;
    let end = ended(1, &number("a", 1.0, 5).descriptor, 5);
    for batch in [&[][..], &[end]] {
        sink(database(&mock.url, "cars")).write(batch).await.unwrap();
    }
    assert!(mock.asked().is_empty());
}

#[tokio::test]
async fn another_machine_gets_compressed_bodies() {
    let mock = Mock::start(stored).await;
    // The mock again, by an address that does not say that it is this machine.
    let url = mock.url.replace("127.0.0.1", "0.0.0.0");
    sink(database(&url, "cars")).write(&entries(1, 20)).await.unwrap();
    let asked = &mock.asked()[0];
    assert_eq!(asked.header("content-encoding"), Some("gzip"));
    assert!(asked.body.starts_with("cardata,"));
}

/// One descriptor a message, stamped in whole seconds: two changes within a second have one time, and come in
/// messages of their own.
#[tokio::test]
async fn two_values_of_the_stream_within_one_second_stand_a_nanosecond_apart() {
    let mock = Mock::start(stored).await;
    let message = |seq, occurrence, value| {
        let mut reading = number("a", value, 5_000);
        reading.occurrence = occurrence;
        let mut snapshot = entry_with(seq, vec![reading])
            .snapshot()
            .unwrap()
            .as_ref()
            .clone();
        snapshot.origin = Origin::Stream;
        Entry::snapshot_of(seq, snapshot)
    };
    let mut options = database(&mock.url, "cars");
    options["tags"] = json!(["vin", "origin"]);
    sink(options)
        .write(&[message(1, 0, 1.0), message(3, 1, 2.0), message(5, 2, 3.0)])
        .await
        .unwrap();
    let bodies: Vec<_> = mock.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(
        bodies,
        [
            "cardata,origin=stream,vin=WBY8P210X07A12345 a=1 5000\n",
            "cardata,origin=stream,vin=WBY8P210X07A12345 a=2 5000000001\n\
             cardata,origin=stream,vin=WBY8P210X07A12345 a=3 5000000002\n",
        ]
    );
}

#[tokio::test]
async fn readings_of_one_time_share_no_line_where_their_stamps_differ_and_are_a_tag() {
    let mock = Mock::start(stored).await;
    let mut requested = number("b", 2.0, 5);
    requested.stamp = Stamp::Requested;
    let entry = entry_with(1, vec![number("a", 1.0, 5), requested, number("c", 3.0, 5)]);
    let mut options = database(&mock.url, "cars");
    options["tags"] = json!(["vin", "stamp"]);
    sink(options).write(std::slice::from_ref(&entry)).await.unwrap();
    sink(database(&mock.url, "cars")).write(&[entry]).await.unwrap();
    let bodies: Vec<_> = mock.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(
        bodies,
        [
            "cardata,stamp=measured,vin=WBY8P210X07A12345 a=1,c=3 5\n\
             cardata,stamp=requested,vin=WBY8P210X07A12345 b=2 5\n",
            "cardata,vehicle=i4,vin=WBY8P210X07A12345 a=1,b=2,c=3 5\n",
        ]
    );
}
