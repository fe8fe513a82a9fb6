//! Whether the patterns of the file can select what they are meant to.

use catalogue::CATALOGUE;
use collector_core::Vehicle;
use collector_core::table::{Node, Span, suggest};

use super::problems::Problems;
use super::section::Section;
use super::sinks::SinkSpec;
use super::sources::SourceSpec;
use super::vehicles::Vehicles;
use collector_core::Glob;

/// Descriptors that differ from a known one by more letters than this are taken for new ones.
const TYPING_MISTAKES: usize = 3;

pub(super) fn check(
    sources: &Section<SourceSpec>,
    sinks: &Section<SinkSpec>,
    vehicles: Option<&Vehicles>,
    problems: &mut Problems,
) {
    let listed: Option<Vec<Vehicle>> = match vehicles {
        Some(Vehicles::List(list)) => Some(list.iter().map(super::VehicleSpec::vehicle).collect()),
        _ => None,
    };
    for source in &sources.items {
        let places = places(&source.node, "vehicles");
        check_vehicles(
            source.value.vehicles.globs().zip(places),
            listed.as_deref(),
            problems,
        );
    }
    for sink in &sinks.items {
        let select = &sink.value.select;
        let vehicles = select.vehicles.globs().zip(places(&sink.node, "select.vehicles"));
        check_vehicles(vehicles, listed.as_deref(), problems);
        if sources.complete {
            let named = select.sources.globs().zip(places(&sink.node, "select.sources"));
            check_sources(named, sources, problems);
        }
        for (glob, place) in select
            .descriptors
            .globs()
            .zip(places(&sink.node, "select.descriptors"))
        {
            check_descriptor(glob, &place, problems);
        }
    }
}

/// The places of the items of a list.
fn places(table: &Node, path: &str) -> Vec<Span> {
    let list = path.split('.').try_fold(table, |node, step| node.get(step));
    let items = list.and_then(Node::items).unwrap_or_default();
    items.iter().map(|item| item.span.clone()).collect()
}

fn check_vehicles<'g>(
    patterns: impl Iterator<Item = (&'g Glob, Span)>,
    listed: Option<&[Vehicle]>,
    problems: &mut Problems,
) {
    let Some(listed) = listed else { return };
    for (glob, place) in patterns {
        let matches =
            |vehicle: &Vehicle| glob.matches_name(vehicle.vin.as_str()) || glob.matches_name(&vehicle.name);
        if !listed.iter().any(matches) {
            let names: Vec<String> = listed.iter().map(|vehicle| vehicle.name.to_string()).collect();
            problems
                .add(
                    &place,
                    format!("`{}` is none of the `vehicles` of this file", glob.as_str()),
                )
                .help(suggest(glob.as_str(), &names));
        }
    }
}

fn check_sources<'g>(
    patterns: impl Iterator<Item = (&'g Glob, Span)>,
    sources: &Section<SourceSpec>,
    problems: &mut Problems,
) {
    for (glob, place) in patterns {
        if !sources.values().any(|source| glob.matches_name(&source.name)) {
            let names: Vec<String> = sources.values().map(|source| source.name.to_string()).collect();
            problems
                .add(&place, format!("there is no source `{}`", glob.as_str()))
                .help(suggest(glob.as_str(), &names));
        }
    }
}

fn check_descriptor(glob: &Glob, place: &Span, problems: &mut Problems) {
    if let Some((message, help)) = doubt(glob) {
        problems.add(place, message).help(help);
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
    let known = misspelt(text).filter(|_| !glob.has_wildcard())?;
    Some((
        format!("the catalogue has no descriptor `{text}`"),
        format!("did you mean `{known}`? if not, write a `*` for one of its letters"),
    ))
}

/// The known descriptor or short name that a text is probably meant to be; `None` where it is one, or like none.
/// Another number (`row3` for `row2`) is another descriptor.
fn misspelt(text: &str) -> Option<&'static str> {
    let words = || CATALOGUE.iter().flat_map(|entry| [entry.descriptor, entry.name]);
    if words().any(|word| word == text) {
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
}
