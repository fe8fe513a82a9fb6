//! What programs ask.

use collector_core::PollRefused;
use collector_core::testkit::vehicle;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::history::{CHARGE, Filled, filled, name};
use super::site::Page;

async fn asked(filled: &Filled, path: &str) -> (StatusCode, Value) {
    let answer = filled.page.get(path).send().await.unwrap();
    let status = answer.status();
    assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
    let text = answer.text().await.unwrap();
    assert!(!text.contains(vehicle(false).vin.as_str()), "{text}");
    (status, serde_json::from_str(&text).unwrap())
}

async fn of(filled: &Filled, what: &str) -> Value {
    let (status, answer) = asked(filled, &format!("api/v1/vehicles/{}/{what}", name())).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[tokio::test]
async fn vehicles_go_by_their_names() {
    let filled = filled().await;
    let (_, answer) = asked(&filled, "api/v1/vehicles").await;
    assert_eq!(
        answer,
        json!({ "vehicles": [{ "vehicle": &*vehicle(false).name }] })
    );
    let (status, answer) = asked(&filled, "api/v1/vehicles/nobody/now").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains(&*vehicle(false).name), "{error}");
}

#[tokio::test]
async fn now_is_the_newest_value_of_every_key() {
    let filled = filled().await;
    filled.page.events.publish(&[], &json!(null));
    let now = of(&filled, "now").await;
    assert_eq!(now["sequence"], 1);
    let values = now["values"].as_array().unwrap();
    let charge = values.iter().find(|value| value["name"] == "charge").unwrap();
    assert_eq!(charge["value"], 61);
    assert_eq!(charge["unit"], "%");
    assert_eq!(charge["descriptor"], CHARGE);
    assert_eq!(charge["measured_at"], "2026-03-01T12:20:00.000Z");
    assert!(charge["age_seconds"].is_u64());
    assert!(values.iter().any(|value| value["value"] == "=cmd()"));
    let quantities = now["quantities"].as_array().unwrap();
    let names: Vec<_> = quantities
        .iter()
        .map(|told| told["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["state_of_charge"]);
    let told = &quantities[0];
    assert_eq!((&told["value"], &told["unit"]), (&json!(61), &json!("%")));
    assert_eq!(told["from"], "charge");
    assert_eq!(told["measured_at"], "2026-03-01T12:20:00.000Z");
    assert_eq!(
        (&told["origin"], &told["stamp"]),
        (&values_of(&now, "charge")["origin"], &json!("measured"))
    );
}

fn values_of<'a>(now: &'a Value, name: &str) -> &'a Value {
    let mut values = now["values"].as_array().unwrap().iter();
    values.find(|value| value["name"] == name).unwrap()
}

#[tokio::test]
async fn a_series_is_found_by_its_name_and_by_its_descriptor() {
    let filled = filled().await;
    let range = "from=2026-03-01T12:05:00Z&to=2026-03-01T12:30:00Z";
    let by_name = of(&filled, &format!("series?key=charge&{range}")).await;
    let by_descriptor = of(&filled, &format!("series?key={CHARGE}&{range}&points=100")).await;
    assert_eq!(by_name, by_descriptor);
    assert_eq!(by_name["unit"], "%");
    assert_eq!(by_name["before"]["value"], 50);
    assert_eq!(
        by_name["told"],
        json!({ "as": "readings", "points": [[1_772_367_000_000_i64, 60.5], [1_772_367_600_000_i64, 61.0]], "ends": [] })
    );
    let day = of(&filled, "series?key=evil&from=2026-03-01&to=2026-03-01").await;
    assert_eq!(day["told"]["as"], "changes");
    assert_eq!(day["told"]["points"], json!([[1_772_366_400_000_i64, "=cmd()"]]));
    let (_, page) = asked(&filled, &format!("v/{}/series.json?key=charge&{range}", name())).await;
    let points = json!([
        [1_772_366_400_000_i64, 50.0],
        [1_772_367_000_000_i64, 60.5],
        [1_772_367_600_000_i64, 61.0]
    ]);
    assert_eq!(page, json!({ "unit": "%", "points": points }));
}

