//! `check` tells what is wrong before anything is written.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use collector_core::Held;
use collector_core::testkit::entries;
use serde_json::json;
use tests::servers::{InfluxDb1, V2Facade, VictoriaMetrics};

use crate::mock::Mock;
use crate::{bucket, database, misconfigured, sink};

#[tokio::test]
async fn a_missing_database_or_retention_policy_is_told() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let reason = misconfigured(sink(database(&server.url(), "nope")).check().await);
    assert!(reason.contains("CREATE DATABASE \"nope\""), "{reason}");
    let mut options = database(&server.url(), &server.create_database().await);
    let mut sound = sink(options.clone());
    sound.check().await.unwrap();
    assert!(sound.remarks().is_empty());
    options["retention_policy"] = json!("nope");
    let reason = misconfigured(sink(options).check().await);
    assert!(reason.contains("retention policy `nope`"), "{reason}");
}

#[tokio::test]
async fn a_wrong_login_is_told() {
    let Some(server) = InfluxDb1::start_with_users().await else {
        return;
    };
    let mut options = database(&server.url(), &server.create_database().await);
    let reason = misconfigured(sink(options.clone()).check().await);
    assert!(reason.contains("add `user` and `password`"), "{reason}");
    options["user"] = json!(InfluxDb1::USER);
    options["password"] = json!("wr0ng");
    let reason = misconfigured(sink(options.clone()).check().await);
    assert!(
        reason.contains("check `user` and `password`") && !reason.contains("wr0ng"),
        "{reason}"
    );
    server.statement("CREATE USER reader WITH PASSWORD 'r'").await;
    options["user"] = json!("reader");
    options["password"] = json!("r");
    let reason = misconfigured(sink(options.clone()).check().await);
    assert!(reason.contains("GRANT WRITE ON"), "{reason}");
    options["user"] = json!(InfluxDb1::USER);
    options["password"] = json!(InfluxDb1::PASSWORD);
    sink(options).check().await.expect("the right login passes");
}

#[tokio::test]
async fn a_wrong_token_organisation_or_bucket_is_told() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let facade = V2Facade::start(&server).await;
    let name = server.create_database().await;
    let mut options = bucket(&facade.url(), &name);
    let reason = misconfigured(sink(options.clone()).check().await);
    assert!(reason.contains("check `token`"), "{reason}");
    options["token"] = json!(V2Facade::TOKEN);
    sink(options.clone())
        .check()
        .await
        .expect("the right token passes");
    options["bucket"] = json!("nope");
    let reason = misconfigured(sink(options.clone()).check().await);
    assert!(
        reason.contains("bucket `nope`") && reason.contains("must exist"),
        "{reason}"
    );
    options["org"] = json!("work");
    let reason = misconfigured(sink(options).check().await);
    assert!(
        reason.contains("organization name \"work\" not found"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_server_that_misses_lines_only_would_accept_some() {
    let mock = Mock::start(|_| {
        let refusal = json!({ "code": "invalid", "message": "writing requires points" });
        (StatusCode::BAD_REQUEST, axum::Json(refusal)).into_response()
    })
    .await;
    sink(bucket(&mock.url, "cars")).check().await.unwrap();
    assert!(!mock.asked()[0].has_lines());
}

#[tokio::test]
async fn victoria_metrics_passes() {
    let Some(server) = VictoriaMetrics::start().await else {
        return;
    };
    let mut sink = sink(database(&server.url(), "any"));
    sink.check().await.unwrap();
    assert_eq!(server.series().await, [], "check writes nothing");
    let remarks = sink.remarks();
    assert!(
        remarks.len() == 1 && remarks[0].contains("-retentionPeriod=100y"),
        "{remarks:?}"
    );
}

#[tokio::test]
async fn a_database_that_was_emptied_is_noticed_when_it_is_back() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let name = server.create_database().await;
    let mut first = sink(database(&server.url(), &name));
    assert_eq!(
        first.held().await.unwrap(),
        Held::Nothing,
        "nothing was written yet"
    );
    first.write(&entries(1, 1)).await.unwrap();
    assert_eq!(first.held().await.unwrap(), Held::Unknown);
    let mut second = sink(database(&server.url(), &name));
    assert_eq!(second.held().await.unwrap(), Held::Unknown);
    server.statement(&format!("DROP DATABASE \"{name}\"")).await;
    misconfigured(first.write(&entries(2, 1)).await);
    server.statement(&format!("CREATE DATABASE \"{name}\"")).await;
    assert_eq!(first.held().await.unwrap(), Held::Nothing);
    let Some(victoria) = VictoriaMetrics::start().await else {
        return;
    };
    let mut cannot_tell = sink(database(&victoria.url(), "any"));
    assert_eq!(cannot_tell.held().await.unwrap(), Held::Unknown);
}

#[tokio::test]
async fn a_server_that_takes_everything_is_not_asked_before_each_write_nor_at_a_stop() {
    let server = Mock::start(|asked| match asked.uri.path() {
        "/query" => r#"{"results":[{}]}"#.into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    let mut sink = sink(database(&server.url, "cardata"));
    let mut held = Vec::new();
    for seq in 1..5 {
        held.push(sink.held().await.unwrap());
        sink.write(&entries(seq, 1)).await.unwrap();
    }
    sink.close().await.unwrap();
    held.push(sink.held().await.unwrap());
    use Held::{Nothing, Unknown};
    assert_eq!(held, [Nothing, Unknown, Unknown, Unknown, Unknown]);
    let asked = server.asked();
    let questions = asked.iter().filter(|asked| asked.uri.path() == "/query");
    assert_eq!(questions.count(), 1);
}
