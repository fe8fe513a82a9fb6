//! The household's share: a subscriber that knows nothing of the program reads what it publishes.

use serde_json::Value;
use tests::servers::Mosquitto;
use tests::stream::flow::{Flow, vins};
use tests::stream::gate::Gate;
use tests::stream::listener::{Heard, Listener};
use tests::stream::message::Told;
use tests::stream::stage::{NO_LIMITS, Stage, delivered, in_real_time, tokens_of};

use crate::oracle::{Row, canonical, compare};
use crate::scene::{DEADLINE, Plan, stop, until};

fn sink(broker: &Mosquitto, port: u16) -> String {
    format!(
        "  - type: mqtt\n    url: \"mqtts://localhost:{port}\"\n    ca: \"{}\"\n",
        broker.ca().display()
    )
}

#[tokio::test]
async fn what_a_broker_missed_arrives_in_order_when_it_is_back() {
    let Some(household) = Mosquitto::with(&NO_LIMITS).await else {
        return;
    };
    let gate = Gate::to(household.port()).await;
    let sinks = sink(&household, gate.port());
    let Some(stage) = Stage::set(tokens_of(3_600), &in_real_time(&sinks)).await else {
        return;
    };
    let subscriber = Listener::subscribe(&household, "subscriber", &format!("{}/+", stage.gcid)).await;
    let run = stage.run().await;
    let mut flow = Flow::of(&stage.vin(), 1);
    let mut told = Vec::new();
    for open in [true, false, true] {
        gate.set_open(open);
        let part = flow.news(200);
        stage.publisher().publish_all(&part).await;
        told.extend(part);
        stage.stored(&run, told.len()).await;
        if open {
            let last = told[told.len() - 1].clone();
            subscriber
                .wait_until("message in BMW's form", DEADLINE, |heard| {
                    heard.iter().any(|one| is(one, &last))
                })
                .await;
        } else {
            until(&run, "attempt of the sink", || gate.turned_away() > 0).await;
        }
    }
    stop(run).await;
    let mut arrived: Vec<Row> = Vec::new();
    for row in subscriber.heard().iter().flat_map(readings) {
        // A message may come twice, but never before one that was measured and stored before it.
        if !arrived.contains(&row) {
            arrived.push(row);
        }
    }
    let wanted: Vec<Row> = told.iter().map(|told| rounded(told.row())).collect();
    arrived.retain(|row| wanted.contains(row));
    let difference = compare(&arrived, &wanted);
    assert!(difference.is_none(), "{difference}");
    assert!(arrived == wanted, "in order");
}

#[tokio::test]
async fn the_newest_values_and_the_devices_are_retained() {
    let Some(household) = Mosquitto::with(&NO_LIMITS).await else {
        return;
    };
    let sinks = sink(&household, household.port());
    let Some(stage) = Stage::set(tokens_of(3_600), &in_real_time(&sinks)).await else {
        return;
    };
    let run = stage.run().await;
    // Of a vehicle that is not polled: nothing but the stream tells of it.
    let mut told = Flow::of_all(vins(1), 1).news(400);
    let newest: Vec<Told> = told[392..].to_vec();
    // The newest first: what comes later and is older replaces nothing.
    told.reverse();
    stage.publisher().publish_all(&told).await;
    stage.stored(&run, told.len()).await;
    delivered(&stage.scene, &run).await;

    let late = Listener::subscribe(&household, "late", "cardata/#").await;
    let values = |heard: &Vec<Heard>, told: &Told| {
        let (level, wanted) = (told.descriptor.replace('.', "/"), rounded(told.row()).value);
        let of = |one: &&Heard| one.retained && one.topic.ends_with(&level);
        heard
            .iter()
            .filter(of)
            .any(|one| value_of(one).as_ref() == Some(&wanted))
    };
    for told in &newest {
        let what = format!("{} of {}", told.row().value, told.descriptor);
        late.wait_until(&what, DEADLINE, |heard| values(heard, told))
            .await;
    }
    let discovery = Listener::subscribe(&household, "assistant", "homeassistant/#").await;
    discovery
        .wait_until("a device", DEADLINE, |heard| !heard.is_empty())
        .await;
    for one in discovery.heard() {
        assert!(one.retained && one.json().is_object(), "{one:?}");
    }
    stop(run).await;
}

#[tokio::test]
async fn a_device_has_brand_and_model_for_one_call() {
    let Some(household) = Mosquitto::with(&NO_LIMITS).await else {
        return;
    };
    let sinks = sink(&household, household.port());
    // Every call of a day is promised to polls.
    let plan = Plan {
        every: "30m",
        ..in_real_time(&sinks)
    };
    let Some(stage) = Stage::set(tokens_of(3_600), &plan).await else {
        return;
    };
    let discovery = Listener::subscribe(&household, "assistant", "homeassistant/#").await;
    let mut flow = Flow::of(&stage.vin(), 1);
    for _ in 0..2 {
        let run = stage.run().await;
        stage.publisher().publish_all(&flow.news(20)).await;
        discovery
            .wait_until("a device with its model", DEADLINE, |heard| {
                heard
                    .iter()
                    .any(|one| one.json()["device"]["model"] == "i4 eDrive40")
            })
            .await;
        stop(run).await;
    }
    let asked = stage.scene.bmw.requests();
    let asked = asked
        .iter()
        .filter(|request| request.path.ends_with("/basicData"));
    assert_eq!(asked.count(), 1);
}

/// Whether a message in BMW's form says this.
fn is(heard: &Heard, told: &Told) -> bool {
    readings(heard).contains(&rounded(told.row()))
}

/// What a message in BMW's form says, read as programs read it that were made for BMW's broker.
fn readings(heard: &Heard) -> Vec<Row> {
    let message = heard.json();
    let vin = message["vin"].as_str().expect("a VIN");
    assert!(heard.topic.ends_with(&format!("/{vin}")), "{}", heard.topic);
    let data = message["data"].as_object().expect("an object of descriptors");
    let row = |(descriptor, body): (&String, &Value)| {
        let at: jiff::Timestamp = body["timestamp"].as_str().expect("a time").parse().unwrap();
        Row {
            vin: vin.to_owned(),
            descriptor: descriptor.clone(),
            at: at.as_millisecond(),
            value: text(&body["value"]),
        }
    };
    data.iter().map(row).collect()
}

/// A retained topic: a bare value, or an object that has it.
fn value_of(heard: &Heard) -> Option<String> {
    match serde_json::from_slice(&heard.payload) {
        Ok(Value::Object(object)) => object.get("value").map(text),
        Ok(value) => Some(text(&value)),
        Err(_) => Some(millionths(heard.text())),
    }
}

fn text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    millionths(&text)
}

/// Miles in kilometres have more digits than anybody publishes.
fn millionths(text: &str) -> String {
    let number = text.parse::<f64>().map(|number| (number * 1e6).round() / 1e6);
    number.map_or_else(|_| text.to_owned(), |number| canonical(&number.to_string()))
}

fn rounded(row: Row) -> Row {
    Row {
        value: millionths(&row.value),
        ..row
    }
}
