//! What the car says of itself at one time, as the texts that BMW's answers have.

use jiff::Timestamp;

use super::keys::{Group, Key};
use super::timeline::{Activity, Segment, Supply};
use crate::config::SimVehicle;

/// What the car says of one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub value: Option<String>,
    pub unit: Option<&'static str>,
    /// Whether the time of the report comes with it.
    pub timed: bool,
}

impl Said {
    /// The same with this value, and with the time that values have.
    pub fn with(self, value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            timed: true,
            ..self
        }
    }
}

/// The car at the second of a report.
pub(super) struct Telemetry<'a> {
    vehicle: &'a SimVehicle,
    segments: &'a [Segment],
    segment: &'a Segment,
    at: i64,
    /// The state of charge at the time of the call, as the backend predicts it.
    predicted_soc: f64,
}

impl<'a> Telemetry<'a> {
    /// The segments must cover both times, which those of [`super::timeline::Timeline::until`] do.
    pub fn new(segments: &'a [Segment], vehicle: &'a SimVehicle, at: i64, now: i64) -> Self {
        let segment_at = |time: i64| {
            let after = segments.partition_point(|segment| segment.start <= time);
            &segments[after.saturating_sub(1)]
        };
        Self {
            vehicle,
            segments,
            segment: segment_at(at),
            at,
            predicted_soc: segment_at(now).soc_at(now),
        }
    }

    pub fn activity(&self) -> Activity {
        self.segment.activity
    }

    pub fn odometer_km(&self) -> f64 {
        self.segment.odometer_at(self.at)
    }

    /// The last drive that is over.
    fn last_drive(&self) -> Option<&Segment> {
        let over = self.segments.partition_point(|segment| segment.end <= self.at);
        let mut past = self.segments[..over].iter().rev();
        past.find(|segment| segment.activity == Activity::Driving)
    }

    pub fn soc(&self) -> f64 {
        self.segment.soc_at(self.at)
    }

    /// On the battery.
    pub fn range_km(&self) -> f64 {
        self.soc() / 100.0 * self.vehicle.battery_kwh / 0.178
    }

    pub fn is_driving(&self) -> bool {
        self.segment.activity == Activity::Driving
    }

    pub fn charges_with(&self) -> Option<Supply> {
        match self.segment.activity {
            Activity::Charging(supply) => Some(supply),
            _ => None,
        }
    }

    /// A small swing that differs from report to report, -1 to 1.
    fn swing(&self) -> f64 {
        (self.at as f64 * 0.7).sin()
    }

    /// Outside temperature in °C: a day's wave.
    fn temperature(&self) -> f64 {
        8.0 + 5.0 * (self.at as f64 / 86_400.0 * std::f64::consts::TAU).sin()
    }

    fn minutes_to(&self, soc: f64, supply: Supply) -> i64 {
        let kwh = (soc - self.soc()).max(0.0) / 100.0 * self.vehicle.battery_kwh;
        (kwh / (supply.grid_kw() * 0.9) * 60.0).ceil() as i64
    }

    /// Latitude, longitude and heading in degrees: between two locations along a slight bow.
    fn position(&self) -> (f64, f64, f64) {
        let (from, to) = (self.segment.from.coordinates(), self.segment.to.coordinates());
        let part = self.segment.fraction(self.at);
        let (north, east) = (to.0 - from.0, to.1 - from.1);
        let bow = (part * std::f64::consts::PI).sin() * 0.08;
        let latitude = from.0 + north * part - east * bow;
        let longitude = from.1 + east * part + north * bow;
        let heading = east.atan2(north).to_degrees().rem_euclid(360.0);
        (latitude, longitude, heading)
    }
}

/// What an i4 says of a key. A key that it does not know is empty.
pub(super) fn report(key: &Key, car: &Telemetry<'_>) -> Said {
    let value = key.value.clone().or_else(|| computed(key, car));
    let (has_unit, timed) = match value {
        Some(_) => (true, true),
        None => keeps(key),
    };
    let unit = key.unit.filter(|_| has_unit);
    Said { value, unit, timed }
}

fn computed(key: &Key, car: &Telemetry<'_>) -> Option<String> {
    let name = name(key);
    match key.group {
        Group::Battery => battery(name, car),
        Group::Charging => charging(name, car),
        Group::Call => call(name, car),
        Group::Position => position(name, car),
        Group::Odometer => odometer(name, car),
        Group::Body => body(key.descriptor, name, car),
        Group::Tyres => tyres(key.descriptor, name, car),
        Group::Trip => trip(name, car),
        // Of stateOfCharge.target.
        Group::Settings => (name == "target").then(|| format!("{:.0}", car.vehicle.target_percent)),
        Group::Stale | Group::Null | Group::Absent | Group::Never => None,
    }
}

/// Whether a computed key keeps its unit, and its time, when it has no value.
fn keeps(key: &Key) -> (bool, bool) {
    let name = name(key);
    (
        matches!(name, "avgAuxPower" | "timeToFullyCharged"),
        name == "avgAuxPower",
    )
}

