//! What a reading can hold, and the four types a descriptor can have.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words::words;

/// A value in its descriptor's type and canonical unit.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    /// Always finite. Integers up to 2^53 are exact.
    Number(f64),
    /// Never empty. May hold any character, JSON or XML.
    Text(Arc<str>),
    Timestamp(Timestamp),
}

words! {
    /// The type of a descriptor's values. A descriptor has one type for ever.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    ValueType {
        Bool = "bool",
        Number = "number",
        Text = "text",
        Timestamp = "timestamp",
    }
}

impl Value {
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Bool(_) => ValueType::Bool,
            Self::Number(_) => ValueType::Number,
            Self::Text(_) => ValueType::Text,
            Self::Timestamp(_) => ValueType::Timestamp,
        }
    }
}

/// `true`, `74`, `50.7664380556`, the text itself, or an RFC 3339 time in UTC with milliseconds.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
            Self::Timestamp(value) => write!(f, "{value:.3}"),
        }
    }
}

/// A number as people read it, to a millionth: what is more is of the arithmetic.
pub fn rounded(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
