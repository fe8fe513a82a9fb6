//! Every mistake in the options is found without a server, and told with what to do.

use collector_core::SinkConfig;
use serde_json::{Value, json};
use sink_influxdb::InfluxdbConfig;

/// The mistakes, as the pipeline file's reader shows them.
fn mistakes(options: Value) -> Vec<String> {
    let config: InfluxdbConfig = serde_json::from_value(options).unwrap();
    match config.validate() {
        Ok(()) => Vec::new(),
        Err(invalid) => invalid.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn only_mistake(options: Value) -> String {
    let mut found = mistakes(options);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn v2() -> Value {
    json!({ "url": "https://influx.example/base", "org": "home", "bucket": "cardata", "token": "t" })
}

fn v1() -> Value {
    json!({ "url": "http://localhost:8086", "database": "cardata" })
}

fn with(mut options: Value, key: &str, value: Value) -> Value {
    options[key] = value;
    options
}

fn without(mut options: Value, key: &str) -> Value {
    options.as_object_mut().unwrap().remove(key);
    options
}

#[test]
fn both_families_are_accepted() {
    assert_eq!(mistakes(v2()), [""; 0]);
    assert_eq!(mistakes(v1()), [""; 0]);
    let login = with(with(v1(), "user", json!("u")), "password", json!("p"));
    assert_eq!(
        mistakes(with(login, "retention_policy", json!("autogen"))),
        [""; 0]
    );
    assert_eq!(mistakes(with(v2(), "ca", json!("ca.pem"))), [""; 0]);
}

#[test]
fn neither_or_both_families_are_mistakes() {
    let neither = only_mistake(json!({ "url": "http://localhost:8086" }));
    assert!(neither.starts_with("bucket: is missing"), "{neither}");
    assert!(neither.contains("1.x needs `database`"), "{neither}");
    let both = only_mistake(with(v2(), "database", json!("d")));
    assert!(both.starts_with("database: stands beside `bucket`"), "{both}");
}

#[test]
fn options_of_the_other_family_are_named() {
    for key in ["user", "password", "retention_policy"] {
        let mistake = only_mistake(with(v2(), key, json!("x")));
        assert!(
            mistake.starts_with(&format!("{key}: belongs to `database`")),
            "{mistake}"
        );
    }
    for key in ["org", "token"] {
        let mistake = only_mistake(with(v1(), key, json!("x")));
        assert!(
            mistake.starts_with(&format!("{key}: belongs to `bucket`")),
            "{mistake}"
        );
    }
}

#[test]
fn halves_of_a_login_are_mistakes() {
    let token = only_mistake(without(v2(), "token"));
    assert!(
        token.starts_with("token: is missing") && token.contains("VictoriaMetrics"),
        "{token}"
    );
    assert!(only_mistake(with(v2(), "token", json!(" "))).starts_with("token: is empty"));
    assert!(only_mistake(with(v2(), "token", json!("a\nb"))).contains("line break"));
    assert!(only_mistake(without(v2(), "org")).starts_with("org: is missing"));
    assert!(only_mistake(with(v1(), "user", json!("u"))).starts_with("password: is missing"));
    assert!(only_mistake(with(v1(), "password", json!("p"))).starts_with("user: is missing"));
}

#[test]
fn an_address_is_http_and_nothing_else() {
    for (url, reason) in [
        ("localhost:8086", "begins with `localhost:`"),
        ("influx", "is no address"),
        ("ftp://localhost", "begins with `ftp:`"),
        ("http://u:p@localhost", "holds a login"),
        ("http://localhost/?db=x", "holds more than an address"),
        ("http://localhost/#x", "holds more than an address"),
    ] {
        let mistake = only_mistake(with(v1(), "url", json!(url)));
        assert!(mistake.starts_with(&format!("url: {reason}")), "{url}: {mistake}");
    }
}

#[test]
fn names_that_would_break_lines_are_mistakes() {
    for name in ["", " ", "#cars", "_cars", "a\nb", "a\\b"] {
        assert!(
            only_mistake(with(v1(), "measurement", json!(name))).starts_with("measurement: "),
            "{name:?}"
        );
    }
    for (key, value) in [
        ("vin", "x"),
        ("time", "x"),
        ("", "x"),
        ("a\n", "x"),
        ("site", ""),
        ("site", "a\nb"),
    ] {
        let mistake = only_mistake(with(v1(), "fixed_tags", json!({ key: value })));
        assert!(mistake.starts_with("fixed_tags."), "{mistake}");
    }
    assert!(only_mistake(with(v1(), "tags", json!(["origin"]))).contains("overwrite each other"));
}

#[test]
fn an_authority_without_https_is_a_mistake() {
    assert!(only_mistake(with(v1(), "ca", json!("ca.pem"))).contains("https"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let options = json!({ "url": "x", "org": "", "bucket": "b", "user": "u", "measurement": "#" });
    assert_eq!(mistakes(options).len(), 5);
}

#[test]
fn a_misspelt_or_unknown_key_is_an_error() {
    let error = serde_json::from_value::<InfluxdbConfig>(with(v1(), "databse", json!("x"))).unwrap_err();
    assert!(error.to_string().contains("unknown field `databse`"), "{error}");
}

#[test]
fn secrets_show_nowhere() {
    let config: InfluxdbConfig = serde_json::from_value(with(v2(), "token", json!("hunter2"))).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_measurement_belongs_to_one_sink() {
    let place = |options: Value| {
        let config: InfluxdbConfig = serde_json::from_value(options).unwrap();
        config.exclusive().unwrap().path
    };
    assert_eq!(place(v2()), place(with(v2(), "tags", json!(["vin"]))));
    assert_ne!(place(v2()), place(with(v2(), "measurement", json!("car"))));
    assert_ne!(place(v2()), place(with(v2(), "bucket", json!("other"))));
    assert_ne!(place(v1()), place(with(v1(), "retention_policy", json!("long"))));
}

#[test]
fn the_sample_shows_every_option() {
    let schema = schemars::schema_for!(InfluxdbConfig);
    let options = schema.get("properties").and_then(Value::as_object).unwrap();
    assert_eq!(options.len(), 13);
    for option in options.keys() {
        let shown = InfluxdbConfig::SAMPLE.lines();
        let mut shown = shown.map(|line| line.trim_start_matches("# "));
        assert!(
            shown.any(|line| line.starts_with(&format!("{option}:"))),
            "{option}"
        );
    }
}

#[test]
fn a_login_that_others_can_read_is_told() {
    let remarks = |options: Value| crate::sink(options).remarks();
    for options in [
        crate::bucket("http://nas.lan:8086", "b"),
        with(
            with(crate::database("http://nas.lan:8086", "d"), "user", json!("u")),
            "password",
            json!("p"),
        ),
    ] {
        let told = remarks(options);
        assert!(told.len() == 1 && told[0].contains("nas.lan"), "{told:?}");
    }
    for options in [
        crate::bucket("https://nas.lan:8086", "b"),
        crate::bucket("http://127.0.0.1:8086", "b"),
        crate::database("http://nas.lan:8086", "d"),
    ] {
        assert!(remarks(options).is_empty());
    }
}
