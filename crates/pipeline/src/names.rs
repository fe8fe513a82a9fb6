//! Names that the pipeline file gives to accounts, sources and sinks.

use collector_core::scalar::Wrong;
use collector_core::table::{Node, Span};
use collector_core::{Name, written_as_text};

use super::problems::Problems;
use super::section::Section;

const LONGEST: usize = 64;

/// A name that is safe in file names, tags and columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GivenName(pub(super) Name);

written_as_text!(GivenName, parse, |name| name.0.to_string(), {
    "type": "string", "pattern": r"^[A-Za-z0-9._-]{1,64}$|\$\{.+\}"
});

/// A name that only people read, on one line.
pub(super) struct FreeName(pub(super) String);

written_as_text!(FreeName, free_name, |name| name.0.clone(), { "type": "string", "minLength": 1, "maxLength": LONGEST });

fn free_name(text: &str) -> Result<FreeName, Wrong> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        let help = format!("a name has 1 to {LONGEST} characters and stands on one line");
        return Err(Wrong::new("this cannot be a name").help(help));
    }
    Ok(FreeName(text.to_owned()))
}

fn parse(text: &str) -> Result<GivenName, Wrong> {
    let help = "a name has 1 to 64 letters, digits, `.`, `_` and `-`";
    if text.is_empty() {
        return Err(Wrong::new("the name is empty").help(help));
    }
    if text.chars().count() > LONGEST {
        return Err(Wrong::new(format!("the name has {} characters", text.chars().count())).help(help));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match text.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(Wrong::new(format!("a name cannot have `{c}` in it")).help(help)),
        None => Ok(GivenName(text.into())),
    }
}

/// The name that the file gives, else that of the type.
pub(super) fn or_type(given: Option<GivenName>, type_name: &str) -> Name {
    given.map_or_else(|| type_name.into(), |name| name.0)
}

/// Where the name of a table stands, or where the table begins.
pub(super) fn place(table: &Node) -> Span {
    table.get("name").unwrap_or(table).span.clone()
}

/// The names of one section, each once. Upper and lower case are the same: names become file names.
#[derive(Default)]
pub(super) struct Taken(Vec<(String, Span)>);

impl Taken {
    pub(super) fn take(&mut self, name: &str, span: &Span, what: &str, problems: &mut Problems) {
        let key = name.to_lowercase();
        if let Some((_, first)) = self.0.iter().find(|(taken, _)| *taken == key) {
            problems
                .add(span, format!("two {what} have the name `{name}`"))
                .help("give each a `name` of its own")
                .also(first, "the first one");
            return;
        }
        self.0.push((key, span.clone()));
    }

    /// Takes the names that the file gives to the tables of a list, whatever else is wrong with a table. Those
    /// that are no names are the tables' own mistakes.
    pub(super) fn given(items: &[Node], what: &str, problems: &mut Problems) -> Self {
        let mut taken = Self::default();
        for item in items {
            let name = item.get("name").filter(|name| !name.is_null());
            if let Some(Ok(GivenName(name))) = name.and_then(Node::as_text).map(parse) {
                taken.take(&name, &place(item), what, problems);
            }
        }
        taken
    }

    /// `csv`, or `csv-2` where that is taken, and so on.
    fn free(&self, wanted: &str) -> Name {
        let taken = |name: &str| self.0.iter().any(|(taken, _)| taken.eq_ignore_ascii_case(name));
        if !taken(wanted) {
            return wanted.into();
        }
        let mut numbered = (2..).map(|number| format!("{wanted}-{number}"));
        numbered.find(|name| !taken(name)).unwrap_or_default().into()
    }
}

/// Checks the names that the file gives, then numbers those that stand for their type around them. `items` are the
/// tables of the file, `section` is what could be read of them.
pub(super) fn settle<T>(
    items: &[Node],
    section: &mut Section<T>,
    what: &str,
    name: fn(&mut T) -> &mut Name,
    problems: &mut Problems,
) {
    let mut taken = Taken::given(items, what, problems);
    let given = |node: &Node| node.get("name").is_some_and(|name| !name.is_null());
    for item in section.items.iter_mut().filter(|item| !given(&item.node)) {
        let free = taken.free(name(&mut item.value));
        taken.take(&free, &item.node.span, what, problems);
        *name(&mut item.value) = free;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(parse("my-car_2.0").is_ok());
        for text in ["", "a b", "ä", "a/b", &"x".repeat(65)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn repeated_types_are_numbered_around_given_names() {
        let mut taken = Taken::default();
        let mut problems = Problems::default();
        taken.take("csv-2", &(0..1), "sinks", &mut problems);
        assert_eq!(&*taken.free("csv"), "csv");
        taken.take("csv", &(2..3), "sinks", &mut problems);
        assert_eq!(&*taken.free("csv"), "csv-3");
        assert!(problems.is_empty());
        taken.take("CSV", &(4..5), "sinks", &mut problems);
        assert_eq!(problems.into_sorted().len(), 1);
    }
}
