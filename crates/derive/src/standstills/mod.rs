//! Standstills: rule V1.

mod rest;
#[cfg(test)]
mod tests;

use collector_core::{Record, RecordState, Value, Vehicle};
use facts::row::rounded;
use jiff::Timestamp;

pub use rest::{Part, Rest, Told};

use crate::kinds::STANDSTILL;
use crate::trips::drives::Drives;
use crate::trips::numbers::Bounded;
use crate::trips::record::{Reasons, soc_cited};

const HOUR_MS: i64 = 3_600_000;
/// A fall over less says nothing; one over less than twelve hours is no number for a day.
const LEAST_MS: i64 = 6 * HOUR_MS;
const LEAST_FOR_A_DAY_MS: i64 = 12 * HOUR_MS;
/// No warming battery shows so much more, in percent: it was charged where nobody saw it.
const CHARGED: f64 = 3.0;

/// The standstills between drives, and the one that goes on.
pub(crate) fn records(drives: &Drives, vehicle: &Vehicle) -> Vec<Record> {
    let last = drives.drive.as_ref().filter(|drive| drive.is_known(drives.now));
    let past = drives.past.iter().map(|drive| &**drive).chain(last);
    let ended = past.filter_map(|drive| {
        let rest = drive.rest.as_ref().filter(|rest| rest.start_at != 0)?;
        record(
            rest.start_at,
            Some(drive.start_at),
            &rest.so_far(),
            drives,
            vehicle,
        )
    });
    let is_moving = drives.moving == Some(true);
    let stands = last.filter(|drive| drive.is_over(drives.now, is_moving));
    let goes_on = stands.zip(drives.rest.as_ref());
    let goes_on =
        goes_on.and_then(|(drive, rest)| record(drive.end().0, None, &rest.told(), drives, vehicle));
    ended.chain(goes_on).collect()
}

/// V1: the fall of the charge over a quiet part, in percent a day, and the number itself only where the part is long enough
/// for one. A charge that rose with the warmth of the battery falls by less than nothing.
pub fn drain(part: &Part, drives: &Drives) -> Option<(Bounded, bool)> {
    let fall = drives.fall(part.first, part.last);
    if part.ms() < LEAST_MS || fall.value <= -CHARGED {
        return None;
    }
    let days = part.ms() as f64 / (24 * HOUR_MS) as f64;
    let a_day = Bounded {
        value: fall.value / days,
        low: fall.low / days,
        high: fall.high / days,
    };
    Some((a_day, part.ms() >= LEAST_FOR_A_DAY_MS))
}

/// A standstill; it goes on where it has no end.
fn record(
    start_at: i64,
    end_at: Option<i64>,
    told: &Told,
    drives: &Drives,
    vehicle: &Vehicle,
) -> Option<Record> {
    let start = Timestamp::from_millisecond(start_at).ok()?;
    let end = end_at.and_then(|end| Timestamp::from_millisecond(end).ok());
    let drain = told
        .quiet
        .as_ref()
        .and_then(|part| Some((drain(part, drives)?, part)));
    let mut why = Reasons::default();
    why.soc("soc_start", "V1", told.first, drives);
    why.soc("soc_end", "V1", told.last, drives);
    if let Some(((a_day, _), part)) = drain {
        let hours = part.ms() as f64 / HOUR_MS as f64;
        let note = format!("over the longest part without a plug, charging and conditioning: {hours:.1} h");
        let ends = [part.first, part.last].map(|soc| soc_cited(Some(soc)));
        why.add("drain_percent_per_day", "V1", Some(a_day), &note, ends);
    }
    let a_day = drain.map(|((a_day, _), _)| a_day);
    let values = vec![
        end.map(Value::Timestamp),
        rounded(told.first.map(|soc| soc.value.0)),
        rounded(told.last.map(|soc| soc.value.0)),
        rounded(
            drain
                .filter(|((_, is_long), _)| *is_long)
                .map(|((a_day, _), _)| a_day.value),
        ),
        rounded(a_day.map(|a_day| a_day.low)),
        rounded(a_day.map(|a_day| a_day.high)),
        Some(Value::Bool(told.plugged)),
    ];
    let mut record = Record::new(
        &STANDSTILL,
        vehicle.clone(),
        start,
        [Value::Timestamp(start)],
        values,
    );
    if end.is_some() {
        record.state = RecordState::Final;
    }
    record.evidence = why.0.into();
    Some(record)
}
