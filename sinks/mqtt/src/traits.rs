//! What Home Assistant is to make of a descriptor: the kind of entity, its classes, its unit, its icon.
//!
//! Source of the facts: Home Assistant's integrations `mqtt`, `sensor` and `binary_sensor`. A device class allows some
//! units and state classes only, and a message that breaks this is refused as a whole; so what is not certain has no
//! class.

use collector_core::{Descriptor, Unit, ValueType};
use serde::Serialize;

use crate::names::{self, Rank};
use crate::topics::Component;

pub const MEASUREMENT: Option<&str> = Some("measurement");
pub const GROWING: Option<&str> = Some("total_increasing");

/// What a discovery message says of an entity's kind, under Home Assistant's keys.
#[derive(Debug, Default, Serialize)]
pub struct Traits<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_class: Option<&'static str>,
    /// In Home Assistant's spelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_of_measurement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_display_precision: Option<u8>,
    /// Of the class `enum`: every state that is possible.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled_by_default: Option<bool>,
    /// Whether `true` is "off": Home Assistant's lock is "on" when it is open.
    #[serde(skip)]
    pub inverted: bool,
}

/// The kind of entity that a descriptor becomes.
pub fn component(descriptor: &Descriptor) -> Component {
    match descriptor.value_type() {
        ValueType::Bool => Component::BinarySensor,
        _ => Component::Sensor,
    }
}

pub fn traits(descriptor: &Descriptor) -> Traits<'_> {
    let id = descriptor.as_str();
    let of_type = match descriptor.value_type() {
        ValueType::Bool => truth(id),
        ValueType::Number => number(descriptor),
        ValueType::Timestamp => Traits {
            device_class: Some("timestamp"),
            ..Traits::default()
        },
        ValueType::Text => Traits {
            device_class: (!descriptor.options().is_empty()).then_some("enum"),
            ..Traits::default()
        },
    };
    let rank = names::rank(descriptor);
    Traits {
        icon: icon(id),
        entity_category: (rank != Rank::Primary).then_some("diagnostic"),
        enabled_by_default: (rank == Rank::Rare).then_some(false),
        ..of_type
    }
}

/// A truth value, by what its identifier asks.
fn truth(id: &str) -> Traits<'static> {
    let question = id.rsplit('.').next().unwrap_or_default();
    let device_class = match question {
        "isOpen" if id.contains(".window.") => Some("window"),
        "isOpen" if id.contains(".door.") => Some("door"),
        "isOpen" => Some("opening"),
        "isLocked" | "isPermanentlyUnlocked" => Some("lock"),
        "isPlugged" | "plugged" => Some("plug"),
        "isMoving" => Some("moving"),
        "isMobilePhoneConnected" => Some("connectivity"),
        "isRemoteEngineRunning" | "isExteriorMirrorHeatingActive" | "rearDefrostActive" => Some("running"),
        "isActive" if id == "vehicle.drivetrain.engine.isActive" => Some("running"),
        "isIgnitionOn" => Some("power"),
        _ => None,
    };
    Traits {
        device_class,
        inverted: question == "isLocked",
        ..Traits::default()
    }
}

