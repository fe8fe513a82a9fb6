//! Logins that are kept alive, told of in time, taken over, and encrypted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use cardata_sim::{Fault, SimConfig};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::scene::{DEADLINE, Plan, Said, Scene, count, stop, until};

const TOKENS: &str = "state/tokens/home.json";
const PASSPHRASE: &str = "correct horse battery staple";

fn text(scene: &Scene, file: &str) -> String {
    std::fs::read_to_string(scene.path(file)).unwrap()
}

/// Writes the scene's pipeline file anew, with another section.
fn add(scene: &Scene, section: &str) {
    let text = format!("{}{section}", text(scene, "pipeline.yaml"));
    std::fs::write(scene.path("pipeline.yaml"), text).unwrap();
}

fn tokens(scene: &Scene) -> Value {
    serde_json::from_str(&text(scene, TOKENS)).unwrap()
}

fn down(scene: &Scene) {
    let fault = Fault::Status {
        status: 503,
        body: "down".to_owned(),
    };
    scene.bmw.inject_on("/gcdm/oauth/token", u32::MAX, fault);
}

fn expect(said: &Said, code: i32, word: &str) {
    assert_eq!(said.code, Some(code), "{said:?}");
    assert!(
        said.out.contains(word) || said.err.contains(word),
        "no `{word}`: {said:?}"
    );
}

#[tokio::test]
async fn an_outage_of_a_week_ends_with_a_login_that_lives() {
    let plan = Plan {
        speed: 60_000.0,
        every: "4h",
        ..Plan::default()
    };
    let scene = Scene::set(&plan).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    down(&scene);
    run.wait_for_line("the login ends at", DEADLINE).await;
    let status = scene.status().await;
    let warning = status["accounts"][0]["login_warnings"][0]
        .as_str()
        .unwrap_or_default();
    assert!(warning.contains("the login ends at"), "{status}");
    scene.bmw.clear_faults();
    run.wait_for_line("the login is well again", DEADLINE).await;
    scene.more_answers(&run, 2).await;
    let said = stop(run).await;
    assert!(!said.err.contains("polling stops until"), "{}", said.err);
    scene.assert_lawful();
}

#[tokio::test]
async fn a_check_fails_when_the_login_has_less_than_a_week() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    expect(
        &scene.call(&["check", "--connect"]).await,
        0,
        "ok      login of account home",
    );
    let mut tokens = tokens(&scene);
    let now = Timestamp::now();
    tokens["refresh_expires_at"] = (now + SignedDuration::from_hours(5 * 24)).to_string().into();
    tokens["obtained_at"] = (now - SignedDuration::from_hours(9 * 24)).to_string().into();
    tokens["access_expires_at"] = (now - SignedDuration::from_hours(8 * 24)).to_string().into();
    std::fs::write(scene.path(TOKENS), tokens.to_string()).unwrap();
    down(&scene);
    let said = scene.call(&["check", "--connect"]).await;
    expect(&said, 3, "the login ends in 5.0 days unless it can be refreshed");
    expect(&said, 3, "HTTP 503");
    expect(&scene.call(&["status"]).await, 0, "the login ends at");
    scene.bmw.clear_faults();
    expect(
        &scene.call(&["check", "--connect"]).await,
        0,
        "ok      login of account home",
    );
    expect(&scene.call(&["status"]).await, 0, "14.0 days");

    let mut tokens = self::tokens(&scene);
    tokens["scope"] = "authenticate_user openid cardata:api:read".into();
    std::fs::write(scene.path(TOKENS), tokens.to_string()).unwrap();
    let said = scene.call(&["check", "--connect"]).await;
    expect(&said, 3, "does not cover cardata:streaming:read");
}

