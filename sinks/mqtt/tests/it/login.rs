//! Who may in, and whom this sink believes.

use serde_json::json;
use tests::servers::Mosquitto;

use crate::fake::{entries, soc};
use crate::{misconfigured, options, sink, transient, with};

/// `cardata` with the password `s3cret`, as `mosquitto_passwd` writes it.
const PASSWORDS: &str = "cardata:$7$101$";

#[tokio::test]
async fn a_wrong_login_needs_a_person() {
    let Some(broker) = Mosquitto::with(&["allow_anonymous false"]).await else {
        return;
    };
    let _ = PASSWORDS;
    let login = json!({ "user": "cardata", "password": "hunter2-secret" });
    let mut sink = sink(with(options(&broker), login));
    for reason in [
        misconfigured(sink.check().await),
        misconfigured(sink.write(&entries(vec![soc(1.0, 0)])).await),
    ] {
        assert!(reason.contains("check `user` and `password`"), "{reason}");
        assert!(!reason.contains("hunter2"), "{reason}");
    }
    sink.close().await.unwrap();
}

#[tokio::test]
async fn an_unknown_authority_needs_a_person() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut sink = sink(json!({ "url": broker.url() }));
    let reason = misconfigured(sink.check().await);
    assert!(reason.contains("in `ca`"), "{reason}");
    let reason = misconfigured(sink.write(&entries(vec![soc(1.0, 0)])).await);
    assert!(reason.contains("in `ca`"), "{reason}");
    sink.close().await.unwrap();
}

#[tokio::test]
async fn a_file_without_certificates_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let url = "mqtts://localhost:1";
    let missing = misconfigured_or_transient(json!({ "url": url, "ca": path })).await;
    assert!(missing.contains("ca.pem"), "{missing}");
    std::fs::write(&path, "nothing of the kind").unwrap();
    let empty = misconfigured(sink(json!({ "url": url, "ca": path })).check().await);
    assert!(empty.contains("no certificate in PEM form"), "{empty}");
}

async fn misconfigured_or_transient(options: serde_json::Value) -> String {
    sink(options).check().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_broker_that_is_not_there_passes_by_itself() {
    // A port that was free a moment ago; whoever takes it speaks no MQTT.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut sink = sink(json!({ "url": format!("mqtt://127.0.0.1:{port}") }));
    transient(sink.check().await);
    transient(sink.write(&entries(vec![soc(1.0, 0)])).await);
    sink.close().await.unwrap();
}
