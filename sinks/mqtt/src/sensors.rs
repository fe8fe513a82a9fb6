//! What Home Assistant is told of records: the last charging session and the one that runs, the last trip, the battery.
//!
//! The names of kinds and columns are those of the program's records; a kind that never comes has no sensor.

use std::borrow::Cow;

use collector_core::{Vehicle, Vin};
use serde_json::Value as Json;

use crate::discovery::Announcer;
use crate::message::Message;
use crate::records::{Newest, Place};
use crate::topics::Topics;
use crate::traits::{GROWING, MEASUREMENT, Traits};

/// One sensor of a kind.
struct Sensor {
    kind: &'static str,
    of: Of,
    /// What stands in its id, and for people.
    object: &'static str,
    name: &'static str,
    says: Says,
    device_class: Option<&'static str>,
    state_class: Option<&'static str>,
    unit: &'static str,
    precision: u8,
    icon: &'static str,
}

/// Which record a sensor shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The one that ended last.
    Ended,
    /// The one that goes on; unknown where none does.
    Running,
    /// The newest, whether it goes on or not.
    Newest,
}

enum Says {
    Column(&'static str),
    /// So much of the first in a hundred of the second.
    InAHundred(&'static str, &'static str),
}

/// Stands for the currency of the record: Home Assistant's unit of money.
const CURRENCY: &str = "";

impl Sensor {
    /// A sensor of sessions, without a class and in money.
    const fn of_session(of: Of, object: &'static str, name: &'static str, column: &'static str) -> Self {
        Self {
            kind: "charging_session",
            of,
            object,
            name,
            says: Says::Column(column),
            device_class: None,
            state_class: None,
            unit: CURRENCY,
            precision: 1,
            icon: "mdi:ev-station",
        }
    }

