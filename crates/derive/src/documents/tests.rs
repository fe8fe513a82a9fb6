//! Documents as BMW sends them, and as it never should.

use std::sync::Arc;

use collector_core::{Record, Value, Vehicle, document};
use serde_json::json;

use super::Documents;
use crate::Rules;
use crate::fact::{Fact, Key, Sent, What};
use crate::rules::Place;
use facts::row::{moment, number, text, value};

const NOW: i64 = 1_772_000_000_000;

fn vehicle() -> Vehicle {
    Vehicle::named("WBY8P210X07A12345".parse().unwrap(), None)
}

/// What is told when each of these came, one an hour.
fn told(documents: &mut Documents, sent: &[(&str, serde_json::Value)], rules: &Rules) -> Vec<Record> {
    for (hour, (name, json)) in (0..).zip(sent) {
        let at = NOW + hour * 3_600_000;
        let sent = Sent {
            name: (*name).into(),
            at: moment(at),
            json: json.to_string().into(),
        };
        let fact = Fact {
            at,
            seq: 7 + hour as u64,
            received_at: at,
            requested: false,
            key: Key::of(name).unwrap(),
            what: What::Document(Arc::new(sent)),
        };
        documents.step(&fact, rules);
    }
    documents.records(&vehicle(), rules)
}

fn told_once(name: &str, json: serde_json::Value) -> Vec<Record> {
    told(&mut Documents::default(), &[(name, json)], &Rules::default())
}

#[test]
fn a_vehicle_is_what_the_live_service_says_of_it() {
    let basic = json!({
        "brand": "BMW", "modelName": "i4 M50", "seriesDevt": "G26", "countryCode": "DE", "numberOfDoors": 5,
        "chargingModes": ["AC_HIGH", "DC"], "constructionDate": "2022-11-24T00:00:00.000+0000",
        "reessNominalCapacityGross": "210.6", "hasNavi": true, "hasSunRoof": "FALSE", "newKey": { "a": [1] },
    });
    let records = told_once(document::VEHICLE, basic);
    let [record] = records.as_slice() else {
        panic!("{records:?}");
    };
    let texts =
        ["model", "series", "country", "charging_modes", "built_on"].map(|column| text(record, column));
    assert_eq!(
        texts,
        ["i4 M50", "G26", "DE", "AC_HIGH, DC", "2022-11-24"].map(Some)
    );
    assert_eq!(number(record, "battery_nominal_capacity_ah"), Some(210.6));
    assert_eq!(number(record, "battery_max_energy_kwh"), None);
    assert_eq!(value(record, "navigation"), Some(&Value::Bool(true)));
    assert_eq!(value(record, "sun_roof"), Some(&Value::Bool(false)));
    assert_eq!(record.key[0], Value::Timestamp(moment(NOW)));
    let why = record
        .evidence
        .iter()
        .find(|why| &*why.column == "doors")
        .unwrap();
    assert_eq!((&*why.rule, why.cited[0].seq), ("D1", 7));
}

#[test]
fn a_vehicle_is_the_same_until_something_that_is_kept_of_it_changes() {
    let basic = |software: &str, other: i32| json!({ "modelName": "i4", "puStep": software, "other": other });
    let sent = [
        basic("0723", 1),
        basic("0723", 2),
        basic("1123", 2),
        basic("1123", 3),
    ]
    .map(|json| (document::VEHICLE, json));
    for (until, hour) in [(1, 0), (2, 0), (3, 2), (4, 2)] {
        let records = told(&mut Documents::default(), &sent[..until], &Rules::default());
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].at, moment(NOW + hour * 3_600_000), "after {until}");
    }
}

#[test]
fn fields_of_another_type_lose_no_others() {
    let odd = json!({
        "brand": 7, "modelName": null, "numberOfDoors": "5", "chargingModes": "AC", "constructionDate": "May",
        "hasNavi": 1, "hvsMaxEnergyAbsolute": "INVALID", "steering": { "label": "x" },
    });
    let records = told_once(document::VEHICLE, odd);
    let texts =
        ["brand", "model", "charging_modes", "built_on", "steering"].map(|column| text(&records[0], column));
    assert_eq!(texts, [Some("7"), None, Some("AC"), Some("May"), None]);
    assert_eq!(number(&records[0], "doors"), Some(5.0));
    for (energy, kwh) in [
        (json!("80.7"), Some(80.7)),
        (json!("INVALID"), None),
        (json!("0"), None),
    ] {
        let records = told_once(
            document::VEHICLE,
            json!({ "modelName": "i4", "hvsMaxEnergyAbsolute": energy }),
        );
        assert_eq!(number(&records[0], "battery_max_energy_kwh"), kwh, "{energy}");
    }
    for nothing in [
        json!({}),
        json!([]),
        json!("x"),
        json!(null),
        json!({ "modelName": "" }),
    ] {
        for name in [document::VEHICLE, document::TYRES, document::CHARGING_SETTINGS] {
            assert_eq!(told_once(name, nothing.clone()), [], "{name} {nothing}");
        }
    }
}

