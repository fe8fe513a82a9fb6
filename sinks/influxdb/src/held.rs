//! Points of records as the server holds them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::points::{AT, Place, REVISION};
use crate::reply::Series;

/// A point that stands there.
#[derive(Debug)]
pub struct Held {
    pub place: Place,
    pub fields: BTreeSet<String>,
    /// Of whatever number stands there.
    pub revision: f64,
    /// Of a part, the time of the whole.
    pub at: Option<Timestamp>,
}

/// The points of an answer to `SELECT … GROUP BY *`.
pub fn held(series: &[Series]) -> Vec<Held> {
    series.iter().flat_map(of_series).collect()
}

fn of_series(series: &Series) -> impl Iterator<Item = Held> {
    // A tag that other series have and this one has not shows as an empty text.
    let tags = series.tags.iter().filter(|(_, value)| !value.is_empty());
    let tags: BTreeMap<String, String> = tags.map(|(key, value)| (key.clone(), value.clone())).collect();
    series.values.iter().filter_map(move |row| {
        let cells = series.columns.iter().map(String::as_str).zip(row);
        let mut cells: BTreeMap<&str, &Value> = cells.filter(|(_, value)| !value.is_null()).collect();
        let place = Place {
            measurement: series.name.clone(),
            tags: tags.clone(),
            time: cells.remove("time")?.as_i64()?,
        };
        Some(Held {
            place,
            revision: cells
                .get(REVISION)
                .and_then(|value| value.as_f64())
                .unwrap_or_default(),
            at: cells.get(AT).and_then(|value| value.as_str()?.parse().ok()),
            fields: cells.into_keys().map(str::to_owned).collect(),
        })
    })
}
