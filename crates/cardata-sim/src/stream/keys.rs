//! Which keys BMW streams, and in which JSON type.

use std::sync::LazyLock;

/// How a value stands in a message. A text that does not fit stays a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Number,
    /// A number in quotes.
    Quoted,
    Bool,
    Text,
}

/// One line of `keys.txt`: `descriptor|form`, sorted.
static STREAMED: LazyLock<Vec<(&'static str, Form)>> =
    LazyLock::new(|| include_str!("keys.txt").lines().filter_map(parse).collect());

/// `None` for a key that BMW's catalogue does not call streamable.
pub(super) fn form(descriptor: &str) -> Option<Form> {
    let position = STREAMED
        .binary_search_by(|(key, _)| (*key).cmp(descriptor))
        .ok()?;
    STREAMED.get(position).map(|(_, form)| *form)
}

/// All of them, sorted.
pub(super) fn all() -> impl Iterator<Item = (&'static str, Form)> {
    STREAMED.iter().copied()
}

fn parse(line: &'static str) -> Option<(&'static str, Form)> {
    let (descriptor, form) = line.split_once('|')?;
    let form = match form {
        "number" => Form::Number,
        "quoted" => Form::Quoted,
        "bool" => Form::Bool,
        "text" => Form::Text,
        _ => return None,
    };
    Some((descriptor, form))
}

#[cfg(test)]
mod tests {
    use catalogue::CATALOGUE;

    use super::*;

    #[test]
    fn both_readings_of_the_catalogue_agree_on_what_is_streamed() {
        let theirs: Vec<&str> = CATALOGUE
            .iter()
            .filter(|entry| entry.streamable)
            .map(|entry| entry.descriptor)
            .collect();
        assert_eq!(all().map(|(key, _)| key).collect::<Vec<_>>(), theirs);
    }
}
