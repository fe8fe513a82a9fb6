//! The shapes of answers: canonical units, times in RFC 3339 in UTC, no VIN.

use std::collections::BTreeMap;

use collector_core::{Descriptor, Unit, Value};
use dashboard_content::told::Present;
use history::read::{ColumnInfo, Latest, Range, ReadingRow, RecordRow, Series, Told, VehicleRow};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

/// Up to here every whole number is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Always of one length.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// In the type of the value: a time is a string, a whole number has no fraction.
pub(crate) fn value(value: &Value) -> Json {
    match value {
        Value::Bool(value) => json!(value),
        Value::Number(value) if value.fract() == 0.0 && value.abs() <= EXACT => json!(*value as i64),
        Value::Number(value) => json!(value),
        value => json!(value.to_string()),
    }
}

pub(super) fn now(vehicle: &VehicleRow, present: &Present, now: Timestamp, sequence: u64) -> Json {
    let (ended, told): (Vec<&Latest>, Vec<_>) = present.latest.iter().partition(|one| one.ended_at.is_some());
    let age = |at: Timestamp| now.duration_since(at).as_secs().max(0);
    let values = told.iter().map(|one| {
        json!({
            "name": one.name,
            "descriptor": one.descriptor,
            "value": value(&one.reading.value),
            "unit": one.reading.unit,
            "measured_at": time(one.reading.measured_at),
            "age_seconds": age(one.reading.measured_at),
            "stamp": one.reading.stamp.as_str(),
            "origin": one.reading.origin.as_str(),
            "source": &*one.reading.source,
        })
    });
    let quantities = present.all().map(|one| {
        json!({
            "name": one.name,
            "value": value(&one.value),
            "unit": one.unit.as_ref().map(Unit::as_str),
            "measured_at": time(one.at),
            "age_seconds": age(one.at),
            "stamp": one.stamp.as_str(),
            "from": one.from.as_ref().map(Descriptor::name),
            "origin": one.origin.as_str(),
        })
    });
    let ended = ended.iter().map(|one| {
        json!({
            "name": one.name,
            "descriptor": one.descriptor,
            "since": one.ended_at.map(time),
        })
    });
    json!({
        "vehicle": vehicle.name,
        "now": time(now),
        "sequence": sequence,
        "quantities": quantities.collect::<Json>(),
        "values": values.collect::<Json>(),
        "ended": ended.collect::<Json>(),
    })
}

pub(super) fn series(vehicle: &VehicleRow, series: &Series, range: Range) -> Json {
    let mut answer = json!({
        "vehicle": vehicle.name,
        "name": series.name,
        "descriptor": series.descriptor,
        "type": series.value_type.as_str(),
        "unit": series.unit,
        "from": time(range.from),
        "to": time(range.to.min(Timestamp::MAX)),
        "before": series.before.as_ref().map(before),
    });
    answer["told"] = match &series.told {
        Told::Readings { points, ends } => json!({
            "as": "readings",
            "points": points,
            "ends": ends,
        }),
        Told::Parts { width_ms, points } => json!({
            "as": "parts",
            "width_ms": width_ms,
            "points": points.iter().map(|part| {
                json!([part.at_ms, part.min, part.max, part.last, part.is_ended])
            }).collect::<Json>(),
        }),
        Told::Changes { changes, is_thinned } => json!({
            "as": "changes",
            "is_thinned": is_thinned,
            "points": changes.iter().map(|change| {
                json!([change.at_ms, change.value.as_ref().map(value)])
            }).collect::<Json>(),
        }),
    };
    answer
}

fn before(reading: &ReadingRow) -> Json {
    json!({
        "value": value(&reading.value),
        "unit": reading.unit,
        "measured_at": time(reading.measured_at),
    })
}

/// `next` is the `to` of what follows, where something may.
pub(super) fn records(
    vehicle: &VehicleRow,
    columns: &[ColumnInfo],
    records: &[RecordRow],
    next: Option<String>,
) -> Json {
    let units: BTreeMap<_, _> = columns
        .iter()
        .filter_map(|column| Some((&column.name, column.unit.as_ref()?)))
        .collect();
    json!({
        "vehicle": vehicle.name,
        "units": units,
        "records": records.iter().map(record).collect::<Json>(),
        "next": next,
    })
}

fn record(record: &RecordRow) -> Json {
    let cells = record.columns.iter().zip(&record.cells);
    let values: Map<String, Json> = cells
        .map(|(column, cell)| (column.name.clone(), cell.as_ref().map_or(Json::Null, value)))
        .collect();
    json!({
        "start": time(record.start),
        "state": record.state.as_str(),
        "revision": record.revision,
        "values": values,
    })
}
