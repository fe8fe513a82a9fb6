//! Values for people: a block a car, in 80 columns unless everything is wanted.

use collector_core::mask::{cut, readable};
use collector_core::{Stamp, Unit, UnitSystem, Value};
use jiff::Timestamp;

use super::{Car, Gone, Told, Values};
use crate::table::{ago, span};

/// Lines are no longer, unless everything is wanted: in the last of 80 columns some terminals break them.
const WIDTH: usize = 79;
/// A longer name has a line of its own.
const NAME: usize = 32;

/// What is shown, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Form {
    /// What the reader reads numbers in.
    pub units: UnitSystem,
    /// Also values that have ended.
    pub all: bool,
    /// Whole texts, with BMW's identifiers, however long.
    pub long: bool,
    /// So many values of a car at most: those that were measured last. Every one if `None`.
    pub most: Option<usize>,
}

/// One line of a block.
struct Row {
    name: String,
    value: String,
    age: String,
    by: String,
}

/// A block a car. `now` is the pipeline's time.
pub fn text(values: &Values, now: Timestamp, form: Form) -> String {
    if values.cars.is_empty() {
        return "Nothing came yet of any car: `cardata doctor` says why.".to_owned();
    }
    let blocks = values.cars.iter().map(|car| block(car, now, form));
    blocks.collect::<Vec<_>>().join("\n\n")
}

fn block(car: &Car, now: Timestamp, form: Form) -> String {
    let name = readable(&car.vehicle.name);
    if car.has_nothing() {
        return format!("{name}\n  nothing came of it yet: `cardata doctor` says why");
    }
    let told = |told: &Told| row(told, now, form);
    let quantities: Vec<_> = car.quantities.iter().map(told).collect();
    let mut shown: Vec<_> = car.values.iter().collect();
    let most = form.most.unwrap_or(usize::MAX);
    let hidden = shown.len().saturating_sub(most);
    if hidden > 0 {
        shown.sort_by_key(|told| std::cmp::Reverse(told.reading.measured_at));
        shown.truncate(most);
    }
    let mut rows: Vec<_> = shown.into_iter().map(told).collect();
    match form.all {
        true => rows.extend(car.ended.iter().map(|gone| ended(gone, now, form))),
        false if rows.is_empty() => {
            return format!("{name}\n  every value of it has ended: `--all` shows them");
        }
        false => {}
    }
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    let mut parts = vec![name];
    parts.extend((!quantities.is_empty()).then(|| lines(&quantities, form) + "\n"));
    parts.push(lines(&rows, form));
    parts.extend((hidden > 0).then(|| format!("  … {hidden} more, measured before these")));
    if car
        .values
        .iter()
        .any(|told| told.reading.stamp == Stamp::Requested)
    {
        parts.push("  * stamped by BMW with the time of the call: measured then or earlier".to_owned());
    }
    parts.join("\n")
}

fn row(told: &Told, now: Timestamp, form: Form) -> Row {
    let mark = match told.reading.stamp {
        Stamp::Measured => "",
        Stamp::Requested => "*",
    };
    let mut by = format!("{}{mark}", told.origin);
    if let Some(from) = &told.from {
        by += &format!(", by {}", from.name());
    }
    if form.long {
        let identifier = told.from.as_ref().unwrap_or(&told.reading.descriptor);
        by += &format!(", {}, {identifier}", told.source);
    }
    Row {
        name: readable(told.name()),
        value: value(&told.reading.value, told.reading.unit.as_ref(), form.units),
        age: ago(now, told.reading.measured_at),
        by: readable(&by),
    }
}

fn ended(gone: &Gone, now: Timestamp, form: Form) -> Row {
    let more = match form.long {
        true => format!(", {}, {}", gone.source, gone.descriptor),
        false => String::new(),
    };
    Row {
        name: readable(gone.descriptor.name()),
        value: "none".to_owned(),
        age: format!("for {}", span(gone.since, now)),
        by: readable(&format!("{}{more}", gone.origin)),
    }
}

/// A value with its unit, as the reader reads it, on one line and without what could command a terminal.
pub fn value(value: &Value, unit: Option<&Unit>, units: UnitSystem) -> String {
    match (value, unit) {
        (Value::Number(number), Some(unit)) => {
            let (number, unit) = units.read_as(*number, unit.as_str());
            readable(&format!("{number} {unit}"))
        }
        (Value::Timestamp(at), _) => format!("{at:.0}"),
        (value, Some(unit)) => readable(&format!("{value} {unit}")),
        (value, None) => readable(&value.to_string()),
    }
}

