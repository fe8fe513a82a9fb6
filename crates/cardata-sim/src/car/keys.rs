//! Every key of BMW's catalogue, with what this car says of it.

use std::sync::LazyLock;

/// One line of `keys.txt`: `descriptor|group|unit|form|value`, where `-` is nothing and `*` a value that follows
/// the car. The units are those that live answers have, both spellings of per cent among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub descriptor: &'static str,
    pub group: Group,
    pub unit: Option<&'static str>,
    /// `None` for a key that BMW's catalogue does not call streamable.
    pub form: Option<Form>,
    /// A value that never changes; `None` when it is computed.
    pub value: Option<&'static str>,
}

/// How a value stands in a message of the stream. A text that does not fit stays a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Number,
    /// A number in quotes.
    Quoted,
    Bool,
    Text,
}

/// Values that the car tells together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

static KEYS: LazyLock<Vec<Key>> =
    LazyLock::new(|| include_str!("keys.txt").lines().filter_map(parse).collect());

/// All keys, sorted by descriptor.
pub(crate) fn all() -> &'static [Key] {
    &KEYS
}

pub(crate) fn find(descriptor: &str) -> Option<&'static Key> {
    let position = KEYS.binary_search_by(|key| key.descriptor.cmp(descriptor)).ok()?;
    KEYS.get(position)
}

fn parse(line: &'static str) -> Option<Key> {
    let mut fields = line.splitn(5, '|');
    let descriptor = fields.next()?;
    let group = match fields.next()? {
        "battery" => Group::Battery,
        "charging" => Group::Charging,
        "position" => Group::Position,
        "odometer" => Group::Odometer,
        "body" => Group::Body,
        "tyres" => Group::Tyres,
        "trip" => Group::Trip,
        "stale" => Group::Stale,
        "settings" => Group::Settings,
        "call" => Group::Call,
        "null" => Group::Null,
        "absent" => Group::Absent,
        "never" => Group::Never,
        _ => return None,
    };
    let unit = fields.next().filter(|unit| *unit != "-");
    let form = match fields.next()? {
        "number" => Some(Form::Number),
        "quoted" => Some(Form::Quoted),
        "bool" => Some(Form::Bool),
        "text" => Some(Form::Text),
        _ => None,
    };
    let value = fields.next().filter(|value| *value != "*");
    Some(Key {
        descriptor,
        group,
        unit,
        form,
        value,
    })
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
