//! `vehicles`: whose data is asked for.

use std::sync::Arc;

use collector_core::scalar::Wrong;
use collector_core::table::{Kind, Node, Span, listed};
use collector_core::{InvalidVin, Name, Names, UnitSystem, Vehicle, VehicleSettings, Vin, written_as_text};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::accounts::{self, Account};
use super::names::{self, GivenName, Taken};
use super::problems::Problems;
use super::section::Section;
use super::show;

const EXAMPLE: &str = "vehicles:\n  - vin: WBY8P210X07A12345\n    name: i3";
const LONGEST_NAME: usize = 64;

/// Whose data is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vehicles {
    /// Every vehicle of which the account is the main user, as BMW says.
    Auto,
    /// These; at least one. A copy shares them: every account has one.
    List(Arc<[VehicleSpec]>),
}

impl Vehicles {
    /// What vehicles are called. `old` are the names by which stores know some from before.
    pub fn names(&self, old: Vec<(Vin, Name)>) -> Names {
        let list: &[VehicleSpec] = match self {
            Self::Auto => &[],
            Self::List(list) => list,
        };
        let settings = |spec: &VehicleSpec| VehicleSettings {
            name: spec.name.clone(),
            units: spec.units,
        };
        Names::new(old, list.iter().map(|spec| (spec.vin.clone(), settings(spec))))
    }
}

/// A vehicle that the pipeline file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VehicleSpec {
    pub vin: Vin,
    pub name: Option<Name>,
    /// The account that reads it. Filled in where there is only one account.
    pub account: Option<Name>,
    /// What it shows to its driver, where that is not known better.
    pub units: Option<UnitSystem>,
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
    name: Option<VehicleName>,
    /// The account that reads it; needed where there are several.
    account: Option<GivenName>,
    /// What it shows to its driver, kilometres or miles: the unit of numbers that BMW sends without one. If left out, the
    /// car itself tells.
    units: Option<UnitSystem>,
}

struct VinText(Vin);

written_as_text!(VinText, vin, |vin| vin.0.as_str().to_owned(), { "type": "string" });

struct VehicleName(Name);

written_as_text!(VehicleName, vehicle_name, |name| name.0.to_string(), { "type": "string", "minLength": 1, "maxLength": 64 });

fn vin(text: &str) -> Result<VinText, Wrong> {
    let help = "copy it from the registration document or from the windscreen";
    match text.parse() {
        Ok(vin) => Ok(VinText(vin)),
        Err(error @ InvalidVin::Length(_)) => Err(Wrong::new(error.to_string()).help(help)),
        Err(error) => Err(Wrong::new(error.to_string()).help("read it again: 1 for I, 0 for O and Q")),
    }
}

fn vehicle_name(text: &str) -> Result<VehicleName, Wrong> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_NAME || text.chars().any(char::is_control) {
        let help = format!("a name has 1 to {LONGEST_NAME} characters and stands on one line");
        return Err(Wrong::new("this cannot be the name of a vehicle").help(help));
    }
    Ok(VehicleName(text.into()))
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
        name: table.name.map(|name| name.0),
        account,
        units: table.units,
    })
}
