//! `places`: where the owner charges and parks, by names of his own.

use collector_core::scalar::Wrong;
use collector_core::table::Node;
use collector_core::written_as_text;
use facts::rules::Place;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::{self, FreeName, Taken};
use super::problems::Problems;
use super::quantity::{self, Latitude, Longitude};
use super::section::{self, Placed, Section};
use super::show;

const EXAMPLE: &str = "places:\n  - name: home\n    latitude: 48.1371\n    longitude: 11.5754";
/// In metres.
const RADIUS: f64 = 150.0;
const SMALLEST: f64 = 10.0;
const LARGEST: f64 = 50_000.0;

/// A place that has a name. Where several hold a position, the nearest counts.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "place")]
pub(super) struct PlaceTable {
    /// What you call it: `home`, `office`.
    name: FreeName,
    /// Of its middle, in degrees; south of the equator below 0.
    latitude: Latitude,
    /// In degrees; west of Greenwich below 0.
    longitude: Longitude,
    /// How far from its middle a vehicle is still there: `150m`, `1.5km`.
    #[serde(default)]
    radius: Radius,
}

/// In metres.
struct Radius(f64);

impl Default for Radius {
    fn default() -> Self {
        Self(RADIUS)
    }
}

written_as_text!(Radius, radius, |radius| format!("{}m", radius.0), {
    "type": "string", "pattern": r"^[0-9.]+ *(m|km)$|\$\{.+\}"
});

fn radius(text: &str) -> Result<Radius, Wrong> {
    let metres = quantity::with_unit(text, "radius", "150m", &[("km", 1_000.0), ("m", 1.0)])?;
    if (SMALLEST..=LARGEST).contains(&metres) {
        return Ok(Radius(metres));
    }
    let message = format!("`{}` is no radius of a place", text.trim());
    Err(Wrong::new(message).help("write 10m to 50km"))
}

/// What the file says of its places.
pub(super) fn shown(root: &Node) -> Value {
    show::typed::<Vec<PlaceTable>>(root.get("places"))
}

/// Those that can be read. Complete also where there are none.
pub(super) fn read(root: &Node, problems: &mut Problems) -> Section<Place> {
    let items = section::optional(root, "places", EXAMPLE, problems);
    let mut taken = Taken::default();
    let mut places = Section::of(items, |item| {
        if !section::is_table(item, "a place", problems) {
            return None;
        }
        let mut node = item.clone();
        let table: PlaceTable = problems.read(&mut node)?;
        taken.take(&table.name.0, &names::place(item), "places", problems);
        let value = Place {
            name: table.name.0,
            latitude: table.latitude.0,
            longitude: table.longitude.0,
            radius_m: table.radius.0,
        };
        Some(Placed { value, node })
    });
    places.complete |= root.get("places").is_none_or(Node::is_null);
    places
}
