//! The words of truths in the canonical form. On disk for ever, by its hash: these are the words of the catalogue as they were
//! when the form learned them, and they follow it no further.

/// Descriptors, and their words for yes and for no: in lower case, without blanks, hyphens and underscores.
type Words = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

/// The truth that a text tells of a descriptor; `None` where it is no word of its.
pub fn of(descriptor: &str, text: &str) -> Option<bool> {
    let (_, yes, no) = WORDS
        .iter()
        .find(|(descriptors, ..)| descriptors.contains(&descriptor))?;
    let says = |words: &[&str]| words.iter().any(|word| letters(text).eq(word.bytes()));
    match says(yes) {
        true => Some(true),
        false => says(no).then_some(false),
    }
}

fn letters(text: &str) -> impl Iterator<Item = u8> {
    let counts = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b'-' | b'_');
    text.bytes().filter(counts).map(|byte| byte.to_ascii_lowercase())
}

#[rustfmt::skip]
static WORDS: &[Words] = &[
    (&[
        "vehicle.body.chargingPort.isHospitalityActive",
    ], &["hospitalityactive", "active"], &["hospitalityinactive", "hospitalitynotactive", "inactive", "notactive"]),
    (&[
        "vehicle.body.flap.isLocked",
    ], &["flaplocked", "locked", "secured"], &["flapunlocked", "unlocked", "notlocked", "flapnotlocked"]),
    (&[
        "vehicle.body.flap.isPermanentlyUnlocked",
    ], &["flapunlocked", "unlocked"], &["flaplocked", "locked", "secured", "noaction"]),
    (&[
        "vehicle.body.hood.isOpen",
        "vehicle.body.trunk.door.isOpen",
        "vehicle.body.trunk.isOpen",
        "vehicle.body.trunk.left.door.isOpen",
        "vehicle.body.trunk.lower.door.isOpen",
        "vehicle.body.trunk.right.door.isOpen",
        "vehicle.body.trunk.upper.door.isOpen",
        "vehicle.cabin.door.row1.driver.isOpen",
        "vehicle.cabin.door.row1.passenger.isOpen",
        "vehicle.cabin.door.row2.driver.isOpen",
        "vehicle.cabin.door.row2.passenger.isOpen",
        "vehicle.powertrain.tractionBattery.charging.port.anyPosition.flap.isOpen",
        "vehicle.powertrain.tractionBattery.charging.port.frontLeft.flap.isOpen",
        "vehicle.powertrain.tractionBattery.charging.port.frontMiddle.flap.isOpen",
        "vehicle.powertrain.tractionBattery.charging.port.frontRight.flap.isOpen",
        "vehicle.powertrain.tractionBattery.charging.port.rearLeft.flap.isOpen",
        "vehicle.powertrain.tractionBattery.charging.port.rearMiddle.flap.isOpen",
        "vehicle.powertrain.tractionBattery.charging.port.rearRight.flap.isOpen",
    ], &["open", "opened", "intermediate", "intermediatetilt", "halfopen", "partiallyopen", "opentilt", "tilt", "tilted", "ajar", "notclosed", "asnopen", "asnopened", "asnintermediate"], &["closed", "closedsecured", "closedlocked", "notopen", "asnclosed"]),
    (&[
        "vehicle.body.trunk.isLocked",
    ], &["locked", "secured"], &["unlocked", "notlocked", "selectivelocked"]),
    (&[
        "vehicle.body.trunk.window.isOpen",
    ], &["open", "opened", "intermediate", "intermediatetilt", "halfopen", "partiallyopen", "opentilt", "tilt", "tilted", "ajar", "notclosed", "asnopen", "asnopened", "asnintermediate", "unlocked"], &["closed", "closedsecured", "closedlocked", "notopen", "asnclosed", "locked"]),
    (&[
        "vehicle.cabin.hvac.preconditioning.status.isExteriorMirrorHeatingActive",
        "vehicle.cabin.hvac.preconditioning.status.rearDefrostActive",
        "vehicle.drivetrain.electricEngine.charging.profile.climatizationActive",
        "vehicle.drivetrain.engine.isActive",
        "vehicle.powertrain.electric.battery.charging.batteryCarePersisted.isActive",
        "vehicle.powertrain.tractionBattery.charging.port.anyPosition.flap.isAutomaticOpenAndCloseActive",
        "vehicle.powertrain.tractionBattery.charging.port.frontLeft.flap.isAutomaticOpenAndCloseActive",
        "vehicle.powertrain.tractionBattery.charging.port.frontMiddle.flap.isAutomaticOpenAndCloseActive",
        "vehicle.powertrain.tractionBattery.charging.port.frontRight.flap.isAutomaticOpenAndCloseActive",
        "vehicle.powertrain.tractionBattery.charging.port.rearLeft.flap.isAutomaticOpenAndCloseActive",
        "vehicle.powertrain.tractionBattery.charging.port.rearMiddle.flap.isAutomaticOpenAndCloseActive",
        "vehicle.powertrain.tractionBattery.charging.port.rearRight.flap.isAutomaticOpenAndCloseActive",
        "vehicle.vehicle.deepSleepModeActive",
    ], &["active", "activated"], &["inactive", "notactive", "deactive", "deactivated"]),
    (&[
        "vehicle.cabin.infotainment.isMobilePhoneConnected",
    ], &["connected"], &["disconnected", "notconnected"]),
    (&[
        "vehicle.drivetrain.electricEngine.charging.acRestriction.isChosen",
    ], &["chosen", "reducedcharging", "mincharging", "chosen;maxcharging", "chosen;reducedcharging", "chosen;mincharging"], &["notchosen", "maxcharging", "notchosen;maxcharging", "notchosen;reducedcharging", "notchosen;mincharging"]),
    (&[
        "vehicle.drivetrain.electricEngine.charging.isSingleImmediateCharging",
    ], &["directchgonceactive", "active", "invalid;directchgonceactive"], &["directchgoncenotactive", "directchgonceinactive", "notactive", "inactive", "invalid;directchgoncenotactive"]),
    (&[
        "vehicle.drivetrain.electricEngine.charging.profile.settings.biDirectionalCharging.dischargeAllowed",
    ], &["allowed"], &["notallowed"]),
    (&[
        "vehicle.drivetrain.engine.isIgnitionOn",
    ], &["ignitionon"], &["ignitionoff"]),
    (&[
        "vehicle.isMoving",
    ], &["moving"], &["notmoving", "standing", "parked"]),
    (&[
        "vehicle.powertrain.electric.battery.charging.acLimit.isActive",
    ], &["aclimitactive", "active"], &["aclimitinactive", "aclimitnotactive", "inactive", "notactive"]),
    (&[
        "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",
        "vehicle.powertrain.tractionBattery.charging.port.frontLeft.isPlugged",
        "vehicle.powertrain.tractionBattery.charging.port.frontMiddle.isPlugged",
        "vehicle.powertrain.tractionBattery.charging.port.frontRight.isPlugged",
        "vehicle.powertrain.tractionBattery.charging.port.rearLeft.isPlugged",
        "vehicle.powertrain.tractionBattery.charging.port.rearMiddle.isPlugged",
        "vehicle.powertrain.tractionBattery.charging.port.rearRight.isPlugged",
    ], &["connected", "plugged", "pluggedin"], &["disconnected", "notconnected", "unplugged", "notplugged"]),
    (&[
        "vehicle.sim.status",
    ], &["active"], &["inactive", "notactive", "deactivated"]),
    (&[
        "vehicle.vehicle.antiTheftAlarmSystem.alarm.isOn",
    ], &["active"], &["inactive", "notactive"]),
    (&[
        "vehicle.vehicle.preConditioning.isRemoteEngineRunning",
    ], &["active", "running"], &["inactive", "notactive", "notrunning"]),
    (&[
        "vehicle.vehicle.preConditioning.isRemoteEngineStartAllowed",
    ], &["allowed", "enabled"], &["notallowed", "disabled"]),
];

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use collector_core::Value;
    use normalise::body::Body;
    use normalise::known::KnownDescriptors;
    use normalise::value;

    use super::*;
    use crate::canonical;

    /// Journals hold forms that were made with it.
    #[test]
    fn the_table_is_the_one_on_disk() {
        let mut table = String::new();
        for (descriptors, yes, no) in WORDS {
            writeln!(table, "{descriptors:?} {yes:?} {no:?}").unwrap();
        }
        assert_eq!(canonical::hash(&table), -28_128_074_908_806);
    }

    #[test]
    fn each_word_is_read_as_the_same_truth() {
        let known = KnownDescriptors::default();
        let all = WORDS.iter().flat_map(|(descriptors, yes, no)| {
            let words = yes
                .iter()
                .map(|word| (word, true))
                .chain(no.iter().map(|word| (word, false)));
            descriptors
                .iter()
                .flat_map(move |descriptor| words.clone().map(move |word| (descriptor, word)))
        });
        for (descriptor, (word, truth)) in all {
            let json = format!(r#"{{"value":"{word}"}}"#);
            let read = value::read(&Body::parse(&json).unwrap(), known.get(descriptor).unwrap());
            assert_eq!(read, Ok(Some(Value::Bool(truth))), "{word} of {descriptor}");
            assert_eq!(of(descriptor, &word.to_uppercase()), Some(truth));
        }
    }
}
