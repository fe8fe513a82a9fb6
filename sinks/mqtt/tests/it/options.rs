//! Every mistake in the options is found without a broker, and told with what to do.

use collector_core::SinkConfig;
use serde_json::{Value, json};
use sink_mqtt::MqttConfig;

use crate::with;

fn mistakes(options: Value) -> Vec<String> {
    let config: MqttConfig = serde_json::from_value(options).unwrap();
    match config.validate() {
        Ok(()) => Vec::new(),
        Err(invalid) => invalid.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn only_mistake(more: Value) -> String {
    let mut found = mistakes(with(json!({ "url": "mqtts://broker.lan" }), more));
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_broker_is_all_that_is_needed() {
    assert_eq!(mistakes(json!({ "url": "mqtts://broker.lan" })), [""; 0]);
    assert_eq!(mistakes(json!({ "url": "mqtt://[::1]:1884" })), [""; 0]);
}

#[test]
fn an_address_is_a_scheme_a_host_and_a_port() {
    for (url, reason) in [
        ("broker", "this is not a URL"),
        ("broker:1883", "the address of a broker begins with"),
        ("https://broker", "the address of a broker begins with"),
        ("mqtt://u:p@broker", "holds a login"),
        ("mqtts://broker/topic", "only a host and a port"),
        ("mqtts://", "the address of a broker begins with"),
    ] {
        let mistake = only_mistake(json!({ "url": url }));
        assert!(mistake.starts_with(&format!("url: {reason}")), "{url}: {mistake}");
    }
}

#[test]
fn what_would_break_topics_or_logins_is_a_mistake() {
    for (more, mistake) in [
        (json!({ "prefix": "" }), "prefix: needs a name"),
        (json!({ "prefix": "a//b" }), "prefix: needs a name"),
        (json!({ "prefix": "a/#" }), "prefix: holds `+`"),
        (json!({ "prefix": "$SYS" }), "prefix: begins with `$`"),
        (
            json!({ "prefix": "ha", "discovery": "ha" }),
            "prefix: is one that Home Assistant",
        ),
        (
            json!({ "prefix": "homeassistant" }),
            "prefix: is one that Home Assistant",
        ),
        (
            json!({ "prefix": "homeassistant", "discovery": "off" }),
            "prefix: is one that Home Assistant",
        ),
        (json!({ "discovery": "a+" }), "discovery: holds"),
        (json!({ "bmw_prefix": "+/" }), "bmw_prefix: holds"),
        (
            json!({ "bmw_prefix": "x/", "bmw": "off" }),
            "bmw_prefix: is of no use",
        ),
        (json!({ "password": "x" }), "user: is missing"),
        (json!({ "user": "" }), "user: is empty"),
        (json!({ "client_id": "" }), "client_id: needs"),
        (
            json!({ "url": "mqtt://broker", "ca": "ca.pem" }),
            "ca: `ca.pem` is of no use",
        ),
    ] {
        let found = only_mistake(more.clone());
        assert!(found.starts_with(mistake), "{more}: {found}");
    }
}

#[test]
fn two_sinks_with_one_prefix_at_one_broker_are_told_apart_by_nothing() {
    let place = |url: &str, prefix: &str| {
        let options = json!({ "url": url, "prefix": prefix });
        let config: MqttConfig = serde_json::from_value(options).unwrap();
        let exclusive = config.exclusive().unwrap();
        assert_eq!(exclusive.key, "prefix");
        exclusive.path
    };
    let first = place("mqtts://broker", "cardata");
    assert_eq!(first, place("mqtts://broker:8883", "cardata"));
    assert_ne!(first, place("mqtts://broker", "cars"));
    assert_ne!(first, place("mqtts://other", "cardata"));
}

#[test]
fn wrong_words_are_errors() {
    for more in [
        json!({ "qos": 2 }),
        json!({ "bmw": true }),
        json!({ "topic": "x" }),
    ] {
        let options = with(json!({ "url": "mqtt://broker" }), more.clone());
        assert!(serde_json::from_value::<MqttConfig>(options).is_err(), "{more}");
    }
}

#[test]
fn secrets_show_nowhere() {
    let options = json!({ "url": "mqtt://broker", "user": "u", "password": "hunter2" });
    let config: MqttConfig = serde_json::from_value(options).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn the_sample_shows_every_option() {
    let schema = schemars::schema_for!(MqttConfig);
    let options = schema.get("properties").and_then(Value::as_object).unwrap();
    assert_eq!(options.len(), 10);
    for option in options.keys() {
        let mut shown = MqttConfig::SAMPLE
            .lines()
            .map(|line| line.trim_start_matches("# "));
        assert!(
            shown.any(|line| line.starts_with(&format!("{option}:"))),
            "{option}"
        );
    }
}

#[test]
fn a_password_that_others_can_read_is_told() {
    let remarks = |url: &str| {
        let options = json!({ "url": url, "user": "u", "password": "p" });
        let config: MqttConfig = serde_json::from_value(options).unwrap();
        config
            .build(collector_core::testkit::context())
            .unwrap()
            .remarks()
    };
    let told = remarks("mqtt://broker.lan");
    assert!(told.len() == 1 && told[0].contains("broker.lan"), "{told:?}");
    assert!(remarks("mqtts://broker.lan").is_empty());
    assert!(remarks("mqtt://localhost").is_empty());
}
