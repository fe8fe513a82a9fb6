//! A snapshot, or a record, as text for people, in the units that they read.

use std::io::{self, Write};

use collector_core::mask::readable;
use collector_core::{Column, Record, Snapshot, Stamp, Unit, UnitSystem, Value};
use jiff::Timestamp;

/// Appends a line per reading, and per end of a value: when it came, whose it is, what it says, and when that was measured
/// where it was not then.
pub fn text(out: &mut Vec<u8>, snapshot: &Snapshot, units: UnitSystem) -> io::Result<()> {
    let descriptors = snapshot.ended.iter().map(|ended| &ended.descriptor);
    let descriptors = descriptors.chain(snapshot.readings.iter().map(|reading| &reading.descriptor));
    let width = descriptors
        .map(|descriptor| descriptor.name().chars().count())
        .max();
    let width = width.unwrap_or(0);
    let (came, vehicle) = (snapshot.received_at, readable(&snapshot.vehicle.name));
    let mut line = |name: &str, value: &str, measured: &str| {
        let line = format!(
            "{came:.0}  {vehicle}  {:<width$}  {value}  {measured}",
            readable(name)
        );
        writeln!(out, "{}", line.trim_end())
    };
    for ended in &snapshot.ended {
        line(ended.descriptor.name(), "no value", &time(ended.at, came))?;
    }
    for reading in &snapshot.readings {
        let measured = match reading.stamp {
            Stamp::Measured => time(reading.measured_at, came),
            Stamp::Requested => "(of the call)".to_owned(),
        };
        let value = with_unit(&reading.value, reading.unit.as_ref(), units);
        line(reading.descriptor.name(), &value, &measured)?;
    }
    Ok(())
}

/// A time beside the one at which it was told: its date, on the same day its time of day, nothing in the same second.
fn time(at: Timestamp, came: Timestamp) -> String {
    match at.as_second() == came.as_second() {
        true => String::new(),
        false if day(at) == day(came) => at.strftime("(%H:%M:%SZ)").to_string(),
        false => format!("({})", day(at)),
    }
}

/// As wide as a line of a record gets.
const WIDTH: usize = 79;

/// Appends the record: when it was, whose it is, what is known of it, and how many parts it has; what does not fit into a
/// line stands in further ones behind two blanks.
pub fn record(out: &mut Vec<u8>, record: &Record, units: UnitSystem) -> io::Result<()> {
    let at = record.at;
    let key = record
        .key_columns()
        .filter(|(_, value)| **value != Value::Timestamp(at));
    let values = record
        .value_columns()
        .filter_map(|(column, value)| Some((column, value?)));
    let told = key
        .chain(values)
        .map(|(column, value)| told(column, value, at, units));
    let parts = record.kind.children.iter().filter_map(|kind| {
        let parts = record.children.iter().filter(|part| part.kind.name == kind.name);
        let count = parts.count();
        (count > 0).then(|| format!("{}s {count}", words(kind.short)))
    });
    let told: Vec<String> = told.chain(parts).collect();
    let (vehicle, title) = (readable(&record.vehicle.name), record.kind.title);
    let (state, revision) = (record.state, record.revision);
    let mut line = format!("{at:.0}  {vehicle}  {title} ({state}, revision {revision})");
    let mut between = "  ";
    for told in told {
        if line.chars().count() + between.len() + told.chars().count() >= WIDTH {
            let comma = between.trim_end();
            writeln!(out, "{line}{comma}")?;
            line = format!("  {told}");
        } else {
            line.push_str(between);
            line.push_str(&told);
        }
        between = ", ";
    }
    writeln!(out, "{line}")
}