#[tokio::test]
async fn a_login_is_taken_over_from_the_file_of_another_client() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let theirs = tokens(&scene)["refresh_token"].as_str().unwrap().to_owned();
    std::fs::remove_dir_all(scene.path("state")).unwrap();
    let import = async |content: &str| {
        std::fs::write(scene.path("theirs"), content).unwrap();
        scene.call(&["login", "-vv", "--import", "theirs"]).await
    };
    expect(
        &import("{\"id_token\": \"abcdefghij\"}").await,
        2,
        "no refresh token",
    );
    expect(&import("").await, 2, "there is nothing in it");
    down(&scene);
    expect(&import(&theirs).await, 4, "nothing was stored");
    assert!(!scene.path(TOKENS).exists());
    scene.bmw.clear_faults();
    expect(
        &import("a-token-that-BMW-does-not-know").await,
        3,
        "does not accept this refresh token",
    );
    assert!(!scene.path(TOKENS).exists());

    let json = format!(
        "\u{feff}{{\r\n \"tokens\": {{\"access_token\": \"a\", \"refresh_token\": \"{theirs}\"}},\r\n \
         \"client_id\": \"11111111-2222-3333-4444-555555555555\" }}\r\n"
    );
    let said = import(&json).await;
    expect(&said, 0, "belongs to another client id");
    expect(&said, 0, "stop that client");
    assert!(!format!("{said:?}").contains(&theirs), "{said:?}");
    let ours = tokens(&scene)["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(ours, theirs, "it was used once");
    expect(&import(&json).await, 3, "was used since");
    assert_eq!(
        tokens(&scene)["refresh_token"],
        ours.as_str(),
        "a refusal harms nothing"
    );
    expect(&scene.call(&["check", "--connect"]).await, 0, "ok      login");
    scene.assert_lawful();
}

