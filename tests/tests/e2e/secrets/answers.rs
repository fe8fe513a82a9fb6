//! Stores that repeat what they were sent: the login, the lines, the VIN.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::registry::Registry;
use super::{VIN, start, talk};
use crate::scene::{DEADLINE, FILES, Plan, Scene, stop};

const PASSWORD: &str = "p\"ä:w\\+/ =#%hunter2";
const TOKEN: &str = "hunter2-token_of~the+bucket/==";

/// Answers every write with everything that was in it, each time in another way; in the end it refuses some lines.
struct Parrot {
    url: String,
    answered: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

/// How many answers speak of the store and not of lines.
const TROUBLES: usize = 24;
/// What it never stores.
const REFUSED: &str = "plugEventId";

impl Parrot {
    async fn start() -> Self {
        let answered = Arc::new(Mutex::new(0));
        let routes = Router::new().fallback(repeat).with_state(answered.clone());
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the parrot serves");
        });
        Self { url, answered, task }
    }
}

impl Drop for Parrot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn repeat(
    State(answered): State<Arc<Mutex<usize>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut answered = answered.lock().unwrap();
    *answered += 1;
    let login = headers
        .get(header::AUTHORIZATION)
        .map_or("", |value| value.to_str().unwrap());
    let (_, sent) = login.split_once(' ').unwrap_or_default();
    let decoded = STANDARD.decode(sent).unwrap_or_default();
    let decoded = String::from_utf8_lossy(&decoded);
    let secret = decoded.split_once(':').map_or(sent, |(_, password)| password);
    let lines = String::from_utf8_lossy(&body).into_owned();
    let line = lines
        .lines()
        .find(|line| line.contains(REFUSED))
        .or(lines.lines().next());
    let line = line.unwrap_or_default();
    let words = format!("{login} {secret} {secret:?} {decoded} {uri} vin={VIN},lat=50.7664380556");
    let json = |words: &str| serde_json::json!({ "code": "invalid", "message": words }).to_string();
    if *answered > TROUBLES && !line.contains(REFUSED) {
        return StatusCode::NO_CONTENT.into_response();
    }
    if *answered > TROUBLES {
        let refusal = format!(
            "partial write: unable to parse '{line}': bad; series vin={VIN} {login} {secret} dropped=1"
        );
        return (StatusCode::BAD_REQUEST, json(&refusal)).into_response();
    }
    match *answered % 6 {
        1 => (StatusCode::SERVICE_UNAVAILABLE, json(&words)).into_response(),
        2 => (StatusCode::INTERNAL_SERVER_ERROR, words).into_response(),
        3 => (StatusCode::TOO_MANY_REQUESTS, json(&format!("{line} {login}"))).into_response(),
        4 => (StatusCode::UNAUTHORIZED, json(&words)).into_response(),
        5 => (StatusCode::SERVICE_UNAVAILABLE, format!("{words:?}")).into_response(),
        _ => (
            StatusCode::BAD_GATEWAY,
            serde_json::Value::from(words).to_string(),
        )
            .into_response(),
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add("the token of the store", TOKEN);
    registry.add("the password of the store", PASSWORD);
    registry.add("the login of the store", &format!("me:{PASSWORD}"));
    registry.add("a VIN", VIN);
    registry.add("a part of a secret of the store", "hunter2");
    registry.add("a position", "50.766");
    registry
}

#[tokio::test]
async fn a_store_that_repeats_what_it_was_sent_is_not_quoted() {
    let parrot = Parrot::start().await;
    let url = &parrot.url;
    let sinks = format!(
        "{FILES}  - type: influxdb\n    fields: descriptor\n    name: bucket\n    url: {url}\n    org: home\n    bucket: cardata\n    \
         token: ${{file:token}}\n    retry: {{ first: 10ms, longest: 20ms }}\n\
         \x20 - type: influxdb\n    fields: descriptor\n    name: database\n    url: {url}\n    database: cardata\n    user: me\n    \
         password: ${{file:password}}\n    retry: {{ first: 10ms, longest: 20ms }}\n"
    );
    let scene = Scene::set(&Plan {
        sinks: &sinks,
        ..Plan::default()
    })
    .await;
    std::fs::write(scene.path("token"), format!("{TOKEN}\n")).unwrap();
    std::fs::write(scene.path("password"), format!("{PASSWORD}\n")).unwrap();
    scene.login().await;
    let _ = scene.hurry(&["status"]).wait_exit(DEADLINE).await;
    let run = start(&scene, &["run"]);
    run.wait_for_line("the sink refused readings", DEADLINE).await;
    assert!(*parrot.answered.lock().unwrap() > TROUBLES);
    let mut said = String::new();
    for command in [
        &["status"][..],
        &["status", "--json"],
        &["doctor"],
        &["check", "--connect"],
        &["check", "--show"],
    ] {
        let answer = talk(&scene, command).await;
        said += &answer.out;
        said += &answer.err;
    }
    let ended = stop(run).await;
    said += &ended.out;
    said += &ended.err;
    let registry = registry();
    registry.assert_absent("what the program says", &said);
    let reasons = reasons(&scene);
    assert!(!reasons.is_empty(), "the parrot's words became reasons");
    registry.assert_absent("the reasons of dead letters", &reasons.join("\n"));
}

/// The reasons of all dead letters, and everything else that the journal keeps to be shown.
fn reasons(scene: &Scene) -> Vec<String> {
    let journal = rusqlite::Connection::open(scene.path("state/journal.db")).unwrap();
    let mut all = Vec::new();
    for query in [
        "select reason from dead_letter",
        "select coalesce(message, '') from component",
        "select coalesce(problem, '') from poll",
    ] {
        let mut statement = journal
            .prepare(query)
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        all.extend(rows.map(Result::unwrap));
    }
    all
}
