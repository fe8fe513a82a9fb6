//! Which time a page with a chart shows: `range` and one of its words, or `from` and `to`, as a zoom writes them.

use std::collections::HashMap;

use history::read::Range;

use super::range;
use crate::app::App;
use crate::problem::Problem;
use crate::span::Span;

/// The word of the range, empty where a time is given; the range; whether it is everything. A month where nothing is said.
///
/// # Errors
/// What is given is no time.
pub(super) fn wanted(
    app: &App,
    query: &HashMap<String, String>,
    span: &Span,
) -> Result<(&'static str, Range, bool), Problem> {
    let is_given = ["from", "to"]
        .iter()
        .any(|end| query.get(*end).is_some_and(|text| !text.is_empty()));
    if is_given {
        let range = span.recent(app.now(), &app.options.timezone)?;
        return Ok(("", range, false));
    }
    let word = query.get("range").map(String::as_str);
    let (word, range) = range::of(word, "month", app.now());
    Ok((word, range, word == "all"))
}