fn name(key: &Key) -> &'static str {
    match key.descriptor {
        "vehicle.body.chargingPort.status" => "portStatus",
        descriptor => descriptor.rsplit('.').next().unwrap_or_default(),
    }
}

fn battery(name: &str, car: &Telemetry<'_>) -> Option<String> {
    let kwh = car.vehicle.battery_kwh;
    Some(match name {
        "header" => format!("{:.0}", car.soc()),
        // Wanders by one kWh with the temperature.
        "maxEnergy" => format!("{:.0}", kwh - if car.temperature() < 5.0 { 1.0 } else { 0.0 }),
        "smeEnergyDeltaFullyCharged" => format!("{:.0}", (1.0 - car.soc() / 100.0) * kwh),
        "kombiRemainingElectricRange" | "totalRemainingRange" | "lastRemainingRange" | "remainingRange" => {
            format!("{:.0}", car.range_km())
        }
        // Of range.target.
        "target" => format!("{:.0}", car.vehicle.target_percent / 100.0 * kwh / 0.178),
        "avgAuxPower" if car.is_driving() => format!("{:.2}", 0.85 + 0.2 * car.swing()),
        "voltage" if car.segment.activity == Activity::Parked => "12.6".into(),
        "voltage" => "14.1".into(),
        _ => return None,
    })
}

fn charging(name: &str, car: &Telemetry<'_>) -> Option<String> {
    let activity = car.segment.activity;
    let plugged = activity.supply().is_some();
    let connected = |yes: &str, no: &str| if plugged { yes.to_owned() } else { no.to_owned() };
    Some(match (name, car.charges_with()) {
        ("acAmpere", Some(Supply::Ac)) => "16".into(),
        ("acVoltage", Some(Supply::Ac)) => format!("{:.0}", 231.0 + 2.0 * car.swing()),
        ("acAmpere" | "acVoltage", _) => connected("0", "-NA-"),
        ("timeToFullyCharged", Some(supply)) => car.minutes_to(100.0, supply).to_string(),
        ("timeRemaining", Some(supply)) => car.minutes_to(car.vehicle.target_percent, supply).to_string(),
        ("timeRemaining", None) => "0".into(),
        ("method", Some(Supply::Ac)) => "AC_TYPE2PLUG".into(),
        ("method", _) => "NOCHARGING".into(),
        ("phaseNumber", Some(Supply::Ac)) => "3-PHASES".into(),
        ("phaseNumber", Some(Supply::Dc)) => "NO_CHARGING".into(),
        ("phaseNumber", None) if plugged => "1-PHASES".into(),
        ("power", Some(supply)) => {
            let kw = car.segment.grid_kw(car.at).unwrap_or(supply.grid_kw());
            let watts = kw * 1_000.0 * (0.985 + 0.01 * car.swing());
            format!("{watts:.0}")
        }
        ("power", None) => "0".into(),
        ("status", _) => match activity {
            Activity::Initializing(_) => "INITIALIZATION",
            Activity::Charging(_) => "CHARGINGACTIVE",
            Activity::Paused(_) => "CHARGINGPAUSED",
            Activity::Finished(_) => "CHARGINGENDED",
            Activity::Parked | Activity::Driving => "NOCHARGING",
        }
        .into(),
        ("reasonChargingEnd", _) => match activity {
            Activity::Finished(_) => "CUSTOMER_INTERACTION_HMI_CHARGING_TARGET_REACHED".into(),
            _ => "NO_CHARGING_END_SINCE_IPF_WAKEUP".into(),
        },
        ("hvpmFinishReason", Some(_)) => "UNKNOWN".into(),
        ("hvpmFinishReason", None) => "CHARGING_GOAL_REACHED".into(),
        ("connectionType", _) => connected("CONDUCTIVE", "SIGNAL_INVALID"),
        ("plugEventId", _) => car.segment.plug_events.to_string(),
        ("lockedStatus", _) => connected("CHARGING_CABLE_LOCKED", "CHARGING_CABLE_NOT_LOCKED"),
        ("portStatus" | "connectorStatus" | "statusClearText" | "combinedStatus", _) => {
            connected("CONNECTED", "DISCONNECTED")
        }
        ("dcStatus", _) if activity.supply() == Some(Supply::Dc) => "CONNECTED".into(),
        ("dcStatus", _) => "DISCONNECTED".into(),
        ("displayControl", Some(_)) => "DISPLAY_CHARGING_DURATION".into(),
        ("displayControl", None) => "NO_DISPLAY_TIME_FOR_CHARGING".into(),
        ("isOpen" | "isPlugged", _) => plugged.to_string(),
        _ => return None,
    })
}

