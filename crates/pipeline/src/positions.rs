//! Places in the text: the YAML parser counts characters, spans count bytes, people count lines and columns.

/// Turns the parser's character numbers into byte offsets.
pub(super) struct Positions<'t> {
    text: &'t str,
    /// The offset of every character; empty where characters are bytes.
    offsets: Vec<usize>,
}

impl<'t> Positions<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let offsets = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(offset, _)| offset).collect()
        };
        Self { text, offsets }
    }

    /// The offset of the character with this number; the end of the text behind the last one.
    pub(super) fn byte(&self, character: usize) -> usize {
        let offset = match self.offsets.get(character) {
            None if self.offsets.is_empty() => character,
            offset => offset.copied().unwrap_or(usize::MAX),
        };
        offset.min(self.text.len())
    }
}

/// Line and column of an offset as an editor shows them: both begin at 1, columns count characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..floor(text, offset)];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}

/// The nearest boundary of a character at or before `offset`.
pub(super) fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a: ü\nß€: x";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, text.find('x').unwrap()), (2, 5));
        assert_eq!(line_and_column(text, 999), (2, 6));
        // In the middle of a character: the character.
        assert_eq!(line_and_column(text, 4), (1, 4));
    }

    #[test]
    fn character_numbers_become_offsets() {
        let positions = Positions::new("ü€x");
        assert_eq!(
            [0, 1, 2, 3, 4].map(|number| positions.byte(number)),
            [0, 2, 5, 6, 6]
        );
        assert_eq!(Positions::new("abc").byte(2), 2);
        assert_eq!(Positions::new("abc").byte(9), 3);
    }
}
