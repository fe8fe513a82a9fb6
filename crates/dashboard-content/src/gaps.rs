//! When nothing came of a vehicle, why, and what to do.

use history::read::{Range, VehicleRow};
use status::Status;
use status::gaps::{Cause, Missing, of_vehicle};

use crate::cells::{Reading, duration};
use crate::view::parts::{Cell, Column, Table};
use crate::view::texts;

/// The newest that are shown.
const SHOWN: usize = 200;

/// Of a range in which nothing was measured in `silences`.
pub fn table(
    status: &Status,
    vehicle: &VehicleRow,
    reading: Reading<'_>,
    range: Range,
    silences: &[Range],
) -> Table {
    let silences: Vec<_> = silences.iter().map(|one| (one.from, one.to)).collect();
    let mut gaps = of_vehicle(status, vehicle.vin.as_str(), &silences, (range.from, range.to));
    gaps.reverse();
    let known = gaps.len();
    gaps.truncate(SHOWN);
    let mut caption = texts::t("data.gaps").to_owned();
    if known > SHOWN {
        let shown = texts::count("data.older", SHOWN).replace("{of}", &known.to_string());
        caption = format!("{caption}. {shown}");
    }
    let columns = ["data.from", "data.to", "data.lasted", "data.cause", "data.todo"];
    Table {
        id: "gaps",
        caption,
        columns: columns.map(|key| Column::text(texts::t(key))).into(),
        rows: gaps.iter().map(|gap| row(gap, reading)).collect(),
        csv: "?csv=gaps".to_owned(),
        empty: texts::t("data.no_gaps").to_owned(),
        ..Table::default()
    }
}

fn row(gap: &Missing, reading: Reading<'_>) -> Vec<Cell> {
    let end = gap.to.unwrap_or(reading.now);
    vec![
        reading.at(gap.from),
        gap.to
            .map_or_else(|| Cell::text(texts::t("data.lasts")), |to| reading.at(to)),
        Cell::sorted(duration(gap.from, end), end.duration_since(gap.from).as_secs()),
        Cell::text(cause(gap.cause)),
        Cell::text(todo(gap.cause)),
    ]
}

/// Why nothing came.
pub fn cause(cause: Cause) -> &'static str {
    texts::t(match cause {
        Cause::Stopped => "gap.restart",
        Cause::Login => "gap.login",
        Cause::Quota => "gap.quota",
        Cause::Container => "gap.container",
        Cause::OtherProgram => "gap.other",
        Cause::StreamDown => "gap.lost",
        Cause::PollsFailed => "gap.polls",
        Cause::NotSelected => "gap.selected",
        Cause::Asleep => "gap.asleep",
        Cause::Unknown => "gap.unknown",
    })
}

fn todo(cause: Cause) -> &'static str {
    texts::t(match cause {
        Cause::Stopped => "data.todo_restart",
        Cause::Login => "data.todo_login",
        Cause::Quota => "data.todo_quota",
        Cause::Container => "data.todo_container",
        Cause::OtherProgram => "data.todo_other",
        Cause::StreamDown => "data.todo_connection",
        Cause::PollsFailed => "data.todo_polls",
        Cause::NotSelected => "data.todo_selected",
        Cause::Asleep => "data.todo_asleep",
        Cause::Unknown => "data.todo_unknown",
    })
}
