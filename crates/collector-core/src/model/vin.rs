//! The vehicle identification number, checked once and shortened in every log.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A vehicle identification number: 17 characters, upper-case letters without I, O and Q, and digits.
///
/// `Debug` shows the last four characters only, so that a VIN cannot reach a log by accident; `Display`
/// shows all of it and is for the stores that the owner chose.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Vin(Arc<str>);

/// Why a text is not a VIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVin {
    #[error("a VIN has 17 characters, this has {0}")]
    Length(usize),
    #[error("a VIN has upper-case letters (without I, O, Q) and digits only, not `{0}`")]
    Character(char),
}

/// What [`Vin::nobody`] returns: BMW gives it to no vehicle.
const NOBODY: &str = "00000000000000000";

impl Vin {
    /// Stands where a vehicle was that its owner had forgotten.
    pub fn nobody() -> Self {
        Self(NOBODY.into())
    }

    pub fn is_nobody(&self) -> bool {
        &*self.0 == NOBODY
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last seven characters: the production number, what owners recognise their car by.
    pub fn production_number(&self) -> &str {
        &self.0[10..]
    }

    /// What a vehicle is called whose owner gives it no name: `v` and the production number in lower case. A spreadsheet
    /// would take `7E00123` for a number.
    pub fn key_name(&self) -> String {
        format!("v{}", self.production_number().to_ascii_lowercase())
    }

    /// The last four characters, for logs.
    pub fn short(&self) -> &str {
        &self.0[13..]
    }
}

impl FromStr for Vin {
    type Err = InvalidVin;

    /// Surrounding white space is ignored and letters are upper-cased, because BMW accepts upper case only
    /// (CU-120) and people paste VINs in any form.
    fn from_str(text: &str) -> Result<Self, InvalidVin> {
        let text = text.trim().to_ascii_uppercase();
        let length = text.chars().count();
        if length != 17 {
            return Err(InvalidVin::Length(length));
        }
        let allowed =
            |c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !matches!(c, 'I' | 'O' | 'Q'));
        match text.chars().find(|c| !allowed(*c)) {
            Some(c) => Err(InvalidVin::Character(c)),
            None => Ok(Self(text.into())),
        }
    }
}

impl TryFrom<String> for Vin {
    type Error = InvalidVin;

    fn try_from(text: String) -> Result<Self, InvalidVin> {
        text.parse()
    }
}

impl From<Vin> for String {
    fn from(vin: Vin) -> Self {
        vin.0.as_ref().to_owned()
    }
}

impl fmt::Display for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vin(…{})", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vin_is_trimmed_and_upper_cased() {
        let vin: Vin = " wby8p210x07a12345 ".parse().unwrap();
        assert_eq!(vin.as_str(), "WBY8P210X07A12345");
        assert_eq!(vin.production_number(), "7A12345");
        assert_eq!(vin.key_name(), "v7a12345");
    }

    #[test]
    fn debug_shows_four_characters() {
        let vin: Vin = "WBY8P210X07A12345".parse().unwrap();
        assert_eq!(format!("{vin:?}"), "Vin(…2345)");
    }

    #[test]
    fn wrong_length_and_wrong_letters_are_told_apart() {
        assert_eq!("WBY8P210X07A1234".parse::<Vin>(), Err(InvalidVin::Length(16)));
        assert_eq!(
            "WBY8P210X07A1234O".parse::<Vin>(),
            Err(InvalidVin::Character('O'))
        );
        assert_eq!(
            "WBY8P210X07A1234ü".parse::<Vin>(),
            Err(InvalidVin::Character('ü'))
        );
    }
}
