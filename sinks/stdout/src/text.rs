//! A snapshot as text for people.

use std::io::{self, Write};

use collector_core::mask::harmless;
use collector_core::{Reading, Snapshot, Stamp};

/// Appends a line for the snapshot and, below it, an aligned line per reading.
pub fn text(out: &mut Vec<u8>, snapshot: &Snapshot) -> io::Result<()> {
    let readings = snapshot.readings.iter();
    let readings: Vec<_> = readings.map(|reading| (reading, shown(reading))).collect();
    let width = |of: fn(&(&Reading, String)) -> usize| readings.iter().map(of).max().unwrap_or(0);
    let name_width = width(|(reading, _)| reading.descriptor.name().chars().count());
    let value_width = width(|(_, value)| value.chars().count()).min(WIDEST);

    writeln!(
        out,
        "{:.0}  {} (…{})  {} ({})",
        snapshot.received_at,
        harmless(&snapshot.vehicle.name),
        snapshot.vehicle.vin.short(),
        harmless(&snapshot.source),
        snapshot.origin,
    )?;
    for (reading, value) in &readings {
        let name = harmless(reading.descriptor.name());
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

/// A long text pushes only its own line out of the column.
const WIDEST: usize = 40;

fn shown(reading: &Reading) -> String {
    let value = reading.value.to_string();
    match &reading.unit {
        Some(unit) => format!("{} {}", harmless(&value), harmless(unit.as_str())),
        None => harmless(&value).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use collector_core::Value;
    use collector_core::testkit::{entry_with, reading};

    use super::*;

    const NOON: i64 = 1_772_366_400_000;

    fn text_of(readings: Vec<Reading>) -> String {
        let mut out = Vec::new();
        text(&mut out, &entry_with(1, readings).snapshot).unwrap();
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
            "2026-03-01T12:01:01Z  i4 (…2345)  telematics (poll)\n  \
             soc              74 %            2026-03-01T12:00:00Z\n  \
             charging_status  CHARGINGACTIVE  2026-03-01T12:00:00Z\n"
        );
    }

    #[test]
    fn a_time_that_is_that_of_the_call_says_so() {
        let status = Reading {
            stamp: Stamp::Requested,
            ..reading("b", "hv_status", Value::Text("CHARGING".into()), None, NOON)
        };
        let shown = text_of(vec![status]);
        assert!(
            shown.ends_with("  hv_status  CHARGING  2026-03-01T12:00:00Z (of the call)\n"),
            "{shown}"
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
        assert!(shown.contains(r"a\nb\u{1b}[2J\u{9b}"), "{shown}");
        assert_eq!(shown.lines().count(), 2);
    }
}