    const fn measured(self, device_class: &'static str, unit: &'static str) -> Self {
        Self {
            device_class: Some(device_class),
            unit,
            ..self
        }
    }
}

/// Money is of the class `monetary`, whose unit is the currency and which knows no mean.
static SENSORS: [Sensor; 12] = [
    Sensor::of_session(
        Of::Ended,
        "last_session_energy",
        "Last session energy",
        "energy_kwh",
    )
    .measured("energy", "kWh"),
    Sensor {
        precision: 2,
        ..Sensor::of_session(Of::Ended, "last_session_cost", "Last session cost", "cost")
            .measured("monetary", CURRENCY)
    },
    Sensor {
        precision: 0,
        ..Sensor::of_session(
            Of::Ended,
            "last_session_duration",
            "Last session duration",
            "charging_minutes",
        )
        .measured("duration", "min")
    },
    Sensor::of_session(
        Of::Ended,
        "last_session_power",
        "Last session mean power",
        "mean_power_kw",
    )
    .measured("power", "kW"),
    Sensor::of_session(
        Of::Running,
        "running_session_energy",
        "Running session energy",
        "energy_kwh",
    )
    .measured("energy", "kWh"),
    Sensor {
        precision: 2,
        ..Sensor::of_session(
            Of::Running,
            "running_session_cost",
            "Running session cost",
            "cost",
        )
        .measured("monetary", CURRENCY)
    },
    Sensor {
        precision: 0,
        ..Sensor::of_session(
            Of::Running,
            "running_session_duration",
            "Running session duration",
            "charging_minutes",
        )
        .measured("duration", "min")
    },
    Sensor::of_session(
        Of::Running,
        "running_session_power",
        "Running session mean power",
        "mean_power_kw",
    )
    .measured("power", "kW"),
    Sensor {
        kind: "trip",
        of: Of::Ended,
        object: "last_trip_distance",
        name: "Last trip distance",
        says: Says::Column("distance_km"),
        device_class: Some("distance"),
        state_class: None,
        unit: "km",
        precision: 1,
        icon: "mdi:map-marker-distance",
    },
    Sensor {
        kind: "trip",
        of: Of::Ended,
        object: "last_trip_consumption",
        name: "Last trip consumption",
        says: Says::InAHundred("energy_kwh", "distance_km"),
        device_class: None,
        state_class: MEASUREMENT,
        unit: "kWh/100km",
        precision: 1,
        icon: "mdi:leaf",
    },
    Sensor {
        kind: "battery_health",
        of: Of::Newest,
        object: "battery_health_measured",
        name: "Battery health measured",
        says: Says::Column("health_percent"),
        device_class: None,
        state_class: MEASUREMENT,
        unit: "%",
        precision: 1,
        icon: "mdi:battery-heart-variant",
    },
    Sensor {
        kind: "battery_health",
        of: Of::Newest,
        object: "battery_capacity_measured",
        name: "Battery capacity measured",
        says: Says::Column("capacity_kwh"),
        device_class: Some("energy_storage"),
        state_class: MEASUREMENT,
        unit: "kWh",
        precision: 1,
        icon: "mdi:battery",
    },
];

/// What Home Assistant shows beside a sensor.
const TOLD_AT: &str =
    "{{ ({'at': value_json.at, 'state': value_json.state} if value_json is defined else {}) | tojson }}";
const METERED_AT: &str =
    "{{ ({'measured_at': value_json.timestamp} if value_json is defined else {}) | tojson }}";
const METER: &str = "{{ value_json.value if value_json is defined else none }}";

/// What Home Assistant is told of the records of a vehicle that stand at the broker, of one kind or of all. Money has a
/// sensor once its currency is known, and keeps it where a later record has no price.
pub fn announcements(
    announcer: &Announcer<'_>,
    records: &Newest,
    kind: Option<&str>,
    has_total: bool,
    currency: Option<&str>,
) -> Vec<Message> {
    let (topics, vehicle) = (announcer.topics, announcer.vehicle);
    let mut messages: Vec<Message> = SENSORS
        .iter()
        .filter(|sensor| kind.is_none_or(|kind| kind == sensor.kind))
        .filter_map(|sensor| sensor.announcement(announcer, records, currency))
        .collect();
    if has_total {
        let traits = Traits {
            device_class: Some("energy"),
            state_class: GROWING,
            unit_of_measurement: Some("kWh"),
            suggested_display_precision: Some(1),
            icon: Some("mdi:ev-station"),
            ..Traits::default()
        };
        let topic = topics.total(vehicle);
        messages.push(announcer.sensor(
            "charged_energy",
            "Charged energy",
            topic,
            METER,
            METERED_AT,
            traits,
        ));
    }
    messages
}

impl Sensor {
    fn announcement(
        &self,
        announcer: &Announcer<'_>,
        records: &Newest,
        currency: Option<&str>,
    ) -> Option<Message> {
        let vehicle = announcer.vehicle;
        let standing = records.standing_of(&vehicle.vin, self.kind, self.place())?;
        let unit = match self.unit {
            CURRENCY => currency_of(&standing.payload)
                .map(Cow::Owned)
                .or(currency.map(Cow::Borrowed))?,
            unit => Cow::Borrowed(unit),
        };
        let traits = Traits {
            device_class: self.device_class,
            state_class: self.state_class,
            unit_of_measurement: Some(&unit),
            suggested_display_precision: Some(self.precision),
            icon: Some(self.icon),
            ..Traits::default()
        };
        let topic = self.topic(announcer.topics, vehicle);
        let message = announcer.sensor(self.object, self.name, topic, &self.template(), TOLD_AT, traits);
        Some(message)
    }

    fn place(&self) -> Place {
        match self.of {
            Of::Ended => Place::Final,
            Of::Running | Of::Newest => Place::Last,
        }
    }

    fn topic(&self, topics: &Topics, vehicle: &Vehicle) -> String {
        topics.record_in(vehicle, self.kind, self.place())
    }

    /// `value_json.values` would be a method of Jinja's.
    fn template(&self) -> String {
        let of = |column: &str| format!("value_json['values'].{column}");
        let runs = match self.of {
            Of::Running => " and value_json.state == 'live'",
            Of::Ended | Of::Newest => "",
        };
        match self.says {
            Says::Column(column) => {
                format!(
                    "{{{{ {} if value_json is defined{runs} else none }}}}",
                    of(column)
                )
            }
            Says::InAHundred(part, whole) => {
                let (part, whole) = (of(part), of(whole));
                format!(
                    "{{{{ (100 * {part} / {whole}) | round(2) if value_json is defined and {part} is not none and {whole} else none }}}}"
                )
            }
        }
    }
}

/// The currency of a record, by its message.
pub fn currency_of(payload: &[u8]) -> Option<String> {
    let told: Json = serde_json::from_slice(payload).ok()?;
    told["values"]["currency"].as_str().map(str::to_owned)
}

/// The currency that Home Assistant was told of, by what the broker kept of a sensor of this vehicle.
pub fn kept_currency(vin: &Vin, payload: &[u8]) -> Option<String> {
    let told: Json = serde_json::from_slice(payload).ok()?;
    let is_of_it = told["device"]["serial_number"] == vin.as_str() && told["device_class"] == "monetary";
    is_of_it.then(|| told["unit_of_measurement"].as_str().map(str::to_owned))?
}
