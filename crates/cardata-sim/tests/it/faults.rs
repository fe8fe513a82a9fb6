//! Each fault as a client sees it.

use std::time::Duration;

use cardata_sim::{Fault, FaultRate, NotJson, SimConfig};
use jiff::SignedDuration;
use reqwest::Method;

use crate::desk::{Desk, HEADER, VIN, error_id};

const MAPPINGS: &str = "/customers/vehicles/mappings";

/// What a client makes of one request: the status and the body, or what went wrong.
async fn observe(desk: &Desk, path: &str) -> Result<(u16, Vec<u8>), reqwest::Error> {
    observe_for(desk, path, Duration::from_secs(60)).await
}

/// The same for a client that gives up after `patience`.
async fn observe_for(desk: &Desk, path: &str, patience: Duration) -> Result<(u16, Vec<u8>), reqwest::Error> {
    let response = desk.request(Method::GET, path).timeout(patience).send().await?;
    let status = response.status().as_u16();
    Ok((status, response.bytes().await?.to_vec()))
}

#[tokio::test]
async fn a_status_comes_with_its_body() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    desk.control.inject(Fault::Status {
        status: 503,
        body: r#"{"exveErrorId":"CU-503"}"#.into(),
    });
    desk.control.inject(Fault::Status {
        status: 429,
        body: "slow down".into(),
    });
    assert_eq!(error_id(&desk.get(MAPPINGS).await), (503, "CU-503"));
    assert_eq!(
        observe(&desk, MAPPINGS).await.unwrap(),
        (429, b"slow down".to_vec())
    );
    assert_eq!(desk.get(MAPPINGS).await.0, 200);
    desk.leave().await;
}

#[tokio::test]
async fn a_pause_and_a_redirect_come_with_their_headers() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    desk.control.inject(Fault::Slowed(Duration::from_secs(90)));
    desk.control
        .inject(Fault::Redirect("http://127.0.0.1:9/login".to_owned()));
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let http = http.build().unwrap();
    for (status, name, value) in [
        (429, "retry-after", "90"),
        (302, "location", "http://127.0.0.1:9/login"),
    ] {
        let request = desk.request(Method::GET, MAPPINGS).build().unwrap();
        let response = http.execute(request).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[name]),
            (status, &value.parse().unwrap())
        );
    }
    desk.leave().await;
}

#[tokio::test]
async fn the_quota_fault_looks_like_an_exhausted_quota() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    desk.control.inject(Fault::Quota);
    assert_eq!(error_id(&desk.get(MAPPINGS).await), (403, "CU-429"));
    assert_eq!(desk.get(MAPPINGS).await.0, 200);
    desk.leave().await;
}

#[tokio::test]
async fn an_answer_can_have_another_time() {
    let desk = Desk::new(SimConfig::default()).await;
    let date = || async {
        let answer = desk.request(Method::GET, "/oneid/link").send().await.unwrap();
        answer.headers()["date"].to_str().unwrap().to_owned()
    };
    desk.control.inject(Fault::Date(SignedDuration::from_hours(-2)));
    assert_eq!(date().await, "Fri, 20 Nov 2026 10:00:00 GMT");
    assert_ne!(date().await, "Fri, 20 Nov 2026 10:00:00 GMT");
    desk.leave().await;
}

#[tokio::test]
async fn a_reset_gives_no_answer_but_costs_a_call() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    desk.control.inject(Fault::Reset);
    let error = observe(&desk, MAPPINGS).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(desk.control.requests().last().unwrap().status, 0);
    assert_eq!(desk.control.spent_today(), 1);
    assert_eq!(desk.get(MAPPINGS).await.0, 200);
    desk.leave().await;
}

#[tokio::test]
async fn a_truncated_or_abandoned_answer_does_not_count_as_served() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let id = desk.container(&[HEADER]).await;
    let path = format!("/customers/vehicles/{VIN}/telematicData?containerId={id}");
    let patience = Duration::from_millis(200);
    desk.control.inject(Fault::Truncated);
    let error = observe(&desk, &path).await.unwrap_err();
    assert!(
        (error.is_body() || error.is_decode()) && !error.is_timeout(),
        "{error:?}"
    );
    desk.control.inject(Fault::Hang(Duration::from_secs(3_600)));
    assert!(
        observe_for(&desk, &path, patience)
            .await
            .unwrap_err()
            .is_timeout()
    );
    desk.control.inject(Fault::SlowBody(Duration::from_secs(3_600)));
    assert!(
        observe_for(&desk, &path, patience)
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert_eq!(desk.control.served(), []);
    assert_eq!(observe(&desk, &path).await.unwrap().0, 200);
    assert_eq!(desk.control.served().len(), 1);
    let statuses: Vec<u16> = desk
        .control
        .requests()
        .iter()
        .rev()
        .take(4)
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [200; 4]);
    // Neither keeps the simulator from ending, nor is served when it ends: their clients have gone.
    let control = desk.control.clone();
    desk.leave().await;
    assert_eq!(control.served().len(), 1);
}

#[tokio::test]
async fn a_slow_body_is_whole_in_the_end() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let whole = observe(&desk, &format!("/customers/vehicles/{VIN}/basicData"))
        .await
        .unwrap();
    desk.control.inject(Fault::SlowBody(Duration::from_millis(1)));
    assert_eq!(
        observe(&desk, &format!("/customers/vehicles/{VIN}/basicData"))
            .await
            .unwrap(),
        whole
    );
    desk.leave().await;
}

#[tokio::test]
async fn bodies_can_be_anything_but_json() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    for (kind, begin) in [
        (NotJson::Html, b"<!DOCTYPE".as_slice()),
        (NotJson::Xml, b"<?xml".as_slice()),
        (NotJson::Garbage, b"\x1f\x8b\xff".as_slice()),
    ] {
        desk.control.inject(Fault::NotJson(kind));
        let (status, body) = observe(&desk, MAPPINGS).await.unwrap();
        assert!(status == 200 && body.starts_with(begin), "{kind:?}");
    }
    desk.control.inject(Fault::NotJson(NotJson::Empty));
    assert_eq!(observe(&desk, MAPPINGS).await.unwrap(), (200, Vec::new()));
    desk.leave().await;
}

#[tokio::test]
async fn ordered_faults_can_be_taken_back() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    desk.control.inject_on("/customers/", 5, Fault::Quota);
    desk.control.clear_faults();
    assert_eq!(desk.get(MAPPINGS).await.0, 200);
    desk.leave().await;
}

#[tokio::test]
async fn random_faults_strike_where_they_may() {
    let faults = FaultRate {
        probability: 0.5,
        faults: vec![Fault::Status {
            status: 500,
            body: "{}".into(),
        }],
        path: Some("/customers/".into()),
    };
    let desk = Desk::logged_in(SimConfig {
        faults,
        ..SimConfig::default()
    })
    .await;
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(desk.get(MAPPINGS).await.0);
    }
    assert!(statuses.contains(&200) && statuses.contains(&500), "{statuses:?}");
    desk.leave().await;
}
