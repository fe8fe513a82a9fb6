//! Home Assistant's MQTT integration would accept what the sink `mqtt` tells of every descriptor of the catalogue,
//! and every state that follows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use catalogue::{CATALOGUE, CatalogueEntry};
use collector_core::{
    Descriptor, Ended, Entry, LogId, Origin, Present, Reading, Sink, SinkContext, SinkError, Snapshot, Unit,
    Value, ValueType, Vehicle, VehicleFacts,
};
use jiff::Timestamp;
use pipeline::ProcessEnvironment;
use tests::home_assistant::{Schema, check_state};
use tests::servers::Mosquitto;
use tests::subscriber::{Heard, Subscriber};

const POSITION: &str = "vehicle.cabin.infotainment.navigation.currentLocation.";

#[tokio::test]
async fn home_assistant_accepts_every_descriptor_of_the_catalogue() {
    let Some(broker) = Mosquitto::with(&["max_queued_messages 0"]).await else {
        return;
    };
    let mut assistant = Subscriber::start(&broker, "#").await;
    let mut descriptors: Vec<_> = CATALOGUE.iter().map(CatalogueEntry::to_descriptor).collect();
    assert_eq!(descriptors.len(), 295);
    // What no catalogue has: every type, with units of anybody's making.
    for (id, value_type, unit) in [
        ("vehicle.new.speed", ValueType::Number, Some("mph")),
        ("vehicle.new.blob", ValueType::Text, None),
        ("vehicle.new.flag/with+odd#name", ValueType::Bool, None),
    ] {
        descriptors.push(Descriptor::new(id, id, value_type, unit.map(Unit::new)));
    }
    let batch = batch(&descriptors);
    let mut sink = sink(&broker);
    sink.write(&batch).await.unwrap();
    sink.close().await.unwrap();
    let heard = assistant.all().await;

    let configs = configs(&heard);
    assert_eq!(
        configs.len(),
        descriptors.len() + 3,
        "one entity each, the position, and the quantities"
    );
    let schema = Schema::default();
    let (mut ids, mut names) = (HashSet::new(), HashMap::new());
    for (topic, config) in &configs {
        let checked = schema.check("homeassistant", topic, config);
        assert!(checked.is_ok(), "{checked:?}: {topic} {config:#}");
        assert!(ids.insert(config["unique_id"].clone()), "twice: {topic}");
        assert!(ids.insert(config["default_entity_id"].clone()), "twice: {topic}");
        let alike = names.insert(gist(config["name"].as_str().unwrap()), topic);
        assert_eq!(alike, None, "{topic} sounds like it: {}", config["name"]);
        let template = config["json_attributes_template"].as_str().unwrap();
        assert!(template.contains("measured_at"), "{topic}");
        let device = &config["device"];
        assert_eq!(device["name"], "i4");
        assert_eq!(device["manufacturer"], "BMW");
        assert_eq!(device["model"], "i4 eDrive40");
        assert_eq!(config["availability_topic"], "cardata/status");
    }
    every_state_is_taken(&heard, &batch);
}

