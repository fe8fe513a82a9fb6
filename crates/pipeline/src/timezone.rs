//! `timezone`: where the owner lives, for what is done less often by night.

use collector_core::scalar::Wrong;
use collector_core::table::Node;
use collector_core::written_as_text;
use jiff::tz::{TimeZone, db};

use super::problems::Problems;

/// A time zone by its name in the IANA database. The database is part of the program.
pub(super) struct Zone(TimeZone);

written_as_text!(Zone, zone, |zone| zone.0.iana_name().unwrap_or_default().to_owned(), { "type": "string" });

fn zone(text: &str) -> Result<Zone, Wrong> {
    TimeZone::get(text).map(Zone).map_err(|_| {
        let known: Vec<String> = db().available().map(|name| name.to_string()).collect();
        Wrong::new(format!("`{text}` is no time zone")).help(suggestion(text, &known))
    })
}

fn suggestion(text: &str, known: &[String]) -> String {
    // Whoever writes the city alone means its zone.
    let city = text.replace(' ', "_");
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let same_city = known.iter().find(|name| last(name).eq_ignore_ascii_case(&city));
    let likeness = |name: &str| strsim::normalized_levenshtein(&name.to_lowercase(), &city.to_lowercase());
    let rated = known.iter().map(|name| (likeness(name), name));
    let nearest = rated
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.6);
    match same_city.or(nearest.map(|(_, name)| name)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "write a name such as `Europe/Berlin`".to_owned(),
    }
}

/// The zone of the file, else that of the system.
pub(super) fn read(root: &Node, problems: &mut Problems) -> TimeZone {
    let node = root.get("timezone").cloned();
    let named: Option<Zone> = node.and_then(|mut node| problems.read(&mut node));
    named.map_or_else(TimeZone::system, |zone| zone.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_answered_with_the_zone_that_was_meant() {
        assert!(zone("Europe/Berlin").is_ok());
        for (slip, meant) in [
            ("Europe/Berln", "did you mean `Europe/Berlin`?"),
            ("berlin", "did you mean `Europe/Berlin`?"),
            ("new york", "did you mean `America/New_York`?"),
            ("17", "write a name such as `Europe/Berlin`"),
        ] {
            let help = zone(slip).err().and_then(|wrong| wrong.help);
            assert_eq!(help.as_deref(), Some(meant), "{slip}");
        }
    }
}
