//! The options of the `csv` sink.

use std::path::PathBuf;

use collector_core::{
    Exclusive, Invalid, Records, Redelivery, Sink, SinkConfig, SinkContext, SinkError, Vehicle,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sink::CsvSink;
use crate::wide;

/// Appends every reading to CSV files in a folder.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvConfig {
    /// The folder for the files; relative to the pipeline file; created when missing. One sink per folder.
    pub dir: PathBuf,
    /// What a row is.
    #[serde(default)]
    pub layout: Layout,
    /// The time that a row of `layout: wide` stands for.
    #[serde(default)]
    pub row: Span,
    /// Whether a value of `layout: wide` stands in every row until the next one or its end. Else it stands in the row of its
    /// time alone.
    #[serde(default)]
    pub carry_forward: bool,
    /// When a new file begins (UTC).
    #[serde(default)]
    pub rotate: Rotate,
    /// What stands between two cells: one character, such as `,`, `;` or a tab (`"\t"`).
    #[serde(default)]
    pub delimiter: Delimiter,
    /// The decimal separator of numbers. Must differ from `delimiter`.
    #[serde(default)]
    pub decimal: Decimal,
    /// Whether a new file begins with a byte order mark, by which Excel recognises UTF-8.
    #[serde(default)]
    pub bom: bool,
    /// Whether every user of this machine may read the files. Else only their owner and group may.
    #[serde(default)]
    pub others_may_read: bool,
}

/// What a row is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One row per reading, with its exact time: the archive.
    #[default]
    Long,
    /// One row per minute (`row`) and one column per descriptor, a file per vehicle: for spreadsheets.
    Wide,
}

/// The time that a row of a sheet stands for, in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Span {
    #[serde(rename = "1s")]
    Second,
    #[default]
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "1h")]
    Hour,
}

impl Span {
    pub(crate) const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    /// The header of the column in which a row's time stands.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Second => "second [UTC]",
            Self::Minute => "minute [UTC]",
            Self::Hour => "hour [UTC]",
        }
    }

    fn milliseconds(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
        }
    }

    /// When the row begins in which a moment stands.
    pub(crate) fn begin(self, at: Timestamp) -> Timestamp {
        let begin = at.as_millisecond().div_euclid(self.milliseconds()) * self.milliseconds();
        Timestamp::from_millisecond(begin).unwrap_or(at)
    }

    /// The last moment of the row that begins at a time, in whole milliseconds.
    pub(crate) fn last_moment(self, begin: Timestamp) -> Timestamp {
        let last = begin.as_millisecond() + self.milliseconds() - 1;
        Timestamp::from_millisecond(last).unwrap_or(begin)
    }
}

/// When a new file begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rotate {
    Daily,
    #[default]
    Monthly,
    Yearly,
    Never,
}

/// The decimal separator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Decimal {
    #[default]
    #[serde(rename = ".")]
    Point,
    #[serde(rename = ",")]
    Comma,
}

/// What stands between two cells: a tab or one printable ASCII character that is no letter, digit or quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Delimiter(u8);

impl Delimiter {
    pub fn byte(self) -> u8 {
        self.0
    }

    /// Every one that there is.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).filter_map(|byte| Self::try_from(String::from(char::from(byte))).ok())
    }
}

impl Default for Delimiter {
    fn default() -> Self {
        Self(b',')
    }
}

impl TryFrom<String> for Delimiter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_bytes() {
            [
                byte @ (b'\t'
                | b' '
                | b'!'
                | b'#'..=b'&'
                | b'('..=b'/'
                | b':'..=b'@'
                | b'['..=b'`'
                | b'{'..=b'~'),
            ] => Ok(Self(*byte)),
            _ => Err(format!(
                "`{}` cannot separate cells: write one character such as `\",\"`, `\";\"` or `\"\\t\"`",
                text.escape_default()
            )),
        }
    }
}

impl From<Delimiter> for String {
    fn from(delimiter: Delimiter) -> Self {
        char::from(delimiter.0).into()
    }
}

impl Decimal {
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Point => b'.',
            Self::Comma => b',',
        }
    }
}

