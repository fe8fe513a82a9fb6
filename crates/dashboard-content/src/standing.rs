//! What a car loses while it stands.

use history::read::RecordRow;
use jiff::Timestamp;

use crate::cells::{Reading, UNKNOWN, decimal, duration, key, why};
use crate::view::parts::{Cell, Column, Fact, Link, Table};
use crate::view::texts;

/// So many are looked at for the mean.
pub const READ: usize = 1_000;
/// More of them do not fit into a page.
const ROWS: usize = 100;

/// The mean of all that tell one and were not plugged in, each as long as it took.
pub fn drain(standstills: &[RecordRow]) -> Option<Fact> {
    let (mut days, mut lost, mut count) = (0.0, [0.0; 3], 0);
    for one in standstills.iter().filter(|one| counts(one)) {
        let (Some(drain), Some(end)) = (one.number("drain_percent_per_day"), one.moment("end_at")) else {
            continue;
        };
        let took = end.duration_since(one.start).as_secs_f64() / 86_400.0;
        if took <= 0.0 {
            continue;
        }
        let bounds = [
            drain,
            one.number("drain_low").unwrap_or(drain),
            one.number("drain_high").unwrap_or(drain),
        ];
        lost.iter_mut()
            .zip(bounds)
            .for_each(|(sum, bound)| *sum += bound * took);
        days += took;
        count += 1;
    }
    let [drain, low, high] = lost.map(|lost| decimal(lost / days, 1));
    (count > 0).then(|| Fact {
        label: texts::t("use.drain").to_owned(),
        value: drain,
        unit: texts::t("use.a_day").to_owned(),
        interval: texts::count("use.of", count)
            .replace("{low}", &low)
            .replace("{high}", &high),
        ..Fact::default()
    })
}

/// Whether it has a say in the mean, known or not.
pub fn counts(standstill: &RecordRow) -> bool {
    standstill.truth("plugged") != Some(true)
}

/// Of standstills, the newest first; they began before `to` and not before `from`.
pub fn table(
    reading: &Reading<'_>,
    root: &str,
    vehicle: &str,
    standstills: &[RecordRow],
    [from, to]: [Timestamp; 2],
) -> Table {
    let row = |one: &RecordRow| {
        let length = match one.moment("end_at") {
            Some(end) => Cell::sorted(duration(one.start, end), end.duration_since(one.start).as_secs()),
            None => Cell::text(UNKNOWN),
        };
        let unit = texts::t("use.a_day");
        let drain = match one.number("drain_percent_per_day") {
            Some(drain) => Cell {
                note: interval(one),
                why: why(root, "standstill", vehicle, &key(one)),
                ..Cell::sorted(format!("{} {unit}", decimal(drain, 1)), drain)
            },
            None => Cell::text(UNKNOWN),
        };
        let plugged = match one.truth("plugged") {
            Some(true) => texts::t("word.yes"),
            Some(false) => texts::t("word.no"),
            None => UNKNOWN,
        };
        vec![
            Cell::sorted(reading.moment(one.start).text, one.start.as_millisecond()),
            length,
            reading.cell(one, "soc_start", "%", 1),
            reading.cell(one, "soc_end", "%", 1),
            drain,
            Cell::text(plugged),
        ]
    };
    let is_more = standstills.len() > ROWS;
    let standstills = &standstills[..standstills.len().min(ROWS)];
    let last = standstills.last().filter(|_| is_more);
    let csv = match standstills.last() {
        Some(_) => format!("standstills.csv?from={from:.0}&to={to:.0}"),
        None => String::new(),
    };
    Table {
        id: "standstills",
        caption: texts::t("battery.standstills").to_owned(),
        columns: vec![
            Column::text(texts::t("use.start")),
            Column::number(texts::t("use.length")),
            Column::number(texts::t("use.before")),
            Column::number(texts::t("use.after")),
            Column::number(texts::t("use.drain")),
            Column::text(texts::t("use.plugged")),
        ],
        rows: standstills.iter().map(row).collect(),
        csv,
        empty: texts::t("use.empty").to_owned(),
        more: last.map(|last| Link {
            label: texts::t("use.more").to_owned(),
            href: format!("battery?from={from:.0}&to={:.3}", last.start),
        }),
    }
}

pub fn interval(one: &RecordRow) -> String {
    match (one.number("drain_low"), one.number("drain_high")) {
        (Some(low), Some(high)) => texts::t("health.to")
            .replace("{low}", &decimal(low, 1))
            .replace("{high}", &decimal(high, 1)),
        _ => String::new(),
    }
}
