//! `tyre`: each of smartMaintenanceTyreDiagnosis. Cars without the diagnosis are answered for with tyres of zeros and labels.

use serde_json::Value;

use super::Thing;
use crate::kinds::TYRE;
use facts::field::{day, number, positive, text, truth};
use facts::row::Row;

const KM_PER_MILE: f64 = 1.609_344;

const SETS: [(&str, &str); 2] = [("mounted", "mountedTyres"), ("stored", "unmountedTyres")];
const POSITIONS: [(&str, &str); 4] = [
    ("front_left", "frontLeft"),
    ("front_right", "frontRight"),
    ("rear_left", "rearLeft"),
    ("rear_right", "rearRight"),
];

/// Columns, the field of a tyre, and the keys in it, the most exact first.
const TEXTS: [(&str, &str, &[&str]); 11] = [
    ("season", "season", &["season", "value"]),
    ("manufacturer", "tread", &["manufacturer"]),
    ("tread", "tread", &["treadDesign", "value"]),
    ("part_number", "partNumber", &["partNumber", "value"]),
    ("optimized_for", "optimizedForOem", &["optimizedForOem", "value"]),
    ("produced", "tyreProductionDate", &["value"]),
    ("speed_rating", "dimension", &["speedRating"]),
    ("dimension", "dimension", &["value"]),
    ("quality", "qualityStatus", &["qualityStatus", "value"]),
    ("wear", "tyreWear", &["status", "value"]),
    ("defect", "tyreDefect", &["status", "value"]),
];
/// A tyre is one where one of these is known.
const TELLING: [&str; 7] = [
    "season",
    "tread",
    "part_number",
    "produced",
    "mounted_on",
    "width_mm",
    "rim_inch",
];

pub(super) fn of(json: &Value) -> Vec<Thing> {
    let cars = json.get("passengerCar").unwrap_or(json);
    let mut things = Vec::new();
    for (mounting, set) in SETS {
        for (position, key) in POSITIONS {
            let row = cars.get(set).and_then(|set| set.get(key)).map(tyre);
            let row = row.filter(|row| TELLING.iter().any(|column| row.has(column)));
            things.extend(row.map(|row| Thing {
                key: vec![mounting.to_owned(), position.to_owned()],
                row,
            }));
        }
    }
    things
}

/// Whether the document tells of tyres at all, be it that none is known.
pub(super) fn has_a_set(json: &Value) -> bool {
    let cars = json.get("passengerCar").unwrap_or(json);
    SETS.iter()
        .any(|(_, set)| cars.get(set).is_some_and(Value::is_object))
}

fn tyre(tyre: &Value) -> Row {
    let none = Value::Null;
    let field = |name: &str| tyre.get(name).unwrap_or(&none);
    let mut row = Row::of(&TYRE);
    for (column, name, keys) in TEXTS {
        let found = keys.iter().find_map(|key| text(field(name), key));
        row.text(column, found.as_deref());
    }
    let dimension = field("dimension");
    row.number("width_mm", positive(dimension, "sectionWidth"));
    row.number("aspect_ratio", positive(dimension, "aspectRatio"));
    row.number("rim_inch", positive(dimension, "rimDiameter"));
    row.number("load_index", positive(dimension, "loadIndex"));
    row.set("run_flat", truth(field("runFlat"), "runFlat"));
    let mounted = field("mountingDate");
    let mounted = day(mounted, "mountingDate").or_else(|| day(mounted, "value"));
    row.text("mounted_on", mounted.as_deref());
    let wear = field("tyreWear");
    let is_miles = text(wear, "unit").is_some_and(|unit| unit.starts_with("MI"));
    let factor = if is_miles { KM_PER_MILE } else { 1.0 };
    row.number(
        "due_in_km",
        number(wear, "dueMileage").map(|distance| distance * factor),
    );
    row
}
