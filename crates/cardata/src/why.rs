//! `cardata why`: a record, and for each of its values the rule, the readings and how exact it is.

use clap::Args;

use status::why::choice::{self, Wanted};
use status::why::{document, text};

use crate::args::PipelineArgs;
use crate::{CommandResult, Failure, OrFail, context, journal, terminal};

#[derive(Debug, Args)]
pub struct WhyArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// The kind, the vehicle where there are several, and how the start begins, in UTC: `trip 2026-03-01T17:05`, or all of
    /// what stands under `start` in a list, such as the month of a battery. Or `last` and the kind: `last charging_session`.
    /// The kind alone lists those that there are; without it the newest records of all kinds are listed.
    #[arg(value_name = "RECORD")]
    pub record: Vec<String>,
    /// For programs: one JSON object, as JSON.md describes it.
    #[arg(long)]
    pub json: bool,
}

pub fn run(options: &WhyArgs) -> CommandResult {
    let state = journal::state(&options.pipeline)?;
    let names = context::names(&context::load(&options.pipeline)?)?;
    let mut found = choice::records(&state.join(store::FILE), &names).map_err(journal::failure)?;
    let wanted = Wanted::read(&options.record, &found, &names).map_err(|why| Failure::new(2, why))?;
    wanted.choose(&mut found);
    let chosen = match (&*found, options.record.is_empty()) {
        ([one], false) => {
            let record = one.record().or_fail(4)?;
            let unknown = || Failure::new(4, format!("this version knows no {}", one.kind));
            Some(record.ok_or_else(unknown)?)
        }
        _ => None,
    };
    match (&chosen, options.json) {
        (_, true) => terminal::answer(1, &document::document(chosen.as_ref().zip(found.first()), &found))?,
        (Some(record), false) => terminal::say(&text::text(record, found[0].seq)),
        (None, false) if !found.is_empty() => terminal::say(&text::candidates(&found)),
        (None, false) if options.record.is_empty() => terminal::say(&wanted.advice()),
        (None, false) => {}
    }
    match (chosen, &*found) {
        (Some(_), _) => Ok(()),
        (None, _) if options.record.is_empty() => Ok(()),
        (None, []) => {
            let why = format!("the journal has no such record: {}", wanted.advice());
            Err(Failure::new(4, why))
        }
        (None, several) => Err(Failure::new(4, text::several(several))),
    }
}

#[cfg(test)]
mod tests {
    use collector_core::{Cited, Column, Evidence, Record, RecordKind, Unit, Value, ValueType, Vehicle};
    use jiff::Timestamp;

    use super::*;
    use crate::terminal::Place;

    const COLUMNS: &[Column] = &[
        Column::new("end_at", ValueType::Timestamp, None),
        Column::new("energy_battery_kwh", ValueType::Number, Some(Unit::new("kWh"))),
        Column::new("cost_of_a_kilowatt_hour", ValueType::Number, None),
        Column::new("place", ValueType::Text, None),
    ];
    static PART: RecordKind = RecordKind {
        name: "part",
        plural: "parts",
        short: "part",
        version: 1,
        title: "part",
        key: &[Column::new("start_at", ValueType::Timestamp, None)],
        columns: COLUMNS,
        children: &[],
    };
    static KIND: RecordKind = RecordKind {
        name: "whole",
        title: "a kind with parts",
        children: &[&PART],
        ..PART
    };

    fn record(name: &str, note: &str, parts: usize) -> Record {
        let vehicle = Vehicle::named("WBY00000000000007".parse().unwrap(), Some(name.into()));
        let at = Timestamp::from_second(1_772_366_400).unwrap();
        let values = vec![
            Some(Value::Timestamp(at)),
            Some(Value::Number(38.125)),
            Some(Value::Number(0.2875)),
            Some(Value::Text("the garage behind the house".into())),
        ];
        let key = vec![Value::Timestamp(at)];
        let of = |kind| Record::new(kind, vehicle.clone(), at, key.clone(), values.clone());
        let cited = Cited {
            seq: 1_234_567,
            descriptor: "vehicle.drivetrain.electricEngine.charging.status".into(),
            measured_at: at,
            value: "CHARGING_ACTIVE_AND_WELL".into(),
        };
        let mut record = of(&KIND);
        record.children = (0..parts).map(|_| of(&PART)).collect();
        record.evidence = [Evidence {
            column: "energy_battery_kwh".into(),
            rule: "S3".into(),
            interval: Some((36.25, 39.875)),
            note: note.into(),
            cited: vec![cited; 12].into(),
        }]
        .into();
        record
    }

    #[test]
    fn no_line_of_a_record_is_wider_than_it_is_shown() {
        let long = "what the battery took in over the whole of the session, as the state of charge and the capacity tell it ";
        for columns in [60, 80, 120] {
            let place = Place::of_pipe(|_| Some(columns.to_string()));
            for (name, note, parts) in [
                ("i4", "", 0),
                ("i4", &*long.repeat(3), 0),
                ("i4", "", 30),
                (
                    "the car of the whole family, which nobody drives in winter",
                    &*long.repeat(9),
                    3,
                ),
            ] {
                let shown = place.fitted(&text::text(&record(name, note, parts), 1));
                let widest = shown.lines().map(|line| line.chars().count()).max();
                assert!(widest <= Some(columns), "{columns} columns:\n{shown}");
                assert_eq!(
                    shown.matches("cost_of_a_kilowatt_hour").count(),
                    parts + 1,
                    "nothing is lost"
                );
            }
        }
    }
}
