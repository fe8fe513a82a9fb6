//! A drive as a record, with the reasons of its numbers.

use collector_core::{Cited, Evidence, Record, RecordState, Value, Vehicle};
use facts::row::rounded;
use jiff::Timestamp;

use super::drive::Drive;
use super::drives::Drives;
use super::gaps::{Cause, Sign};
use super::numbers::{Basis, Bounded, capacity, confidence, energy, fuel, has_gained, is_manoeuvre};
use super::sense::{Position, Seen, Soc};
use crate::Rules;
use crate::fact::Key;
use crate::kinds::TRIP;

const LONGITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.longitude";

/// The trip; `None` only of times that no calendar has.
pub fn trip(
    drive: &Drive,
    drives: &Drives,
    is_over: bool,
    vehicle: &Vehicle,
    rules: &Rules,
) -> Option<Record> {
    let start = Timestamp::from_millisecond(drive.start_at).ok()?;
    let (end_at, end_seen) = drive.end();
    let end = Timestamp::from_millisecond(end_at).ok()?;
    let mut why = Reasons::default();
    why.times(drive, end_seen);

    let distance = drive.distance();
    let km = distance.map(|(way, _)| way);
    if let Some((way, basis)) = distance {
        let (from, to) = (drive.start_odometer(), drive.after.odometer);
        let cited = match basis {
            Basis::Odometer => [measured(from, "km"), measured(to, "km")],
            Basis::Segment => [measured(from, "km"), measured(drive.segment, "km")],
            Basis::Positions => [None, None],
        };
        why.add("distance_km", "T3", Some(way), "", cited);
    }
    let (before, to) = (drive.before.soc, drive.after.soc);
    let is_seen = drive.start_seen && end_seen;
    let gained = |from: &Soc| to.is_some_and(|to| has_gained(from.value.0 - to.value.0, is_seen));
    let from = before.filter(|from| !gained(from));
    match (from, before) {
        (None, Some(_)) => {
            let cited = [soc_cited(before), soc_cited(to)];
            why.add(
                "soc_start",
                "T6",
                None,
                "unknown: it was charged between what was told",
                cited,
            );
        }
        _ => why.soc("soc_start", "T6", from, drives),
    }
    why.soc("soc_end", "T6", to, drives);
    let soc_start = from.map(|seen| seen.value.0);
    let held = capacity(rules.vehicles.get(&vehicle.vin), drive.capacity);
    let fall = from.zip(to).filter(|_| !drive.is_charged);
    let fall = fall.map(|(from, to)| drives.fall(from, to));
    let used = fall.zip(held).map(|(fall, held)| energy(fall, held));
    if let Some(used) = used {
        let capacity = measured(drive.capacity, "kWh");
        why.add(
            "energy_kwh",
            "T6",
            Some(used),
            "",
            [soc_cited(from), soc_cited(to), capacity],
        );
    }
    let tank = drive.before.fuel.zip(drive.after.fuel);
    let burnt = tank.and_then(|(from, to)| fuel(from.value, to.value, drive.is_refuelled));
    if let (Some(burnt), Some((from, to))) = (burnt, tank) {
        why.add(
            "fuel_l",
            "T6",
            Some(burnt),
            "",
            [from, to].map(|seen| measured(Some(seen), "l")),
        );
    }
    let (from, to) = (drive.before.position, drive.end_position().filter(|_| is_over));
    why.position("start_latitude", from);
    why.position("end_latitude", to);
    let is_short = is_manoeuvre(km.map(|km| km.value), end_at - drive.start_at);
    why.add("kind", "T4", None, "", [None]);

    let place = |seen: Option<Seen<Position>>| {
        let (latitude, longitude) = seen?.value;
        Some(text(&rules.place(latitude, longitude)?.name))
    };
    let values = vec![
        is_over.then_some(Value::Timestamp(end)),
        rounded(km.map(|it| it.value)),
        distance.map(|(_, basis)| text(basis.as_str())),
        rounded(soc_start),
        rounded(drive.after.soc.map(|seen| seen.value.0)),
        rounded(used.map(|it| it.value)),
        rounded(burnt.map(|it| it.value)),
        rounded(from.map(|seen| seen.value.0)),
        rounded(from.map(|seen| seen.value.1)),
        rounded(to.map(|seen| seen.value.0)),
        rounded(to.map(|seen| seen.value.1)),
        place(from),
        place(to),
        Some(text(confidence(drive.start_seen, end_seen))),
        Some(text(if is_short { "manoeuvre" } else { "trip" })),
        None,
    ];
    let mut record = Record::new(&TRIP, vehicle.clone(), start, [Value::Timestamp(start)], values);
    if is_over {
        record.state = RecordState::Final;
    }
    record.evidence = why.0.into();
    Some(record)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The reasons of a record, column by column.
#[derive(Debug, Default)]
pub struct Reasons(pub Vec<Evidence>);

impl Reasons {
    pub fn add(
        &mut self,
        column: &str,
        rule: &str,
        bounds: Option<Bounded>,
        note: &str,
        cited: impl IntoIterator<Item = Option<Cited>>,
    ) {
        let bounds = bounds.filter(|bounds| bounds.low.is_finite() && bounds.high.is_finite());
        self.0.push(Evidence {
            column: column.into(),
            rule: rule.into(),
            interval: bounds.map(|bounds| (bounds.low, bounds.high)),
            note: note.into(),
            cited: cited.into_iter().flatten().collect(),
        });
    }

    pub fn soc(&mut self, column: &str, rule: &str, seen: Option<Soc>, drives: &Drives) {
        if let Some(soc) = seen {
            let bounds = Bounded::around(soc.value.0, drives.half_step(soc));
            self.add(column, rule, Some(bounds), "", [soc_cited(seen)]);
        }
    }

    fn position(&mut self, column: &str, seen: Option<Seen<Position>>) {
        if let Some(seen) = seen {
            let (latitude, longitude) = seen.value;
            let other = Key::of(LONGITUDE).unwrap_or_default();
            let cited = [
                cited(seen, seen.key, format!("{latitude}°")),
                cited(seen, other, format!("{longitude}°")),
            ];
            self.add(column, "T3", None, "", cited);
        }
    }

    fn times(&mut self, drive: &Drive, end_seen: bool) {
        let start = match (drive.start_seen, drive.is_bracket) {
            (true, _) => "the last sign of standing before the first sign of driving",
            (false, true) => "nobody saw it: it began at this time or later",
            (false, false) => "nobody saw it: by the distance at 40 km/h, behind the last sign of standing",
        };
        self.add("start_at", "T1", None, start, [sign_cited(drive.left)]);
        let stop = drive.stop.as_ref().map(|stop| stop.first);
        let end = match (end_seen, drive.is_bracket) {
            (true, _) => "the first sign of standing behind the last sign of driving",
            (false, true) => {
                "nobody saw it: it ended at this time or before; more than one trip may lie in it"
            }
            (false, false) => "nobody saw it: the last sign of driving, or by the distance at 40 km/h",
        };
        self.add(
            "end_at",
            "T1",
            None,
            end,
            [sign_cited(drive.driven), stop.and_then(sign_cited)],
        );
    }
}

/// A reading behind a number.
pub fn cited<T>(seen: Seen<T>, key: Key, value: String) -> Option<Cited> {
    Some(Cited {
        seq: seen.seq,
        descriptor: key.as_str().into(),
        measured_at: Timestamp::from_millisecond(seen.at).ok()?,
        value: value.into(),
    })
}

fn measured(seen: Option<Seen<f64>>, unit: &str) -> Option<Cited> {
    let seen = seen?;
    cited(seen, seen.key, format!("{} {unit}", seen.value))
}

pub fn soc_cited(seen: Option<Soc>) -> Option<Cited> {
    let seen = seen?;
    cited(seen, seen.key, format!("{} %", seen.value.0))
}

/// The reading behind a sign.
fn sign_cited(sign: Sign) -> Option<Cited> {
    let value = match sign.cause {
        Cause::Moving(is) | Cause::Ignition(is) | Cause::Door(is) | Cause::Plugged(is) => is.to_string(),
        Cause::Locked(true) => "locked".to_owned(),
        Cause::Locked(false) => "unlocked".to_owned(),
        Cause::Charging => "active".to_owned(),
        Cause::Odometer | Cause::Position | Cause::SegmentEnd => String::new(),
    };
    let Sign { at, seq, key, .. } = sign;
    cited(
        Seen {
            at,
            seq,
            key,
            value: (),
        },
        key,
        value,
    )
}
