//! The JSON Schema of the pipeline file, for editors; the engine's keys and those of every linked plugin.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::LazyLock;

use collector_core::{SinkPlugin, SourcePlugin, UnitSystem};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::accounts::AccountTable;
use super::dashboard::DashboardTable;
use super::notify::ChannelTable;
use super::options::{ClockOptions, JournalOptions, STATE, SimulatorTable};
use super::places::PlaceTable;
use super::plugin_table::Plugin;
use super::tariffs::TariffTable;
use super::timezone::Zone;
use super::tokens::TokensTable;
use super::types::Types;
use super::vehicles;

/// A cardata pipeline: whose data is asked for, how often, and where it goes. `cardata check` tells what is wrong.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "cardata pipeline")]
#[schemars(extend("anyOf" = [{ "required": ["accounts"] }, { "required": ["simulator"] }]))]
#[expect(
    dead_code,
    reason = "describes the file; the sections are read one by one, so that all mistakes are found"
)]
struct PipelineFile {
    /// The folder of tokens, journal and ledger, relative to this file.
    #[schemars(default, extend("default" = STATE))]
    state: String,
    /// BMW logins. Can be left out with `simulator`.
    accounts: Option<Vec<AccountTable>>,
    /// How logins are stored in the state directory.
    tokens: Option<TokensTable>,
    /// Whose data is asked for: `auto` for every vehicle that you are the main user of, or a list.
    #[schemars(schema_with = "vehicles::schema", default, extend("default" = "auto"))]
    vehicles: Option<Value>,
    /// Where snapshots come from.
    #[schemars(length(min = 1))]
    sources: Vec<Item<SourcePlugin>>,
    /// Where snapshots go.
    #[schemars(length(min = 1))]
    sinks: Vec<Item<SinkPlugin>>,
    /// Where you charge and park, by names of your own.
    places: Option<Vec<PlaceTable>>,
    /// What charging costs. The first tariff that fits the place, the current and the day counts; what no price is given
    /// for is unknown, and 0 is free.
    tariffs: Option<Vec<TariffTable>>,
    /// Who is told when a person must act.
    notify: Option<Vec<ChannelTable>>,
    /// A page that shows the cars, live. None without it.
    dashboard: Option<DashboardTable>,
    /// The durable log between sources and sinks.
    journal: Option<JournalOptions>,
    /// The collector's own time, for simulations.
    clock: Option<ClockOptions>,
    /// Where you live, such as `Europe/Berlin`: parked vehicles are polled less often between 23 and 6 o'clock there.
    /// The system's time zone if left out.
    timezone: Option<Zone>,
    /// In which units people read, such as the text of a `stdout` sink: `metric`, or `imperial` for miles, feet and psi. What
    /// is stored is metric always.
    #[schemars(default)]
    units: UnitSystem,
    /// What descriptors are that are in no catalogue, such as `vehicle.some.newKey: text`. One that is not named here is what
    /// its first value is, until something comes that only a text can hold. What does not fit is not delivered.
    types: Option<Types>,
    /// A simulated BMW with an electric car, instead of the real one.
    simulator: Option<SimulatorTable>,
}

/// The JSON Schema (draft 7, which editors read) of the pipeline file.
pub fn schema() -> Value {
    let mut schema = SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<PipelineFile>()
        .to_value();
    join_lines(&mut schema);
    schema
}

/// Descriptions come from comments, whose lines end where the source's do.
fn join_lines(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("description") {
                let paragraphs: Vec<String> =
                    text.split("\n\n").map(|lines| lines.replace('\n', " ")).collect();
                *text = paragraphs.join("\n\n");
            }
            object.values_mut().for_each(join_lines);
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        _ => {}
    }
}

/// The same without references, to be walked along a tree.
pub(super) fn inlined() -> &'static Value {
    static SCHEMA: LazyLock<Value> =
        LazyLock::new(|| generator().into_root_schema_for::<PipelineFile>().to_value());
    &SCHEMA
}

pub(super) fn generator() -> SchemaGenerator {
    let inline = |settings: &mut SchemaSettings| settings.inline_subschemas = true;
    SchemaSettings::draft07().with(inline).into_generator()
}

/// The keys of the file.
pub(super) const KEYS: [&str; 16] = [
    "state",
    "accounts",
    "tokens",
    "vehicles",
    "sources",
    "sinks",
    "places",
    "tariffs",
    "notify",
    "dashboard",
    "journal",
    "clock",
    "timezone",
    "units",
    "types",
    "simulator",
];

/// A table of any plugin of one kind.
struct Item<P>(PhantomData<P>);

impl<P: Plugin> JsonSchema for Item<P> {
    fn schema_name() -> Cow<'static, str> {
        P::KIND.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let plugins = P::all().into_iter();
        let plugins: Vec<_> = plugins.map(|plugin| plugin_schema(plugin, generator)).collect();
        json_schema!({ "oneOf": plugins })
    }
}

/// The plugin's own schema with the engine's keys in it.
fn plugin_schema<P: Plugin>(plugin: &P, generator: &mut SchemaGenerator) -> Schema {
    let mut schema = plugin.schema(generator);
    let engine = P::Keys::json_schema(generator);
    let object = schema.ensure_object();
    let own = object.remove("properties");
    let kind = json!({ "const": plugin.type_name(), "description": plugin.summary() });
    let mut properties = Map::from_iter([("type".to_owned(), kind)]);
    for part in own.into_iter().chain(engine.get("properties").cloned()) {
        properties.extend(part.as_object().cloned().unwrap_or_default());
    }
    let mut required = vec![json!("type")];
    if let Some(Value::Array(own)) = object.remove("required") {
        required.extend(own);
    }
    let whole = [
        ("type", json!("object")),
        ("title", json!(format!("{} {}", P::KIND, plugin.type_name()))),
        ("description", json!(plugin.summary())),
        ("properties", json!(properties)),
        ("required", json!(required)),
        ("additionalProperties", json!(false)),
    ];
    object.extend(whole.map(|(key, value)| (key.to_owned(), value)));
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_schema() {
        let schema = schema();
        let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let mut expected = KEYS.to_vec();
        expected.sort_unstable();
        let mut keys: Vec<&str> = keys.into_iter().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, expected);
    }
}