#[tokio::test]
async fn what_an_owner_looks_for_is_what_home_assistant_calls_it() {
    let Some(broker) = Mosquitto::with(&["max_queued_messages 0"]).await else {
        return;
    };
    let mut assistant = Subscriber::start(&broker, "homeassistant/#").await;
    let descriptors: Vec<_> = CATALOGUE.iter().map(CatalogueEntry::to_descriptor).collect();
    let mut sink = sink(&broker);
    sink.write(&batch(&descriptors)).await.unwrap();
    sink.close().await.unwrap();
    let configs = configs(&assistant.all().await);
    let told = |object: &str| {
        let end = format!("/{}_{object}/config", vehicle().vin);
        let (topic, config) = configs.iter().find(|(topic, _)| topic.ends_with(&end)).unwrap();
        let text = |key: &str| config[key].as_str().unwrap_or("-").to_owned();
        let component = topic.split('/').nth(1).unwrap().to_owned();
        [
            component,
            text("device_class"),
            text("state_class"),
            text("unit_of_measurement"),
        ]
        .join(" ")
    };
    for (object, expected) in [
        ("soc", "sensor battery measurement %"),
        ("mileage", "sensor distance total_increasing km"),
        ("battery_size", "sensor energy_storage measurement kWh"),
        ("grid_energy_total", "sensor energy total_increasing kWh"),
        ("charging_power", "sensor power measurement W"),
        ("ac_voltage", "sensor voltage measurement V"),
        ("ac_current", "sensor current measurement A"),
        ("tyre_pressure_front_left", "sensor pressure measurement kPa"),
        ("coolant_temperature", "sensor temperature measurement °C"),
        ("time_to_full", "sensor duration measurement min"),
        ("average_speed", "sensor speed measurement km/h"),
        ("fuel_remaining", "sensor volume_storage measurement L"),
        ("average_consumption", "sensor - measurement kWh/100km"),
        ("charging_status", "sensor enum - -"),
        ("trip_end_mileage", "sensor distance total_increasing km"),
        ("trip_energy_comfort", "sensor energy - kWh"),
        ("trip_end_time", "sensor timestamp - -"),
        ("trunk_open", "binary_sensor opening - -"),
        ("door_front_driver_open", "binary_sensor door - -"),
        ("trunk_locked", "binary_sensor lock - -"),
        ("charging_port_any_plugged", "binary_sensor plug - -"),
        ("moving", "binary_sensor moving - -"),
        ("position", "device_tracker - - -"),
        ("state_of_charge", "sensor battery measurement %"),
        ("battery_12v_soc", "sensor - measurement %"),
        ("plugged", "binary_sensor plug - -"),
    ] {
        assert_eq!(told(object), expected, "{object}");
    }
    let batteries = configs.values().filter(|it| it["device_class"] == "battery");
    let first = batteries.filter_map(|it| it["name"].as_str()).min();
    assert_eq!(
        first,
        Some("State of charge"),
        "the one that stands at the device"
    );
    let page = include_str!("../../../crates/catalogue/DICTIONARY.md");
    let (_, page) = page
        .split_once("| name | in Home Assistant |\n| --- | --- |\n")
        .unwrap();
    let (told_of, _) = page.split_once("\n\n").unwrap();
    let in_front = configs
        .iter()
        .filter(|(_, config)| config["entity_category"].is_null());
    let in_front: BTreeSet<String> = in_front
        .map(|(topic, config)| {
            let (_, object) = topic
                .trim_end_matches("/config")
                .split_once(vehicle().vin.as_str())
                .unwrap();
            format!("| `{}` | {} |", &object[1..], config["name"].as_str().unwrap())
        })
        .collect();
    let told_of: BTreeSet<String> = told_of.lines().map(str::to_owned).collect();
    assert_eq!(told_of, in_front, "the data dictionary");
    let ranks = |category: Option<&str>, enabled: Option<bool>| {
        let of_rank = configs.values().filter(|it| {
            it["entity_category"].as_str() == category && it["enabled_by_default"].as_bool() == enabled
        });
        of_rank.count()
    };
    let (primary, rare) = (ranks(None, None), ranks(Some("diagnostic"), Some(false)));
    let secondary = ranks(Some("diagnostic"), None);
    assert_eq!(primary + secondary + rare, configs.len());
    assert!((20..30).contains(&primary), "{primary}");
    assert!((100..200).contains(&rare), "{rare}");
}

fn is_quantity(topic: &str) -> bool {
    ["cardata/i4/state_of_charge", "cardata/i4/plugged"].contains(&topic)
}

/// What is left of a name to somebody who reads it fleetingly.
fn gist(name: &str) -> BTreeSet<String> {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words = words.map(|word| word.trim_end_matches('s').to_owned());
    words
        .filter(|word| !["", "of", "the", "statu", "state"].contains(&word.as_str()))
        .collect()
}

/// The discovery messages, the last of each topic.
fn configs(heard: &[Heard]) -> BTreeMap<String, serde_json::Value> {
    let configs = heard.iter().filter(|it| it.topic.starts_with("homeassistant/"));
    configs.map(|it| (it.topic.clone(), it.json())).collect()
}

/// In the order in which they came: a state is judged by what was told before it.
fn every_state_is_taken(heard: &[Heard], batch: &[Entry]) {
    let mut entities: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    let mut taken = 0;
    for message in heard.iter().filter(|it| it.topic != "cardata/status") {
        if message.topic.starts_with("homeassistant/") {
            let config = message.json();
            let topic = config["state_topic"].as_str().unwrap_or("position").to_owned();
            entities.insert(topic, config);
        } else if let Some(config) = entities.get(&message.topic) {
            let state = check_state(config, &message.json());
            assert_eq!(state, Ok(()), "{config:#} {message:?}");
            taken += 1;
        }
    }
    let readings: usize = batch.iter().map(|entry| entry.readings().len()).sum();
    let ends = batch.iter().filter_map(Entry::snapshot).map(|it| it.ended.len());
    let quantities = heard.iter().filter(|it| is_quantity(&it.topic)).count();
    assert_eq!(taken, readings + ends.sum::<usize>() + quantities);
}

