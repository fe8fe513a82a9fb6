//! Values in their descriptor's type.

use catalogue::Limits;
use collector_core::{Descriptor, Value, ValueType};
use jiff::Timestamp;

use super::body::{Body, Scalar};
use super::known::KnownDescriptor;
use super::plain::{is_one_of, plain};
use super::time;

/// The words for "no value", plain: BMW's own, those of its catalogue and its help, and what is left of `null` on its way
/// through several systems.
const NOTHING: &[&str] = &[
    "",
    "na",
    "n/a",
    "nan",
    "nil",
    "none",
    "null",
    "invalid",
    "unknown",
    "undefined",
    "unavailable",
    "notavailable",
    "notapplicable",
    "nodata",
    "novalue",
    "signalinvalid",
    "signalunknown",
    "signalnotavailable",
    "asnisunknown",
    "asnunknown",
    "asnisinvalid",
    "asninvalid",
];

/// The words for yes and no that any descriptor may use, plain.
const YES: &[&str] = &["true", "1", "yes", "on", "asnistrue", "asntrue"];
const NO: &[&str] = &["false", "0", "no", "off", "asnisfalse", "asnfalse"];

/// Reads a value as the descriptor's type: `None` where there is none, the reason where it does not fit.
///
/// # Errors
/// It fits neither the type nor any word for "no value", or is a time that no vehicle can mean.
pub fn read(body: &Body<'_>, known: &KnownDescriptor) -> Result<Option<Value>, String> {
    let value_type = known.descriptor.value_type();
    let value = match body.value() {
        Scalar::Null => return Ok(None),
        Scalar::Text(text) => {
            if is_absent(&text, &known.descriptor) {
                return Ok(None);
            }
            from_text(&text, known)
        }
        Scalar::Bool(value) => match value_type {
            ValueType::Bool => Some(Value::Bool(value)),
            ValueType::Text => Some(Value::Text(value.to_string().into())),
            ValueType::Number | ValueType::Timestamp => None,
        },
        Scalar::Number(digits) => from_text(digits, known),
        Scalar::Nested(json) => match value_type {
            ValueType::Text => Some(Value::Text(json.into())),
            _ => None,
        },
    };
    match value {
        Some(Value::Number(number)) if known.limits.sentinels.contains(&number) => Ok(None),
        Some(Value::Timestamp(at)) => within(at, &known.limits).map(|at| at.map(Value::Timestamp)),
        Some(value) => Ok(Some(value)),
        None => Err(misfit(body, value_type)),
    }
}

/// A time that a vehicle can mean; `None` for one that means "no value".
fn within(at: Timestamp, limits: &Limits) -> Result<Option<Timestamp>, String> {
    let seconds = at.as_second() as f64;
    if limits.sentinels.contains(&seconds) {
        return Ok(None);
    }
    match limits.allow(seconds) {
        true => Ok(Some(at)),
        false => Err("a time that no vehicle can mean".to_owned()),
    }
}

/// Whether a text is a word for "no value".
pub fn is_nothing(text: &str) -> bool {
    // Most texts are numbers.
    !text.as_bytes().first().is_some_and(u8::is_ascii_digit) && is_one_of(text, NOTHING)
}

/// The same for a value: some descriptors have such a word among their true values.
pub fn is_absent(text: &str, descriptor: &Descriptor) -> bool {
    is_nothing(text)
        && !descriptor
            .options()
            .iter()
            .any(|word| is_one_of(text, &[&plain(word)]))
}

fn from_text(text: &str, known: &KnownDescriptor) -> Option<Value> {
    let trimmed = text.trim();
    match known.descriptor.value_type() {
        ValueType::Text => Some(Value::Text(text.into())),
        ValueType::Number => number(trimmed).map(Value::Number),
        ValueType::Bool => truth(text, known).map(Value::Bool),
        ValueType::Timestamp => time::parse(trimmed).map(Value::Timestamp),
    }
}

/// A finite number, in digits.
pub fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// One question's yes is another's no: "is it locked" and "is it permanently unlocked". What a third word means, such as a lid
/// that is half open, stands in the descriptor's own list.
fn truth(text: &str, known: &KnownDescriptor) -> Option<bool> {
    let says = |own: &[&str], general: &[&str]| is_one_of(text, own) || is_one_of(text, general);
    if says(known.truths.yes, YES) {
        return Some(true);
    }
    says(known.truths.no, NO).then_some(false)
}

fn misfit(body: &Body<'_>, value_type: ValueType) -> String {
    let kind = match body.value() {
        Scalar::Null => "nothing",
        Scalar::Bool(_) => "a boolean",
        Scalar::Number(_) => "a number",
        Scalar::Text(_) => "a text",
        Scalar::Nested(_) => "an object or a list",
    };
    format!("{kind} that does not fit the type {value_type}")
}
