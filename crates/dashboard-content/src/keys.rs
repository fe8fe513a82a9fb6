//! What every key of a vehicle tells, how often, and who brings it.

use std::collections::HashMap;

use collector_core::Unit;
use collector_core::mask::readable;
use history::read::{KeyRow, Latest, VehicleRow};
use jiff::{SignedDuration, Timestamp};

use crate::cells::{Reading, UNKNOWN, duration, live, origin};
use crate::key;
use crate::position;
use crate::shown;
use crate::states::{self, Asked, State};
use crate::view::parts::{Cell, Column, Table};
use crate::view::texts;

/// The column of the values.
const VALUE: usize = 1;

/// Where the car is is told to who `shows_position`.
pub fn table(
    keys: &[KeyRow],
    latest: &[Latest],
    vehicle: &VehicleRow,
    reading: Reading<'_>,
    shows_position: bool,
) -> Table {
    let known: HashMap<&str, &KeyRow> = keys.iter().map(|key| (key.descriptor.as_str(), key)).collect();
    let heard = states::heard(latest);
    let row = |one: &Latest| {
        let key = known.get(one.descriptor.as_str()).copied();
        let mut row = row(one, key, vehicle, reading);
        row.push(states::of_latest(one, key, heard).map_or_else(|| Cell::text(UNKNOWN), states::cell));
        if !shows_position && position::is_told_by(one) {
            row[VALUE] = Cell {
                href: format!("?{}", position::SHOWN),
                ..Cell::text(texts::t("why.show"))
            };
        }
        row
    };
    Table {
        id: "keys",
        caption: texts::t("data.keys").to_owned(),
        columns: vec![
            Column::text(texts::t("data.key")),
            Column::text(texts::t("data.value")),
            Column::text(texts::t("data.unit")),
            Column::text(texts::t("data.age")),
            Column::number(texts::t("data.cadence")),
            Column::text(texts::t("data.origin")),
            Column::number(texts::t("data.readings")),
            Column::text(texts::t("data.state")),
        ],
        rows: latest.iter().map(row).collect(),
        csv: match shows_position {
            true => format!("now.csv?{}", position::SHOWN),
            false => "now.csv".to_owned(),
        },
        empty: texts::t("data.no_keys").to_owned(),
        ..Table::default()
    }
}

/// The keys that never came, and why, as far as that is known; its caption says how many.
pub fn untold(latest: &[Latest], asked: &Asked<'_>) -> Table {
    let untold = states::untold(latest, asked);
    let row = |&(descriptor, state): &(&str, State)| {
        let known = catalogue::find(descriptor);
        vec![
            Cell {
                note: readable(descriptor),
                ..Cell::text(readable(known.map_or(descriptor, |known| known.name)))
            },
            Cell::text(known.map_or("", |known| known.title)),
            states::cell(state),
        ]
    };
    Table {
        id: "untold",
        caption: texts::count("data.untold", untold.len()),
        columns: ["data.key", "data.title", "data.state"]
            .map(|key| Column::text(texts::t(key)))
            .into(),
        rows: untold.iter().map(row).collect(),
        csv: "?csv=untold".to_owned(),
        ..Table::default()
    }
}

fn row(one: &Latest, key: Option<&KeyRow>, vehicle: &VehicleRow, reading: Reading<'_>) -> Vec<Cell> {
    let told = &one.reading;
    let unit = told.unit.as_deref().map(Unit::other);
    let shown = shown::named(&one.name, &told.value, unit.as_ref(), reading.options);
    let value = match one.ended_at {
        None => Cell::text(shown.text),
        Some(at) => Cell {
            note: texts::t("data.was")
                .replace("{at}", &reading.moment(at).text)
                .replace("{value}", &shown.text),
            ..Cell::text(UNKNOWN)
        },
    };
    let live = live(&vehicle.name, &one.name);
    vec![
        Cell {
            note: readable(&one.descriptor),
            href: key::way(&one.descriptor).unwrap_or_default(),
            ..Cell::text(readable(&one.name))
        },
        Cell {
            live: live.clone(),
            ..value
        },
        Cell::text(shown.unit),
        Cell {
            live,
            ..reading.at(told.measured_at)
        },
        key.and_then(|key| key.gap_ms)
            .map_or_else(|| Cell::text(UNKNOWN), |gap| Cell::sorted(every(gap), gap)),
        Cell {
            note: readable(&told.source),
            ..Cell::text(origin(told))
        },
        key.map_or_else(
            || Cell::text(UNKNOWN),
            |key| Cell::sorted(key.readings.to_string(), key.readings),
        ),
    ]
}

/// The usual time between two moments of measurement.
pub(crate) fn every(gap_ms: i64) -> String {
    let start = Timestamp::UNIX_EPOCH;
    let end = start.checked_add(SignedDuration::from_millis(gap_ms));
    match gap_ms {
        ..1_000 => format!("{gap_ms} ms"),
        1_000..60_000 => format!("{} s", gap_ms / 1_000),
        _ => duration(start, end.unwrap_or(Timestamp::MAX)),
    }
}
