//! Words of others: whatever BMW, a proxy in front of it or the owner of a file says, it commands no terminal, breaks no line of
//! JSON and fills no screen.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::process::Cardata;

use crate::scene::{CLIENT_ID, DEADLINE, Said, end, stop};

const EVIL: &str =
    "\u{1b}]0;owned\u{7}\u{1b}[31mEV\u{9b}2JIL\r\n\u{0}\u{7f}\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}";
const VIN: &str = "WBY00000001234567";
/// In bytes. The longest that is meant for people is a table of values.
const LONGEST_LINE: usize = 25_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// It answers, with such words in every text.
    Talkative,
    /// A proxy answers in its place.
    Proxy,
    /// It refuses.
    Refusing,
}

type Shared = Arc<Mutex<Mood>>;

async fn answer(State(mood): State<Shared>, method: Method, uri: Uri, body: String) -> Response {
    let mood = *mood.lock().unwrap();
    let long = EVIL.to_owned() + &"m".repeat(50_000);
    let now = jiff::Timestamp::now().to_string();
    let path = uri.path();
    let told = match path {
        "/gcdm/oauth/device/code" => json!({
            "device_code": "d", "user_code": "USER", "interval": 1, "expires_in": 300,
            "verification_uri": "https://example.org/link",
        }),
        "/gcdm/oauth/token" => json!({
            "access_token": "access", "refresh_token": "refresh", "token_type": "Bearer", "expires_in": 3599,
            "scope": format!("authenticate_user openid cardata:api:read cardata:streaming:read {EVIL}"),
            "gcid": format!("g{EVIL}"),
        }),
        _ if mood == Mood::Proxy => {
            let html = format!("<html>{EVIL}{}", "m".repeat(1_200_000));
            let kind = [(header::CONTENT_TYPE, "text/html")];
            return (StatusCode::BAD_GATEWAY, kind, html).into_response();
        }
        _ if mood == Mood::Refusing => {
            let refusal = json!({
                "exveErrorId": format!("CU-999{EVIL}"), "exveErrorMsg": long, "exveNote": EVIL, "exveErrorRef": EVIL,
            });
            return (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(refusal)).into_response();
        }
        "/customers/vehicles/mappings" => json!([
            { "vin": VIN, "mappingType": "PRIMARY", "mappedSince": "2025-01-01T00:00:00Z" },
            { "vin": format!("{EVIL}{VIN}"), "mappingType": EVIL, "mappedSince": EVIL },
        ]),
        "/customers/containers" if method == Method::GET => json!({ "containers": [
            { "containerId": "X1", "name": long, "purpose": EVIL, "state": "ACTIVE", "created": "2025-01-01T00:00:00Z" },
            { "containerId": "X2", "name": format!("cardata {EVIL}"), "purpose": EVIL, "state": "ACTIVE", "created": EVIL },
        ]}),
        "/customers/containers" => {
            let mut container: Value = serde_json::from_str(&body).unwrap();
            container["containerId"] = "S1".into();
            container["state"] = "ACTIVE".into();
            container["created"] = now.into();
            container
        }
        path if path.ends_with("basicData") => json!({ "brand": EVIL, "modelName": long, "vin": VIN }),
        path if path.ends_with("telematicData") => json!({ "telematicData": {
            "vehicle.drivetrain.batteryManagement.header": { "value": "55", "unit": "%", "timestamp": now },
            format!("vehicle.evil.{EVIL}"): { "value": long[..5_000], "unit": EVIL, "timestamp": now },
            "vehicle.evil.number": { "value": "5", "unit": format!("k{EVIL}"), "timestamp": now },
            "vehicle.vehicle.travelledDistance": { "value": EVIL, "unit": "km", "timestamp": now },
            "vehicle.cabin.door.row1.driver.isOpen": { "value": long, "unit": null, "timestamp": now },
            "vehicle.body.trunk.isOpen": { "value": "true", "unit": null, "timestamp": format!("never{EVIL}") },
        }}),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    axum::Json(told).into_response()
}

struct Stage {
    folder: TempDir,
    mood: Shared,
}

impl Stage {
    async fn set() -> Self {
        let mood = Shared::new(Mutex::new(Mood::Talkative));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(mood.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "clock: {{ speed: 600 }}\naccounts:\n  - name: home\n    client_id: {CLIENT_ID}\n    calls_per_day: 100000\n    \
             endpoints: {{ auth: \"{url}\", api: \"{url}\" }}\nsources:\n  - type: telematics\n    container: battery\n    \
             every: 1m\nsinks:\n  - type: csv\n    dir: csv\n  - type: stdout\n"
        );
        std::fs::write(folder.path().join("pipeline.yaml"), text).unwrap();
        Self { folder, mood }
    }

    fn start(&self, arguments: &[&str], format: &str) -> Cardata {
        let more = ["--config", "pipeline.yaml", "-vv", "--log-format", format];
        Cardata::start(arguments.iter().chain(&more), |command| {
            command.current_dir(self.folder.path()).env_remove("CARDATA_LOG");
        })
    }

    async fn hear(&self, arguments: &[&str]) {
        for format in ["text", "json"] {
            let said = end(self.start(arguments, format)).await;
            // A program is given texts as long as they are.
            let is_whole = arguments.contains(&"--json");
            assert_commands_nothing(&said, if is_whole { usize::MAX } else { LONGEST_LINE });
            // One that fails may have nothing to tell there.
            if is_whole && (said.code == Some(0) || !said.out.is_empty()) {
                serde_json::from_str::<Value>(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
            }
            if format == "json" {
                assert_lines_of_json(&said);
            }
        }
    }
}

fn assert_harmless(said: &Said, format: &str) {
    assert_commands_nothing(said, LONGEST_LINE);
    if format == "json" {
        assert_lines_of_json(said);
    }
}

fn assert_lines_of_json(said: &Said) {
    for line in said.err.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

fn assert_commands_nothing(said: &Said, longest: usize) {
    let commands = |c: char| c.is_control() || EVIL.contains(c) && !c.is_ascii();
    for line in said.out.lines().chain(said.err.lines()) {
        assert!(!line.contains(commands), "{line:?}");
        assert!(line.len() <= longest, "{} bytes: {}", line.len(), &line[..200]);
    }
}

#[tokio::test]
async fn words_of_others_command_nothing() {
    let stage = Stage::set().await;
    stage.hear(&["login"]).await;
    for (mood, sign) in [
        (Mood::Talkative, "polled"),
        (Mood::Proxy, "HTTP 502"),
        (Mood::Refusing, "CU-999"),
    ] {
        *stage.mood.lock().unwrap() = mood;
        for format in ["text", "json"] {
            let run = stage.start(&["run"], format);
            run.wait_for_line(sign, DEADLINE).await;
            assert_harmless(&stop(run).await, format);
        }
        for command in [
            &["status"][..],
            &["status", "--json"],
            &["values", "--all"],
            &["values", "--long"],
            &["values", "--json"],
            &["vehicles", "--refresh"],
            &["vehicles", "--json"],
            &["containers"],
            &["containers", "--json"],
            &["containers", "sync", "--dry-run"],
            &["containers", "delete", "X2", "--foreign"],
            &["dead-letters", "list"],
            &["dead-letters", "list", "--json"],
            &["dead-letters", "show", "1"],
            &["journal", "stats"],
            &["journal", "strays"],
            &["journal", "strays", "--json"],
            &["check", "--connect"],
            &["doctor"],
            &["doctor", "--json"],
        ] {
            stage.hear(command).await;
        }
    }
    let evil = EVIL.replace('\0', "");
    for command in [
        &["forget", "--vehicle", &evil][..],
        &["values", "--vehicle", &evil],
        &["plugins", &evil],
        &["login", "--account", &evil],
        &["backup", &evil],
        &["restore", &evil],
        &["journal", "import", &evil],
        &["replay", "--sink", &evil],
        &[&evil],
    ] {
        stage.hear(command).await;
    }
}