/// Every descriptor with every text that the catalogue names, one that it does not, and the end of its value.
fn batch(descriptors: &[Descriptor]) -> Vec<Entry> {
    let rounds = (0_u32..80).map(|round| {
        let values = descriptors.iter().filter_map(|it| Some((it, value(it, round)?)));
        let readings = values.map(|(descriptor, value)| {
            let unit = descriptor.unit().cloned();
            Reading::new(descriptor.clone(), value, unit, time(i64::from(round)))
        });
        let mut snapshot = snapshot(i64::from(round) + 1);
        snapshot.readings = readings.collect();
        Entry::snapshot_of(u64::from(round) + 1, snapshot)
    });
    let mut batch: Vec<Entry> = rounds.filter(|entry| !entry.readings().is_empty()).collect();
    let mut last = snapshot(1_000);
    let ends = descriptors.iter().map(|descriptor| Ended {
        descriptor: descriptor.clone(),
        at: time(999),
    });
    last.ended = ends.collect();
    batch.push(Entry::snapshot_of(1_000, last));
    batch
}

fn snapshot(second: i64) -> Snapshot {
    let origin = Origin::Stream;
    Snapshot::new(vehicle(), "home".into(), "stream".into(), origin, time(second))
}

fn value(descriptor: &Descriptor, round: u32) -> Option<Value> {
    let texts = descriptor.options();
    let position = descriptor.as_str().starts_with(POSITION);
    match descriptor.value_type() {
        ValueType::Number => {
            (round < 2 || position && round < 3).then(|| Value::Number(f64::from(round) + 0.5))
        }
        ValueType::Bool => (round < 2).then_some(Value::Bool(round == 0)),
        ValueType::Timestamp => (round < 1).then(|| Value::Timestamp(time(0))),
        ValueType::Text if texts.is_empty() => {
            (round < 1).then(|| Value::Text("{\"a\": \"\\\"text\\\"\nü\"}".repeat(40).into()))
        }
        ValueType::Text => match texts.get(round as usize) {
            Some(text) => Some(Value::Text((*text).into())),
            None => match round as usize - texts.len() {
                0 => Some(Value::Text("NEW_WORD".into())),
                1 => Some(Value::Text(" \u{e4} ".repeat(300).into())),
                2 => Some(Value::Text(" NEW_WORD ".into())),
                _ => None,
            },
        },
    }
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + seconds).unwrap()
}

fn vehicle() -> Vehicle {
    Vehicle {
        vin: "WBY8P210X07A12345".parse().unwrap(),
        name: "i4".into(),
    }
}

fn sink(broker: &Mosquitto) -> Box<dyn Sink> {
    let text = format!(
        "accounts: [{{ name: home, client_id: 00000000-0000-4000-8000-000000000000 }}]\n\
         sources: [{{ type: telematics }}]\n\
         sinks: [{{ type: mqtt, url: '{}', ca: '{}' }}]\n",
        broker.url(),
        broker.ca().display()
    );
    let pipeline = pipeline::parse("test", &text, Path::new("/"), &ProcessEnvironment);
    let pipeline = pipeline.unwrap_or_else(|error| panic!("{error}"));
    let spec = pipeline.sinks.into_iter().next().unwrap();
    let mut context = SinkContext::new(spec.name, "/".into(), LogId::new("0123456789abcdef"));
    context.present = Arc::new(Household);
    (spec.builder)(context).unwrap()
}

/// Knows the vehicle and nothing of its history.
#[derive(Debug)]
struct Household;

#[async_trait]
impl Present for Household {
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError> {
        Ok(Vec::new())
    }

    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        Ok(vec![VehicleFacts {
            vehicle: vehicle(),
            account: Some("home".into()),
            gcid: Some("gcid".to_owned()),
            brand: Some("BMW".to_owned()),
            model: Some("i4 eDrive40".to_owned()),
        }])
    }
}
