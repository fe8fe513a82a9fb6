//! The plugins that were linked into the program, each registered by one line in its own crate.
//!
//! A crate that is only named in `Cargo.toml` is not linked and registers nothing: the engine's library
//! names each plugin crate once, in `plugins.rs`.

use std::time::Duration;

use schemars::{Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use crate::model::Vehicle;
use crate::sink::{Exclusive, Invalid, Records, Redelivery, Sink, SinkConfig, SinkContext, SinkError};
use crate::source::{Cadence, SourceConfig};
use crate::table::{self, Mistake, Node};

/// A sink's options after they were read and found valid, ready to be built.
pub type SinkBuilder = Box<dyn FnOnce(SinkContext) -> Result<Box<dyn Sink>, SinkError> + Send + Sync>;

/// What the reading of a sink's options comes to.
pub struct ReadSink {
    pub builder: SinkBuilder,
    /// The place that no second sink may use.
    pub exclusive: Option<Exclusive>,
    /// [`SinkConfig::removal`].
    pub removal: Removal,
    /// The options with their defaults, without secrets.
    pub shown: Value,
}

/// How a vehicle is removed from what a sink has written.
pub type Removal = Box<dyn Fn(&Vehicle) -> String + Send + Sync>;

/// What the engine knows of a sink type.
pub struct SinkPlugin {
    pub type_name: &'static str,
    pub summary: &'static str,
    pub sample: &'static str,
    pub redelivery: Redelivery,
    pub records: Records,
    /// How long after a write the next one waits, unless the pipeline file says otherwise.
    pub wait: Duration,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads and validates the plugin's table, the engine's own keys taken out.
    pub read: fn(&Node) -> Result<ReadSink, Vec<Mistake>>,
}

/// What the pipeline file may say of a source type.
pub struct SourcePlugin {
    pub type_name: &'static str,
    pub summary: &'static str,
    pub sample: &'static str,
    pub cadence: Cadence,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads and validates the plugin's table, the engine's own keys taken out: the options with their defaults, without
    /// secrets.
    pub read: fn(&Node) -> Result<Value, Vec<Mistake>>,
}

inventory::collect!(SinkPlugin);
inventory::collect!(SourcePlugin);

impl SinkPlugin {
    pub const fn of<C: SinkConfig>() -> Self {
        Self {
            type_name: C::TYPE,
            summary: C::SUMMARY,
            sample: C::SAMPLE,
            redelivery: C::REDELIVERY,
            records: C::RECORDS,
            wait: C::WAIT,
            schema: |generator| C::json_schema(generator),
            read: |node| {
                let config: C = table::read(node)?;
                config.validate().map_err(|invalid| placed(node, invalid))?;
                let told: C = table::read(node)?;
                Ok(ReadSink {
                    exclusive: config.exclusive(),
                    removal: Box::new(move |vehicle| told.removal(vehicle)),
                    shown: shown(&config),
                    builder: Box::new(move |context| config.build(context)),
                })
            },
        }
    }
}

impl SourcePlugin {
    pub const fn of<C: SourceConfig>() -> Self {
        Self {
            type_name: C::TYPE,
            summary: C::SUMMARY,
            sample: C::SAMPLE,
            cadence: C::CADENCE,
            schema: |generator| C::json_schema(generator),
            read: |node| {
                let config: C = table::read(node)?;
                config.validate().map_err(|invalid| placed(node, invalid))?;
                Ok(shown(&config))
            },
        }
    }
}

fn shown(config: &impl Serialize) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}

fn placed(node: &Node, invalid: Vec<Invalid>) -> Vec<Mistake> {
    let placed = invalid.iter().map(|invalid| Mistake {
        span: node.locate(&invalid.key),
        message: invalid.to_string(),
        help: None,
    });
    placed.collect()
}

/// Every linked sink type, by name.
pub fn sink_plugins() -> Vec<&'static SinkPlugin> {
    let mut plugins: Vec<_> = inventory::iter::<SinkPlugin>.into_iter().collect();
    plugins.sort_by_key(|plugin| plugin.type_name);
    plugins
}

/// Every linked source type, by name.
pub fn source_plugins() -> Vec<&'static SourcePlugin> {
    let mut plugins: Vec<_> = inventory::iter::<SourcePlugin>.into_iter().collect();
    plugins.sort_by_key(|plugin| plugin.type_name);
    plugins
}

/// Makes a sink type known to the program: `register_sink!(CsvConfig);`, once, in the sink's crate.
#[macro_export]
macro_rules! register_sink {
    ($config:ty) => {
        $crate::private::inventory::submit! { $crate::SinkPlugin::of::<$config>() }
    };
}
