//! Power and charge within one charge, as charts.

use collector_core::{UnitSystem, Vin};
use history::read::{Range, ReadError, Reader, RecordRow, Series as Told};
use jiff::Timestamp;

use crate::cells::{self, Reading};
use crate::drawn::drawn;
use crate::view::chart::{Axis, Chart, Kind, Series};
use crate::view::parts::{Cell, Column, Table};
use crate::view::texts;

const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
/// What is measured of the charge; predictions do not count.
const CHARGE: [&str; 2] = [
    "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
    "vehicle.drivetrain.batteryManagement.header",
];
const POINTS: usize = 600;

/// From where there is no value on there is none here.
type Points = Vec<(f64, Option<f64>)>;

/// What was told, in the order of time, in milliseconds since 1970.
#[derive(Clone, Default)]
pub struct Curve {
    /// In kW.
    power: Points,
    /// Whether more of it can be had in kW: its unit is known.
    zooms: bool,
    /// In percent.
    charge: Points,
    /// What told the charge.
    descriptor: &'static str,
}

/// # Errors
/// See [`Reader`].
pub fn of(reader: &Reader, vin: &Vin, range: Range) -> Result<Curve, ReadError> {
    let mut curve = charge(reader, vin, range)?;
    let power = reader.series(vin, POWER, range, POINTS)?;
    let unit = power.as_ref().and_then(|power| power.unit.as_deref());
    curve.zooms = unit.is_some_and(|unit| ["W", "kW"].contains(&unit));
    curve.power = power.map(kilowatts).unwrap_or_default();
    Ok(curve)
}

/// The charge alone, by the key that tells more of it.
///
/// # Errors
/// See [`Reader`].
pub fn charge(reader: &Reader, vin: &Vin, range: Range) -> Result<Curve, ReadError> {
    let mut best = Curve::default();
    for descriptor in CHARGE {
        let told = reader.series(vin, descriptor, range, POINTS)?;
        let charge = told.map(|told| points(&told)).unwrap_or_default();
        if charge.len() > best.charge.len() {
            best = Curve {
                charge,
                descriptor,
                ..Curve::default()
            };
        }
    }
    Ok(best)
}

fn points(told: &Told) -> Points {
    let within = Told {
        before: None,
        ..told.clone()
    };
    let drawn = drawn(&within, UnitSystem::Metric);
    let points = drawn.points.into_iter().flatten();
    let parts = drawn.parts.into_iter().flatten();
    let all = points.chain(parts.map(|(at, _, _, last)| (at, last)));
    all.map(|(at, value)| (at as f64, value)).collect()
}

/// BMW labels the power W or kW, which are drawn as kW; without a label it is in W.
fn kilowatts(told: Told) -> Points {
    let watts = match told.unit.as_deref() {
        Some("W" | "kW") => 1.0,
        _ => 1_000.0,
    };
    let all = points(&told);
    all.into_iter()
        .map(|(at, power)| (at, power.map(|power| power / watts)))
        .collect()
}

/// Where no power was told: what the blocks say of it.
fn of_blocks(blocks: &[RecordRow]) -> Points {
    let mut points: Points = Vec::new();
    for block in blocks {
        let (Some(power), Some(end)) = (block.number("mean_power_kw"), block.moment("end_at")) else {
            continue;
        };
        let start = block.start.as_millisecond() as f64;
        // One that follows without a pause takes the place of the fall to nothing.
        if points.last().is_some_and(|last| last.0 >= start) {
            points.pop();
        }
        points.push((start, Some(power)));
        points.push((end.as_millisecond() as f64, Some(0.0)));
    }
    points
}

impl Curve {
    /// Power, and the charge beside it, over time; `None` where neither is known. `up` leads to the pages of the vehicle.
    pub fn over_time(
        &self,
        reading: &Reading<'_>,
        range: Range,
        blocks: &[RecordRow],
        up: &str,
    ) -> Option<Chart> {
        let (power, kind) = match self.power.is_empty() {
            true => (of_blocks(blocks), Kind::Step),
            false => (self.power.clone(), Kind::Area),
        };
        let zoomed = |key: &str| format!("{up}series.json?key={key}");
        let rows = rows(reading, "kW", &power).chain(rows(reading, "%", &self.charge));
        let csv = |key: &str| {
            format!(
                "{up}series.csv?key={key}&from={:.3}&to={:.3}",
                range.from, range.to
            )
        };
        let table = table(
            "power-table",
            texts::t("curve.time"),
            "column.time",
            rows.collect(),
        );
        let (label, csv) = match (self.power.is_empty(), self.descriptor) {
            (false, _) => ("curve.power", csv(POWER)),
            (true, "") => ("curve.power", "?csv=power-table".to_owned()),
            (true, key) => ("curve.charge", csv(key)),
        };
        let level = Series {
            label: texts::t("curve.charge").to_owned(),
            unit: "%".to_owned(),
            url: zoomed(self.descriptor),
            points: self.charge.clone(),
            ..Series::default()
        };
        let drawn = Series {
            label: texts::t("curve.power").to_owned(),
            unit: "kW".to_owned(),
            kind,
            url: if self.zooms { zoomed(POWER) } else { String::new() },
            points: power,
            ..Series::default()
        };
        let series: Vec<_> = [drawn, level]
            .into_iter()
            .filter(|series| !series.points.is_empty())
            .collect();
        let title = match series.len() {
            0 => return None,
            1 => texts::t(label),
            _ => texts::t("curve.both"),
        };
        Some(Chart {
            id: "power",
            title: title.to_owned(),
            summary: texts::t("curve.time").to_owned(),
            table: Table { csv, ..table },
            axis: Axis::Time,
            from: range.from.as_millisecond() as f64,
            to: range.to.as_millisecond() as f64,
            series,
            ..Chart::default()
        })
    }