/// A number, by its unit, with the exceptions that names ask for.
fn number(descriptor: &Descriptor) -> Traits<'_> {
    let (id, name) = (descriptor.as_str(), descriptor.name());
    let unit = descriptor.unit().map(Unit::as_str);
    let (device_class, state_class, suggested_display_precision) = match unit.unwrap_or_default() {
        // Without a unit; this one only tells one event from another.
        "" if name == "plug_event_id" => (None, None, None),
        // Home Assistant's battery is the charge that is there, not one that is aimed at. It shows one battery of a
        // device, the first by name: that is not to be the one of 12 V.
        "%" if matches!(
            name,
            "state_of_charge" | "soc" | "soc_displayed" | "soc_predicted"
        ) =>
        {
            (Some("battery"), MEASUREMENT, Some(0))
        }
        "%" => (None, MEASUREMENT, Some(0)),
        "km" if grows(id, name) => (Some("distance"), GROWING, Some(0)),
        "km" | "m" => (Some("distance"), MEASUREMENT, Some(0)),
        "km/h" => (Some("speed"), MEASUREMENT, Some(0)),
        "kWh" if grows(id, name) => (Some("energy"), GROWING, Some(1)),
        // The energy of one trip: neither a sum that grows nor what is stored.
        "kWh" if id.contains(".trip.") => (Some("energy"), None, Some(1)),
        "kWh" => (Some("energy_storage"), MEASUREMENT, Some(1)),
        // Older versions of Home Assistant have no class for it, and refuse what they do not know.
        "kWh/100 km" => (None, MEASUREMENT, Some(1)),
        "kW" => (Some("power"), MEASUREMENT, Some(1)),
        "W" => (Some("power"), MEASUREMENT, Some(0)),
        "V" => (Some("voltage"), MEASUREMENT, Some(1)),
        "A" => (Some("current"), MEASUREMENT, Some(1)),
        "kPa" => (Some("pressure"), MEASUREMENT, Some(0)),
        "°C" => (Some("temperature"), MEASUREMENT, Some(1)),
        "l" if grows(id, name) => (Some("volume"), GROWING, Some(1)),
        "l" => (Some("volume_storage"), MEASUREMENT, Some(1)),
        // The time of a day that a timer is set to, in hours and minutes.
        "h" | "min" if id.contains(".timers.") => (None, None, Some(0)),
        "h" | "min" | "s" => (Some("duration"), MEASUREMENT, Some(0)),
        // No mean of directions or coordinates says anything.
        "°" => (None, None, None),
        "weeks" | "months" => (None, MEASUREMENT, Some(0)),
        "stars" => (None, MEASUREMENT, Some(1)),
        // None, or of a descriptor that no catalogue has: whatever BMW said.
        _ => (None, MEASUREMENT, None),
    };
    Traits {
        device_class,
        state_class,
        unit_of_measurement: unit.map(spelling),
        suggested_display_precision,
        ..Traits::default()
    }
}

/// Whether the numbers of a descriptor can only grow.
pub fn is_counter(descriptor: &Descriptor) -> bool {
    descriptor.value_type() == ValueType::Number && grows(descriptor.as_str(), descriptor.name())
}

/// What counts since the vehicle was built.
fn grows(id: &str, name: &str) -> bool {
    id.contains(".consumptionOverLifeTime.") || matches!(name, "mileage" | "trip_end_mileage")
}

/// Home Assistant's spelling of our units.
fn spelling(unit: &str) -> &str {
    match unit {
        "l" => "L",
        "kWh/100 km" => "kWh/100km",
        other => other,
    }
}

/// A picture for what no device class has one for; the first that fits.
fn icon(id: &str) -> Option<&'static str> {
    const ICONS: [(&str, &str); 36] = [
        ("electricalSystem.battery.stateOfCharge", "mdi:car-battery"),
        (".stateOfCharge.target", "mdi:battery-arrow-up"),
        (".tire.", "mdi:tire"),
        (".wheel.tire", "mdi:tire"),
        (".seat.", "mdi:car-seat"),
        (".steeringWheel.", "mdi:steering"),
        (".sunroof.", "mdi:window-closed-variant"),
        (".window.", "mdi:car-door"),
        (".convertible.", "mdi:car-convertible"),
        (".door.", "mdi:car-door"),
        (".lights.", "mdi:car-light-high"),
        (".isMoving", "mdi:car-arrow-right"),
        ("travelledDistance", "mdi:counter"),
        (".fuelSystem.", "mdi:gas-station"),
        (".internalCombustionEngine.", "mdi:engine"),
        (".serviceDemand.", "mdi:wrench-clock"),
        (".serviceDistance.", "mdi:wrench-clock"),
        (".serviceTime.", "mdi:wrench-clock"),
        (".conditionBasedServices", "mdi:wrench-clock"),
        (".checkControlMessages", "mdi:car-info"),
        (".diagnosticTroubleCodes", "mdi:car-wrench"),
        (".teleservice.", "mdi:phone-in-talk"),
        (".antiTheftAlarmSystem.", "mdi:shield-car"),
        (".navigation.currentLocation.heading", "mdi:compass-outline"),
        (".navigation.currentLocation.", "mdi:crosshairs-gps"),
        (".navigation.", "mdi:navigation-variant"),
        ("emainingElectricRange", "mdi:map-marker-distance"),
        ("emainingRange", "mdi:map-marker-distance"),
        (".range.target", "mdi:map-marker-distance"),
        (".climate.", "mdi:air-conditioner"),
        (".hvac.", "mdi:air-conditioner"),
        (".preConditioning.", "mdi:air-conditioner"),
        (".chargingPort.", "mdi:ev-plug-type2"),
        (".charging.", "mdi:ev-station"),
        (".trip.segment.", "mdi:road-variant"),
        (".preconditioning.", "mdi:thermometer-auto"),
    ];
    let fits = ICONS.iter().find(|(part, _)| id.contains(part));
    fits.map(|(_, icon)| *icon)
}
