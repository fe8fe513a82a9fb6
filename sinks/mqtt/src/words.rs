//! Words: what Home Assistant takes as the state of a text, and the words that no catalogue names.
//!
//! Home Assistant refuses a state of more than 255 characters, and of a list of words one that is not in the list. So
//! what becomes an option is cut as the template of the entity cuts the state, and a word that is new is told before
//! it is shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// What the templates make of a text; [`state`] is the same in Rust.
pub const TEMPLATE: &str =
    "{{ (value_json.value | string | trim)[:255] | trim if value_json is defined else none }}";
const LONGEST_STATE: usize = 255;
/// Words beside the catalogue's that one entity is remembered with; a text that is new with every reading must not
/// grow a list without end.
const MOST_LEARNED: usize = 64;

/// The state that Home Assistant has of a text: without blanks around it, in at most 255 characters.
pub fn state(text: &str) -> &str {
    let text = trim(text);
    let end = text.char_indices().nth(LONGEST_STATE);
    trim(end.map_or(text, |(end, _)| &text[..end]))
}

/// As Python trims, to which these four are blanks too.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// The words that were learned, by the topic under which Home Assistant is told of their entity.
#[derive(Debug, Default)]
pub struct Words(BTreeMap<String, BTreeSet<String>>);

impl Words {
    /// Learns the state that a text becomes. Whether it was known neither to the catalogue, which names these, nor here.
    pub fn learn(&mut self, topic: &str, named: &[&str], text: &str) -> bool {
        let word = state(text);
        if word.is_empty() || named.contains(&word) {
            return false;
        }
        let learned = self.0.entry(topic.to_owned()).or_default();
        if learned.contains(word) {
            return false;
        }
        let beside = learned.iter().filter(|word| !named.contains(&word.as_str()));
        if beside.count() >= MOST_LEARNED {
            learned.clear();
        }
        learned.insert(word.to_owned())
    }

    /// The options of an entity: those that the catalogue names, then those that were learned.
    pub fn options<'a>(&'a self, topic: &str, named: &[&'a str]) -> Vec<&'a str> {
        let learned = self.0.get(topic).into_iter().flatten().map(String::as_str);
        let mut options: Vec<&str> = Vec::new();
        for word in named.iter().copied().map(state).chain(learned) {
            if !options.contains(&word) {
                options.push(word);
            }
        }
        options
    }

    /// Goes on from the options that an earlier run told Home Assistant.
    pub fn adopt(&mut self, topic: &str, payload: &[u8]) {
        #[derive(Deserialize)]
        struct Kept {
            options: Vec<String>,
        }
        let Ok(kept) = serde_json::from_slice::<Kept>(payload) else {
            return;
        };
        let learned = self.0.entry(topic.to_owned()).or_default();
        let words = kept.options.iter().map(|word| state(word));
        learned.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &[&str] = &["OPEN", "CLOSED"];

    #[test]
    fn a_state_is_trimmed_and_cut_to_characters() {
        assert_eq!(state(" \u{1f}OPEN\n"), "OPEN");
        assert_eq!(state(&"ü".repeat(300)), "ü".repeat(255));
        let blank_at_the_cut = format!("  {} b", "a".repeat(254));
        assert_eq!(state(&blank_at_the_cut), "a".repeat(254));
        assert_eq!(state(" \t "), "");
    }

    #[test]
    fn what_is_learned_is_an_option_once() {
        let mut words = Words::default();
        assert!(words.learn("t", NAMED, "AJAR "));
        for known in ["AJAR", "OPEN", " OPEN", "", " "] {
            assert!(!words.learn("t", NAMED, known), "{known:?}");
        }
        assert!(words.learn("t", NAMED, &"x".repeat(300)));
        assert!(
            !words.learn("t", NAMED, &"x".repeat(301)),
            "both are cut to the same"
        );
        assert_eq!(
            words.options("t", NAMED),
            ["OPEN", "CLOSED", "AJAR", &"x".repeat(255)]
        );
        assert_eq!(words.options("other", NAMED), NAMED);
    }

    #[test]
    fn what_an_earlier_run_told_is_known() {
        let mut words = Words::default();
        let long = "x".repeat(300);
        words.adopt(
            "t",
            format!(r#"{{"options":["OPEN","AJAR","{long}"," "]}}"#).as_bytes(),
        );
        words.adopt("t", b"no JSON");
        assert!(!words.learn("t", NAMED, "AJAR"));
        assert_eq!(
            words.options("t", NAMED),
            ["OPEN", "CLOSED", "AJAR", &long[..255]]
        );
    }

    #[test]
    fn words_without_end_make_no_list_without_end() {
        let mut words = Words::default();
        for number in 0..1_000 {
            assert!(words.learn("t", NAMED, &number.to_string()));
        }
        let options = words.options("t", NAMED);
        assert!(options.len() <= MOST_LEARNED + NAMED.len(), "{}", options.len());
        assert!(options.contains(&"999"));
    }
}
