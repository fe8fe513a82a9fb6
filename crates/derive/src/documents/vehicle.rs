//! `vehicle`: the answer of basicData.

use collector_core::document;
use facts::field::{day, positive, text, truth};
use facts::row::Row;
use serde_json::Value;

use super::Thing;
use crate::fact::Sent;
use crate::kinds::VEHICLE;

/// Columns and the keys of BMW, the one of the live service first, that of its specification behind it.
const TEXTS: [(&str, &[&str]); 18] = [
    ("brand", &["brand"]),
    ("model", &["modelName"]),
    ("model_key", &["modelKey"]),
    ("model_range", &["modelRange"]),
    ("series", &["series", "seriesDevt"]),
    ("body", &["bodyType"]),
    ("engine", &["engine"]),
    ("drive_train", &["driveTrain"]),
    ("propulsion", &["propulsionType"]),
    ("steering", &["steering"]),
    ("country", &["countryCode", "countryCodeISO"]),
    ("colour", &["colourDescription"]),
    ("colour_code", &["colourCode", "colourCodeRaw"]),
    ("head_unit", &["headUnit"]),
    ("software", &["puStep"]),
    ("sim_status", &["simStatus"]),
    ("charging_modes", &["chargingModes"]),
    ("options", &["fullSAList"]),
];

/// The vehicle; nothing where the document says nothing.
pub(super) fn of(json: &Value) -> Vec<Thing> {
    let row = row(json);
    let says_something = VEHICLE.columns.iter().any(|column| row.has(column.name));
    let thing = says_something.then(|| Thing { key: Vec::new(), row });
    thing.into_iter().collect()
}

/// Whether two documents say the same of what is kept.
pub(super) fn is_same(before: &Sent, after: &Sent) -> bool {
    let values = |sent: &Sent| row(&document::read(&sent.json)).values();
    values(before) == values(after)
}

fn row(json: &Value) -> Row {
    let mut row = Row::of(&VEHICLE);
    for (column, keys) in TEXTS {
        let found = keys.iter().find_map(|key| text(json, key));
        row.text(column, found.as_deref());
    }
    row.text("built_on", day(json, "constructionDate").as_deref());
    row.number("doors", positive(json, "numberOfDoors"));
    row.number("battery_max_energy_kwh", positive(json, "hvsMaxEnergyAbsolute"));
    row.number(
        "battery_nominal_capacity_ah",
        positive(json, "reessNominalCapacityGross"),
    );
    row.set("telematics", truth(json, "isTelematicsCapable"));
    row.set("navigation", truth(json, "hasNavi"));
    row.set("sun_roof", truth(json, "hasSunRoof"));
    row
}
