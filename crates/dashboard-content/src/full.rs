//! How far the car would come with a full battery.

use collector_core::{Value, Vin};
use history::read::{Range, ReadError, Reader, ReadingRow};
use jiff::SignedDuration;

use crate::cells::{Reading, decimal};
use crate::told::{CHARGE, Present};
use crate::view::parts::{Cell, Column, Fact, Table};
use crate::view::texts;
use crate::view::why::WhyValue;
use crate::why::{Computed, rule};

/// As URLs have it.
pub const NAME: &str = "full_range";
pub const RULE: &str = "P5";
/// A range and a charge that lie further apart say nothing together.
const APART: SignedDuration = SignedDuration::from_hours(1);
/// Of a battery that is emptier, the range is rounded too much to say it of a full one.
const LEAST: f64 = 10.0;
/// What cars round last.
const RANGES: [&str; 2] = ["cluster_electric_range", "electric_range"];

/// The range that the car told, and its charge at that moment.
pub struct Full {
    range: ReadingRow,
    range_key: &'static str,
    charge: f64,
    told_charge: ReadingRow,
    charge_key: String,
}

/// The newest range with the charge that the car had then.
///
/// # Errors
/// See [`Reader`].
pub fn read(reader: &Reader, vin: &Vin, told: &Present) -> Result<Option<Full>, ReadError> {
    let Some(by) = told.quantity(CHARGE).and_then(|charge| charge.from.as_ref()) else {
        return Ok(None);
    };
    let Some((range_key, range)) = told.first(&RANGES) else {
        return Ok(None);
    };
    let at = range.measured_at;
    let behind = at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at);
    let then = Range {
        from: behind,
        to: behind,
    };
    let series = reader.series(vin, by.as_str(), then, 2)?;
    let before = series.and_then(|series| series.before);
    let near = before.filter(|before| at.duration_since(before.measured_at) <= APART);
    let Some(told_charge) = near else {
        return Ok(None);
    };
    Ok(match told_charge.value {
        Value::Number(charge) if charge >= LEAST => Some(Full {
            range: range.clone(),
            range_key,
            charge,
            told_charge,
            charge_key: by.name().to_owned(),
        }),
        _ => None,
    })
}

impl Full {
    /// With the interval that comes of rounding alone.
    pub fn fact(&self, reading: &Reading<'_>) -> Fact {
        let Value::Number(range) = self.range.value else {
            return Fact::default();
        };
        let half = |value: f64| if value.fract() == 0.0 { 0.5 } else { 0.05 };
        let of = |range: f64, charge: f64| 100.0 * range / charge;
        let low = of(range - half(range), self.charge + half(self.charge));
        let high = of(range + half(range), self.charge - half(self.charge));
        let (value, unit) = reading.number(of(range, self.charge), "km", 0);
        let (low, _) = reading.number(low, "km", 0);
        let interval = texts::t("health.to")
            .replace("{low}", &low)
            .replace("{high}", &reading.quantity(high, "km", 0));
        let of = texts::t("use.range_of")
            .replace("{range}", &reading.quantity(range, "km", 0))
            .replace("{charge}", &format!("{} %", decimal(self.charge, 1)));
        Fact {
            label: texts::t("use.full_range").to_owned(),
            value,
            unit,
            interval,
            at: Some(reading.moment(self.range.measured_at)),
            origin: format!(
                "{of}, {}",
                texts::t("origin.from").replace("{key}", self.range_key)
            ),
            ..Fact::default()
        }
    }

    /// With both readings.
    pub fn computed(&self, reading: &Reading<'_>) -> Computed {
        let fact = self.fact(reading);
        let row = |key: &str, told: &ReadingRow, unit| {
            let value = match told.value {
                Value::Number(number) => Cell::sorted(reading.quantity(number, unit, 1), number),
                _ => Cell::default(),
            };
            vec![Cell::text(key), value, reading.at(told.measured_at)]
        };
        let value = WhyValue {
            id: "full-range".to_owned(),
            label: fact.label,
            value: fact.value,
            unit: fact.unit,
            interval: fact.interval,
            rules: rule(RULE),
            readings: Table {
                csv: "?csv=full-range".to_owned(),
                caption: texts::t("why.readings").to_owned(),
                columns: vec![
                    Column::text(texts::t("column.key")),
                    Column::number(texts::t("column.value")),
                    Column::text(texts::t("column.time")),
                ],
                rows: vec![
                    row(self.range_key, &self.range, "km"),
                    row(&self.charge_key, &self.told_charge, "%"),
                ],
                ..Table::default()
            },
        };
        Computed {
            value,
            page: "battery",
            about: fact.origin,
        }
    }
}
