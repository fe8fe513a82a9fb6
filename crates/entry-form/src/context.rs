//! The context of entries: the display units that a vehicle shows, as BMW last sent them, so that a value without a unit
//! of its own means the same wherever a replay starts.
//!
//! A JSON object of descriptor and value, both texts, with sorted keys and without white space.

use std::collections::BTreeMap;

/// Whether a descriptor tells of a display unit.
pub fn is_display_unit(descriptor: &str) -> bool {
    descriptor.starts_with("vehicle.cabin.infotainment.displayUnit.")
        || descriptor == "vehicle.cabin.infotainment.hmi.distanceUnit"
}

/// The context `known`, changed by a newer value of a display unit, which is given in its [canonical](crate::canonical)
/// form; `None` where that changes nothing.
pub fn changed(known: Option<&str>, descriptor: &str, form: &str) -> Option<String> {
    // What is not what this writes is begun anew.
    let mut units: BTreeMap<String, String> = known
        .and_then(|known| serde_json::from_str(known).ok())
        .unwrap_or_default();
    // Without the letter of its kind: as it was sent, but for the spelling of numbers.
    let value = form.get(1..).unwrap_or_default();
    if units.get(descriptor).is_some_and(|known| known == value) {
        return None;
    }
    units.insert(descriptor.to_owned(), value.to_owned());
    Some(serde_json::Value::from_iter(units).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_has_sorted_keys_and_the_newest_values() {
        let one = changed(None, "b", "skm").unwrap();
        assert_eq!(one, r#"{"b":"km"}"#);
        assert_eq!(changed(Some(&one), "b", "skm"), None);
        let two = changed(Some(&one), "a", "n1e0").unwrap();
        assert_eq!(two, r#"{"a":"1e0","b":"km"}"#);
        assert_eq!(
            changed(Some(&two), "b", "smi").unwrap(),
            r#"{"a":"1e0","b":"mi"}"#
        );
    }

    #[test]
    fn what_is_no_context_is_begun_anew() {
        for known in ["", "[]", r#"{"a":1}"#] {
            assert_eq!(changed(Some(known), "b", "skm").unwrap(), r#"{"b":"km"}"#);
        }
    }
}
