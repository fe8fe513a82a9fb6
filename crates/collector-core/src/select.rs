//! `select`: which vehicles, sources and descriptors a sink receives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalar::Wrong;
use crate::{Descriptor, Glob, Vehicle};

/// Which part of the journal a sink receives. What is not named is not restricted. A change counts from the next
/// entry on: `cardata replay` brings what the old selection left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "select")]
pub struct Select {
    /// VINs, their last seven characters, or names of vehicles: `["i3", "!*45"]`. `*` stands for any characters, `!` in front excludes.
    #[serde(default, skip_serializing_if = "Patterns::is_all")]
    pub vehicles: Patterns,
    /// Names of sources. `*` stands for any characters, `!` in front excludes.
    #[serde(default, skip_serializing_if = "Patterns::is_all")]
    pub sources: Patterns,
    /// Descriptors, or their short names: `["vehicle.drivetrain.**", "soc", "!**.lastChargingReason"]`. `*` stands
    /// for one segment, `**` for any number of segments, `!` in front excludes.
    #[serde(default, skip_serializing_if = "Patterns::is_all")]
    pub descriptors: Patterns,
}

impl Select {
    /// Whether everything is selected, so that nobody need ask.
    pub fn is_all(&self) -> bool {
        self.vehicles.is_all() && self.sources.is_all() && self.descriptors.is_all()
    }

    pub fn matches_vehicle(&self, vehicle: &Vehicle) -> bool {
        self.vehicles.matches_vehicle(vehicle)
    }

    /// `source` is the name of a source in the pipeline file.
    pub fn matches_source(&self, source: &str) -> bool {
        self.sources.matches(|glob| glob.matches_name(source))
    }

    pub fn matches_descriptor(&self, descriptor: &Descriptor) -> bool {
        let (id, name) = (descriptor.as_str(), descriptor.name());
        self.descriptors
            .matches(|glob| glob.matches_descriptor(id) || glob.as_str() == name)
    }
}

/// A list of patterns. Something is selected when one of them matches it and none that begins with `!` does; a list
/// of excluding patterns alone begins with everything, as an empty one does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Patterns(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    glob: Glob,
    excludes: bool,
}

crate::written_as_text!(Pattern, parse, write, { "type": "string", "minLength": 1 });

impl Patterns {
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// By VIN, by its last seven characters or by name.
    pub fn matches_vehicle(&self, vehicle: &Vehicle) -> bool {
        let names = [
            vehicle.vin.as_str(),
            vehicle.vin.production_number(),
            &vehicle.name,
        ];
        self.matches(|glob| names.iter().any(|name| glob.matches_name(name)))
    }

    /// Every pattern without its `!`, in the order of the file.
    pub fn globs(&self) -> impl Iterator<Item = &Glob> {
        self.0.iter().map(|pattern| &pattern.glob)
    }

    fn matches(&self, matches: impl Fn(&Glob) -> bool) -> bool {
        let mut includes = self.0.iter().filter(|pattern| !pattern.excludes).peekable();
        let mut excludes = self.0.iter().filter(|pattern| pattern.excludes);
        let included = includes.peek().is_none() || includes.any(|pattern| matches(&pattern.glob));
        included && !excludes.any(|pattern| matches(&pattern.glob))
    }
}

fn parse(text: &str) -> Result<Pattern, Wrong> {
    let text = text.trim();
    let (excludes, pattern) = match text.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, text),
    };
    if pattern.is_empty() {
        return Err(Wrong::new("an empty pattern matches nothing")
            .help("write a name, or leave the list out for all"));
    }
    Ok(Pattern {
        glob: Glob::new(pattern),
        excludes,
    })
}

fn write(pattern: &Pattern) -> String {
    let sign = if pattern.excludes { "!" } else { "" };
    format!("{sign}{}", pattern.glob.as_str())
}

#[cfg(test)]
mod tests {
    use crate::ValueType;

    use super::*;

    fn patterns(texts: &[&str]) -> Patterns {
        Patterns(texts.iter().map(|text| parse(text).unwrap()).collect())
    }

    fn select(descriptors: &[&str]) -> Select {
        Select {
            descriptors: patterns(descriptors),
            ..Select::default()
        }
    }

    #[test]
    fn descriptors_are_selected_by_pattern_and_by_short_name() {
        let soc = Descriptor::new(
            "vehicle.drivetrain.batteryManagement.header",
            "soc",
            ValueType::Number,
            None,
        );
        assert!(select(&[]).matches_descriptor(&soc));
        assert!(select(&["vehicle.drivetrain.**"]).matches_descriptor(&soc));
        assert!(select(&["vehicle.cabin.**", "soc"]).matches_descriptor(&soc));
        assert!(!select(&["vehicle.cabin.**"]).matches_descriptor(&soc));
        assert!(!select(&["vehicle.drivetrain.**", "!soc"]).matches_descriptor(&soc));
        assert!(select(&["!vehicle.cabin.**"]).matches_descriptor(&soc));
        assert!(!select(&["!**.header"]).matches_descriptor(&soc));
    }

    #[test]
    fn vehicles_are_selected_by_vin_and_by_name() {
        let vehicle = Vehicle {
            vin: "WBY8P210X07A12345".parse().unwrap(),
            name: "i3".into(),
        };
        for (texts, expected) in [
            (&["I3"][..], true),
            (&["wby8p210x07a12345"], true),
            (&["*12345"], true),
            (&["7a12345"], true),
            (&["i4"], false),
            (&["*", "!i3"], false),
        ] {
            let select = Select {
                vehicles: patterns(texts),
                ..Select::default()
            };
            assert_eq!(select.matches_vehicle(&vehicle), expected, "{texts:?}");
            assert!(!select.is_all());
        }
    }

    #[test]
    fn sources_are_selected_by_name() {
        let select = Select {
            sources: patterns(&["telematics"]),
            ..Select::default()
        };
        assert!(select.matches_source("telematics"));
        assert!(!select.matches_source("telematics-2"));
        assert!(Select::default().is_all());
    }
}
