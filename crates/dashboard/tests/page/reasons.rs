//! Why a number is as it is, as people see it.

use collector_core::UnitSystem;
use reqwest::StatusCode;
use serde_json::json;

use super::garage::{CHARGE, FIRST, Filled, HOSTILE, NORTH, charges, readings};
use super::history::name;
use super::site::Program;

#[tokio::test]
async fn a_reason_is_told_with_its_rule_its_interval_and_its_readings() {
    let reason = |rule: &str, cited| {
        json!({
            "rule": rule, "title": "Four energies, never mixed", "low": 9.0, "high": 10.5,
            "note": HOSTILE, "cited": cited,
        })
    };
    let cited = json!([
        { "entry": 17, "descriptor": CHARGE, "name": "soc", "measured_at": FIRST, "value": "20 %" },
        { "entry": 18, "descriptor": NORTH, "name": "latitude", "measured_at": FIRST, "value": "48.123°" },
        { "entry": 19, "descriptor": "vehicle.x", "name": "odometer", "measured_at": FIRST, "value": "3218.688 km" },
    ]);
    let document = json!({ "record": {
        "kind": "charging_session", "start": FIRST, "state": "final", "revision": 3,
        "rules": { "S3": "Grid is what BMW says. & more" },
        "values": [
            { "column": "energy_battery_kwh", "value": 9.5, "unit": "kWh", "reasons": [reason("S3", cited)] },
            { "column": "energy_kwh", "value": null, "unit": "kWh", "reasons": [reason("S3", json!([]))] },
            { "column": "odometer_km", "value": 1_609.344, "unit": "km", "reasons": [] },
            { "column": "cost", "value": null, "unit": null, "reasons": [] },
            { "column": "latitude", "value": 48.123, "unit": "°", "reasons": [] },
        ],
        "parts": [],
    }});
    let program = Program {
        units: UnitSystem::Imperial,
        why: Some(("charging_session".to_owned(), FIRST.to_owned(), document)).into(),
        ..Program::default()
    };
    let filled = Filled::with(readings(), charges(), program).await;
    let path = format!("why/session/{}/{FIRST}", name());
    let page = filled.at(&path).await;
    for part in [
        "Charging session, Sat 1 Feb 2025, 00:30",
        "Revision 3, final",
        "id=\"energy-battery-kwh\"",
        "9 to 10.5 kWh",
        "Rule S3",
        "Four energies, never mixed. &#60;script&#62;",
        "unknown",
        ">20 %<",
        ">2000 mi<",
        ">1000 <span class=\"unit\">mi",
        &format!("href=\"../../../v/{}/charging/2025-01-31T23%3A30%3A00Z\"", name()),
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(
        page.matches("Grid is what BMW says.").count(),
        1,
        "once is enough"
    );
    assert!(
        !page.contains("id=\"cost\""),
        "of what is unknown without a reason nothing is told"
    );
    assert!(!page.contains("48.123"), "a position is shown to who asks for it");
    let shown = filled.at(&format!("{path}?position=shown")).await;
    assert_eq!(shown.matches("48.123").count(), 2);
    let file = async |more: &str| {
        let path = format!("{path}?csv=energy-battery-kwh{more}");
        let answer = filled.page.get(&path).send().await.unwrap();
        answer.text().await.unwrap()
    };
    let (hidden, told) = (file("").await, file("&position=shown").await);
    assert!(
        hidden.starts_with("Key,") && hidden.lines().count() == 4,
        "{hidden}"
    );
    assert!(!hidden.contains("48.123") && told.contains("48.123"), "{told}");
    for other in ["why/trip", "why/nothing"] {
        let path = format!("{other}/{}/{FIRST}", name());
        let answer = filled.page.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{other}");
    }
}
