//! Every command at its most talkative, beside a BMW that fails in every way.

use std::collections::BTreeSet;

use cardata_sim::{Fault, NotJson};

use super::registry::Registry;
use super::wire::Wire;
use super::{VIN, start, talk};
use crate::scene::{DEADLINE, FILES, Plan, Scene, count, stop, until};
use crate::store_server::StoreServer;

/// A scene whose program reaches BMW by a wire that is listened to.
async fn overheard(plan: &Plan<'_>) -> (Scene, Wire) {
    let scene = Scene::set(plan).await;
    let file = scene.path("pipeline.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let url = text
        .split("auth: \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let wire = Wire::before(url).await;
    std::fs::write(&file, text.replace(url, &wire.url)).unwrap();
    (scene, wire)
}

/// The positions that the car told, in every precision that a log might show.
fn positions(scene: &Scene) -> BTreeSet<String> {
    let served = scene.bmw.served().into_iter();
    let here = served.filter(|entry| entry.descriptor.contains("currentLocation.l"));
    here.filter_map(|entry| entry.value).collect()
}

fn with_secrets_of(registry: &mut Registry, scene: &Scene, wire: &Wire) {
    wire.secrets().iter().for_each(|token| registry.add_token(token));
    for position in positions(scene) {
        // 50.766 is as telling as 50.7664380556.
        let decimals = position.find('.').map_or(position.len(), |point| point + 4);
        registry.add("a position", &position[..decimals.min(position.len())]);
    }
}

#[tokio::test]
async fn nothing_that_the_program_says_tells_a_secret() {
    let store = StoreServer::start().await;
    let sinks = FILES.to_owned() + &store.sink();
    let plan = Plan {
        container: "driving",
        sinks: &sinks,
        ..Plan::default()
    };
    let (scene, wire) = overheard(&plan).await;
    let mut registry = Registry::default();
    registry.add("the token of the store", StoreServer::TOKEN);
    registry.add("a VIN", VIN);
    registry.add("a position in an error", "50.766");
    let mut said = String::new();

    let login = talk(&scene, &["login"]).await;
    assert_eq!(login.code, Some(0), "{login:?}");
    let invitation = login
        .out
        .lines()
        .filter(|line| !line.contains("Open ") && !line.contains("Code "));
    said.extend(invitation.map(|line| format!("{line}\n")));
    said += &login.err;
    let tokens = wire.secrets().len();
    assert!(
        tokens >= 5,
        "a device code, a verifier and three tokens: {tokens}"
    );

    scene.hurry(&["status"]).wait_exit(DEADLINE).await;
    let run = start(&scene, &["run"]);
    run.wait_for_line("running", DEADLINE).await;
    run.wait_for_line("the sink does not accept writes", DEADLINE)
        .await;
    for fault in everything_that_goes_wrong(&wire.secrets()) {
        let before = scene.requests("telematicData").len();
        scene.bmw.inject_on("telematicData", 1, fault.clone());
        until(&run, "faulty answer", || {
            scene.requests("telematicData").len() > before
        })
        .await;
    }
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    scene.bmw.inject_on("telematicData", 1, Fault::DeleteContainer);
    until(&run, "new container", || count(&run, "created a container") == 2).await;
    // The car drives 20 minutes after the start.
    until(&run, "drive", || positions(&scene).len() >= 8).await;
    for command in [
        &["status"][..],
        &["status", "--json"],
        &["doctor"],
        &["doctor", "--json", "-vv"],
        &["check", "--connect"],
        &["check", "--connect", "--log-format", "json"],
        &["check", "--show"],
        &["containers"],
        &["run"],
        &["plugins", "influxdb"],
    ] {
        let answer = if command[0] == "plugins" {
            scene.call(&["schema"]).await
        } else {
            talk(&scene, command).await
        };
        said += &answer.out;
        said += &answer.err;
    }
    // It is asked for the VINs; its log is not.
    said += &talk(&scene, &["vehicles"]).await.err;

    // A login that BMW ends, in words that repeat the token.
    let refresh_token = current(&scene, "refresh_token");
    let words = format!("{{\"error\":\"server_error\",\"error_description\":\"no {refresh_token} here\"}}");
    scene.bmw.inject_on(
        "/gcdm/oauth/token",
        1,
        Fault::Status {
            status: 500,
            body: words,
        },
    );
    scene.bmw.inject_on("telematicData", 1, Fault::DropRefreshToken);
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    run.wait_for_line("polling stops until", DEADLINE).await;
    said += &talk(&scene, &["status", "--json"]).await.out;
    store.set_open(true);
    run.wait_for_line("the sink accepts writes again", DEADLINE).await;
    let ended = stop(run).await;
    said += &ended.out;
    said += &ended.err;

    with_secrets_of(&mut registry, &scene, &wire);
    assert!(wire.secrets().len() > tokens, "tokens were renewed");
    assert!(registry.len() > 50, "{registry:?}");
    assert!(said.contains("DEBUG hyper_util"), "libraries are heard");
    registry.assert_absent("what the program says", &said);
    let ours = ["TRACE cardata", "TRACE collector", "TRACE sink_"];
    let foreign = said
        .lines()
        .find(|line| line.contains(" TRACE ") && !ours.iter().any(|ours| line.contains(ours)));
    assert_eq!(foreign, None, "a library speaks at TRACE");
    for word in ["code_verifier", "device_code=", "Bearer ey", "client_secret"] {
        assert!(!said.contains(word), "{word} is in the log");
    }
    scene.assert_lawful();
}

/// A token of the file as it is now.
fn current(scene: &Scene, name: &str) -> String {
    let text = std::fs::read_to_string(scene.path("state/tokens/home.json")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    file[name].as_str().unwrap().to_owned()
}

/// Answers that repeat what they were asked with, and answers that are broken in the middle of a position.
fn everything_that_goes_wrong(tokens: &[String]) -> Vec<Fault> {
    let status = |status, body: String| Fault::Status { status, body };
    let mut faults = vec![
        status(500, format!("{VIN} is at 50.7664380556, 6.0848391")),
        status(
            502,
            format!("<html>/customers/vehicles/{VIN}/telematicData</html>"),
        ),
        status(
            403,
            format!(
                "{{\"exveErrorId\":\"CU-500\",\"exveErrorMsg\":\"{VIN}\",\"exveNote\":\"lat 50.7664380556\"}}"
            ),
        ),
        status(
            200,
            format!("{{\"latitude\":{{\"value\":\"50.7664380556\"}},\"vin\":\"{VIN}\"}}"),
        ),
        Fault::NotJson(NotJson::Html),
        Fault::NotJson(NotJson::Xml),
        Fault::NotJson(NotJson::Garbage),
        Fault::Truncated,
        Fault::Reset,
    ];
    for token in tokens {
        faults.push(status(503, format!("Authorization: Bearer {token}")));
        faults.push(status(
            500,
            format!("{{\"error\":\"server_error\",\"error_description\":\"?token={token}&vin={VIN}\"}}"),
        ));
    }
    faults
}