#[test]
fn an_answer_with_nothing_in_it_takes_nothing_away() {
    let tyres =
        json!({ "passengerCar": { "mountedTyres": { "frontLeft": { "season": { "season": "SUMMER" } } } } });
    let failed = json!({ "passengerCar": null, "errors": [{ "eventId": "1" }] });
    let none = json!({ "passengerCar": { "mountedTyres": { "label": "Mounted" } } });
    let cases = [
        (document::VEHICLE, json!({ "modelName": "i4" }), json!({}), 1),
        (
            document::VEHICLE,
            json!({ "modelName": "i4" }),
            json!({ "modelName": null }),
            1,
        ),
        (document::TYRES, tyres.clone(), json!({}), 1),
        (document::TYRES, tyres.clone(), failed, 1),
        (document::TYRES, tyres, none, 0),
    ];
    for (name, first, then, left) in cases {
        let records = told(
            &mut Documents::default(),
            &[(name, first), (name, then.clone())],
            &Rules::default(),
        );
        assert_eq!(records.len(), left, "{name} {then}");
    }
}

#[test]
fn a_tyre_is_told_where_anything_is_known_of_it() {
    let tyre = json!({
        "label": "Front left",
        "dimension": { "value": "245/45 R18 100Y", "sectionWidth": 245, "rimDiameter": "18", "speedRating": "Y" },
        "season": { "label": "Season", "season": "SUMMER", "value": "Summer" },
        "runFlat": { "runFlat": false }, "tyreProductionDate": { "label": "Production date" },
        "mountingDate": { "value": "2025-04-12T00:00:00.000+0000" },
        "tyreWear": { "dueMileage": 10000, "unit": "MILE", "status": "OK" },
    });
    let skeleton = json!({
        "label": "Rear left", "dimension": { "sectionWidth": 0, "rimDiameter": 0, "value": "" },
        "season": { "label": "Season" }, "runFlat": { "runFlat": false }, "tyreWear": { "dueMileage": 0 },
    });
    let sent = json!({ "passengerCar": {
        "mountedTyres": { "frontLeft": tyre, "rearLeft": skeleton, "frontRight": null, "rearRight": [] },
        "unmountedTyres": { "rearRight": { "season": { "value": "Winter" } } },
    }});
    let records = told_once(document::TYRES, sent);
    let keys: Vec<String> = records
        .iter()
        .map(|record| format!("{} {}", record.key[0], record.key[1]))
        .collect();
    assert_eq!(keys, ["mounted front_left", "stored rear_right"]);
    let first = &records[0];
    let texts = ["season", "produced", "mounted_on", "wear"].map(|column| text(first, column));
    assert_eq!(texts, [Some("SUMMER"), None, Some("2025-04-12"), Some("OK")]);
    let numbers = ["width_mm", "rim_inch", "load_index", "due_in_km"].map(|column| number(first, column));
    assert_eq!(numbers, [Some(245.0), Some(18.0), None, Some(16_093.44)]);
    assert_eq!(text(&records[1], "season"), Some("Winter"));
}

#[test]
fn settings_are_those_of_the_newest_list_and_keep_their_time() {
    let rules = Rules {
        places: vec![Place {
            name: "home".into(),
            latitude: 48.1,
            longitude: 11.5,
            radius_m: 150.0,
        }],
        ..Rules::default()
    };
    let home = json!({
        "id": "WBY8P210X07A12345-1", "clusterLocationId": "c1", "latitude": 48.1001, "longitude": "11.5",
        "startChargingTimePeriodHour": 0, "startChargingTimePeriodMinute": 0,
        "stopChargingTimePeriodHour": 0, "stopChargingTimePeriodMinute": 0,
        "chargingTimeWindows": [{ "startChargingTimePeriodHour": 22, "startChargingTimePeriodMinute": 0,
            "stopChargingTimePeriodHour": 6, "stopChargingTimePeriodMinute": 30 }],
        "acCurrentLimit": 16.0, "lastVisit": "2026-02-01T10:00:00.000+0000", "lastUpdated": 1769940000,
    });
    let nameless = json!({ "chargingMode": "IMMEDIATE_CHARGING", "latitude": 0, "longitude": 0 });
    let mut documents = Documents::default();
    let list = |items: &[&serde_json::Value]| (document::CHARGING_SETTINGS, json!(items));
    let records = told(&mut documents, &[list(&[&home, &nameless])], &rules);
    let keys: Vec<String> = records.iter().map(|record| record.key[0].to_string()).collect();
    assert_eq!(keys, ["c1", "2"]);
    assert_eq!(
        (text(&records[0], "place"), text(&records[0], "hours")),
        (Some("home"), Some("22:00-06:30"))
    );
    let times = ["last_visit", "updated"].map(|column| value(&records[0], column).unwrap().to_string());
    assert_eq!(times, ["2026-02-01T10:00:00.000Z", "2026-02-01T10:00:00.000Z"]);
    assert_eq!(
        (number(&records[1], "latitude"), text(&records[1], "hours")),
        (None, None)
    );
    assert!(!format!("{records:?}").contains("WBY8P210X07A12345-1"));
    // One that leaves the list is not told any more; one that comes back is the same as before.
    let gone = told(&mut documents, &[list(&[&nameless])], &rules);
    assert_eq!(gone.len(), 1);
    let json = serde_json::to_string(&documents).unwrap();
    let mut documents: Documents = serde_json::from_str(&json).unwrap();
    let back = told(&mut documents, &[list(&[]), list(&[&home])], &rules);
    assert_eq!(
        back.iter().map(|record| record.at).collect::<Vec<_>>(),
        [moment(NOW)]
    );
}
