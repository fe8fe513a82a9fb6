//! A record with its reasons for people.

use crate::table::{self, table};
use collector_core::{Cited, Column, Evidence, Record, Vehicle, document, rounded};

use super::along::{Reasons, reasons};
use super::choice::{Found, SHOWN, shown};
use super::rules;

/// Those that are meant, the newest first and not without end, each as it can be asked for.
pub fn candidates(found: &[Found]) -> String {
    let rows = found.iter().rev().take(SHOWN).map(|one| {
        vec![
            one.kind.clone(),
            one.vehicle.name.to_string(),
            one.start.clone(),
            one.revision.to_string(),
            if one.is_withdrawn { "withdrawn" } else { "" }.to_owned(),
        ]
    });
    let table = table("kind | vehicle | start | revision | ", rows);
    match found.len().saturating_sub(SHOWN) {
        0 => table,
        older => format!("{table}\nand {older} older"),
    }
}

/// Why several are no answer, and how one of them is named.
pub fn several(found: &[Found]) -> String {
    let newest = found.last().map(|one| {
        let Vehicle { name, vin, .. } = &one.vehicle;
        let is_word = name.chars().all(|c| c.is_alphanumeric());
        // What a shell would take apart is told by the end of the VIN.
        let vehicle = if is_word { &**name } else { vin.short() };
        format!("{} {vehicle} {}", one.kind, one.start)
    });
    format!(
        "{} records are meant by that: say more of the start, or the vehicle, as in `cardata why {}`",
        found.len(),
        newest.unwrap_or_default()
    )
}

/// A record that stands in entry `seq`.
pub fn text(record: &Record, seq: u64) -> String {
    let key: Vec<_> = record.key.iter().map(|value| shown(value, None)).collect();
    let mut lines = vec![format!(
        "{} of {}, {}: {}, revision {} in entry {seq}",
        record.kind.title,
        record.vehicle.name,
        key.join(" "),
        record.state,
        record.revision
    )];
    for (column, value) in record.value_columns() {
        let reasons = reasons(record, column.name);
        let said = match (value, &reasons) {
            (Some(value), _) => shown(value, column.unit.as_ref()),
            (None, Reasons::Own(own)) if !own.is_empty() => "unknown".to_owned(),
            (None, _) => continue,
        };
        lines.push(format!("\n{}: {said}", column.name));
        match reasons {
            Reasons::Own(own) => lines.extend(own.into_iter().flat_map(|reason| told(reason, column))),
            Reasons::Along(shared, with) => lines.push(format!("  {}, with {with}", shared.rule)),
        }
    }
    lines.extend(parts(record));
    lines.join("\n")
}

fn told(reason: &Evidence, column: &Column) -> Vec<String> {
    let mut lines = Vec::new();
    let title = rules::title(&reason.rule).unwrap_or_default();
    let dot = if title.is_empty() { "" } else { ". " };
    lines.push(format!("  {}{dot}{title}", reason.rule));
    if let Some((low, high)) = reason.interval {
        let unit = column.unit.as_ref().map(|unit| format!(" {unit}"));
        let (low, high, unit) = (rounded(low), rounded(high), unit.unwrap_or_default());
        // One of no width says no more than the value.
        if low != high {
            lines.push(format!("  between {low} and {high}{unit}"));
        }
    }
    if !reason.note.is_empty() {
        lines.push(format!("  {}", reason.note));
    }
    let cited = reason.cited.iter().map(|cited| {
        vec![
            format!("{:.0}", cited.measured_at),
            short(cited),
            cited.value.to_string(),
            format!("entry {}", cited.seq),
        ]
    });
    let rows: Vec<_> = cited.collect();
    if !rows.is_empty() {
        lines.push(table::columns(&rows));
    }
    lines
}

/// What stores call a descriptor, or what kind of document it is.
pub fn short(cited: &Cited) -> String {
    if let Some(document) = cited.descriptor.strip_prefix(document::OWN) {
        return document.replace('_', " ");
    }
    let known = catalogue::find(&cited.descriptor);
    known.map_or(&*cited.descriptor, |known| known.name).to_owned()
}

/// The parts, a line each.
fn parts(record: &Record) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in record.kind.children {
        let its = record.children.iter().filter(|part| part.kind == *kind);
        let parts: Vec<_> = its.map(part).collect();
        if !parts.is_empty() {
            lines.push(format!("\n{}:", kind.plural.replace('_', " ")));
            lines.extend(parts);
        }
    }
    lines
}

fn part(part: &Record) -> String {
    let key = part.key.iter().map(|value| shown(value, None));
    let values = part.value_columns().filter_map(|(column, value)| {
        Some(format!("{} {}", column.name, shown(value?, column.unit.as_ref())))
    });
    format!("  {}", key.chain(values).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use collector_core::ValueType;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn of_many_the_newest_are_shown_and_how_one_is_named() {
        let found = |second: i64| {
            let at = Timestamp::from_second(second).unwrap();
            Found {
                seq: 1,
                vehicle: Vehicle::named("WBY00000000000007".parse().unwrap(), None),
                kind: "trip".to_owned(),
                at,
                revision: 1,
                is_withdrawn: false,
                start: at.to_string(),
                json: String::new(),
            }
        };
        let many: Vec<_> = (1..=25).map(found).collect();
        let (shown, few) = (candidates(&many), candidates(&many[5..]));
        assert!(shown.ends_with("\nand 5 older"), "{shown}");
        assert_eq!(shown.trim_end_matches("\nand 5 older"), few);
        assert!(several(&many).ends_with("`cardata why trip v0000007 1970-01-01T00:00:25Z`"));
        let spaced = Vehicle {
            name: "the car".into(),
            ..found(1).vehicle
        };
        let spaced = Found {
            vehicle: spaced,
            ..found(1)
        };
        assert!(several(&[spaced]).ends_with("`cardata why trip 0007 1970-01-01T00:00:01Z`"));
    }

    #[test]
    fn an_interval_is_told_where_it_has_a_width() {
        let lines = |high: f64| {
            let reason = Evidence {
                column: "energy_kwh".into(),
                rule: "S3".into(),
                interval: Some((12.0, high)),
                note: "".into(),
                cited: [].into(),
            };
            told(&reason, &Column::new("energy_kwh", ValueType::Number, None)).join("\n")
        };
        assert!(lines(12.5).contains("between 12 and 12.5"), "{}", lines(12.5));
        assert!(!lines(12.0).contains("between"), "{}", lines(12.0));
    }
}