/// A column in words, without the unit that its name has, and its value.
fn told(column: &Column, value: &Value, at: Timestamp, units: UnitSystem) -> String {
    let unit = column.unit.as_ref();
    let end = unit.map(|unit| format!("_{}", unit.as_str().to_lowercase()));
    let name = end.and_then(|end| column.name.strip_suffix(&end));
    let value = match value {
        Value::Timestamp(time) if day(*time) == day(at) => time.strftime("%H:%M:%SZ").to_string(),
        Value::Timestamp(time) => format!("{time:.0}"),
        // What is computed has digits without end.
        Value::Number(number) => with_unit(&Value::Number((number * 100.0).round() / 100.0), unit, units),
        value => with_unit(value, unit, units),
    };
    format!("{} {value}", words(name.unwrap_or(column.name)))
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

fn with_unit(value: &Value, unit: Option<&Unit>, units: UnitSystem) -> String {
    match (value, unit) {
        (Value::Number(number), Some(unit)) => {
            let (number, unit) = units.read_as(*number, unit.as_str());
            format!("{number} {}", readable(unit))
        }
        (value, Some(unit)) => format!("{} {}", readable(&value.to_string()), readable(unit.as_str())),
        (value, None) => readable(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use collector_core::UnitSystem::{Imperial, Metric};
    use collector_core::testkit::{ended, entry_with, reading, trip};
    use collector_core::{Reading, RecordState, ValueType};

    use super::*;

    const NOON: i64 = 1_772_366_400_000;

    fn text_of(readings: Vec<Reading>) -> String {
        let mut out = Vec::new();
        text(&mut out, entry_with(1, readings).snapshot().unwrap(), Metric).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_reading_is_one_line_with_the_time_of_its_measurement() {
        const YESTERDAY: i64 = NOON - 86_400_000;
        let shown = text_of(vec![
            reading("c", "mileage", Value::Number(7.0), Some("km"), YESTERDAY),
            reading("d", "locked", Value::Bool(true), None, NOON + 61_000),
            reading("a", "soc", Value::Number(74.0), Some("%"), NOON),
            reading(
                "b",
                "charging_status",
                Value::Text("CHARGINGACTIVE".into()),
                None,
                NOON,
            ),
        ]);
        assert_eq!(
            shown,
            "2026-03-01T12:01:01Z  i4  mileage          7 km  (2026-02-28)\n\
             2026-03-01T12:01:01Z  i4  locked           true\n\
             2026-03-01T12:01:01Z  i4  soc              74 %  (12:00:00Z)\n\
             2026-03-01T12:01:01Z  i4  charging_status  CHARGINGACTIVE  (12:00:00Z)\n"
        );
    }

    #[test]
    fn who_reads_miles_is_shown_miles() {
        let (mileage, unit) = (Value::Number(29_296.5), Unit::new("km"));
        assert_eq!(with_unit(&mileage, Some(&unit), Imperial), "18204 mi");
        assert_eq!(with_unit(&mileage, Some(&unit), Metric), "29296.5 km");
        let mut out = Vec::new();
        record(&mut out, &trip(0, 2, RecordState::Final, 1), Imperial).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("distance 1.55 mi,"), "{text}");
    }

    #[test]
    fn a_time_that_is_that_of_the_call_says_so() {
        let mut status = reading("b", "hv_status", Value::Text("CHARGING".into()), None, NOON);
        status.stamp = Stamp::Requested;
        let shown = text_of(vec![status]);
        assert!(
            shown.ends_with("  hv_status  CHARGING  (of the call)\n"),
            "{shown}"
        );
    }

    #[test]
    fn the_end_of_a_value_is_told() {
        let power = reading("a", "charging_power", Value::Number(11.0), Some("W"), NOON);
        let mut out = Vec::new();
        text(
            &mut out,
            ended(1, &power.descriptor, NOON).snapshot().unwrap(),
            Metric,
        )
        .unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(
            shown.ends_with("  charging_power  no value  (12:00:00Z)\n"),
            "{shown}"
        );
    }

    #[test]
    fn a_record_is_what_is_known_in_lines_that_fit() {
        let mut out = Vec::new();
        record(&mut out, &trip(0, 2, RecordState::Final, 3), Metric).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "2026-03-01T12:00:00Z  i4  Trip (final, revision 2)  distance 2.5 km,\n  purpose work, \"home\", stops 3\n"
        );
    }

    #[test]
    fn a_column_is_told_in_words() {
        let at = trip(0, 1, RecordState::Live, 0).at;
        let energy = Column::new("energy_kwh", ValueType::Number, Some(Unit::new("kWh")));
        let shown = told(&energy, &Value::Number(12.899_999), at, Metric);
        assert_eq!(shown, "energy 12.9 kWh");
        let end = Column::new("end_at", ValueType::Timestamp, None);
        let later = |hours| Value::Timestamp(at + jiff::SignedDuration::from_hours(hours));
        assert_eq!(told(&end, &later(1), at, Metric), "end at 13:00:00Z");
        assert_eq!(told(&end, &later(24), at, Metric), "end at 2026-03-02T12:00:00Z");
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let shown = text_of(vec![reading(
            "a",
            "message",
            Value::Text("a\nb\u{1b}[2J\u{9b}".into()),
            None,
            NOON,
        )]);
        assert!(shown.contains(r"a\nb\u001b[2J\u009b"), "{shown}");
        assert_eq!(shown.lines().count(), 1);
    }
}
