//! `charging_setting`: each of locationBasedChargingSettings.

use serde_json::Value;

use super::Thing;
use crate::Rules;
use crate::kinds::CHARGING_SETTING;
use facts::field::{number, positive, text, time};
use facts::row::Row;

const TEXTS: [(&str, &str); 6] = [
    ("mode", "chargingMode"),
    ("preference", "optimizedChargingPreference"),
    ("current_limit", "acCurrentLimitFlag"),
    ("acoustic_limit", "acousticLimit"),
    ("flap_lock", "flapLock"),
    ("charging_plug", "chargingPlug"),
];

/// A list, or an answer with the list in it.
pub(super) fn of(json: &Value, rules: &Rules) -> Vec<Thing> {
    let list = json.as_array().or_else(|| json.get("data")?.as_array());
    let numbered = list.into_iter().flatten().enumerate();
    let settings = numbered.filter(|(_, setting)| setting.is_object());
    let thing = |(index, setting): (usize, &Value)| Thing {
        // `id` has the VIN in it at times.
        key: vec![text(setting, "clusterLocationId").unwrap_or_else(|| (index + 1).to_string())],
        row: row(setting, rules),
    };
    settings.map(thing).collect()
}

fn row(setting: &Value, rules: &Rules) -> Row {
    let mut row = Row::of(&CHARGING_SETTING);
    for (column, key) in TEXTS {
        row.text(column, text(setting, key).as_deref());
    }
    let position = number(setting, "latitude").zip(number(setting, "longitude"));
    // Null island is where no position is known.
    let position = position.filter(|(latitude, longitude)| *latitude != 0.0 || *longitude != 0.0);
    if let Some((latitude, longitude)) = position {
        row.number("latitude", Some(latitude));
        row.number("longitude", Some(longitude));
        row.text(
            "place",
            rules.place(latitude, longitude).map(|place| place.name.as_str()),
        );
    }
    row.text("hours", Some(&hours(setting)));
    row.number("current_limit_a", positive(setting, "acCurrentLimit"));
    row.number("visits", number(setting, "visits"));
    row.set("last_visit", time(setting, "lastVisit"));
    row.set("updated", time(setting, "lastUpdated"));
    row
}

/// The windows, else the one of the setting itself; empty where it begins when it ends.
fn hours(setting: &Value) -> String {
    let windows = setting.get("chargingTimeWindows").and_then(Value::as_array);
    let windows: Vec<String> = windows.into_iter().flatten().filter_map(window).collect();
    match windows.is_empty() {
        true => window(setting).unwrap_or_default(),
        false => windows.join(", "),
    }
}

fn window(of: &Value) -> Option<String> {
    let end = |end: &str| {
        let hour = number(of, &format!("{end}ChargingTimePeriodHour"))?;
        let minute = number(of, &format!("{end}ChargingTimePeriodMinute"))?;
        Some(format!("{hour:02}:{minute:02}"))
    };
    let (start, stop) = (end("start")?, end("stop")?);
    (start != stop).then(|| format!("{start}-{stop}"))
}
