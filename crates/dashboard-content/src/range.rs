//! How far back a page looks: a choice of ranges, or `from` and `to` in its URL.

use history::read::Range;
use jiff::{SignedDuration, Timestamp};

use crate::view::parts::Choice;
use crate::view::texts;

/// A range that is offered: its word in the URL and its days.
pub const OFFERED: [(&str, &str, i64); 5] = [
    ("day", "range.day", 1),
    ("week", "range.week", 7),
    ("month", "range.month", 31),
    ("year", "range.year", 366),
    ("all", "range.all", 36_525),
];

/// The range of that word, up to now; `usual` where it is none.
pub fn of(word: Option<&str>, usual: &'static str, now: Timestamp) -> (&'static str, Range) {
    let find = |word: &str| OFFERED.iter().find(|(known, ..)| *known == word);
    let chosen = word.and_then(find).or_else(|| find(usual)).unwrap_or(&OFFERED[4]);
    let from = now.checked_sub(SignedDuration::from_hours(24 * chosen.2));
    let from = from.unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH);
    (chosen.0, Range { from, to: now })
}

/// The ways to the ranges from a page whose URL ends with `page`.
pub fn choices(page: &str, current: &str) -> Vec<Choice> {
    let choice = |&(word, key, _): &(&'static str, &'static str, i64)| Choice {
        label: texts::t(key).to_owned(),
        href: format!("{page}?range={word}"),
        is_current: word == current,
    };
    OFFERED.iter().map(choice).collect()
}
