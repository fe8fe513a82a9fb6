//! Whether the patterns of the file can select what they are meant to.

use catalogue::CATALOGUE;
use collector_core::resolved::QUANTITIES;
use collector_core::table::{Node, Span, suggest};
use collector_core::{Glob, Name, Vehicle};

use super::problems::Problems;
use super::section::{Placed, Section};
use super::sinks::SinkSpec;
use super::sources::SourceSpec;
use super::vehicles::Vehicles;

/// Descriptors that differ from a known one by more letters than this are taken for new ones.
const TYPING_MISTAKES: usize = 3;

pub(super) fn check(
    sources: &Section<SourceSpec>,
    sinks: &Section<SinkSpec>,
    vehicles: Option<&Vehicles>,
    problems: &mut Problems,
) {
    let names = |Vehicle { name, vin }| [name, vin.production_number().into(), vin.as_str().into()];
    let listed: Option<Vec<_>> = match vehicles {
        Some(Vehicles::List(list)) => Some(list.iter().map(|spec| names(spec.vehicle())).collect()),
        _ => None,
    };
    let names = sources.values().map(|source| [source.name.clone()]);
    let named = sources.complete.then(|| names.collect::<Vec<_>>());
    let vehicle = |pattern: &str| format!("`{pattern}` is none of the `vehicles` of this file");
    let source = |pattern: &str| format!("there is no source `{pattern}`");
    for Placed { value, node } in &sources.items {
        let patterns = value.vehicles.globs().zip(places(node, "vehicles"));
        check_names(patterns, listed.as_deref(), vehicle, problems);
    }
    for Placed { value, node } in &sinks.items {
        let select = &value.select;
        let patterns = select.vehicles.globs().zip(places(node, "select.vehicles"));
        check_names(patterns, listed.as_deref(), vehicle, problems);
        let patterns = select.sources.globs().zip(places(node, "select.sources"));
        check_names(patterns, named.as_deref(), source, problems);
        let places = places(node, "select.descriptors");
        for (glob, place) in select.descriptors.globs().zip(places) {
            if let Some((message, help)) = doubt(glob) {
                problems.add(&place, message).help(help);
            }
        }
    }
}

/// The places of the items of a list.
fn places(table: &Node, path: &str) -> Vec<Span> {
    let list = path.split('.').try_fold(table, |node, step| node.get(step));
    let items = list.and_then(Node::items).unwrap_or_default();
    items.iter().map(|item| item.span.clone()).collect()
}

/// Every pattern must match one of what is `known`, each by its name or another one; `None` where nobody can tell.
fn check_names<'g, const NAMES: usize>(
    patterns: impl Iterator<Item = (&'g Glob, Span)>,
    known: Option<&[[Name; NAMES]]>,
    wrong: impl Fn(&str) -> String,
    problems: &mut Problems,
) {
    let Some(known) = known else { return };
    for (glob, place) in patterns {
        if !known.iter().flatten().any(|name| glob.matches_name(name)) {
            let names: Vec<_> = known.iter().filter_map(|names| names.first()).collect();
            let help = suggest(glob.as_str(), &names);
            problems.add(&place, wrong(glob.as_str())).help(help);
        }
    }
}

/// What is wrong with a pattern of descriptors that stands outside of a pipeline file, and what to do about it.
pub fn descriptor_doubt(pattern: &str) -> Option<String> {
    let glob = Glob::new(pattern.strip_prefix('!').unwrap_or(pattern).trim());
    doubt(&glob).map(|(message, help)| format!("{message}: {help}"))
}

fn doubt(glob: &Glob) -> Option<(String, String)> {
    let text = glob.as_str();
    if !glob.fits_descriptors() {
        let help = "a pattern is like `vehicle.drivetrain.**`: `*` stands for one segment, `**` for any number of \
                    them";
        return Some((format!("`{text}` cannot match a descriptor"), help.to_owned()));
    }
    if glob.has_wildcard() {
        return None;
    }
    if let Some(quantity) = QUANTITIES.iter().find(|quantity| quantity.name == text) {
        return Some((
            format!("`{text}` is no descriptor: it is taken from several"),
            format!(
                "it comes with those that are selected of `{}`",
                quantity.keys.join("`, `")
            ),
        ));
    }
    let help = match misspelt(text) {
        Some(known) => format!("did you mean `{known}`? if not, write a `*` for one of its letters"),
        // BMW's identifiers have dots, and may be newer than the catalogue; short names are ours.
        None if text.contains('.') || is_known(text) => return None,
        None => "write a short name of the catalogue, such as `soc`, or BMW's identifier, such as `vehicle.isMoving`".to_owned(),
    };
    Some((format!("the catalogue has no descriptor `{text}`"), help))
}

/// BMW's identifiers and our short names.
fn words() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().flat_map(|entry| [entry.descriptor, entry.name])
}

fn is_known(text: &str) -> bool {
    words().any(|word| word == text)
}

/// The known descriptor or short name that a text is probably meant to be; `None` where it is one, or like none.
/// Another number (`row3` for `row2`) is another descriptor.
fn misspelt(text: &str) -> Option<&'static str> {
    if is_known(text) {
        return None;
    }
    let letters = |word: &str| word.replace(|c: char| c.is_ascii_digit(), "0");
    let allowed = TYPING_MISTAKES.min(text.len() / 3);
    words()
        .map(|word| (strsim::osa_distance(word, text), word))
        .filter(|(distance, word)| *distance <= allowed && letters(word) != letters(text))
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_a_mistake_and_a_new_descriptor_is_not() {
        assert_eq!(
            misspelt("vehicle.drivetrain.batteryManagment.header"),
            Some("vehicle.drivetrain.batteryManagement.header")
        );
        assert_eq!(misspelt("vehicle.drivetrain.batteryManagement.header"), None);
        assert_eq!(misspelt("vehicle.powertrain.fusion.reactor.temperature"), None);
        assert_eq!(misspelt("soc"), None);
    }

    #[test]
    fn a_short_name_that_nobody_has_is_a_mistake() {
        let doubt = |text: &str| descriptor_doubt(text).unwrap_or_default();
        assert!(doubt("nonsense").contains("no descriptor `nonsense`"));
        assert!(doubt("!mileag").contains("did you mean `mileage`"));
        let charge = doubt("state_of_charge");
        assert!(
            charge.contains("comes with") && charge.contains("batteryManagement.header"),
            "{charge}"
        );
        for sound in ["soc", "non*", "vehicle.new.thing", "vehicle.**", "*"] {
            assert_eq!(doubt(sound), "", "{sound}");
        }
    }
}
