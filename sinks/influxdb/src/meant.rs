//! Points that are meant, in the words of InfluxQL and of InfluxDB 2's removal.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;

/// What InfluxDB can hold, in nanoseconds: 1677-09-22 to 2262-04-11.
const ALL: (i64, i64) = (-9_223_286_400_000_000_000, 9_223_286_400_000_000_000);

/// Points of one measurement that have all of these tags, within a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    pub measurement: String,
    pub tags: BTreeMap<String, String>,
    /// In nanoseconds, both included.
    pub first: Option<i64>,
    pub last: Option<i64>,
}

impl Meant {
    pub fn with(mut self, tag: &str, value: &str) -> Self {
        self.tags.insert(tag.to_owned(), value.to_owned());
        self
    }

    /// `FROM "m" WHERE …` of a statement.
    pub fn clause(&self) -> String {
        let conditions = self
            .tags
            .iter()
            .map(|(key, value)| equals(key, value))
            .chain(self.first.map(|first| format!("time >= {first}")))
            .chain(self.last.map(|last| format!("time <= {last}")));
        let conditions: Vec<String> = conditions.collect();
        format!(
            "FROM {} WHERE {}",
            name(&self.measurement),
            conditions.join(" AND ")
        )
    }

    /// The body of a removal by InfluxDB 2.
    pub fn predicate(&self) -> String {
        let mut predicate = format!("_measurement={}", name(&self.measurement));
        for (key, value) in &self.tags {
            let _ = write!(predicate, " AND {}={}", name(key), name(value));
        }
        let moment = |nanoseconds: i64| Timestamp::from_nanosecond(i128::from(nanoseconds));
        let moment = |nanoseconds| moment(nanoseconds).unwrap_or_default().to_string();
        serde_json::json!({
            "start": moment(self.first.unwrap_or(ALL.0)),
            "stop": moment(self.last.unwrap_or(ALL.1)),
            "predicate": predicate,
        })
        .to_string()
    }
}

/// A measurement, tag or field.
pub fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// A condition on a tag or on a text.
pub fn equals(key: &str, value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('\'', r"\'");
    format!("{} = '{value}'", name(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_quotes() {
        let meant = Meant {
            measurement: "ca\"rs".to_owned(),
            tags: BTreeMap::new(),
            first: Some(1_772_366_400_000_000_000),
            last: Some(1_772_366_400_000_999_999),
        };
        let meant = meant.with("vehicle", "it's \"mine\"");
        assert_eq!(
            meant.clause(),
            r#"FROM "ca\"rs" WHERE "vehicle" = 'it\'s "mine"' AND time >= 1772366400000000000 AND time <= 1772366400000999999"#
        );
        let body: serde_json::Value = serde_json::from_str(&meant.predicate()).unwrap();
        assert_eq!(
            body["predicate"],
            r#"_measurement="ca\"rs" AND "vehicle"="it's \"mine\"""#
        );
        assert_eq!(body["start"], "2026-03-01T12:00:00Z");
        assert_eq!(body["stop"], "2026-03-01T12:00:00.000999999Z");
    }
}
