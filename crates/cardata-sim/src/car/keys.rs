//! Every key of BMW's catalogue, with what this car says of it.

use std::sync::LazyLock;

use serde::Deserialize;

/// One line of `keys.json`. The units are those that live answers have, both spellings of per cent among them.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Key {
    pub descriptor: &'static str,
    pub group: Group,
    #[serde(borrow)]
    pub unit: Option<&'static str>,
    /// `None` for a key that BMW's catalogue does not call streamable.
    pub form: Option<Form>,
    /// A value that never changes; `None` when it follows the car.
    pub value: Option<String>,
}

/// How a value stands in a message of the stream. A text that does not fit stays a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    Number,
    Bool,
    /// In quotes, as are some of the numbers.
    Text,
}

/// Values that the car tells together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Group {
    Battery,
    Charging,
    Position,
    Odometer,
    Body,
    Tyres,
    /// Told when a trip ends.
    Trip,
    /// Told every few weeks.
    Stale,
    /// Changed by the owner long ago.
    Settings,
    /// Stamped by the backend with the time of the call.
    Call,
    /// In the answer, but without value, unit and time.
    Null,
    /// Not fitted to this car: not in the answer.
    Absent,
    /// Returned by another endpoint.
    Never,
}

// That the file can be read is tested.
static KEYS: LazyLock<Vec<Key>> =
    LazyLock::new(|| serde_json::from_str(include_str!("keys.json")).unwrap_or_default());

/// All keys, sorted by descriptor.
pub(crate) fn all() -> &'static [Key] {
    &KEYS
}

pub(crate) fn find(descriptor: &str) -> Option<&'static Key> {
    let position = KEYS.binary_search_by(|key| key.descriptor.cmp(descriptor)).ok()?;
    KEYS.get(position)
}

#[cfg(test)]
mod tests {
    use catalogue::CATALOGUE;

    use super::*;

    #[test]
    fn the_table_has_every_key_of_the_catalogue_and_no_other() {
        let ours: Vec<&str> = all().iter().map(|key| key.descriptor).collect();
        let theirs: Vec<&str> = CATALOGUE.iter().map(|entry| entry.descriptor).collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn both_readings_agree_on_which_keys_are_special() {
        for entry in CATALOGUE {
            let key = find(entry.descriptor).unwrap();
            assert_eq!(
                key.group == Group::Call,
                entry.request_stamped,
                "{}",
                entry.descriptor
            );
            assert!(
                !entry.endpoint_bound || key.group == Group::Never,
                "{}",
                entry.descriptor
            );
        }
    }

    #[test]
    fn both_readings_of_the_catalogue_agree_on_what_is_streamed() {
        let ours = all().iter().filter(|key| key.form.is_some());
        let theirs = CATALOGUE.iter().filter(|entry| entry.streamable);
        let ours: Vec<&str> = ours.map(|key| key.descriptor).collect();
        assert_eq!(ours, theirs.map(|entry| entry.descriptor).collect::<Vec<_>>());
    }
}
