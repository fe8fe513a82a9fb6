//! Who is refused the REST API, and with which code.

use cardata_sim::{Fault, Mapping, MappingsShape, SimConfig, SimVehicle};
use reqwest::Method;

use crate::desk::{Desk, VIN, error_id, read};

const MAPPINGS: &str = "/customers/vehicles/mappings";

#[tokio::test]
async fn tokens_are_checked() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let bare = || desk.bare_request(Method::GET, MAPPINGS).header("x-version", "v1");
    assert_eq!(error_id(&read(bare()).await), (403, "TP-403"));
    assert_eq!(
        error_id(&read(bare().header("authorization", "Basic abc")).await),
        (401, "CU-100")
    );
    assert_eq!(
        error_id(&read(bare().bearer_auth("unknown")).await),
        (401, "CU-101")
    );
    assert_eq!(
        desk.control.spent_today(),
        0,
        "a stranger costs the account nothing"
    );
    let reasons: Vec<String> = desk
        .control
        .violations()
        .into_iter()
        .map(|violation| violation.reason)
        .collect();
    assert_eq!(reasons, ["the header Authorization must hold a bearer token"; 2]);

    assert_eq!(desk.get(MAPPINGS).await.0, 200);
    desk.pass(3_600);
    assert_eq!(error_id(&desk.get(MAPPINGS).await), (401, "CU-102"));
    desk.sim.stop().await;
}

#[tokio::test]
async fn tokens_can_be_expired_and_revoked_in_mid_flight() {
    for (fault, refusal) in [
        (Fault::ExpireTokens, (401, "CU-102")),
        (Fault::RevokeTokens, (403, "CU-127")),
    ] {
        let desk = Desk::logged_in(SimConfig::default()).await;
        desk.control.inject(fault);
        assert_eq!(error_id(&desk.get(MAPPINGS).await), refusal);
        assert_eq!(error_id(&desk.get(MAPPINGS).await), refusal);
        desk.leave().await;
    }
}

#[tokio::test]
async fn the_version_header_is_required() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let bare = || {
        desk.bare_request(Method::GET, MAPPINGS)
            .bearer_auth(&desk.access_token)
    };
    assert_eq!(error_id(&read(bare()).await), (400, "CU-400"));
    assert_eq!(
        error_id(&read(bare().header("x-version", "v2")).await),
        (400, "CU-400")
    );
    assert_eq!(desk.control.violations().len(), 2);
    desk.sim.stop().await;
}

#[tokio::test]
async fn only_the_owners_vehicles_are_shown() {
    let foreign = SimVehicle {
        mapping: Mapping::Secondary,
        ..SimVehicle::new("WBA11AB050FP00001")
    };
    let vehicles = vec![SimVehicle::default(), foreign];
    let desk = Desk::logged_in(SimConfig {
        vehicles,
        ..SimConfig::default()
    })
    .await;
    let (status, mappings) = desk.get(MAPPINGS).await;
    assert_eq!(status, 200);
    let types: Vec<_> = mappings
        .as_array()
        .unwrap()
        .iter()
        .map(|mapping| &mapping["mappingType"])
        .collect();
    assert_eq!(types, ["PRIMARY", "SECONDARY"]);
    let basic = |vin: &str| format!("/customers/vehicles/{vin}/basicData");
    let (status, data) = desk.get(&basic(VIN)).await;
    assert_eq!(
        (status, &data["constructionDate"]),
        (200, &"2022-11-24T00:00:00.000+0000".into())
    );
    assert!(data.get("vin").is_none());
    assert_eq!(
        error_id(&desk.get(&basic("WBA11AB050FP00001")).await),
        (403, "CU-104")
    );
    assert_eq!(
        error_id(&desk.get(&basic("WBA11AB050FP99999")).await),
        (403, "CU-104")
    );
    assert_eq!(desk.control.violations(), []);
    for wrong in ["wby71aw050fp12345", "WBY71AW050FP1234", "WBY71AW050FP1234O"] {
        assert_eq!(
            error_id(&desk.get(&basic(wrong)).await),
            (400, "CU-120"),
            "{wrong}"
        );
    }
    assert_eq!(desk.control.violations().len(), 3);
    desk.sim.stop().await;
}

#[tokio::test]
async fn mappings_can_be_an_object() {
    let desk = Desk::logged_in(SimConfig {
        mappings: MappingsShape::Object,
        ..SimConfig::default()
    })
    .await;
    assert_eq!(desk.get(MAPPINGS).await.1["vin"], VIN);
    desk.leave().await;
}

#[tokio::test]
async fn the_quota_counts_every_request_until_midnight_utc() {
    let desk = Desk::logged_in(SimConfig {
        calls_per_day: 3,
        ..SimConfig::default()
    })
    .await;
    assert_eq!(desk.get(MAPPINGS).await.0, 200);
    assert_eq!(desk.get("/customers/containers/S00I000M00000").await.0, 403);
    desk.control.inject(Fault::Status {
        status: 503,
        body: String::new(),
    });
    assert_eq!(desk.get(MAPPINGS).await.0, 503);
    assert_eq!(error_id(&desk.get(MAPPINGS).await), (403, "CU-429"));
    let counted: Vec<bool> = desk
        .control
        .requests()
        .iter()
        .filter(|r| r.path.starts_with("/customers"))
        .map(|r| r.counted)
        .collect();
    assert_eq!(counted, [true, true, true, false]);
    let midnight: jiff::Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    desk.pass(midnight.duration_since(desk.now()).as_secs().unsigned_abs() - 1);
    assert_eq!(desk.control.spent_today(), 3);
    desk.pass(1);
    assert_eq!(desk.control.spent_today(), 0);
    desk.control.spend(2);
    assert_eq!(desk.control.spent_today(), 2);
    desk.leave().await;
}

#[tokio::test]
async fn paths_that_do_not_exist_are_noted() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    assert_eq!(
        desk.get(&format!("/customer/vehicles/{VIN}/basicData")).await.0,
        404
    );
    assert_eq!(desk.get(&format!("/customers/vehicles/{VIN}/speed")).await.0, 404);
    assert_eq!(read(desk.request(Method::PUT, MAPPINGS)).await.0, 405);
    assert_eq!(desk.get("/customers/containers?x=1").await.0, 200);
    let reasons: Vec<String> = desk
        .control
        .violations()
        .into_iter()
        .map(|violation| violation.reason)
        .collect();
    assert_eq!(
        reasons,
        [
            "no such path",
            "no such path",
            "no such method on this path",
            "the operation has no parameter x"
        ]
    );
    desk.sim.stop().await;
}
