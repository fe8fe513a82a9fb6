//! What a vehicle takes for 100 km, from the charge between charges: rule T5.

use collector_core::{Value, Vehicle};

use super::estimate::estimate;
use super::health::{Made, why};
use super::month::Month;
use super::sample::{rounding, step};
use super::{Battery, Bmw, Charge, DAY};
use facts::Rules;
use facts::kinds::CONSUMPTION;
use facts::row::{Row, moment};

/// In days.
pub(super) const WINDOWS: [u16; 3] = [30, 90, 365];
/// In percent: a charge that rises by more between two sessions was charged without being seen.
const SEEN: f64 = 1.0;
/// In kilometres: of less, rounding is too much.
const SHORTEST: f64 = 50.0;
/// What is told of BMW's capacity: whole kWh that wander by one.
const BMW_HALF_WIDTH: f64 = 0.02;
/// How much less a used battery may hold than the new one of which the owner knows.
const AGED_HALF_WIDTH: f64 = 0.1;
/// Standard deviations on both sides.
const WIDTH: f64 = 2.0;

/// What was driven between two charges.
struct Leg {
    from: i64,
    until: i64,
    /// In kilometres.
    distance: f64,
    /// Of the charge, in percent.
    fall: f64,
    /// Its standard deviation.
    deviation: f64,
}

/// Of the window that ends with the last charge of the month. `None` without one, and where too little was driven between charges that are known.
pub(super) fn made(
    battery: &Battery,
    month: Month,
    days: u16,
    rules: &Rules,
    vehicle: &Vehicle,
) -> Option<Made> {
    let (from, until) = (month.start(&rules.timezone), month.plus(1).start(&rules.timezone));
    let (end, _) = battery.charges.range(from..until).next_back()?;
    let begin = end - i64::from(days) * DAY;
    let (capacity, half_width, words) = capacity(battery, month, until, rules, vehicle)?;
    let within = battery
        .charges
        .range(begin..=*end)
        .map(|(start, charge)| (*start, charge));
    let charges: Vec<(i64, &Charge)> = within.collect();
    let legs = legs(&charges);
    let (first, last) = (legs.first()?, legs.last()?);
    // A window that the charges do not fill is that of a shorter one.
    if (last.until - first.from) * 2 < i64::from(days) * DAY {
        return None;
    }
    let distance: f64 = legs.iter().map(|leg| leg.distance).sum();
    let fall: f64 = legs.iter().map(|leg| leg.fall).sum();
    if distance < SHORTEST || fall <= 0.0 {
        return None;
    }
    let energy = fall / 100.0 * capacity;
    let per_100_km = energy / distance * 100.0;
    let parts = legs.iter().map(|leg| leg.deviation.powi(2)).sum::<f64>();
    let of_charge = WIDTH * parts.sqrt() / fall;
    let of_distance = WIDTH * (2.0 * legs.len() as f64).sqrt() * rounding(1.0) / distance;
    let away = per_100_km * half_width.hypot(of_charge).hypot(of_distance);
    let interval = (per_100_km - away, per_100_km + away);
    let mut row = Row::of(&CONSUMPTION);
    row.set("start_at", Some(Value::Timestamp(moment(first.from))));
    row.set("end_at", Some(Value::Timestamp(moment(last.until))));
    row.number("distance_km", Some(distance));
    row.number("energy_kwh", Some(energy));
    row.number("kwh_per_100_km", Some(per_100_km));
    row.number("kwh_per_100_km_low", Some(interval.0));
    row.number("kwh_per_100_km_high", Some(interval.1));
    row.number("legs", Some(legs.len() as f64));
    let note = format!(
        "{fall:.1} % of {capacity:.1} kWh, {words}, on {} stretches between {} charges",
        legs.len(),
        charges.len()
    );
    let energy_away = energy * half_width.hypot(of_charge);
    let evidence = [
        why(
            "energy_kwh",
            "T5",
            Some((energy - energy_away, energy + energy_away)),
            note,
        ),
        why("kwh_per_100_km", "T5", Some(interval), String::new()),
    ];
    Some((row.values().into(), evidence.into()))
}

/// From one charge whose odometer is known to the next; those between, whose odometer is not, belong to it. Nothing where
/// the charge at one of them is unknown, or rose without one.
fn legs(charges: &[(i64, &Charge)]) -> Vec<Leg> {
    let mut legs = Vec::new();
    let mut open: Option<Open> = None;
    for (start, charge) in charges {
        let Some((first, last)) = charge.first.zip(charge.last) else {
            open = None;
            continue;
        };
        let reached = open.take().and_then(|open| open.until(*start, first));
        legs.extend(reached.as_ref().and_then(|open| open.leg(*start, charge)));
        let odometer = charge.odometer.map(|odometer| (charge.end, odometer));
        open = match (odometer, reached) {
            (Some(from), _) => Some(Open::from(from, charge.end, last)),
            (None, reached) => reached.map(|open| open.on(charge.end, last)),
        };
    }
    legs
}

/// A leg that goes on.
#[derive(Clone, Copy)]
struct Open {
    /// Where it began: the end of a charge, and the odometer there.
    from: i64,
    odometer: f64,
    fall: f64,
    deviation: f64,
    /// The end of the last charge, and the charge then.
    end: i64,
    last: f64,
}

impl Open {
    fn from((from, odometer): (i64, f64), end: i64, last: f64) -> Self {
        Self {
            from,
            odometer,
            fall: 0.0,
            deviation: 0.0,
            end,
            last,
        }
    }

    /// Up to the start of the next charge.
    fn until(self, start: i64, first: f64) -> Option<Self> {
        if first > self.last + SEEN || start < self.end {
            return None;
        }
        Some(Self {
            fall: self.fall + self.last - first,
            deviation: self
                .deviation
                .hypot(rounding(step(self.last)))
                .hypot(rounding(step(first))),
            ..self
        })
    }

    /// Behind a charge.
    fn on(self, end: i64, last: f64) -> Self {
        Self { end, last, ..self }
    }

    fn leg(&self, until: i64, charge: &Charge) -> Option<Leg> {
        let distance = charge.odometer? - self.odometer;
        (distance >= 0.0).then_some(Leg {
            from: self.from,
            until,
            distance,
            fall: self.fall,
            deviation: self.deviation,
        })
    }
}

/// In kWh, between less and more by which share, and where from: what sessions of a year show, else BMW's of the month or
/// the newest before it, else the owner's.
fn capacity(
    battery: &Battery,
    month: Month,
    end: i64,
    rules: &Rules,
    vehicle: &Vehicle,
) -> Option<(f64, f64, &'static str)> {
    if let Some(shown) = estimate(battery.between(end - 365 * DAY, end)) {
        return Some((shown.capacity, shown.half_width, "as charging sessions show"));
    }
    let told = battery.bmw.range(..=month).rev();
    if let Some(told) = told.filter_map(|(_, bmw)| Bmw::median(&bmw.max_energy)).next() {
        return Some((told, BMW_HALF_WIDTH, "as BMW tells"));
    }
    let known = rules.vehicles.get(&vehicle.vin)?.capacity_kwh?;
    Some((
        known,
        AGED_HALF_WIDTH,
        "as the pipeline file says of the new battery",
    ))
}
