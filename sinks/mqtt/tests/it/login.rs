//! Who may in, and whom this sink believes.

use serde_json::json;
use tests::servers::Mosquitto;
use tests::subscriber::Subscriber;

use crate::fake::{entries, soc};
use crate::{misconfigured, options, sink, transient, with};

/// `cardata` with the password `s3cret`, as `mosquitto_passwd` writes it.
const PASSWORDS: &str = "cardata:$7$101$Y2FyZGF0YS1zYWx0$\
    qAyNa5XgN3yRu7TLC2bezLaBu8vv3ioQM6aXTmPltDvbORr2NcjGOwPS2Qhzrp1EvXcIaJywYaIqeqD4M5Bbsw==\n";

#[tokio::test]
async fn only_the_right_login_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passwords");
    std::fs::write(&file, PASSWORDS).unwrap();
    let passwords = format!("password_file {}", file.display());
    let Some(broker) = Mosquitto::with(&["allow_anonymous false", &passwords]).await else {
        return;
    };
    let login = |password: &str| {
        with(
            options(&broker),
            json!({ "user": "cardata", "password": password }),
        )
    };
    for wrong in [login("hunter2-secret"), options(&broker)] {
        let mut sink = sink(wrong);
        for reason in [
            misconfigured(sink.check().await),
            misconfigured(sink.write(&entries(vec![soc(1.0, 0)])).await),
        ] {
            assert!(reason.contains("check `user` and `password`"), "{reason}");
            assert!(!reason.contains("hunter2"), "{reason}");
        }
        sink.close().await.unwrap();
    }
    let mut sink = sink(login("s3cret"));
    sink.check().await.unwrap();
    sink.write(&entries(vec![soc(1.0, 0)])).await.unwrap();
    sink.close().await.unwrap();
}

/// A broker that lets nothing be read: what is written arrives all the same.
#[tokio::test]
async fn a_broker_that_lets_nothing_be_read_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acl");
    std::fs::write(&file, "topic write #\ntopic read stranger/#\n").unwrap();
    let acl = format!("acl_file {}", file.display());
    let Some(broker) = Mosquitto::with(&[&acl]).await else {
        return;
    };
    let mut listener = Subscriber::start(&broker, "stranger/#").await;
    let own = json!({ "prefix": "stranger/cars", "bmw_prefix": "stranger/" });
    let mut sink = sink(with(options(&broker), own));
    sink.write(&entries(vec![soc(1.0, 0)])).await.unwrap();
    sink.close().await.unwrap();
    let bmw = "stranger/home/WBY8P210X07A12345";
    listener.until(|all| all.iter().any(|it| it.topic == bmw)).await;
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
    let missing = misconfigured(sink(json!({ "url": url, "ca": path })).check().await);
    assert!(missing.contains("ca.pem"), "{missing}");
    std::fs::write(&path, "nothing of the kind").unwrap();
    let empty = misconfigured(sink(json!({ "url": url, "ca": path })).check().await);
    assert!(empty.contains("no certificate in PEM"), "{empty}");
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
