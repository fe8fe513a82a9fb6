//! `vehicles`: whose data is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use collector_core::scalar::Wrong;
use collector_core::table::{Kind, Node, Span, listed};
use collector_core::{InvalidVin, Name, Names, UnitSystem, Vehicle, VehicleSettings, Vin, written_as_text};
use facts::rules::VehicleRules;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::accounts::{self, Account};
use super::names::{self, FreeName, GivenName, Taken};
use super::problems::Problems;
use super::quantity;
use super::section::Section;
use super::show;

const EXAMPLE: &str = "vehicles:\n  - vin: WBY8P210X07A12345\n    name: i3";
const LARGEST_BATTERY: f64 = 500.0;

/// Whose data is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Vehicles {
    /// Every vehicle of which the account is the main user, as BMW says.
    Auto,
    /// These; at least one. A copy shares them: every account has one.
    List(Arc<[VehicleSpec]>),
}

impl Vehicles {
    fn list(&self) -> &[VehicleSpec] {
        match self {
            Self::Auto => &[],
            Self::List(list) => list,
        }
    }

    /// What records are derived by, of each that the file names.
    pub(super) fn rules(&self) -> BTreeMap<Vin, VehicleRules> {
        let of = |spec: &VehicleSpec| {
            let capacity_kwh = spec.capacity_kwh;
            (spec.vin.clone(), VehicleRules { capacity_kwh })
        };
        self.list().iter().map(of).collect()
    }

    /// What vehicles are called. `old` are the names by which stores know some from before.
    pub fn names(&self, old: Vec<(Vin, Name)>) -> Names {
        let list = self.list();
        let settings = |spec: &VehicleSpec| VehicleSettings {
            name: spec.name.clone(),
            units: spec.units,
        };
        Names::new(old, list.iter().map(|spec| (spec.vin.clone(), settings(spec))))
    }
}

/// A vehicle that the pipeline file names.
#[derive(Debug, Clone, PartialEq)]
pub struct VehicleSpec {
    pub vin: Vin,
    pub name: Option<Name>,
    /// The account that reads it. Filled in where there is only one account.
    pub account: Option<Name>,
    /// What it shows to its driver, where that is not known better.
    pub units: Option<UnitSystem>,
    /// The usable capacity of its battery when it was new, in kWh, where the owner knows it.
    pub capacity_kwh: Option<f64>,
}

impl VehicleSpec {
    /// With the name that it goes by where no store knows it by another.
    pub fn vehicle(&self) -> Vehicle {
        Vehicle::named(self.vin.clone(), self.name.clone())
    }

    /// Whether `account` reads it.
    pub fn is_of(&self, account: &Name) -> bool {
        self.account.as_ref().is_none_or(|name| name == account)
    }
}

/// One vehicle.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "vehicle")]
struct VehicleTable {
    /// The vehicle identification number: 17 characters.
    vin: VinText,
    /// What you call it; `v` and the last seven characters of the VIN if left out.
    name: Option<FreeName>,
    /// The account that reads it; needed where there are several.
    account: Option<GivenName>,
    /// What it shows to its driver, kilometres or miles: the unit of numbers that BMW sends without one. If left out, the
    /// car itself tells.
    units: Option<UnitSystem>,
    /// The usable capacity of its battery when it was new: `75 kWh`. Health is told against it, and the energy of charging
    /// where BMW tells none. If left out, what the car says of its battery counts.
    capacity: Option<Capacity>,
}

struct VinText(Vin);

written_as_text!(VinText, vin, |vin| vin.0.as_str().to_owned(), { "type": "string" });

/// In kWh.
struct Capacity(f64);

written_as_text!(Capacity, capacity, |capacity| format!("{} kWh", capacity.0), {
    "type": "string", "pattern": r"^[0-9.]+ *kWh$|\$\{.+\}"
});

fn vin(text: &str) -> Result<VinText, Wrong> {
    let help = "copy it from the registration document or from the windscreen";
    match text.parse() {
        Ok(vin) => Ok(VinText(vin)),
        Err(error @ InvalidVin::Length(_)) => Err(Wrong::new(error.to_string()).help(help)),
        Err(error) => Err(Wrong::new(error.to_string()).help("read it again: 1 for I, 0 for O and Q")),
    }
}

