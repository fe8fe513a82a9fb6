//! `smartMaintenanceTyreDiagnosis`: four mounted tyres, of which one lacks its production date.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::Answer;
use crate::car::Car;

/// New tyres last this far.
const TYRE_LIFE_KM: f64 = 40_000.0;

pub(super) fn answer(car: &Car, now: Timestamp) -> Answer {
    let history = car.history(now);
    let driven = history
        .last()
        .map_or(0.0, |segment| segment.odometer_at(now.as_second()));
    let left = TYRE_LIFE_KM - driven % TYRE_LIFE_KM;
    let mounted = json!({
        "label": "Mounted tyres",
        "aggregatedQualityStatus": { "label": "Overall status", "qualityStatus": "GOOD", "value": "Good" },
        "frontLeft": tyre("Front left", left, Some("2522")),
        "frontRight": tyre("Front right", left, Some("2522")),
        "rearLeft": tyre("Rear left", left, Some("2622")),
        "rearRight": tyre("Rear right", left, None),
    });
    let body = json!({ "passengerCar": { "mountedTyres": mounted }, "errors": [] });
    Answer::json(200, &body)
}

fn tyre(label: &str, left_km: f64, produced: Option<&str>) -> Value {
    // What the car does not know has a label and nothing else.
    let mut production = json!({ "label": "Production date" });
    if let Some(week) = produced {
        production["value"] = week.into();
        production["statusColor"] = "GREEN".into();
    }
    json!({
        "label": label,
        "dimension": {
            "label": "Dimension", "value": "245/45 R18 100Y", "sectionWidth": 245, "aspectRatio": 45,
            "constructionType": "R", "rimDiameter": 18, "loadIndex": 100, "speedRating": "Y",
        },
        "season": { "label": "Season", "season": "SUMMER", "value": "Summer" },
        "runFlat": { "label": "Run-flat", "runFlat": false, "value": "No" },
        "mountingDate": { "label": "Mounting date" },
        "qualityStatus": { "label": "Status", "qualityStatus": "GOOD", "value": "Good" },
        "tyreDefect": { "label": "Defect", "value": "None", "status": "OK", "statusColor": "GREEN" },
        "tyreProductionDate": production,
        "tyreWear": {
            "label": "Wear", "value": "Good", "status": "OK", "statusColor": "GREEN",
            "dueMileage": left_km as i64, "unit": "KILOMETER",
        },
    })
}
