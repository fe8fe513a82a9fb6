//! The options of the sink.

use std::path::PathBuf;

use collector_core::{
    Exclusive, Invalid, Records, Redelivery, Sink, SinkConfig, SinkContext, SinkError, Vehicle,
};
use history::{HistorySink, Place};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keeps every reading and record in one SQLite database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqliteConfig {
    /// The database file, relative to the pipeline file. It and its folder are made when they are missing.
    pub path: PathBuf,
    /// Whether every user of this machine may read the database. Else only its owner and group may.
    #[serde(default)]
    pub others_may_read: bool,
}

impl SinkConfig for SqliteConfig {
    const TYPE: &'static str = "sqlite";
    const SUMMARY: &'static str = "one SQLite database, small on disk, with views that are pleasant to read";
    const SAMPLE: &'static str = include_str!("../sample.yaml");
    const REDELIVERY: Redelivery = Redelivery::Overwrites;
    const RECORDS: Records = Records::Replaces;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        // A trailing separator is not seen by `file_name`.
        let text = self.path.to_string_lossy();
        if self.path.file_name().is_none() || text.ends_with(std::path::is_separator) {
            return Err(vec![Invalid::new(
                "path",
                format!("`{text}` names no file: write one such as `data/cardata.db`"),
            )]);
        }
        Invalid::of_home("path", &self.path).map_or(Ok(()), |invalid| Err(vec![invalid]))
    }

    fn exclusive(&self) -> Option<Exclusive> {
        Some(Exclusive {
            key: "path",
            path: self.path.clone(),
        })
    }

    fn removal(&self, vehicle: &Vehicle) -> String {
        let (path, vin) = (self.path.display(), &vehicle.vin);
        let id = format!("(SELECT id FROM vehicle WHERE vin = '{vin}')");
        let series = format!("(SELECT id FROM series WHERE vehicle_id = {id})");
        format!(
            r#"sqlite3 '{path}' "DELETE FROM recent WHERE series_id IN {series}; DELETE FROM middle WHERE series_id IN {series}; DELETE FROM history WHERE series_id IN {series}; DELETE FROM battery_row WHERE vehicle_id = {id}; DELETE FROM series WHERE vehicle_id = {id}; DELETE FROM vehicle WHERE vin = '{vin}'; VACUUM""#
        )
    }

    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        let path = context.base_dir.join(&self.path);
        // SQLite takes a relative name that begins with `file:` for a URI, and `:memory:` for no file at all.
        let path = std::path::absolute(&path)
            .map_err(|error| SinkError::from_io("cannot find the folder of", &path, &error))?;
        let place = Place {
            path: path.into(),
            others_may_read: self.others_may_read,
            // Who queries has SQL.
            rollups: false,
        };
        Ok(Box::new(HistorySink::new(place, context.network, context.log_id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_file() {
        let config = |path: &str| SqliteConfig {
            path: path.into(),
            others_may_read: false,
        };
        assert_eq!(config("data/cardata.db").validate(), Ok(()));
        assert_eq!(config("./~/cardata.db").validate(), Ok(()));
        for wrong in ["", "data/", "..", "/", "~/cardata.db"] {
            let mistakes = config(wrong).validate().unwrap_err();
            assert_eq!(mistakes[0].key, "path", "{wrong:?}");
        }
    }
}
