//! Values in their descriptor's type.

use collector_core::{Value, ValueType};

use super::body::{Body, Scalar};
use super::known::KnownDescriptor;
use super::time;

/// Reads a value as the descriptor's type: `None` where there is none, the reason where it does not fit.
pub fn read(body: &Body<'_>, known: &KnownDescriptor) -> Result<Option<Value>, String> {
    let id = known.descriptor.as_str();
    let value_type = known.descriptor.value_type();
    let value = match body.value() {
        Scalar::Null => return Ok(None),
        Scalar::Text(text) => {
            let trimmed = text.trim();
            if is_absent(trimmed, id) {
                return Ok(None);
            }
            from_text(trimmed, &text, value_type, id)
        }
        Scalar::Bool(value) => match value_type {
            ValueType::Bool => Some(Value::Bool(value)),
            ValueType::Text => Some(Value::Text(value.to_string().into())),
            ValueType::Number => Some(Value::Number(f64::from(u8::from(value)))),
            ValueType::Timestamp => None,
        },
        Scalar::Number(digits) => from_text(digits, digits, value_type, id),
        Scalar::Nested(json) => match value_type {
            ValueType::Text => Some(Value::Text(json.into())),
            _ => None,
        },
    };
    value.map(Some).ok_or_else(|| misfit(body, value_type))
}

/// The words for "no value" that the live service uses: BMW's own sentinels, and what is left of `null` on
/// its way through several systems. One descriptor has such a word among its true values.
pub fn is_absent(text: &str, descriptor: &str) -> bool {
    match text {
        "" | "-" | "-NA-" | "NA" | "N/A" | "null" | "NULL" | "NaN" => true,
        "INVALID" | "UNKNOWN" | "SIGNAL_INVALID" => true,
        "NOT_AVAILABLE" => !descriptor.ends_with(".availability"),
        _ => text.eq_ignore_ascii_case("ASN_isUnknown"),
    }
}

fn from_text(trimmed: &str, text: &str, value_type: ValueType, descriptor: &str) -> Option<Value> {
    match value_type {
        ValueType::Text => Some(Value::Text(text.into())),
        ValueType::Number => trimmed
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Value::Number),
        ValueType::Bool => boolean(trimmed, descriptor).map(Value::Bool),
        ValueType::Timestamp => time::parse(trimmed).map(Value::Timestamp),
    }
}

/// The words that BMW's catalogue lists for its booleans.
fn boolean(text: &str, descriptor: &str) -> Option<bool> {
    let word = text.to_ascii_uppercase();
    // The same words answer opposite questions: "is it locked" and "is it permanently unlocked".
    let asks_for_unlocked = descriptor.ends_with("Unlocked");
    match word.as_str() {
        "TRUE" | "1" | "YES" | "ON" | "OPEN" | "OPENED" | "CHOSEN" | "ACTIVE" | "CONNECTED" => Some(true),
        "FALSE" | "0" | "NO" | "OFF" | "CLOSED" | "NOTCHOSEN" | "INACTIVE" | "DISCONNECTED" => Some(false),
        "ASN_ISTRUE" => Some(true),
        "ASN_ISFALSE" => Some(false),
        "FLAP_UNLOCKED" | "UNLOCKED" => Some(asks_for_unlocked),
        "FLAP_LOCKED" | "LOCKED" => Some(!asks_for_unlocked),
        // The flap follows the car: nobody chose to leave it unlocked.
        "NO_ACTION" if asks_for_unlocked => Some(false),
        _ if word.ends_with("_NOT_ACTIVE") || word.ends_with("_INACTIVE") => Some(false),
        _ if word.ends_with("_ACTIVE") => Some(true),
        _ => None,
    }
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