#[tokio::test]
async fn an_import_revives_a_collector_that_runs() {
    let unhurried = SimConfig {
        device_code_lifetime: Duration::from_secs(86_400),
        ..SimConfig::default()
    };
    let scene = Scene::with(unhurried, &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    scene.bmw.inject_on("telematicData", 1, Fault::DropRefreshToken);
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    run.wait_for_line("polling stops until", DEADLINE).await;
    // Another client logs in with the same account, from another state directory.
    let other = text(&scene, "pipeline.yaml") + "state: other\n";
    std::fs::write(scene.path("other.yaml"), other).unwrap();
    let login = tests::process::Cardata::start(["login", "--config", "other.yaml"], |command| {
        command.current_dir(scene.path("."));
    });
    expect(&crate::scene::end(login).await, 0, "logged in");
    let said = scene.call(&["login", "--import", "other/tokens/home.json"]).await;
    expect(&said, 0, "took over the login");
    run.wait_for_line("logged in again; polling goes on", DEADLINE)
        .await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    scene.assert_lawful();
}

#[tokio::test]
async fn encrypted_tokens_serve_a_run_and_nobody_without_the_passphrase() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let plain = text(&scene, "pipeline.yaml");
    let refresh = tokens(&scene)["refresh_token"].as_str().unwrap().to_owned();
    std::fs::write(scene.path("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
    add(&scene, "tokens: { passphrase: \"${file:passphrase}\" }\n");

    let run = scene.run_with(&["-vv"]).await;
    let sealed = text(&scene, TOKENS);
    assert!(
        sealed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"),
        "encrypted at the start"
    );
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    until(&run, "refreshed tokens", || text(&scene, TOKENS) != sealed).await;
    assert!(
        text(&scene, TOKENS).starts_with("-----BEGIN AGE"),
        "and after a refresh"
    );
    scene.more_answers(&run, 2).await;
    let status = scene.status().await;
    assert!(
        status["accounts"][0]["login_days_left"].as_f64().unwrap() > 13.0,
        "{status}"
    );
    let said = stop(run).await;
    let shown = scene.call(&["check", "--show", "-vv"]).await;
    expect(&shown, 0, "${file:passphrase}");
    for secret in [PASSPHRASE, &refresh] {
        assert!(
            !said.err.contains(secret) && !format!("{shown:?}").contains(secret),
            "{secret}"
        );
    }

    let sealed = text(&scene, TOKENS);
    std::fs::write(scene.path("pipeline.yaml"), plain).unwrap();
    for command in [&["run"][..], &["login"]] {
        expect(
            &scene.call(command).await,
            2,
            "is encrypted, and no passphrase is configured",
        );
    }
    expect(
        &scene.call(&["check", "--connect"]).await,
        3,
        "no passphrase is configured",
    );
    add(&scene, "tokens: { passphrase: hunter2-hunter2 }\n");
    for command in [&["run"][..], &["login"]] {
        expect(
            &scene.call(command).await,
            2,
            "was encrypted with another passphrase",
        );
    }
    assert_eq!(text(&scene, TOKENS), sealed, "nothing was overwritten");
    scene.assert_lawful();
}

/// What a receiver got: the path, headers, and body of each message.
type Received = Arc<Mutex<Vec<(String, HeaderMap, String)>>>;

async fn receiver() -> (String, Received, tokio::task::JoinHandle<()>) {
    let received = Received::default();
    let take = async |State(received): State<Received>, uri: Uri, headers: HeaderMap, body: String| {
        let refused = uri.path() == "/refused";
        received.lock().unwrap().push((uri.to_string(), headers, body));
        if refused {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::OK
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(take).with_state(received.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, received, serving)
}

/// The titles of what a path received, in order.
fn titles(received: &Received, path: &str) -> Vec<String> {
    let received = received.lock().unwrap();
    let here = received.iter().filter(|(uri, ..)| uri.starts_with(path));
    here.map(|(_, headers, body)| match headers.get("title") {
        Some(title) => title.to_str().unwrap().to_owned(),
        None => serde_json::from_str::<Value>(body).unwrap()["title"]
            .as_str()
            .unwrap()
            .to_owned(),
    })
    .collect()
}

#[tokio::test]
async fn webhook_and_ntfy_receive_what_needs_a_person_and_nothing_twice() {
    let unhurried = SimConfig {
        device_code_lifetime: Duration::from_secs(86_400),
        ..SimConfig::default()
    };
    let scene = Scene::with(unhurried, &Plan::default()).await;
    let (url, received, serving) = receiver().await;
    add(
        &scene,
        &format!(
            "notify:\n  - type: webhook\n    url: {url}/hook?key=hunter2\n    headers: {{ X-Key: hunter2 }}\n  \
             - type: ntfy\n    url: {url}/topic-hunter2\n    token: tk_hunter2\n"
        ),
    );
    let said = scene.call(&["notify", "--test", "-vv"]).await;
    expect(&said, 0, "ok      ntfy at 127.0.0.1: HTTP 200");
    assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
    for path in ["/hook", "/topic"] {
        assert_eq!(titles(&received, path), ["A test of cardata"]);
    }
    received.lock().unwrap().clear();

    scene.login().await;
    let run = scene.run_with(&["-vv"]).await;
    scene.more_answers(&run, 2).await;
    scene.bmw.inject_on("telematicData", 1, Fault::DropRefreshToken);
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    let both = |count: usize| {
        ["/hook", "/topic"]
            .iter()
            .all(|path| titles(&received, path).len() >= count)
    };
    until(&run, "message of the dead login", || both(1)).await;
    scene.login().await;
    until(&run, "message of the new login", || both(2)).await;
    scene.more_answers(&run, 1).await;
    let said = stop(run).await;
    assert!(!said.err.contains("hunter2"), "{}", said.err);

    let run = scene.run().await;
    scene.more_answers(&run, 20).await;
    let told = count(&run, "told the owner");
    stop(run).await;
    assert_eq!(told, 0, "a restart repeats nothing");
    for path in ["/hook", "/topic"] {
        assert_eq!(
            titles(&received, path),
            ["The login of home is needed", "The login of home is well again"]
        );
    }
    let received = received.lock().unwrap();
    for (uri, headers, body) in received.iter() {
        assert!(
            !body.contains("hunter2") && !body.contains("WBY71AW050FP12345"),
            "{body}"
        );
        if uri.starts_with("/hook") {
            assert_eq!(headers["x-key"], "hunter2");
            let json: Value = serde_json::from_str(body).unwrap();
            assert_eq!(
                (&json["version"], &json["topic"]),
                (&1.into(), &"login:home".into())
            );
        } else {
            assert_eq!(headers["authorization"], "Bearer tk_hunter2");
        }
    }
    serving.abort();
}

#[tokio::test]
async fn a_test_that_is_not_taken_is_a_failed_check() {
    let scene = Scene::set(&Plan::default()).await;
    expect(&scene.call(&["notify", "--test"]).await, 2, "has no `notify`");
    let (url, _, serving) = receiver().await;
    add(
        &scene,
        &format!("notify:\n  - {{ type: ntfy, url: \"{url}/refused\" }}\n"),
    );
    expect(
        &scene.call(&["notify", "--test"]).await,
        4,
        "failed  ntfy at 127.0.0.1: HTTP 403",
    );
    serving.abort();
}
