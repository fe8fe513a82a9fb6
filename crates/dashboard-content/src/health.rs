//! The health of a battery: ours with its interval, and BMW's own beside it.

use history::read::RecordRow;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::cells::{Reading, UNKNOWN, decimal, key, why};
use crate::labels;
use crate::told::Present;
use crate::view::battery::Health;
use crate::view::chart::{Chart, Kind, Series};
use crate::view::parts::{Cell, Column, Fact, Table};
use crate::view::texts;

const KIND: &str = "battery_health";

/// What is known of it by the newest month that has learned it, else by the newest, and the facts of BMW for which its card has no room while it is learned.
pub fn health(
    reading: &Reading<'_>,
    root: &str,
    vehicle: &str,
    told: &Present,
    months: &[RecordRow],
) -> (Health, Vec<Fact>) {
    let learned = |month: &RecordRow| month.text("note").and_then(learning);
    let is_known = |month: &&RecordRow| month.number("capacity_kwh").is_some() && learned(month).is_none();
    let newest = months.iter().find(is_known).or(months.first());
    let why = newest.map(|month| why(root, KIND, vehicle, &key(month)));
    let why = why.unwrap_or_default();
    let beside = beside(reading, vehicle, told, newest, &why);
    let Some(month) = newest else {
        return (Health::Unknown, beside);
    };
    if let Some((done, of)) = learned(month) {
        return (Health::Learning { done, of, why }, beside);
    }
    let Some(capacity) = month.number("capacity_kwh") else {
        return (Health::Unknown, beside);
    };
    let interval = interval(month);
    let health = month.number("health_percent");
    let share = health.map(|health| health / capacity);
    let text = |scale: f64, unit: &str| {
        let (low, high) = interval?;
        let low = decimal(low * scale, 1);
        Some(between(&low, &reading.quantity(high * scale, unit, 1)))
    };
    let of = month
        .number("sessions")
        .map(|sessions| texts::count("health.of", sessions));
    let joined = |interval: Option<String>| {
        let all = [interval, of.clone(), Some(key(month))];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    let fact = |label, column, unit, interval: String| Fact {
        interval,
        why: why.clone(),
        ..reading.of_record(texts::t(label), month, column, unit, 1)
    };
    let percent = joined(share.and_then(|share| text(share, "%")));
    let mut facts = vec![
        fact("health.health", "health_percent", "%", percent),
        fact("health.capacity", "capacity_kwh", "kWh", joined(text(1.0, "kWh"))),
    ];
    facts.extend(beside);
    (Health::Known { facts }, Vec::new())
}

/// What BMW says: of the newest month, or now where no month has it yet.
fn beside(
    reading: &Reading<'_>,
    vehicle: &str,
    told: &Present,
    month: Option<&RecordRow>,
    why: &str,
) -> Vec<Fact> {
    let one = |label, column, unit, live: &'static str| {
        if let Some((key, row)) = told.first(&[live]) {
            return Some(reading.fact(texts::t(label), vehicle, key, row));
        }
        let month = month.filter(|month| month.number(column).is_some())?;
        Some(Fact {
            why: format!("{why}#{}", labels::anchor(column)),
            ..reading.of_record(texts::t(label), month, column, unit, 1)
        })
    };
    let told = [
        one("health.told", "bmw_health_percent", "%", "battery_health"),
        one(
            "health.told_capacity",
            "bmw_max_energy_kwh",
            "kWh",
            "battery_energy_max",
        ),
    ];
    told.into_iter().flatten().collect()
}

/// Of `learning, 3 of 10`.
fn learning(note: &str) -> Option<(u32, u32)> {
    let (done, of) = note.strip_prefix("learning, ")?.split_once(" of ")?;
    Some((done.parse().ok()?, of.parse().ok()?))
}

