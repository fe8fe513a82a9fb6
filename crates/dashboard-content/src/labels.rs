//! What the columns of records and the words in them are called.

use crate::view::texts;

const COLUMNS: [(&str, &str); 40] = [
    ("end_at", "column.end"),
    ("plugged_at", "column.plugged"),
    ("unplugged_at", "column.unplugged"),
    ("soc_start", "column.charge_start"),
    ("soc_end", "column.charge_end"),
    ("energy_grid_kwh", "column.grid"),
    ("energy_battery_kwh", "column.battery"),
    ("energy_from_soc_low_kwh", "column.from_charge_low"),
    ("energy_from_soc_high_kwh", "column.from_charge_high"),
    ("energy_from_power_kwh", "column.from_power"),
    ("energy_kwh", "column.energy"),
    ("energy_basis", "column.energy_basis"),
    ("mean_power_kw", "column.mean_power"),
    ("peak_power_kw", "column.peak_power"),
    ("current_type", "column.current"),
    ("cost", "column.cost"),
    ("currency", "column.currency"),
    ("cost_state", "column.cost_state"),
    ("unpriced_share", "column.unpriced"),
    ("odometer_km", "column.odometer"),
    ("place", "column.place"),
    ("basis", "column.basis"),
    ("charging_minutes", "column.minutes"),
    ("energy_returned_kwh", "column.returned"),
    ("bmw_cost", "column.bmw_cost"),
    ("loss_share", "column.loss"),
    ("distance_km", "column.distance"),
    ("fuel_l", "column.fuel"),
    ("start_place", "column.start_place"),
    ("end_place", "column.end_place"),
    ("kwh_per_100_km", "column.consumption"),
    ("legs", "column.legs"),
    ("drain_percent_per_day", "column.drain"),
    ("capacity_kwh", "column.capacity"),
    ("health_percent", "column.health"),
    ("sessions", "column.sessions"),
    ("bmw_max_energy_kwh", "column.bmw_capacity"),
    ("bmw_health_percent", "column.bmw_health"),
    ("confidence", "column.confidence"),
    ("kind", "column.kind"),
];

/// Words that records tell, by what they are said to people.
const WORDS: [(&str, &str); 20] = [
    ("bmw", "word.bmw"),
    ("stream", "word.stream"),
    ("poll", "word.poll"),
    ("grid", "word.grid"),
    ("battery", "word.battery"),
    ("power", "word.power"),
    ("soc", "word.soc"),
    ("no_energy", "word.no_energy"),
    ("no_end", "word.no_end"),
    ("split", "word.split"),
    ("failed", "word.failed"),
    ("discharging", "word.discharging"),
    ("odometer", "word.odometer"),
    ("segment", "word.segment"),
    ("positions", "word.positions"),
    ("both_ends", "word.both_ends"),
    ("one_end", "word.one_end"),
    ("manoeuvre", "word.manoeuvre"),
    ("business", "word.business"),
    ("private", "word.private"),
];

/// The name of a column; where nobody named it, what stores call it.
pub fn column(name: &str) -> String {
    let known = COLUMNS.iter().find(|(known, _)| *known == name);
    known.map_or_else(|| name.replace('_', " "), |(_, key)| texts::t(key).to_owned())
}

/// A word of a record; itself where it is none of ours.
pub fn word(word: &str) -> String {
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known.map_or_else(|| word.to_owned(), |(_, key)| texts::t(key).to_owned())
}

/// What a value is called on the page that says why.
pub fn anchor(column: &str) -> String {
    column.replace('_', "-")
}
