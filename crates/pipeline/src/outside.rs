//! What came from outside of the pipeline file, and how it is kept out of every message.

use collector_core::table::Span;

/// Values shorter than this are hidden only where they stand alone: they are parts of too many words.
const RECOGNISABLE: usize = 4;

/// The values that references stood for, and where.
#[derive(Debug, Default)]
pub(super) struct Outside {
    references: Vec<Reference>,
    values: Vec<(String, String)>,
    failed: Vec<Span>,
}

/// A scalar that had references in it.
#[derive(Debug)]
struct Reference {
    span: Span,
    raw: String,
    empty: bool,
}

impl Outside {
    /// What the file says in a scalar with references, and what it stands for.
    pub(super) fn note_reference(&mut self, span: &Span, raw: &str, value: &str) {
        self.references.push(Reference {
            span: span.clone(),
            raw: raw.to_owned(),
            empty: value.trim().is_empty(),
        });
        self.note_value(value, raw);
    }

    pub(super) fn note_value(&mut self, value: &str, reference: &str) {
        if value.trim().is_empty() || value == reference {
            return;
        }
        let mut note = |form: &str| {
            if !self.values.iter().any(|(known, _)| known == form) {
                self.values.push((form.to_owned(), reference.to_owned()));
            }
        };
        note(value);
        note(value.trim());
        note(&value.escape_debug().to_string());
        note(&value.escape_default().to_string());
        note(&value.replace('\n', " "));
        for line in value.lines().filter(|line| line.trim().len() >= RECOGNISABLE) {
            note(line.trim());
        }
        // The longest first: what contains another goes before it.
        self.values
            .sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    }

    /// A scalar that could not be read; what else is wrong with it follows from that.
    pub(super) fn fail(&mut self, span: &Span) {
        self.failed.push(span.clone());
    }

    pub(super) fn has_failed(&self, span: &Span) -> bool {
        self.failed.contains(span)
    }

    /// What to look at when the value of a reference is nothing.
    pub(super) fn advice(&self, span: &Span) -> Option<String> {
        let mut references = self.references.iter();
        let here = references.find(|reference| reference.span == *span && reference.empty)?;
        Some(format!("`{}` stands for nothing here: is it set?", here.raw))
    }

    /// A message about the scalar at `span`, with references in the place of their values.
    pub(super) fn hide(&self, span: &Span, message: &str) -> String {
        let here = self.references.iter().find(|reference| reference.span == *span);
        let mut hidden = message.to_owned();
        for (value, reference) in &self.values {
            if value.chars().count() >= RECOGNISABLE {
                hidden = hidden.replace(value.as_str(), reference);
            } else if here.is_some() {
                hidden = replace_word(&hidden, value, reference);
            }
        }
        if !self.shows_a_value(&hidden) {
            return hidden;
        }
        match here {
            Some(reference) => format!("what `{}` stands for cannot be used here", reference.raw),
            None => "a value from outside of this file cannot be used here".to_owned(),
        }
    }

    /// In any case of letters. The references themselves may look like their values (`TOKEN=token`).
    fn shows_a_value(&self, message: &str) -> bool {
        let mut rest = message.to_lowercase();
        for (_, reference) in &self.values {
            rest = rest.replace(&reference.to_lowercase(), "");
        }
        self.values
            .iter()
            .any(|(value, _)| value.chars().count() >= RECOGNISABLE && rest.contains(&value.to_lowercase()))
    }
}

/// Replaces `word` where no letter or digit touches it.
pub(super) fn replace_word(text: &str, word: &str, with: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(found) = rest.find(word) {
        let (before, behind) = (&rest[..found], &rest[found + word.len()..]);
        let touches = before.ends_with(char::is_alphanumeric) || behind.starts_with(char::is_alphanumeric);
        result.push_str(before);
        result.push_str(if touches { word } else { with });
        rest = behind;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(value: &str) -> Outside {
        let mut outside = Outside::default();
        outside.note_value(value, "${X}");
        outside.note_reference(&(3..7), "a ${X}", &format!("a {value}"));
        outside
    }

    #[test]
    fn values_are_replaced_by_their_references() {
        let outside = outside("hunter2");
        assert_eq!(outside.hide(&(3..7), "found `a hunter2`"), "found `a ${X}`");
        assert_eq!(outside.hide(&(9..9), "hunter2 and hunter2"), "${X} and ${X}");
        assert_eq!(outside.hide(&(9..9), "nothing"), "nothing");
    }

    #[test]
    fn a_value_in_another_form_takes_the_message_with_it() {
        let outside = outside("hunter2");
        assert_eq!(
            outside.hide(&(3..7), "HUNTER2"),
            "what `a ${X}` stands for cannot be used here"
        );
        assert!(!outside.hide(&(9..9), "no host Hunter2").contains("unter2"));
    }

    #[test]
    fn short_values_are_hidden_where_they_stand_alone() {
        let outside = outside("30");
        assert_eq!(outside.hide(&(3..7), "`30` of 300"), "`${X}` of 300");
        assert_eq!(outside.hide(&(9..9), "30 of 50"), "30 of 50");
    }

    #[test]
    fn quoted_and_broken_values_are_hidden() {
        let outside = outside("first \"line\"\nsecond line");
        let message = format!("found {:?} and second line", "first \"line\"\nsecond line");
        let hidden = outside.hide(&(3..7), &message);
        assert!(
            !hidden.contains("first") && !hidden.contains("second"),
            "{hidden}"
        );
    }
}
