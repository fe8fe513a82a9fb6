//! Truth values as Home Assistant's binary sensors.

use collector_core::Descriptor;

use crate::traits::Traits;

/// The class of a truth value, by what its identifier asks.
pub fn traits(descriptor: &Descriptor) -> Traits {
    let id = descriptor.as_str();
    let question = id.rsplit('.').next().unwrap_or_default();
    let class = match question {
        "isOpen" if id.contains(".window.") => Some("window"),
        "isOpen" if id.contains(".door.") => Some("door"),
        "isOpen" => Some("opening"),
        "isLocked" | "isPermanentlyUnlocked" => Some("lock"),
        "isPlugged" => Some("plug"),
        "isMoving" => Some("moving"),
        "isMobilePhoneConnected" => Some("connectivity"),
        "isRemoteEngineRunning" | "isExteriorMirrorHeatingActive" | "rearDefrostActive" => Some("running"),
        "isActive" if id == "vehicle.drivetrain.engine.isActive" => Some("running"),
        "isIgnitionOn" => Some("power"),
        _ => None,
    };
    Traits {
        device_class: class,
        inverted: question == "isLocked",
        ..Traits::default()
    }
}
