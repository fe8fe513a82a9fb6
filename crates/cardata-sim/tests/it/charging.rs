//! The endpoints beside `telematicData`.

use std::collections::BTreeSet;

use cardata_sim::{Charge, Documents, Picture, SimConfig};
use reqwest::Method;
use serde_json::Value;

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
async fn the_history_tells_what_the_car_charged() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let mut told = Vec::new();
    for window in [
        "from=2026-09-20T12:00:00Z&to=2026-10-21T12:00:00Z",
        "from=2026-10-21T12:00:00Z&to=2026-11-20T12:00:00Z",
    ] {
        let mut next = history(window);
        loop {
            let page = desk.get(&next).await.1;
            told.extend(page["data"].as_array().unwrap().clone());
            let Some(token) = page.get("next_token") else {
                break;
            };
            next = history(&format!("{window}&nextToken={}", text(token)));
        }
    }
    let plug_ins = desk.control.plug_ins(VIN);
    let charges: Vec<&Charge> = plug_ins.iter().flat_map(|plug_in| &plug_in.charges).collect();
    assert_eq!(told.len(), charges.len());
    assert!(
        plug_ins.iter().any(|plug_in| plug_in.charges.len() == 2),
        "a pause at night"
    );
    told.sort_by_key(|session| session["startTime"].as_i64());
    for (session, charge) in told.iter().zip(&charges) {
        assert_eq!(session["startTime"], charge.start.as_second());
        let kwh = session["energyConsumedFromPowerGridKwh"].as_f64().unwrap();
        assert!((kwh - charge.grid_kwh).abs() < 1e-9, "{session} {charge:?}");
        let blocks = session["chargingBlocks"].as_array().unwrap();
        let of_block = |block: &Value| {
            let seconds = block["endTime"].as_i64().unwrap() - block["startTime"].as_i64().unwrap();
            block["averagePowerGridKw"].as_f64().unwrap() * seconds as f64 / 3_600.0
        };
        assert!(
            (blocks.iter().map(of_block).sum::<f64>() - kwh).abs() < 1e-9,
            "{session}"
        );
        if let Some(battery) = session["energyIncreaseHvbKwh"].as_f64() {
            let from_soc = (charge.soc.1 - charge.soc.0) / 100.0 * 77.0;
            assert!((battery - charge.battery_kwh).abs() < 1e-9 && (battery - from_soc).abs() < 0.05);
        }
    }
    let with = |wanted: fn(&Value) -> bool| told.iter().filter(|session| wanted(session)).count();
    assert!(
        with(|session| session["chargingBlocks"].as_array().unwrap().len() > 2) > 10,
        "sun and clouds"
    );
    let measured = with(|session| session["energyIncreaseHvbKwh"].is_number());
    assert!(measured > 10 && measured < told.len());
    let drives = desk.control.drives(VIN);
    assert!(
        drives.len() > 80
            && drives
                .iter()
                .all(|drive| drive.km > 20.0 && drive.start < drive.end)
    );
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

#[tokio::test]
async fn documents_differ_from_the_specification_where_that_is_asked_for() {
    let desk = Desk::logged_in(SimConfig {
        documents: Documents {
            picture: Picture::Missing,
            places_a_page: 1,
            are_ragged: true,
            log: true,
        },
        ..SimConfig::default()
    })
    .await;
    let vehicle = format!("/customers/vehicles/{VIN}");
    let settings = format!("{vehicle}/locationBasedChargingSettings");
    let (_, first) = desk.get(&settings).await;
    let (_, second) = desk
        .get(&format!("{settings}?nextToken={}", text(&first["nextToken"])))
        .await;
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
    assert!(second["nextToken"].is_null());
    let image = format!("{vehicle}/image");
    assert_eq!(error_id(&desk.get(&image).await), (404, "CU-126"));
    desk.control.show(Picture::Jpeg);
    let jpeg = desk.request(Method::GET, &image).send().await.unwrap();
    assert!(jpeg.bytes().await.unwrap().starts_with(b"\xff\xd8\xff"));
    let (_, page) = desk
        .get(&history("from=2026-11-06T12:00:00Z&to=2026-11-20T12:00:00Z"))
        .await;
    let starts: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["startTime"])
        .collect();
    assert!(starts.iter().any(|start| start.is_string()) && starts.iter().any(|start| start.is_f64()));
    let served = desk.control.documents();
    let ends: Vec<_> = served
        .iter()
        .map(|one| one.path.rsplit('/').next().unwrap())
        .collect();
    let places = "locationBasedChargingSettings";
    assert_eq!(ends, [places, places, "image", "chargingHistory"]);
    desk.leave().await;
}

#[tokio::test]
async fn what_is_started_again_goes_on_with_the_lives_of_its_cars() {
    let drives = async |config: SimConfig| {
        let desk = Desk::new(config).await;
        let driven = desk.control.drives(VIN);
        desk.leave().await;
        driven
    };
    let born = "2026-11-13T07:00:00Z".parse().unwrap();
    let again = SimConfig {
        born: Some(born),
        ..SimConfig::default()
    };
    let first = SimConfig {
        start: Some(born),
        ..SimConfig::default()
    };
    let (again, first) = (drives(again).await, drives(first).await);
    assert_eq!(again, first);
    assert_ne!(first, drives(SimConfig::default()).await);
}