#[tokio::test]
async fn what_cannot_be_answered_says_why() {
    let filled = filled().await;
    for (what, status, part) in [
        ("series", 400, "`key`"),
        ("series?key=charge&points=many", 400, "points"),
        ("trips?limit=-1", 400, "limit"),
        ("series?key=none", 404, "never told"),
        ("series?key=charge&from=soon", 400, "2026-03-01"),
        ("trips?from=2026-03-02&to=2026-02-01", 400, "behind"),
    ] {
        let (found, answer) = asked(&filled, &format!("api/v1/vehicles/{}/{what}", name())).await;
        assert_eq!(found.as_u16(), status, "{what}");
        assert!(answer["error"].as_str().unwrap().contains(part), "{answer}");
    }
    let empty = Page::open().await;
    let answer = empty.get("api/v1/vehicles").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.unwrap().contains("nothing has come yet"));
}

#[tokio::test]
async fn records_come_page_by_page_the_newest_first() {
    let filled = filled().await;
    let first = of(&filled, "trips?limit=1").await;
    assert_eq!(first["units"]["distance_km"], "km");
    assert_eq!(first["records"][0]["values"]["distance_km"], 7);
    assert_eq!(first["records"][0]["state"], "final");
    assert_eq!(first["next"], "2026-03-01T12:02:00.000Z");
    let next = first["next"].as_str().unwrap();
    let second = of(&filled, &format!("trips?to={next}")).await;
    assert_eq!(second["records"].as_array().unwrap().len(), 1);
    assert_eq!(second["records"][0]["values"]["distance_km"], 12.5);
    assert_eq!(second["records"][0]["values"]["start_place"], json!(null));
    assert_eq!(second["next"], json!(null));
    let sessions = of(&filled, "sessions").await;
    assert_eq!(sessions["records"][0]["values"]["energy_kwh"], 31);
}

#[tokio::test]
async fn a_poll_is_asked_for_or_refused_with_the_reason_and_the_time() {
    let filled = filled().await;
    let path = format!("api/v1/vehicles/{}/poll", name());
    let post = async || filled.page.post(&path).bearer_auth("-").send().await.unwrap();
    let polled = post().await;
    assert_eq!(polled.status(), StatusCode::OK);
    let told: Value = polled.json().await.unwrap();
    assert_eq!(
        told,
        json!({ "vehicle": name(), "polled_at": "2026-03-01T12:00:00.000Z" })
    );
    assert_eq!(*filled.page.program.polled.lock().unwrap(), [vehicle(false).vin]);
    let free_at = "2999-01-01T00:00:00Z".parse().unwrap();
    for (refused, status, retry_at) in [
        (PollRefused::NoSource, 409, json!(null)),
        (PollRefused::LoginNeeded, 409, json!(null)),
        (PollRefused::UnderWay, 409, json!(null)),
        (
            PollRefused::Failed {
                reason: "BMW is down".to_owned(),
            },
            502,
            json!(null),
        ),
        (
            PollRefused::BudgetSpent { free_at },
            429,
            json!("2999-01-01T00:00:00Z"),
        ),
    ] {
        *filled.page.program.refuses.lock().unwrap() = Some(refused.clone());
        let answer = post().await;
        assert_eq!(answer.status().as_u16(), status, "{refused}");
        assert_eq!(answer.headers().contains_key("retry-after"), status == 429);
        let told: Value = answer.json().await.unwrap();
        assert_eq!(
            told,
            json!({ "error": refused.to_string(), "retry_at": retry_at })
        );
    }
    let got = filled.page.get(&path).send().await.unwrap();
    assert_eq!(got.status(), StatusCode::METHOD_NOT_ALLOWED);
    let alone = filled.page.post(&path).send().await.unwrap();
    assert_eq!(alone.status(), StatusCode::FORBIDDEN);
}
