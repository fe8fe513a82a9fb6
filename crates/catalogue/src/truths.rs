//! The words of one truth value.

/// Its own words for yes and for no, beside those that any may use, in their plain form: lower case, without blanks, hyphens
/// and underscores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truths {
    pub yes: &'static [&'static str],
    pub no: &'static [&'static str],
}

impl Truths {
    /// Only the usual words.
    pub const NONE: Self = Self::new(&[], &[]);

    pub const fn new(yes: &'static [&'static str], no: &'static [&'static str]) -> Self {
        Self { yes, no }
    }
}