/// Aligned columns. A name that is too long stands above its value, a value that is too long is cut.
fn lines(rows: &[Row], form: Form) -> String {
    let width = |of: fn(&Row) -> &String| rows.iter().map(|row| of(row).chars().count()).max();
    let longest = if form.long { usize::MAX } else { NAME };
    let names = rows.iter().map(|row| row.name.chars().count());
    let name_width = names.filter(|name| *name <= longest).max().unwrap_or(0);
    let age_width = width(|row| &row.age).unwrap_or(0);
    let by_width = width(|row| &row.by).unwrap_or(0);
    let rest = WIDTH.saturating_sub(name_width + age_width + by_width + 8);
    let values = width(|row| &row.value).unwrap_or(0);
    let value_width = if form.long {
        values
    } else {
        values.min(rest.max(12))
    };
    let line = |row: &Row| {
        let value = fitting(&row.value, value_width);
        let line = |name: &str| {
            let Row { age, by, .. } = row;
            let line = format!("  {name:<name_width$}  {value:<value_width$}  {age:<age_width$}  {by}");
            if form.long { line } else { fitting(&line, WIDTH) }
        };
        match row.name.chars().count() > longest {
            false => line(&row.name),
            true => format!("  {}\n{}", fitting(&row.name, WIDTH - 2), line("")),
        }
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The text in so many characters, the last of which tells that there is more.
fn fitting(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => cut(text, width - 1),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use collector_core::Origin;
    use collector_core::testkit::reading;

    use super::super::tests::{NOON, car};
    use super::*;

    fn shown(values: Vec<collector_core::Reading>, form: Form) -> String {
        let now = Timestamp::from_millisecond(NOON + 180_000).unwrap();
        let values = Values {
            cars: vec![car(Origin::Poll, values)],
            newest: None,
        };
        text(&values, now, form)
    }

    #[test]
    fn a_car_is_a_block_with_its_quantities_on_top() {
        let key = "vehicle.drivetrain.batteryManagement.header";
        let charge = reading(key, "soc", Value::Number(74.0), Some("%"), NOON);
        let mileage = reading(
            "a",
            "mileage",
            Value::Number(29_296.5),
            Some("km"),
            NOON - 7_200_000,
        );
        let mut status = reading("b", "hv_status", Value::Text("CHARGING".into()), None, NOON);
        status.stamp = Stamp::Requested;
        let readings = vec![charge, mileage, status];
        assert_eq!(
            shown(readings.clone(), Form::default()),
            "i4\n  state_of_charge  74 %  3 min ago  poll, by soc\n\n  \
             hv_status  CHARGING    3 min ago  poll*\n  \
             mileage    29296.5 km  2 h ago    poll\n  \
             soc        74 %        3 min ago  poll\n  \
             * stamped by BMW with the time of the call: measured then or earlier"
        );
        let form = Form {
            most: Some(1),
            ..Form::default()
        };
        let newest = shown(readings[..2].to_vec(), form);
        assert!(
            newest.contains("  soc ") && !newest.contains("  mileage "),
            "{newest}"
        );
        assert!(newest.ends_with("  … 1 more, measured before these"), "{newest}");
        let form = Form {
            units: UnitSystem::Imperial,
            ..Form::default()
        };
        assert!(shown(readings, form).contains("18204 mi"));
    }

    #[test]
    fn what_is_long_stays_in_eighty_columns_and_commands_no_terminal() {
        let id = "vehicle.".to_owned() + &"somethingNobodyKnows.".repeat(8);
        let name = "charging_port_front_middle_flap_automatic";
        let readings = || {
            let text = Value::Text("a\n\u{1b}[2J".repeat(4_000).into());
            vec![
                reading(&id, &id, text, None, NOON),
                reading(
                    "b",
                    name,
                    Value::Timestamp(Timestamp::UNIX_EPOCH),
                    None,
                    NOON - 90_000_000_000,
                ),
                reading("c", &"n".repeat(32), Value::Bool(true), None, NOON),
            ]
        };
        let text = shown(readings(), Form::default());
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(!text.contains('\u{1b}'));
        assert_eq!(text.lines().count(), 6, "{text}");
        assert!(
            text.contains("  1970-01-01T00:00:00Z    1041 days ago  poll"),
            "{text}"
        );
        let long = Form {
            long: true,
            ..Form::default()
        };
        assert!(shown(readings(), long).contains(&id));
    }

    #[test]
    fn what_never_came_names_who_knows_why() {
        let now = Timestamp::UNIX_EPOCH;
        let mut car = car(Origin::Poll, Vec::new());
        let said = |cars| text(&Values { cars, newest: None }, now, Form::default());
        assert!(said(Vec::new()).contains("`cardata doctor`"));
        assert!(said(vec![car.clone()]).contains("`cardata doctor`"));
        car.ended.push(Gone {
            descriptor: reading("a", "power", Value::Bool(true), None, 0).descriptor,
            since: now - jiff::SignedDuration::from_hours(2),
            origin: Origin::Poll,
            source: "telematics".into(),
        });
        assert!(said(vec![car.clone()]).contains("`--all`"));
        let all = Form {
            all: true,
            ..Form::default()
        };
        let values = Values {
            cars: vec![car],
            newest: None,
        };
        assert_eq!(text(&values, now, all), "i4\n  power  none  for 2 h  poll");
    }
}
