//! The sink's options and every mistake in them that can be seen without a server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use collector_core::{
    Exclusive, Invalid, Records, Redelivery, Secret, Sink, SinkConfig, SinkContext, SinkError, Vehicle,
};
use schemars::JsonSchema;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};

use crate::encode::{is_plain, is_reserved};
use crate::target::Target;
use crate::write::InfluxdbSink;

/// The options of `type: influxdb`. Exactly one of `bucket` and `database` says which protocol is spoken.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InfluxdbConfig {
    /// Where the server listens: http or https, with a path when a reverse proxy adds one.
    pub url: String,
    /// InfluxDB 2.x and 3.x: the organisation. Servers without organisations ignore it.
    pub org: Option<String>,
    /// InfluxDB 2.x, 3.x and 1.8+: the bucket. It must exist.
    pub bucket: Option<String>,
    /// InfluxDB 2.x, 3.x and 1.8+: a token that may write to the bucket and read it (1.8: `user:password`).
    pub token: Option<Secret>,
    /// InfluxDB 1.x: the database. It must exist.
    pub database: Option<String>,
    /// InfluxDB 1.x: a user who may write to the database and read it, where the server asks for one.
    pub user: Option<String>,
    /// InfluxDB 1.x: the user's password.
    pub password: Option<Secret>,
    /// InfluxDB 1.x: the retention policy to write into; the database's default when left out.
    pub retention_policy: Option<String>,
    /// What InfluxDB calls the table; those of records have the kind behind it. Nothing else writes there.
    #[serde(default = "default_measurement")]
    pub measurement: String,
    /// What tells series apart.
    #[serde(default = "default_tags")]
    pub tags: BTreeSet<Tag>,
    /// More tags, the same on every line.
    #[serde(default)]
    pub fixed_tags: BTreeMap<String, String>,
    /// How fields are called.
    #[serde(default)]
    pub fields: FieldKey,
    /// A PEM file with the certificate of your own authority, besides those of the system.
    pub ca: Option<PathBuf>,
}

/// A property of a snapshot that becomes a tag of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// The vehicle identification number.
    Vin,
    /// The name that the pipeline file gives the vehicle.
    Vehicle,
    /// The account that the snapshot came by.
    Account,
    /// The source that brought it.
    Source,
    /// `poll`, `stream` or `archive`.
    Origin,
    /// `measured`, or `requested` where BMW gave the time of the call.
    Stamp,
}

/// How fields are called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldKey {
    /// The short name: `soc`.
    #[default]
    Name,
    /// BMW's identifier: `vehicle.drivetrain.batteryManagement.header`.
    Descriptor,
}

fn default_measurement() -> String {
    "cardata".to_owned()
}

fn default_tags() -> BTreeSet<Tag> {
    [Tag::Vin, Tag::Vehicle].into()
}

impl Tag {
    /// The tag's key.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Vin => "vin",
            Self::Vehicle => "vehicle",
            Self::Account => "account",
            Self::Source => "source",
            Self::Origin => "origin",
            Self::Stamp => "stamp",
        }
    }
}

impl SinkConfig for InfluxdbConfig {
    const TYPE: &'static str = "influxdb";
    const SUMMARY: &'static str = "InfluxDB 1.x, 2.x and 3.x, VictoriaMetrics, and others with line protocol";
    const SAMPLE: &'static str = include_str!("../sample.yaml");
    /// A point with the same tags, field and time replaces the one that was there.
    const REDELIVERY: Redelivery = Redelivery::Overwrites;
    const RECORDS: Records = Records::Replaces;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        let mut invalid = Target::of(self).err().unwrap_or_default();
        self.check_names(&mut invalid);
        if let Some(ca) = &self.ca
            && !self.url.starts_with("https:")
        {
            let reason = format!("`{}` is of no use without an https `url`", ca.display());
            invalid.push(Invalid::new("ca", reason));
        }
        if invalid.is_empty() { Ok(()) } else { Err(invalid) }
    }

    /// A rewrite removes what the measurement holds of a vehicle; nothing of another sink may stand there.
    fn exclusive(&self) -> Option<Exclusive> {
        let target = Target::of(self).ok()?;
        let place = format!("{}/{}", target.place(), self.measurement);
        Some(Exclusive {
            key: "measurement",
            path: format!("influxdb:{}/{place}", target.authority()).into(),
        })
    }

    fn removal(&self, vehicle: &Vehicle) -> String {
        let (tag, value) = match (self.tags.contains(&Tag::Vin), self.tags.contains(&Tag::Vehicle)) {
            (true, _) => (Tag::Vin.key(), vehicle.vin.as_str()),
            (false, true) => (Tag::Vehicle.key(), &*vehicle.name),
            (false, false) => {
                return "its `tags` tell no vehicle: its points are not to be told from others".to_owned();
            }
        };
        match (&self.bucket, &self.org, &self.database) {
            (Some(bucket), Some(org), _) => format!(
                r#"influx delete --host {} --org '{org}' --bucket '{bucket}' --start 1677-09-22T00:00:00Z --stop 2262-04-11T00:00:00Z --predicate '{tag}="{value}"'"#,
                self.url
            ),
            (.., database) => format!(
                r#"influx -database '{}' -execute "DROP SERIES WHERE \"{tag}\" = '{value}'"; VictoriaMetrics: curl -g '{}/api/v1/admin/tsdb/delete_series?match[]={{{tag}="{value}"}}'"#,
                database.as_deref().unwrap_or_default(),
                self.url
            ),
        }
    }

    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(InfluxdbSink::new(self, &context)?))
    }
}

impl InfluxdbConfig {
    fn check_names(&self, invalid: &mut Vec<Invalid>) {
        if !is_plain(&self.measurement) || self.measurement.starts_with(['#', '_']) {
            let reason =
                "needs a name without line breaks or backslashes that begins with neither `#` nor `_`";
            invalid.push(Invalid::new("measurement", reason));
        }
        if !self.tags.contains(&Tag::Vin) && !self.tags.contains(&Tag::Vehicle) {
            let reason = "need `vin` or `vehicle`, else the values of two vehicles overwrite each other";
            invalid.push(Invalid::new("tags", reason));
        }
        for (key, value) in &self.fixed_tags {
            let path = format!("fixed_tags.{key}");
            if is_tag(key) {
                let reason =
                    format!("`{key}` has a meaning of its own: add it to `tags` or choose another key");
                invalid.push(Invalid::new(path, reason));
            } else if !is_plain(key) || is_reserved(key) || key.starts_with('#') {
                let reason = format!("InfluxDB cannot have a tag called {key:?}: choose another key");
                invalid.push(Invalid::new(path, reason));
            } else if !is_plain(value) {
                let reason = "needs a text, without line breaks and backslashes";
                invalid.push(Invalid::new(path, reason));
            }
        }
    }
}

/// Whether a property of a snapshot has this name.
fn is_tag(key: &str) -> bool {
    Tag::deserialize(StrDeserializer::<serde::de::value::Error>::new(key)).is_ok()
}
