//! What no log line may hold, however much is told.

use std::collections::BTreeSet;

use cardata_sim::Fault;
use serde_json::Value;

use crate::scene::{CLIENT_ID, DEADLINE, FILES, Plan, Scene, stop, until};
use crate::store_server::StoreServer;

const VIN: &str = "WBY71AW050FP12345";

/// Every long text in the token file: tokens and the account's id.
fn tokens(scene: &Scene, into: &mut BTreeSet<String>) {
    let text = std::fs::read_to_string(scene.path("state/tokens/home.json")).unwrap();
    collect(&serde_json::from_str(&text).unwrap(), into);
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            // The client id stands in the pipeline file, scopes and times are no secrets.
            let secret = |key: &str| key.contains("token");
            for (key, value) in object {
                match value {
                    Value::String(text) if secret(key) => drop(into.insert(text.clone())),
                    other => collect(other, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}

#[tokio::test]
async fn no_log_line_holds_a_token_a_vin_or_a_position() {
    let store = StoreServer::start().await;
    let sinks = FILES.to_owned() + &store.sink();
    let plan = Plan {
        container: "driving",
        sinks: &sinks,
        ..Plan::default()
    };
    let scene = Scene::set(&plan).await;
    let mut secrets = BTreeSet::from([StoreServer::TOKEN.to_owned(), VIN.to_owned()]);
    let mut logs = String::new();

    let said = scene.call(&["login", "-vv"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("Code"), "codes are shown, and only there");
    logs += &said.err;
    tokens(&scene, &mut secrets);
    let known = secrets.len();
    assert_eq!(known, 5, "access, refresh and id token: {secrets:?}");

    let run = scene.run_with(&["-vv"]).await;
    run.wait_for_line("the sink does not accept writes", DEADLINE)
        .await;
    scene.bmw.inject_on(
        "telematicData",
        1,
        Fault::Status {
            status: 500,
            body: format!("{VIN} is at home"),
        },
    );
    scene.bmw.inject_on("telematicData", 1, Fault::Truncated);
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    scene.bmw.inject_on("telematicData", 1, Fault::DeleteContainer);
    scene.more_answers(&run, 3).await;
    until(&run, "new container", || {
        crate::scene::count(&run, "created a container") == 2
    })
    .await;
    // The car drives 20 minutes after the start.
    let positions = || -> BTreeSet<String> {
        let served = scene.bmw.served().into_iter();
        let here = served.filter(|entry| entry.descriptor.contains("currentLocation.l"));
        here.filter_map(|entry| entry.value).collect()
    };
    until(&run, "drive", || positions().len() >= 8).await;
    tokens(&scene, &mut secrets);
    assert!(secrets.len() > known, "tokens were renewed");
    for command in [
        &["status", "-vv"][..],
        &["status", "--json", "-vv"],
        &["check", "--connect", "-vv"],
        &["check", "--show", "-vv"],
        &["containers", "-vv"],
    ] {
        let said = scene.call(command).await;
        // None of these shows vehicles in full.
        logs += &said.out;
        logs += &said.err;
    }
    logs += &scene.call(&["vehicles", "-vv"]).await.err;
    // A login that died is told at length.
    scene.bmw.inject_on("telematicData", 1, Fault::DropRefreshToken);
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    run.wait_for_line("polling stops until", DEADLINE).await;
    store.set_open(true);
    run.wait_for_line("the sink accepts writes again", DEADLINE).await;
    logs += &stop(run).await.err;
    tokens(&scene, &mut secrets);

    assert!(
        logs.contains(" TRACE ") || logs.contains(" DEBUG "),
        "-vv tells more"
    );
    secrets.extend(positions());
    for secret in secrets {
        let found = logs.lines().find(|line| line.contains(&secret));
        assert_eq!(found, None, "{secret} is in the log");
    }
    for word in ["code_verifier", "device_code=", "Bearer ey", "client_secret"] {
        assert!(!logs.contains(word), "{word} is in the log");
    }
    scene.assert_lawful();
}

#[tokio::test]
async fn a_file_with_mistakes_does_not_give_its_secrets_away() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "accounts:\n  - name: home\n    client_id: {CLIENT_ID}\nsources:\n  - type: telematics\nsinks:\n\
         \x20 - type: influxdb\n    url: http://localhost:8086\n    org: home\n    token: ${{SECRET}}\n    tokn: x\n"
    );
    std::fs::write(folder.path().join("pipeline.yaml"), text).unwrap();
    for format in ["text", "json"] {
        let check = tests::process::Cardata::start(["check", "-vv", "--log-format", format], |command| {
            command
                .current_dir(folder.path())
                .env("SECRET", "hunter2-hunter2");
        });
        let said = crate::scene::end(check).await;
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(!said.err.contains("hunter2"), "{said:?}");
    }
}