    /// Power over the charge of the battery; `None` where it is not known at two charges.
    pub fn over_charge(&self) -> Option<Chart> {
        let mut points: Vec<(f64, f64)> = self
            .power
            .iter()
            .filter_map(|(at, power)| Some((self.charge_at(*at)?, (*power)?)))
            .collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points.dedup_by(|one, other| one.0 == other.0);
        let ([first, ..], [.., last]) = (&*points, &*points) else {
            return None;
        };
        let (from, to) = (first.0, last.0);
        if points.len() < 2 {
            return None;
        }
        let row = |(charge, power): &(f64, f64)| {
            vec![
                Cell::sorted(format!("{} %", cells::decimal(*charge, 1)), charge),
                Cell::sorted(format!("{} kW", cells::decimal(*power, 1)), power),
            ]
        };
        let rows = points.iter().map(row).collect();
        Some(Chart {
            id: "by-charge",
            title: texts::t("curve.by_charge").to_owned(),
            summary: texts::t("curve.by_charge_summary").to_owned(),
            table: Table {
                csv: "?csv=by-charge-table".to_owned(),
                ..table(
                    "by-charge-table",
                    texts::t("curve.by_charge"),
                    "column.charge",
                    rows,
                )
            },
            axis: Axis::Percent,
            from,
            to,
            series: vec![Series {
                label: texts::t("curve.power").to_owned(),
                unit: "kW".to_owned(),
                points: points
                    .into_iter()
                    .map(|(charge, power)| (charge, Some(power)))
                    .collect(),
                ..Series::default()
            }],
            ..Chart::default()
        })
    }

    /// Between the readings before and behind a moment; `None` where one of them is not there, or the value ended between.
    fn charge_at(&self, at: f64) -> Option<f64> {
        let behind = self.charge.partition_point(|(its, _)| *its < at);
        let next = self.charge.get(behind)?;
        if next.0 <= at {
            return next.1;
        }
        let before = self.charge.get(behind.checked_sub(1)?)?;
        let (low, high) = (before.1?, next.1?);
        Some(low + (high - low) * (at - before.0) / (next.0 - before.0))
    }
}

fn rows(reading: &Reading<'_>, unit: &'static str, points: &Points) -> impl Iterator<Item = Vec<Cell>> {
    points.iter().filter_map(move |(at, value)| {
        let at = Timestamp::from_millisecond(*at as i64).ok()?;
        let value = (*value)?;
        Some(vec![
            Cell::sorted(reading.moment(at).text, at.as_millisecond()),
            Cell::sorted(format!("{} {unit}", cells::decimal(value, 1)), value),
        ])
    })
}

fn table(id: &'static str, caption: &str, first: &'static str, rows: Vec<Vec<Cell>>) -> Table {
    Table {
        id,
        caption: caption.to_owned(),
        columns: vec![
            Column::text(texts::t(first)),
            Column::number(texts::t("column.value")),
        ],
        rows,
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(points: &[(f64, f64)]) -> Points {
        points.iter().map(|(at, value)| (*at, Some(*value))).collect()
    }

    #[test]
    fn power_is_told_at_the_charge_that_lay_between_two_readings() {
        let curve = Curve {
            power: told(&[(0.0, 9.0), (10.0, 11.0), (15.0, 10.0), (20.0, 8.0), (30.0, 7.0)]),
            zooms: false,
            charge: told(&[(10.0, 40.0), (20.0, 50.0)]),
            descriptor: CHARGE[0],
        };
        let chart = curve.over_charge().unwrap();
        assert_eq!(
            chart.series[0].points,
            told(&[(40.0, 11.0), (45.0, 10.0), (50.0, 8.0)])
        );
        assert_eq!((chart.from, chart.to), (40.0, 50.0));
        let mut ended = curve.clone();
        ended.charge.insert(1, (12.0, None));
        assert_eq!(
            ended.over_charge().unwrap().series[0].points,
            told(&[(40.0, 11.0), (50.0, 8.0)])
        );
        let unknown = Curve {
            charge: Vec::new(),
            ..curve
        };
        assert!(unknown.over_charge().is_none());
    }
}
