//! Logins, mappings, quota and containers.

use super::*;

/// Logs in, and lets the login be due for a refresh.
async fn with_old_login(scene: &Scene) {
    scene.login().await;
    let path = scene.path("state/tokens/home.json");
    let mut tokens: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    tokens["access_expires_at"] = "2026-01-01T00:00:00Z".into();
    tokens["obtained_at"] = "2025-12-31T23:00:00Z".into();
    std::fs::write(&path, tokens.to_string()).unwrap();
}

#[tokio::test]
async fn a_client_id_that_bmw_does_not_know() {
    let scene = Scene::set(&Plan::default()).await;
    with_old_login(&scene).await;
    let fault = Fault::Status {
        status: 401,
        body: r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#.to_owned(),
    };
    scene.bmw.inject_on("/gcdm/oauth/token", 1, fault);
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    expect_first(&told, "client_id", "BMW does not accept it");
}

#[tokio::test]
async fn a_login_server_that_is_away_asks_for_no_login_and_costs_no_call() {
    let scene = Scene::set(&Plan::default()).await;
    with_old_login(&scene).await;
    let fault = Fault::Status {
        status: 503,
        body: "<html>".to_owned(),
    };
    scene.bmw.inject_on("/gcdm/oauth/token", 2, fault);
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect_first(&told, "login", "gives no fresh token");
    assert_eq!((&told["calls_spent"], scene.bmw.spent_today()), (&0.into(), 0));
}

#[tokio::test]
async fn a_login_that_has_ended() {
    let scene = Scene::set(&Plan::default()).await;
    with_old_login(&scene).await;
    scene.bmw.inject_on("GET /oneid", 1, Fault::DropRefreshToken);
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    expect_first(&told, "login", "BMW does not accept it any more");
    assert_eq!(told["calls_spent"], 0);
}

#[tokio::test]
async fn services_and_scopes_that_are_missing() {
    for (granted, check, words) in [
        (
            &["authenticate_user", "openid", "cardata:api:read"][..],
            "services",
            "not subscribed to CarData Stream",
        ),
        (
            &["authenticate_user", "openid", "cardata:streaming:read"],
            "services",
            "not subscribed to CarData API",
        ),
        (
            &["authenticate_user", "cardata:streaming:read", "cardata:api:read"],
            "scopes",
            "does not cover openid",
        ),
    ] {
        let config = SimConfig {
            subscribed_scopes: granted.iter().map(|&scope| scope.to_owned()).collect(),
            ..SimConfig::default()
        };
        let scene = Scene::with(config, &Plan::default()).await;
        stream(&scene);
        scene.call(&["login"]).await;
        let (said, told) = ask(&scene, &["--no-calls"]).await;
        assert_eq!(said.code, Some(3), "{said:?}");
        expect_first(&told, check, words);
    }
}

#[tokio::test]
async fn vehicles_that_bmw_does_not_map() {
    let secondary = SimVehicle {
        mapping: Mapping::Secondary,
        ..SimVehicle::default()
    };
    for (vehicles, words) in [
        (vec![], "maps no vehicle"),
        (vec![secondary], "somebody else is the main user of vfp12345"),
    ] {
        let config = SimConfig {
            vehicles,
            ..SimConfig::default()
        };
        let scene = Scene::with(config, &Plan::default()).await;
        scene.login().await;
        let (said, told) = ask(&scene, &[]).await;
        assert_eq!(said.code, Some(4), "{said:?}");
        expect(&told, "mapping", "problem", words);
        assert_eq!((&told["calls_spent"], scene.bmw.spent_today()), (&1.into(), 1));
        let (_, told) = ask(&scene, &["--no-calls"]).await;
        assert_eq!((&told["calls_spent"], scene.bmw.spent_today()), (&0.into(), 1));
        scene.assert_lawful();
    }
}

#[tokio::test]
async fn calls_that_another_program_spent() {
    let plan = Plan {
        calls_per_day: 50,
        speed: 1.0,
        every: "1h",
        ..Plan::default()
    };
    let scene = Scene::with(patient(), &plan).await;
    scene.login().await;
    scene.bmw.spend(50);
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect(&told, "quota", "problem", "BMW says that 0 calls are left");
    expect(&told, "quota", "problem", "this program spent 1 of 50 today");
    let advice = findings(&told, "quota", "problem")[0]["advice"].to_string();
    assert!(
        advice.contains("Another program uses this BMW account"),
        "{advice}"
    );
    // Now the ledger knows.
    let (_, told) = ask(&scene, &[]).await;
    assert_eq!(told["calls_spent"], 0);
    expect(&told, "quota", "problem", "this program spent 1 of 50 today");
}

#[tokio::test]
async fn a_container_that_somebody_deleted() {
    let (scene, run) = running(patient(), &Plan::default()).await;
    stop(run).await;
    let container = scene.bmw.containers().remove(0);
    scene.bmw.delete_container(&container.id);
    // What was polled a moment ago shows that all is well; polls that fail do not.
    let (_, told) = ask(&scene, &[]).await;
    assert_eq!(told["calls_spent"], 0);
    let ledger = rusqlite::Connection::open(scene.path("state/journal.db")).unwrap();
    ledger
        .execute("update poll set failures = 1, problem = 'HTTP 503'", [])
        .unwrap();
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect(&told, "container", "problem", "somebody deleted it");
    assert_eq!(told["calls_spent"], 2);
    scene.assert_lawful();
}
