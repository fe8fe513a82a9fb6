//! When no message could come, why, and what to do.

use collector_core::mask::readable;
use history::read::VehicleRow;
use status::{Gap, GapCause, Status, StreamStatus};

use crate::pages::cells::{Reading, duration};
use crate::view::parts::{Cell, Column, Table};
use crate::view::texts;

/// The newest that are shown.
const SHOWN: usize = 200;

pub fn table(status: &Status, vehicle: &VehicleRow, reading: Reading<'_>) -> Table {
    let brings = |stream: &&StreamStatus| {
        let mut its = stream.vehicles.iter();
        its.any(|one| one.vin == vehicle.vin.as_str())
    };
    let streams = status.streams.iter().filter(brings);
    let mut gaps: Vec<_> = streams
        .flat_map(|stream| stream.gaps.iter().map(move |gap| (stream, gap)))
        .collect();
    gaps.sort_by_key(|(_, gap)| std::cmp::Reverse(gap.from));
    let known = gaps.len();
    gaps.truncate(SHOWN);
    let mut caption = texts::t("data.gaps").to_owned();
    if known > SHOWN {
        let shown = texts::count("data.older", SHOWN).replace("{of}", &known.to_string());
        caption = format!("{caption}. {shown}");
    }
    Table {
        id: "gaps",
        caption,
        columns: [
            "data.from",
            "data.to",
            "data.lasted",
            "data.cause",
            "data.todo",
            "data.stream",
        ]
        .map(|key| Column::text(texts::t(key)))
        .into(),
        rows: gaps
            .into_iter()
            .map(|(stream, gap)| row(stream, gap, reading))
            .collect(),
        csv: "?csv=gaps".to_owned(),
        empty: texts::t("data.no_gaps").to_owned(),
        ..Table::default()
    }
}

fn row(stream: &StreamStatus, gap: &Gap, reading: Reading<'_>) -> Vec<Cell> {
    let (cause, todo) = words(gap.cause);
    let lasted = gap.length(reading.now);
    vec![
        reading.at(gap.from),
        gap.to
            .map_or_else(|| Cell::text(texts::t("data.lasts")), |to| reading.at(to)),
        Cell::sorted(
            duration(gap.from, gap.to.unwrap_or(reading.now)),
            lasted.as_secs(),
        ),
        Cell::text(texts::t(cause)),
        Cell::text(texts::t(todo)),
        Cell::text(readable(&format!("{}, {}", stream.account, stream.source))),
    ]
}

fn words(cause: GapCause) -> (&'static str, &'static str) {
    match cause {
        GapCause::Restart => ("data.cause_restart", "data.todo_restart"),
        GapCause::ConnectionLost => ("data.cause_connection", "data.todo_connection"),
        GapCause::Login => ("data.cause_login", "data.todo_login"),
        GapCause::OtherProgram => ("data.cause_other", "data.todo_other"),
    }
}
