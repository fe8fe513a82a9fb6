//! Patterns that choose vehicles, sources and descriptors.

/// One pattern. `*` stands for any characters; where a descriptor is matched, for any characters of one segment,
/// and `**` for any number of whole segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    /// In lower case: names and VINs are the same in any case.
    name: String,
}

impl Glob {
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            name: text.to_lowercase(),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn has_wildcard(&self) -> bool {
        self.text.contains('*')
    }

    /// Whether this can be the pattern of a descriptor: segments of letters, digits, `_` and `-` between dots.
    pub fn fits_descriptors(&self) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '*');
        let mut segments = self.text.split('.');
        segments.all(|segment| !segment.is_empty() && segment.chars().all(allowed))
    }

    /// Upper and lower case are the same, and a dot is a character like others.
    pub fn matches_name(&self, name: &str) -> bool {
        segment(&self.name, &name.to_lowercase())
    }

    pub fn matches_descriptor(&self, id: &str) -> bool {
        let [pattern, id] = [&self.text, id].map(|text| text.split('.').collect::<Vec<_>>());
        wild(
            &pattern,
            &id,
            |part| *part == "**",
            |part, text| segment(part, text),
        )
    }
}

/// Byte by byte: no character of UTF-8 begins within another.
fn segment(pattern: &str, text: &str) -> bool {
    wild(pattern.as_bytes(), text.as_bytes(), |c| *c == b'*', |a, b| a == b)
}

/// Whether `pattern` matches all of `text`, where an item that `any` accepts stands for any number of items.
/// Going back to the last such item is enough: what it takes more, an earlier one could not use better.
fn wild<T>(pattern: &[T], text: &[T], any: impl Fn(&T) -> bool, one: impl Fn(&T, &T) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && any(&pattern[p]) {
            last = Some((p, t));
            p += 1;
        } else if p < pattern.len() && one(&pattern[p], &text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, taken)) = last {
            last = Some((star, taken + 1));
            p = star + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(any)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn descriptor(pattern: &str, id: &str) -> bool {
        Glob::new(pattern).matches_descriptor(id)
    }

    #[test]
    fn one_star_is_one_segment_and_two_are_any_number() {
        assert!(descriptor(
            "vehicle.drivetrain.**",
            "vehicle.drivetrain.batteryManagement.header"
        ));
        assert!(!descriptor(
            "vehicle.drivetrain.*",
            "vehicle.drivetrain.batteryManagement.header"
        ));
        assert!(descriptor(
            "vehicle.*.batteryManagement.*",
            "vehicle.drivetrain.batteryManagement.header"
        ));
        assert!(descriptor(
            "**.header",
            "vehicle.drivetrain.batteryManagement.header"
        ));
        assert!(descriptor("vehicle.**.header", "vehicle.header"));
        assert!(descriptor("**", "vehicle.header"));
        assert!(descriptor("**.charging.**", "vehicle.a.charging.b.charging.c"));
        assert!(descriptor("vehicle.cabin.*.row1*", "vehicle.cabin.door.row1left"));
        assert!(!descriptor("vehicle", "vehicle.header"));
        assert!(!descriptor("vehicle.header.**.x", "vehicle.header"));
        assert!(!descriptor("vehicle.HEADER", "vehicle.header"));
    }

    #[test]
    fn names_have_no_case_and_no_segments() {
        let matches = |pattern: &str, name| Glob::new(pattern).matches_name(name);
        assert!(matches("wby*", "WBY8P210X07A12345"));
        assert!(matches("*45", "WBY8P210X07A12345"));
        assert!(matches("Annas i3", "annas I3"));
        assert!(!matches("i3", "i3s"));
    }

    #[test]
    fn what_can_match_nothing_is_refused() {
        for pattern in [
            "",
            "vehicle.",
            "vehicle..x",
            "vehicle drivetrain",
            ".",
            "vehicle.[ab]",
        ] {
            assert!(!Glob::new(pattern).fits_descriptors(), "{pattern}");
        }
    }

    /// The definition, without cleverness.
    fn plain(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|taken| plain(rest, &text[taken..])),
            Some((c, rest)) => text.first() == Some(c) && plain(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_its_definition(pattern in "[aü*]{0,6}", text in "[aüÿ]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(segment(&pattern, &text), plain(&chars(&pattern), &chars(&text)));
        }
    }
}
