//! The texts of the pages, by key, out of one file: another language is another file.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

type Texts = BTreeMap<String, String>;

static ENGLISH: LazyLock<Texts> =
    LazyLock::new(|| serde_json::from_str(include_str!("../assets/texts.en.json")).unwrap_or_default());

/// What scripts say beside what the pages say, as JSON.
static SCRIPTS: LazyLock<String> = LazyLock::new(|| {
    let wanted = |key: &str| key.starts_with("js.") || key.starts_with("age.");
    let texts: BTreeMap<_, _> = ENGLISH.iter().filter(|(key, _)| wanted(key)).collect();
    serde_json::to_string(&texts).unwrap_or_default()
});

/// The text of a key; the key itself where there is none, so that it is seen.
pub fn t(key: &'static str) -> &'static str {
    ENGLISH.get(key).map_or(key, String::as_str)
}

/// The text of a key with `{n}` in it; of 1 that of `<key>.one`, where there is one.
pub fn count(key: &'static str, n: impl std::fmt::Display) -> String {
    let n = n.to_string();
    let one = (n == "1").then(|| ENGLISH.get(&format!("{key}.one"))).flatten();
    one.map_or_else(|| t(key), String::as_str).replace("{n}", &n)
}

/// How long ago something was: `now`, `5 min ago`. `live.js` says the same as time passes.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).max(SignedDuration::ZERO).as_secs_f64();
    match seconds {
        ..60.0 => t("age.now").to_owned(),
        ..5_400.0 => count("age.minutes", (seconds / 60.0).round()),
        ..129_600.0 => count("age.hours", (seconds / 3_600.0).round()),
        _ => count("age.days", (seconds / 86_400.0).round()),
    }
}

/// For the scripts: JSON for an attribute.
pub fn scripts() -> &'static str {
    &SCRIPTS
}

#[cfg(test)]
pub fn keys() -> impl Iterator<Item = &'static str> {
    ENGLISH.keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_as_coarse_as_people_tell_it() {
        let at = Timestamp::UNIX_EPOCH;
        let after = |seconds| age(at, at + SignedDuration::from_secs(seconds));
        assert_eq!(after(-5), "now");
        assert_eq!(after(59), "now");
        assert_eq!(after(90), "2 min ago");
        assert_eq!(after(5_399), "90 min ago");
        assert_eq!(after(5_400), "2 h ago");
        assert_eq!(after(129_600), "2 days ago");
    }
}
