//! Logins: given, refused, lost and given again.

use std::time::Duration;

use cardata_sim::{Approval, Fault, SimConfig};

use crate::oracle::{assert_exactly, expected_of_all};
use crate::scene::{DEADLINE, FILES, Plan, Scene, count, stop, until};
use crate::store_server::StoreServer;
use crate::stores;

#[tokio::test]
async fn a_login_that_dies_stops_the_polls_and_nothing_else() {
    let store = StoreServer::start().await;
    let sinks = FILES.to_owned() + &store.sink();
    // The car's time hurries, the person who logs in again does not.
    let unhurried = SimConfig {
        device_code_lifetime: Duration::from_secs(86_400),
        ..SimConfig::default()
    };
    let plan = Plan {
        sinks: &sinks,
        ..Plan::default()
    };
    let scene = Scene::with(unhurried, &plan).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    until(&run, "refused write", || store.refused() > 0).await;

    scene.bmw.inject_on("telematicData", 1, Fault::DropRefreshToken);
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    run.wait_for_line("polling stops until `cardata login` has been run", DEADLINE)
        .await;
    let calls = scene
        .bmw
        .requests()
        .iter()
        .filter(|request| request.counted)
        .count();
    let status = scene.status().await;
    assert_eq!(status["accounts"][0]["state"], "login needed", "{status}");
    let text = scene.call(&["status"]).await;
    assert!(text.out.contains("cardata login"), "{text:?}");

    // What was collected before is delivered all the same.
    let wanted = expected_of_all(&scene.bmw.served());
    store.set_open(true);
    until(&run, "delivery", || store.rows().len() >= wanted.len()).await;
    assert_exactly("store", store.rows(), wanted);
    let now = scene
        .bmw
        .requests()
        .iter()
        .filter(|request| request.counted)
        .count();
    assert_eq!(now, calls, "a dead login costs no calls");

    let said = scene.call(&["login"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    run.wait_for_line("logged in again; polling goes on", DEADLINE)
        .await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly(
        "sqlite",
        stores::sqlite(&scene.path("cardata.db")),
        wanted.clone(),
    );
    assert_exactly("store", store.rows(), wanted);
    scene.assert_lawful();
}

#[tokio::test]
async fn a_code_that_the_gateway_loses_is_replaced() {
    let scene = Scene::set(&Plan::default()).await;
    scene.bmw.inject_on("/gcdm/oauth/token", 1, Fault::Gateway);
    let said = scene.call(&["login"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.out.matches("  Code   ").count(), 2, "{said:?}");
    assert_eq!(scene.call(&["check", "--connect"]).await.code, Some(0));
    scene.assert_lawful();
}

#[tokio::test]
async fn an_owner_who_declines_is_told_so() {
    let declining = SimConfig {
        approval: Approval::Deny,
        ..SimConfig::default()
    };
    let scene = Scene::with(declining, &Plan::default()).await;
    let said = scene.call(&["login"]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("home: "), "{said:?}");
    assert!(!scene.path("state/tokens/home.json").exists());
}

#[tokio::test]
async fn a_code_that_nobody_approves_ends() {
    let nobody = SimConfig {
        approval: Approval::Manual,
        device_code_lifetime: Duration::from_secs(2),
        ..SimConfig::default()
    };
    let scene = Scene::with(nobody, &Plan::default()).await;
    let said = scene.call(&["login"]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("expired"), "{said:?}");
}

#[tokio::test]
async fn an_owner_approves_by_hand() {
    let by_hand = SimConfig {
        approval: Approval::Manual,
        ..SimConfig::default()
    };
    let scene = Scene::with(by_hand, &Plan::default()).await;
    let login = scene.start(&["login"]);
    let code = login.wait_for_line("  Code   ", DEADLINE).await;
    let code = code.text.trim().trim_start_matches("Code").trim().to_owned();
    assert_eq!(scene.bmw.waiting_user_codes(), [code.as_str()]);
    assert!(scene.bmw.approve(&code));
    let said = crate::scene::end(login).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[tokio::test]
async fn a_client_that_may_not_use_the_api_is_told_where_to_subscribe() {
    let scopes = ["authenticate_user", "openid", "cardata:streaming:read"];
    let unsubscribed = SimConfig {
        subscribed_scopes: scopes.map(String::from).to_vec(),
        ..SimConfig::default()
    };
    let scene = Scene::with(unsubscribed, &Plan::default()).await;
    let said = scene.call(&["login"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.err.contains("did not grant cardata:api:read"), "{said:?}");
    assert!(said.err.contains("subscribe"), "{said:?}");
}

#[tokio::test]
async fn without_a_login_nothing_runs() {
    let scene = Scene::set(&Plan::default()).await;
    let said = scene.call(&["run"]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(
        said.err.contains("cardata login --config pipeline.yaml"),
        "{said:?}"
    );
    let said = scene.call(&["check", "--connect"]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(
        said.out.contains("not logged in: run `cardata login`"),
        "{said:?}"
    );
    let said = scene.call(&["vehicles"]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    assert_eq!(scene.bmw.requests(), []);
}

/// One BMW account has one quota and one stream, whatever client ids and names it is given.
#[tokio::test]
async fn two_accounts_are_two_accounts_at_bmw() {
    let plan = Plan {
        every: "30m",
        ..Plan::default()
    };
    let scene = Scene::set(&plan).await;
    let url = scene.url();
    let work = format!(
        "  - name: work\n    client_id: 11111111-2222-4333-8444-555555555555\n    endpoints: {{ auth: \"{url}\", api: \"{url}\" }}\n"
    );
    scene.edit(|text| text.replacen("sources:\n", &(work + "sources:\n"), 1));
    let said = scene.call(&["login", "--account", "home"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let stored = std::fs::read(scene.path("state/tokens/home.json")).unwrap();

    let said = scene.call(&["login", "--account", "work"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(
        said.err.contains("the BMW account that `home` is logged in to"),
        "{said:?}"
    );
    assert!(!scene.path("state/tokens/work.json").exists());

    // Somebody copied it.
    std::fs::write(scene.path("state/tokens/work.json"), &stored).unwrap();
    for command in ["run", "vehicles", "containers"] {
        let said = scene.call(&[command]).await;
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(
            said.err
                .contains("`home` and `work` are logged in to the same BMW account"),
            "{said:?}"
        );
    }
    let calls = scene.bmw.requests().into_iter().filter(|request| request.counted);
    assert_eq!(calls.count(), 0);
}

/// The same while both are polled: a token file is copied, or a backup of it comes back.
#[tokio::test]
async fn two_accounts_that_become_one_are_polled_as_one() {
    let scene = Scene::set(&Plan::default()).await;
    let url = scene.url();
    let work = format!(
        "  - name: work\n    client_id: 11111111-2222-4333-8444-555555555555\n    calls_per_day: 100000\n    endpoints: {{ auth: \"{url}\", api: \"{url}\" }}\n"
    );
    scene.login().await;
    let (home, other) = (
        scene.path("state/tokens/home.json"),
        scene.path("state/tokens/work.json"),
    );
    // The simulator takes the token of one for that of the other.
    let mut tokens: serde_json::Value = serde_json::from_slice(&std::fs::read(&home).unwrap()).unwrap();
    tokens["client_id"] = "11111111-2222-4333-8444-555555555555".into();
    let gcid = tokens["gcid"].take();
    tokens["gcid"] = "somebody else".into();
    std::fs::write(&other, tokens.to_string()).unwrap();
    scene.edit(|text| text.replacen("sources:\n", &(work + "sources:\n"), 1));
    let run = scene.run().await;
    run.wait_for_line("polled account=work", DEADLINE).await;

    tokens["gcid"] = gcid;
    std::fs::write(&other, tokens.to_string()).unwrap();
    let told = run.wait_for_line("polling stops", DEADLINE).await;
    assert!(
        told.text.contains("account=work")
            && told.text.contains("the BMW account that `home` is logged in to"),
        "{told:?}"
    );
    let before = count(&run, "polled account=work");
    scene.more_answers(&run, 3).await;
    assert_eq!(count(&run, "polled account=work"), before, "{}", run.transcript());
    let status = scene.status().await;
    assert_eq!(status["accounts"][0]["state"], "polling", "{status}");
    assert_eq!(status["accounts"][1]["state"], "login needed", "{status}");
    stop(run).await;
}

#[tokio::test]
async fn a_second_login_says_that_there_is_one_and_keeps_it_until_it_has_another() {
    let scene = Scene::with(
        SimConfig {
            approval: Approval::Manual,
            ..SimConfig::default()
        },
        &Plan::default(),
    )
    .await;
    let login = scene.start(&["login"]);
    let code = login.wait_for_line("  Code   ", DEADLINE).await;
    scene
        .bmw
        .approve(code.text.trim().trim_start_matches("Code").trim());
    assert_eq!(crate::scene::end(login).await.code, Some(0));
    let stored = std::fs::read(scene.path("state/tokens/home.json")).unwrap();

    let login = scene.start(&["login"]);
    login
        .wait_for_line("home: there is a login, good for 14 days", DEADLINE)
        .await;
    let code = login.wait_for_line("  Code   ", DEADLINE).await;
    scene.bmw.deny(code.text.trim().trim_start_matches("Code").trim());
    assert_eq!(crate::scene::end(login).await.code, Some(3));
    assert_eq!(
        std::fs::read(scene.path("state/tokens/home.json")).unwrap(),
        stored
    );
}
