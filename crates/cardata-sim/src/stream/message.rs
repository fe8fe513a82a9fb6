//! A message as BMW sends it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::car::Entry;
use crate::car::keys::{self, Form};

/// A message about one key. `sent` is its outer time, with milliseconds; the measurement has whole seconds.
pub(super) fn payload(gcid: &str, vin: &str, descriptor: &str, entry: &Entry, sent: Timestamp) -> String {
    let mut fields = Vec::new();
    if let Some(timestamp) = entry.timestamp.as_deref() {
        let seconds = timestamp.split_once('.').map_or(timestamp, |(whole, _)| whole);
        fields.push(format!(r#""timestamp":"{seconds}Z""#));
    }
    let value = value(descriptor, entry.value.as_deref());
    fields.push(format!(r#""value":{value}"#));
    if let Some(unit) = unit(descriptor, entry.unit) {
        fields.push(format!(r#""unit":{}"#, json!(unit)));
    }
    let data = format!(r#""{descriptor}":{{{}}}"#, fields.join(","));
    wrapped(gcid, vin, &data, sent)
}

/// A message with the members of `data` as JSON text.
pub(super) fn wrapped(gcid: &str, vin: &str, data: &str, sent: Timestamp) -> String {
    format!(
        r#"{{"vin":"{vin}","entityId":"{gcid}","topic":"{vin}","timestamp":"{sent:.3}","data":{{{data}}}}}"#
    )
}

/// The stream writes `percent` where answers have `%`, and leaves the unit of targets out.
fn unit(descriptor: &str, unit: Option<&'static str>) -> Option<&'static str> {
    let unit = unit.filter(|_| !descriptor.ends_with(".target"))?;
    Some(if unit == "%" { "percent" } else { unit })
}

fn value(descriptor: &str, text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let integer = || text.parse::<i64>().map(Value::from).ok();
    let fraction = || text.parse::<f64>().map(Value::from).ok();
    let typed = match (keys::find(descriptor).and_then(|key| key.form), text) {
        (Some(Form::Number), _) => integer().or_else(fraction),
        (Some(Form::Bool), "true" | "ASN_isTrue") => Some(true.into()),
        (Some(Form::Bool), "false" | "ASN_isFalse") => Some(false.into()),
        _ => None,
    };
    typed.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOC: &str = "vehicle.drivetrain.batteryManagement.header";

    fn said(descriptor: &str, value: Option<&str>, unit: Option<&'static str>) -> String {
        let entry = Entry {
            value: value.map(str::to_owned),
            unit,
            timestamp: Some("2026-07-27T12:37:58.123Z".into()),
        };
        let sent = "2026-07-27T12:38:02.991Z".parse().unwrap();
        payload("gcid", "WBY", descriptor, &entry, sent)
    }

    #[test]
    fn a_message_has_the_form_of_the_live_service() {
        assert_eq!(
            said(SOC, Some("74"), Some("%")),
            r#"{"vin":"WBY","entityId":"gcid","topic":"WBY","timestamp":"2026-07-27T12:38:02.991Z","data":{"vehicle.drivetrain.batteryManagement.header":{"timestamp":"2026-07-27T12:37:58Z","value":74,"unit":"percent"}}}"#
        );
    }

    #[test]
    fn values_have_types() {
        for (descriptor, value, unit, expected) in [
            (SOC, Some("7.50"), None, r#""value":7.5}"#),
            (
                SOC,
                Some("-NA-"),
                Some("%"),
                r#""value":"-NA-","unit":"percent"}"#,
            ),
            ("vehicle.isMoving", Some("ASN_isTrue"), None, r#""value":true}"#),
            (
                "vehicle.vehicle.avgAuxPower",
                Some("0.0"),
                Some("kW"),
                r#""value":"0.0","unit":"kW"}"#,
            ),
            (
                "vehicle.vehicle.avgAuxPower",
                None,
                Some("kW"),
                r#""value":null,"unit":"kW"}"#,
            ),
            (
                "vehicle.powertrain.electric.range.target",
                Some("346"),
                Some("km"),
                r#""value":346}"#,
            ),
            (
                "vehicle.body.chargingPort.status",
                Some("CONNECTED"),
                None,
                r#""value":"CONNECTED"}"#,
            ),
        ] {
            let message = said(descriptor, value, unit);
            assert!(message.contains(expected), "{message}");
        }
    }
}