fn call(name: &str, car: &Telemetry<'_>) -> Option<String> {
    let charges = car.charges_with().is_some();
    Some(match name {
        "level" => format!("{:.0}", car.predicted_soc),
        "remainingElectricRange" => format!("{:.0}", car.range_km()),
        "lastChargingReason" if charges => "INVALID".into(),
        "lastChargingReason" => "CHARGING_GOAL_REACHED".into(),
        "lastChargingResult" => "SUCCESS".into(),
        "hvStatus" => match car.segment.activity {
            Activity::Parked => "INVALID",
            Activity::Driving => "NOT_CHARGING",
            Activity::Initializing(_) | Activity::Paused(_) => "WAITING_FOR_CHARGING",
            Activity::Charging(_) => "CHARGING",
            Activity::Finished(_) if car.soc() >= 99.5 => "FINISHED_FULLY_CHARGED",
            Activity::Finished(_) => "FINISHED_NOT_FULL",
        }
        .into(),
        "recharge" => "1".into(),
        "replace" => "200".into(),
        _ => return None,
    })
}

fn position(name: &str, car: &Telemetry<'_>) -> Option<String> {
    let (latitude, longitude, heading) = car.position();
    Some(match name {
        "latitude" => format!("{latitude:.10}"),
        "longitude" => format!("{longitude:.10}"),
        "heading" => format!("{heading:.0}"),
        "altitude" => format!("{:.0}", 519.0 - (latitude - 48.137) * 400.0),
        "numberOfSatellites" => format!("{:.0}", 11.0 + 3.0 * car.swing()),
        _ => return None,
    })
}

fn odometer(name: &str, car: &Telemetry<'_>) -> Option<String> {
    let km = car.odometer_km();
    Some(match name {
        "travelledDistance" => format!("{km:.0}"),
        // Of serviceDistance.next, in steps of 100 km.
        "next" => format!("{:.0}", ((30_000.0 - km % 30_000.0) / 100.0).floor() * 100.0),
        "lowerBound" if car.is_driving() => "40".into(),
        "upperBound" if car.is_driving() => "90".into(),
        "lowerBound" | "upperBound" => "0".into(),
        _ => return None,
    })
}

fn body(descriptor: &str, name: &str, car: &Telemetry<'_>) -> Option<String> {
    let driving = car.is_driving();
    Some(match name {
        "isMoving" | "isActive" | "isIgnitionOn" | "isRunningOn" | "isMobilePhoneConnected" => {
            if driving { "ASN_isTrue" } else { "ASN_isFalse" }.into()
        }
        // The driver has just got out.
        "isOpen" if descriptor.contains("row1.driver") => {
            (car.segment.activity == Activity::Parked).to_string()
        }
        "isLocked" => (!driving).to_string(),
        "deepSleepModeActive" => "false".into(),
        "armStatus" => if driving { "unarmed" } else { "doorsTiltCabin" }.into(),
        "timeVehicle" => clock(car.at, "%H:%M"),
        // Of door.lock.status and door.status.
        "status" if descriptor.contains("lock") => if driving { "UNLOCKED" } else { "SECURED" }.into(),
        "status" => if driving { "ASN_unlocked" } else { "ASN_secured" }.into(),
        _ => return None,
    })
}

fn tyres(descriptor: &str, name: &str, car: &Telemetry<'_>) -> Option<String> {
    let front = descriptor.contains("row1");
    let warm = car.is_driving() && car.segment.fraction(car.at) > 0.25;
    Some(match name {
        "pressureTarget" => if front { "240" } else { "270" }.into(),
        // In steps of 10 kPa.
        "pressure" => (if front { 240 } else { 270 } + if warm { 20 } else { 0 }).to_string(),
        // Two of the wheels have no working sensor.
        "temperature" if !front => "-NA-".into(),
        "temperature" => format!("{:.1}", car.temperature() + if warm { 14.0 } else { 1.0 }),
        _ => return None,
    })
}

fn trip(name: &str, car: &Telemetry<'_>) -> Option<String> {
    let drive = car.last_drive()?;
    let km = drive.odometer.1 - drive.odometer.0;
    let hours = (drive.end - drive.start) as f64 / 3_600.0;
    let per_100km = (drive.soc.0 - drive.soc.1) / 100.0 * car.vehicle.battery_kwh / km * 100.0;
    Some(match name {
        "hvSoc" => format!("{:.1}", drive.soc.1),
        "time" => clock(drive.end, "%d.%m.%Y %H:%M:%S UTC"),
        "travelledDistance" => format!("{:.0}", drive.odometer.1),
        "avgSpeed" => format!("{:.0}", km / hours),
        "avgElectricRangeConsumption" => format!("{per_100km:.1}"),
        "recuperationTotal" => format!("{:.2}", per_100km * 0.21),
        "energyConsumptionComfort" => format!("{:.3}", hours * 0.7),
        "starsAverage" => format!("{:.1}", 4.0 + 0.5 * car.swing()),
        _ => return None,
    })
}

fn clock(at: i64, format: &str) -> String {
    Timestamp::from_second(at)
        .map(|at| at.strftime(format).to_string())
        .unwrap_or_default()
}
