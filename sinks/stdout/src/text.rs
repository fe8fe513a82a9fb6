//! A snapshot, or a record, as text for people, in the units that they read.

use std::io::{self, Write};

use collector_core::mask::readable;
use collector_core::{Reading, Record, Snapshot, Stamp, Unit, UnitSystem, Value};

/// Appends a line for the snapshot and, below it, an aligned line per reading.
pub fn text(out: &mut Vec<u8>, snapshot: &Snapshot, units: UnitSystem) -> io::Result<()> {
    let readings = snapshot.readings.iter();
    let readings: Vec<_> = readings.map(|reading| (reading, shown(reading, units))).collect();
    let width = |of: fn(&(&Reading, String)) -> usize| readings.iter().map(of).max().unwrap_or(0);
    let ended = snapshot
        .ended
        .iter()
        .map(|ended| ended.descriptor.name().chars().count());
    let name_width =
        width(|(reading, _)| reading.descriptor.name().chars().count()).max(ended.max().unwrap_or(0));
    let value_width = width(|(_, value)| value.chars().count()).min(WIDEST);

    writeln!(
        out,
        "{:.0}  {}  {} ({})",
        snapshot.received_at,
        readable(&snapshot.vehicle.name),
        readable(&snapshot.source),
        snapshot.origin,
    )?;
    for ended in &snapshot.ended {
        let name = readable(ended.descriptor.name());
        writeln!(
            out,
            "  {name:<name_width$}  {:<value_width$}  {:.0}",
            "no value", ended.at
        )?;
    }
    for (reading, value) in &readings {
        let name = readable(reading.descriptor.name());
        writeln!(
            out,
            "  {name:<name_width$}  {value:<value_width$}  {:.0}{}",
            reading.measured_at,
            match reading.stamp {
                Stamp::Measured => "",
                Stamp::Requested => " (of the call)",
            }
        )?;
    }
    Ok(())
}

/// Appends a line for the record and, below it, a line per column that is known; its children further in.
pub fn record(out: &mut Vec<u8>, record: &Record, units: UnitSystem) -> io::Result<()> {
    let vehicle = &record.vehicle;
    writeln!(
        out,
        "{:.0}  {}  {} ({}, revision {})",
        record.at,
        readable(&vehicle.name),
        record.kind.title,
        record.state,
        record.revision,
    )?;
    columns(out, record, 2, units)
}

fn columns(out: &mut Vec<u8>, record: &Record, indent: usize, units: UnitSystem) -> io::Result<()> {
    let key = record.key_columns();
    let values = record
        .value_columns()
        .filter_map(|(column, value)| Some((column, value?)));
    let all: Vec<_> = key.chain(values).collect();
    let width = all.iter().map(|(column, _)| column.name.len()).max().unwrap_or(0);
    for (column, value) in all {
        let (name, value) = (column.name, with_unit(value, column.unit.as_ref(), units));
        writeln!(out, "{:indent$}{name:<width$}  {value}", "")?;
    }
    for child in &record.children {
        writeln!(out, "{:indent$}{}", "", child.kind.title)?;
        columns(out, child, indent + 2, units)?;
    }
    Ok(())
}

fn shown(reading: &Reading, units: UnitSystem) -> String {
    with_unit(&reading.value, reading.unit.as_ref(), units)
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

/// A long text pushes only its own line out of the column.
const WIDEST: usize = 40;

#[cfg(test)]
mod tests {
    use collector_core::RecordState;
    use collector_core::UnitSystem::{Imperial, Metric};
    use collector_core::testkit::{ended, entry_with, reading, trip};

    use super::*;

    const NOON: i64 = 1_772_366_400_000;

    fn text_of(readings: Vec<Reading>) -> String {
        let mut out = Vec::new();
        text(&mut out, entry_with(1, readings).snapshot().unwrap(), Metric).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn readings_are_aligned_below_their_snapshot() {
        let shown = text_of(vec![
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
            "2026-03-01T12:01:01Z  i4  telematics (poll)\n  \
             soc              74 %            2026-03-01T12:00:00Z\n  \
             charging_status  CHARGINGACTIVE  2026-03-01T12:00:00Z\n"
        );
    }

    #[test]
    fn who_reads_miles_is_shown_miles() {
        let mileage = reading("a", "mileage", Value::Number(29_296.5), Some("km"), NOON);
        assert_eq!(shown(&mileage, Imperial), "18204 mi");
        assert_eq!(shown(&mileage, Metric), "29296.5 km");
        let mut out = Vec::new();
        record(&mut out, &trip(0, 2, RecordState::Final, 1), Imperial).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("distance  1.55 mi\n"), "{text}");
    }

    #[test]
    fn a_time_that_is_that_of_the_call_says_so() {
        let mut status = reading("b", "hv_status", Value::Text("CHARGING".into()), None, NOON);
        status.stamp = Stamp::Requested;
        let shown = text_of(vec![status]);
        assert!(
            shown.ends_with("  hv_status  CHARGING  2026-03-01T12:00:00Z (of the call)\n"),
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
            shown.ends_with("\n  charging_power  no value  2026-03-01T12:00:00Z\n"),
            "{shown}"
        );
    }

    #[test]
    fn a_record_stands_above_its_columns_and_parts() {
        let mut out = Vec::new();
        record(&mut out, &trip(0, 2, RecordState::Final, 1), Metric).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "2026-03-01T12:00:00Z  i4  Trip (final, revision 2)\n  \
             start     2026-03-01T12:00:00.000Z\n  \
             distance  2.5 km\n  \
             purpose   work, \"home\"\n  \
             Stop of a trip\n    \
             number  1\n"
        );
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
        assert_eq!(shown.lines().count(), 2);
    }
}