impl SinkConfig for CsvConfig {
    const TYPE: &'static str = "csv";
    const SUMMARY: &'static str = "CSV files for archives and spreadsheets";
    const SAMPLE: &'static str = include_str!("../sample.yaml");
    const REDELIVERY: Redelivery = Redelivery::Ignored;
    const RECORDS: Records = Records::AppendsRevisions;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        let mut invalid = Vec::from_iter(Invalid::of_home("dir", &self.dir));
        if self.dir.as_os_str().is_empty() {
            invalid.push(Invalid::new("dir", "is empty; name a folder, such as `data/csv`"));
        }
        if self.decimal.byte() == self.delimiter.byte() {
            let key = match self.decimal {
                Decimal::Comma => "decimal",
                Decimal::Point => "delimiter",
            };
            let reason = "`decimal` and `delimiter` are the same; write `delimiter: \";\"`";
            invalid.push(Invalid::new(key, reason));
        }
        if self.carry_forward && self.layout == Layout::Long {
            let reason = "belongs to sheets: write `layout: wide`, or leave it out";
            invalid.push(Invalid::new("carry_forward", reason));
        }
        if invalid.is_empty() { Ok(()) } else { Err(invalid) }
    }

    fn exclusive(&self) -> Option<Exclusive> {
        Some(Exclusive {
            key: "dir",
            path: self.dir.clone(),
        })
    }

    fn removal(&self, vehicle: &Vehicle) -> String {
        let (dir, vin) = (self.dir.display(), &vehicle.vin);
        let files = match self.layout {
            Layout::Long => String::new(),
            Layout::Wide => format!(
                "delete the files `{}-….csv` in {dir}{}, and `cardata-…-{}-….csv` of other names that it had; ",
                wide::series(vehicle),
                match self.carry_forward {
                    true => " and the hidden ones of the same names with a dot in front",
                    false => "",
                },
                vin.production_number()
            ),
        };
        format!("{files}delete the rows with {vin} in the column `vin` of the files in {dir}")
    }

    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(CsvSink::new(self, &context)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_vehicle_are_named_for_who_removes_it() {
        let config = |layout: &str| -> CsvConfig {
            serde_json::from_value(serde_json::json!({ "dir": "data", "layout": layout })).unwrap()
        };
        let vehicle = Vehicle {
            vin: "WBY8P210X07A12345".parse().unwrap(),
            name: "v7a12345".into(),
        };
        let said = config("wide").removal(&vehicle);
        assert!(said.contains("`cardata-v7a12345-….csv` in data"), "{said}");
        let said = config("long").removal(&vehicle);
        assert!(
            said.starts_with("delete the rows with WBY8P210X07A12345"),
            "{said}"
        );
    }

    fn delimiter(text: &str) -> Result<u8, String> {
        Delimiter::try_from(text.to_owned()).map(Delimiter::byte)
    }

    #[test]
    fn a_delimiter_is_one_character_that_cannot_be_taken_for_data() {
        assert_eq!(delimiter(";"), Ok(b';'));
        assert_eq!(delimiter("\t"), Ok(b'\t'));
        for wrong in ["", ";;", "a", "7", "\"", "'", "\n", "é"] {
            assert!(delimiter(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_a_mistake() {
        let options = serde_json::json!({"dir": "data", "decimal": ","});
        let config: CsvConfig = serde_json::from_value(options).unwrap();
        assert_eq!(config.validate().unwrap_err()[0].key, "decimal");

        let options = serde_json::json!({"dir": "data", "carry_forward": true});
        let config: CsvConfig = serde_json::from_value(options).unwrap();
        assert_eq!(config.validate().unwrap_err()[0].key, "carry_forward");

        let options = serde_json::json!({"dir": "", "decimal": ",", "delimiter": ";"});
        let config: CsvConfig = serde_json::from_value(options).unwrap();
        assert_eq!(config.validate().unwrap_err()[0].key, "dir");

        let config: CsvConfig = serde_json::from_value(serde_json::json!({"dir": "~"})).unwrap();
        assert_eq!(config.validate().unwrap_err()[0].key, "dir");
    }
}
