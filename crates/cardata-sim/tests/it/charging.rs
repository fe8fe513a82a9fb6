//! The endpoints beside `telematicData`.

use std::collections::BTreeSet;

use cardata_sim::SimConfig;
use reqwest::Method;

use crate::desk::{Desk, VIN, error_id, text};

fn history(query: &str) -> String {
    format!("/customers/vehicles/{VIN}/chargingHistory?{query}")
}

#[tokio::test]
async fn the_history_is_paged_newest_first() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let window = "from=2026-10-21T12:00:00.000Z&to=2026-11-20T12:00:00Z";
    let (status, first) = desk.get(&history(window)).await;
    assert_eq!(status, 200, "{first}");
    let mut starts = Vec::new();
    let mut page = first;
    let mut pages = 1;
    loop {
        for session in page["data"].as_array().unwrap() {
            let (start, end) = (
                session["startTime"].as_i64().unwrap(),
                session["endTime"].as_i64().unwrap(),
            );
            assert!(start < end && session["displayedSoc"].as_i64() > session["displayedStartSoc"].as_i64());
            starts.push(start);
        }
        let Some(token) = page.get("next_token") else {
            break;
        };
        page = desk
            .get(&history(&format!("{window}&nextToken={}", text(token))))
            .await
            .1;
        pages += 1;
    }
    assert!(
        pages > 2 && starts.len() > 20,
        "{} sessions on {pages} pages",
        starts.len()
    );
    assert!(starts.is_sorted_by(|newer, older| newer > older));
    assert_eq!(starts.iter().collect::<BTreeSet<_>>().len(), starts.len());
    desk.leave().await;
}

#[tokio::test]
async fn the_window_is_required_and_at_most_45_days() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let fits = "from=2026-10-06T12:00:00Z&to=2026-11-20T12:00:00Z";
    assert_eq!(desk.get(&history(fits)).await.0, 200);
    let long = "from=2026-10-05T12:00:00Z&to=2026-11-20T12:00:00Z";
    assert_eq!(error_id(&desk.get(&history(long)).await), (400, "CU-401"));
    let token = format!("{fits}&nextToken=abc");
    assert_eq!(error_id(&desk.get(&history(&token)).await), (400, "CU-125"));
    assert_eq!(desk.control.violations(), []);
    let seconds = "from=1763640000&to=1763726400";
    assert_eq!(error_id(&desk.get(&history(seconds)).await), (400, "CU-401"));
    assert_eq!(
        error_id(&desk.get(&history("from=2026-11-19T12:00:00Z")).await),
        (400, "CU-401")
    );
    assert_eq!(desk.control.violations().len(), 3);
    desk.sim.stop().await;
}

#[tokio::test]
async fn image_settings_and_tyres_are_served() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let vehicle = format!("/customers/vehicles/{VIN}");
    let image = desk
        .request(Method::GET, &format!("{vehicle}/image"))
        .send()
        .await
        .unwrap();
    assert_eq!(image.headers()["content-type"], "image/png");
    let image = image.bytes().await.unwrap();
    assert!(image.starts_with(b"\x89PNG\r\n\x1a\n") && image.len() > 100);
    let (status, settings) = desk
        .get(&format!("{vehicle}/locationBasedChargingSettings"))
        .await;
    assert_eq!((status, settings["data"].as_array().unwrap().len()), (200, 2));
    let (status, tyres) = desk
        .get(&format!("{vehicle}/smartMaintenanceTyreDiagnosis"))
        .await;
    assert_eq!(status, 200);
    let production = &tyres["passengerCar"]["mountedTyres"]["rearRight"]["tyreProductionDate"];
    assert_eq!(*production, serde_json::json!({ "label": "Production date" }));
    desk.leave().await;
}
