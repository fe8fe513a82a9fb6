//! Numbers that several keys of a car can tell: which one does, and what the others say.

use collector_core::resolved::QUANTITIES;
use history::read::Latest;

use crate::cells::{Reading, UNKNOWN, origin};
use crate::labels;
use crate::shown;
use crate::told::{CHARGE, PLUGGED, Present, RANGE, RANGES};
use crate::view::parts::{Cell, Column, Level, Table};
use crate::view::texts;
use crate::view::why::WhyValue;
use crate::why::{Computed, rule};

/// Of the charge, of the plug, of the range.
pub const RULES: [&str; 3] = ["P6", "P7", "P8"];

/// `None` where the car does not tell it.
pub fn computed(reading: &Reading<'_>, vehicle: &str, told: &Present, what: &str) -> Option<Computed> {
    let (label, number) = match what {
        CHARGE => ("now.soc", RULES[0]),
        PLUGGED => ("now.plug", RULES[1]),
        RANGE => ("now.range", RULES[2]),
        _ => return None,
    };
    let resolved = told.all().find(|one| one.name == what)?;
    let fact = resolved.fact(reading, texts::t(label), vehicle);
    let from = resolved.from.as_ref()?;
    let row = |key: &Key<'_>| row(reading, key, from.as_str());
    let value = WhyValue {
        id: labels::anchor(what),
        label: fact.label,
        value: fact.value,
        unit: fact.unit,
        interval: String::new(),
        rules: rule(number),
        readings: Table {
            csv: format!("?csv={}", labels::anchor(what)),
            caption: texts::t("why.keys").to_owned(),
            columns: vec![
                Column::text(texts::t("column.key")),
                Column::text(texts::t("column.value")),
                Column::text(texts::t("column.time")),
                Column::text(texts::t("data.origin")),
                Column::text(texts::t("why.tells")),
            ],
            rows: keys(told, what).iter().map(row).collect(),
            ..Table::default()
        },
    };
    Some(Computed {
        value,
        page: "now",
        about: fact.origin,
    })
}

/// A key of the order, and what it told last.
struct Key<'a> {
    name: &'a str,
    latest: Option<&'a Latest>,
}

/// In the order in which they are asked.
fn keys<'a>(told: &'a Present, what: &str) -> Vec<Key<'a>> {
    let of = |is_it: &dyn Fn(&Latest) -> bool, name: &'a str| {
        let latest = told.latest.iter().find(|one| is_it(one));
        Key { name, latest }
    };
    match QUANTITIES.iter().find(|quantity| quantity.name == what) {
        Some(quantity) => {
            let keys = quantity.keys.iter();
            keys.map(|key| of(&|one| one.descriptor == *key, key)).collect()
        }
        None => RANGES
            .iter()
            .map(|key| of(&|one| one.name == *key, key))
            .collect(),
    }
}

fn row(reading: &Reading<'_>, key: &Key<'_>, from: &str) -> Vec<Cell> {
    let Some(latest) = key.latest else {
        let none = || Cell::text(UNKNOWN);
        let never = Cell::text(texts::t("why.never"));
        let name = Cell {
            note: key.name.to_owned(),
            ..none()
        };
        return vec![name, none(), none(), none(), never];
    };
    let told = &latest.reading;
    let unit = told.unit.as_deref().map(collector_core::Unit::other);
    let value = shown::named(&latest.name, &told.value, unit.as_ref(), reading.options);
    let tells = match (latest.descriptor == from, latest.ended_at) {
        (true, _) => Cell {
            level: Some(Level::Good),
            ..Cell::text(texts::t("why.this_one"))
        },
        (false, Some(_)) => Cell::text(texts::t("why.ended")),
        (false, None) => Cell::text(texts::t("why.behind")),
    };
    vec![
        Cell {
            note: latest.descriptor.clone(),
            ..Cell::text(&latest.name)
        },
        Cell::text(format!("{} {}", value.text, value.unit).trim_end()),
        reading.at(told.measured_at),
        Cell::text(origin(told)),
        tells,
    ]
}