/// Of the capacity.
fn interval(month: &RecordRow) -> Option<(f64, f64)> {
    Some((
        month.number("capacity_low_kwh")?,
        month.number("capacity_high_kwh")?,
    ))
}

fn between(low: &str, high: &str) -> String {
    texts::t("health.to")
        .replace("{low}", low)
        .replace("{high}", high)
}

/// A month that has its health.
struct Month<'a> {
    record: &'a RecordRow,
    at: f64,
    health: f64,
    low: f64,
    high: f64,
}

/// By month; none where fewer than two are known. `months` has the newest first.
pub fn chart(reading: &Reading<'_>, root: &str, vehicle: &str, months: &[RecordRow]) -> Option<Chart> {
    let known: Vec<Month<'_>> = months
        .iter()
        .rev()
        .filter_map(|record| month(reading, record))
        .collect();
    let (first, last) = (known.first()?, known.last()?);
    if known.len() < 2 {
        return None;
    }
    let ours = Series {
        label: texts::t("health.ours").to_owned(),
        unit: "%".to_owned(),
        parts: known
            .iter()
            .map(|month| (month.at, Some(month.low), Some(month.high), Some(month.health)))
            .collect(),
        ..Series::default()
    };
    let theirs = known
        .iter()
        .filter_map(|month| Some((month.at, Some(month.record.number("bmw_health_percent")?))));
    let theirs = Series {
        label: texts::t("health.told").to_owned(),
        unit: "%".to_owned(),
        kind: Kind::Line,
        points: theirs.collect(),
        ..Series::default()
    };
    let title = texts::t("health.months").to_owned();
    let summary = texts::t("health.summary")
        .replace("{first}", &decimal(first.health, 1))
        .replace("{last}", &decimal(last.health, 1));
    let (from, to) = (first.at, last.at);
    let series = [ours, theirs]
        .into_iter()
        .filter(|series| !series.parts.is_empty() || !series.points.is_empty());
    Some(Chart {
        id: "health",
        summary,
        from,
        to,
        series: series.collect(),
        table: table(root, vehicle, &known, &title),
        title,
        ..Chart::default()
    })
}

fn month<'a>(reading: &Reading<'_>, record: &'a RecordRow) -> Option<Month<'a>> {
    let (health, capacity) = (record.number("health_percent")?, record.number("capacity_kwh")?);
    let (low, high) = interval(record).unwrap_or((capacity, capacity));
    Some(Month {
        record,
        at: begin(reading, record.text("month")?)?.as_millisecond() as f64,
        health,
        low: health * low / capacity,
        high: health * high / capacity,
    })
}

/// When a month (`2026-03`) begins where the owner lives.
fn begin(reading: &Reading<'_>, month: &str) -> Option<Timestamp> {
    let day: Date = format!("{month}-01").parse().ok()?;
    let zoned = day.to_zoned(reading.options.timezone.clone()).ok()?;
    Some(zoned.timestamp())
}

fn table(root: &str, vehicle: &str, months: &[Month<'_>], title: &str) -> Table {
    let percent = |value: f64| format!("{} %", decimal(value, 1));
    let row = |month: &Month<'_>| {
        let name = key(month.record);
        let health = Cell {
            note: between(&decimal(month.low, 1), &percent(month.high)),
            why: why(root, KIND, vehicle, &name),
            ..Cell::sorted(percent(month.health), month.health)
        };
        let theirs = match month.record.number("bmw_health_percent") {
            Some(told) => Cell::sorted(percent(told), told),
            None => Cell::text(UNKNOWN),
        };
        vec![Cell::text(name), health, theirs]
    };
    Table {
        id: "health-table",
        caption: title.to_owned(),
        columns: vec![
            Column::text(texts::t("health.month")),
            Column::number(texts::t("health.health")),
            Column::number(texts::t("health.told")),
        ],
        rows: months.iter().rev().map(row).collect(),
        csv: "battery_health.csv".to_owned(),
        ..Table::default()
    }
}
