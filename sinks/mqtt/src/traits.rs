//! What Home Assistant is to make of a descriptor: the kind of entity, its classes, its unit, its icon.
//!
//! Source of the facts: Home Assistant's integrations `mqtt`, `sensor` and `binary_sensor`. A device class allows some
//! units and state classes only, and a message that breaks this is refused as a whole; so what is not certain has no
//! class.

use collector_core::{Descriptor, ValueType};

use crate::numbers;
use crate::topics::Component;
use crate::truths;

/// How an entity of Home Assistant is described.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    pub device_class: Option<&'static str>,
    pub state_class: Option<&'static str>,
    /// In Home Assistant's spelling.
    pub unit: Option<String>,
    pub icon: Option<&'static str>,
    /// Decimal places to be shown.
    pub precision: Option<u8>,
    /// Whether `true` is "off": Home Assistant's lock is "on" when it is open.
    pub inverted: bool,
    /// Not for everyday use: settings, consents, what a workshop asks for.
    pub diagnostic: bool,
}

/// The kind of entity that a descriptor becomes.
pub fn component(descriptor: &Descriptor) -> Component {
    match descriptor.value_type() {
        ValueType::Bool => Component::BinarySensor,
        _ => Component::Sensor,
    }
}

pub fn traits(descriptor: &Descriptor) -> Traits {
    let traits = match descriptor.value_type() {
        ValueType::Bool => truths::traits(descriptor),
        ValueType::Number => numbers::traits(descriptor),
        ValueType::Timestamp => Traits {
            device_class: Some("timestamp"),
            ..Traits::default()
        },
        ValueType::Text if descriptor.options().is_empty() => Traits::default(),
        ValueType::Text => Traits {
            device_class: Some("enum"),
            ..Traits::default()
        },
    };
    Traits {
        icon: icon(descriptor.as_str()).or(traits.icon),
        diagnostic: is_diagnostic(descriptor.as_str()),
        ..traits
    }
}

/// A picture for what no device class has one for; the first that fits.
fn icon(id: &str) -> Option<&'static str> {
    const ICONS: [(&str, &str); 35] = [
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
        ("RemainingRange", "mdi:map-marker-distance"),
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

fn is_diagnostic(id: &str) -> bool {
    const PARTS: [&str; 19] = [
        ".configuration.",
        ".timers.",
        ".displayUnit.",
        ".hmi.",
        "displayControl",
        ".pointsOfInterests.",
        ".consumptionOverLifeTime.",
        ".privacySettings.",
        ".ista.",
        ".ngtp.",
        ".teleservice.",
        ".fixStatus",
        ".numberOfSatellites",
        "isoSessionId",
        "plugEventId",
        "timeSetting",
        "vehicle.sim.",
        "vehicle.look.",
        "cableCheckVoltage",
    ];
    PARTS.iter().any(|part| id.contains(part))
}