fn capacity(text: &str) -> Result<Capacity, Wrong> {
    let kwh = quantity::with_unit(text, "capacity", "75 kWh", &[("kWh", 1.0)])?;
    if (1.0..=LARGEST_BATTERY).contains(&kwh) {
        return Ok(Capacity(kwh));
    }
    let message = format!("`{}` is no capacity of a car's battery", text.trim());
    Err(Wrong::new(message).help(format!("write 1 to {LARGEST_BATTERY} kWh")))
}

/// `auto` or a list, in the JSON Schema.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let item = generator.subschema_for::<VehicleTable>();
    schemars::json_schema!({
        "anyOf": [{ "const": "auto" }, { "type": "array", "minItems": 1, "items": item }]
    })
}

/// What the file says of its vehicles.
pub(super) fn shown(root: &Node) -> Value {
    let list = root.get("vehicles").filter(|node| node.items().is_some());
    list.map_or("auto".into(), |list| show::typed::<Vec<VehicleTable>>(Some(list)))
}

/// `None` after a mistake.
pub(super) fn read(root: &Node, accounts: &Section<Account>, problems: &mut Problems) -> Option<Vehicles> {
    let Some((key, node)) = root.entry("vehicles") else {
        return Some(Vehicles::Auto);
    };
    let help = format!("write `vehicles: auto`, or a list:\n\n{EXAMPLE}");
    match &node.kind {
        Kind::Scalar { text, .. } if text == "auto" => Some(Vehicles::Auto),
        Kind::Sequence(items) if !items.is_empty() => {
            list(items, accounts, problems).map(|list| Vehicles::List(list.into()))
        }
        Kind::Sequence(_) => problems.refuse(&key.span, "`vehicles` is an empty list", help),
        _ => problems.refuse(&node.span, "`vehicles` is `auto` or a list", help),
    }
}

fn list(items: &[Node], accounts: &Section<Account>, problems: &mut Problems) -> Option<Vec<VehicleSpec>> {
    let mut vehicles = Vec::new();
    let mut read = 0;
    let mut vins: Vec<(Vin, Span)> = Vec::new();
    let mut taken = Taken::default();
    for item in items {
        let Some(vehicle) = vehicle(item, accounts, problems) else {
            continue;
        };
        read += 1;
        let place = item.locate("vin");
        if let Some((_, first)) = vins.iter().find(|(vin, _)| *vin == vehicle.vin) {
            let message = format!("the VIN that ends in {} stands here twice", vehicle.vin.short());
            let problem = problems.add(&place, message).help("remove one of the two");
            problem.also(first, "the first one");
        } else {
            vins.push((vehicle.vin.clone(), place));
            taken.take(&vehicle.vehicle().name, &names::place(item), "vehicles", problems);
            vehicles.push(vehicle);
        }
    }
    // A vehicle that is missing after a mistake must not make others of what refers to it.
    (read == items.len()).then_some(vehicles)
}

fn vehicle(item: &Node, accounts: &Section<Account>, problems: &mut Problems) -> Option<VehicleSpec> {
    if !matches!(item.kind, Kind::Mapping(_)) {
        let message = "a vehicle is a table with the key `vin`";
        return problems.refuse(&item.span, message, "write `- vin: ` in front of it");
    }
    let mut item = item.clone();
    let table: VehicleTable = problems.read(&mut item)?;
    let mut account = table.account.map(|name| name.0);
    match (&account, item.get("account")) {
        (Some(name), Some(place)) => accounts::check_reference(name, place, accounts, problems),
        _ if accounts.items.len() > 1 => {
            let known: Vec<_> = accounts.values().map(|one| &one.name).collect();
            let message = "it is not clear which account reads this vehicle";
            let help = format!("add `account: …`; there are {}", listed(&known));
            problems.add(&item.locate("vin"), message).help(help);
        }
        _ => account = accounts.values().next().map(|account| account.name.clone()),
    }
    Some(VehicleSpec {
        vin: table.vin.0,
        name: table.name.map(|name| name.0.as_str().into()),
        account,
        units: table.units,
        capacity_kwh: table.capacity.map(|capacity| capacity.0),
    })
}
