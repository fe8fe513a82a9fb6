//! The canonical form of what BMW sent, by which repeats are recognised. On disk for ever, by its hash: no rule, setting,
//! catalogue or version of this program changes it.
//!
//! One observation comes by poll (`"74"`, `%`, `"CLOSED"`) and by stream (`74`, `percent`, `false`), so the form is of the value
//! alone, and of what a word means to its descriptor:
//!
//! ```text
//! null, or no value at all    none
//! true, false                 b, then true or false: JSON's own, or a text that says so in any case, `ASN_isTrue` and
//!                             `ASN_isFalse` too, as polls have them where messages have JSON's own, and the words of a
//!                             descriptor for its truth, of a table that never changes
//! a decimal number            n, then 0, or a sign where it is negative, the digits without zeros at either end, e, and
//!                             the power of ten: JSON's own, or a text of sign, digits, fraction and exponent
//! a time                      t, then a text such as 2026-07-27T12:37:58.25Z as it is, a fraction of zeros left out
//! another text                s, then the text as it is
//! an object, a list           j, then the JSON text as it is; also where that stands in place of `{"value": …}`
//! ```
//!
//! White space around a truth, a number or a time does not count. A number of more than nine digits of exponent is as it
//! is, a text or `n` and the digits as sent. The hash is the first 48 bits of SHA-256 of the form, as a signed number.

use std::borrow::Cow;

use normalise::body::{Body, Scalar};
use sha2::{Digest, Sha256};

use crate::truths;

/// The form of a value; `None` where there is none.
fn form(value: &Scalar<'_>, descriptor: Option<&str>) -> Option<String> {
    Some(match value {
        Scalar::Null => return None,
        Scalar::Bool(value) => format!("b{value}"),
        Scalar::Number(digits) => decimal(digits).unwrap_or_else(|| format!("n{digits}")),
        Scalar::Text(text) => match descriptor.and_then(|descriptor| truths::of(descriptor, text)) {
            Some(truth) => format!("b{truth}"),
            None => of_text(text),
        },
        Scalar::Nested(json) => format!("j{json}"),
    })
}

/// The form of the value in the JSON of a descriptor, if that is known, which is `body` where it is an object.
pub fn of(json: &str, body: Option<&Body<'_>>, descriptor: Option<&str>) -> Option<String> {
    match body {
        Some(body) => form(&body.value(), descriptor),
        None => Some(format!("j{json}")),
    }
}

fn of_text(text: &str) -> String {
    let trimmed = text.trim();
    let words = [
        ("true", "btrue"),
        ("false", "bfalse"),
        ("ASN_isTrue", "btrue"),
        ("ASN_isFalse", "bfalse"),
    ];
    for (word, form) in words {
        if trimmed.eq_ignore_ascii_case(word) {
            return form.to_owned();
        }
    }
    let known = decimal(trimmed).or_else(|| time(trimmed).map(|time| format!("t{time}")));
    known.unwrap_or_else(|| format!("s{text}"))
}

/// `None` for what is no decimal number.
fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, power(exponent)?),
        None => (text, 0),
    };
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let digits: Cow<'_, str> = match fraction.is_empty() {
        true => whole.into(),
        false => [whole, fraction].concat().into(),
    };
    let significant = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let power = exponent - i64::try_from(fraction.len()).ok()? + dropped;
    Some(match significant.trim_start_matches('0') {
        "" => "n0".to_owned(),
        digits => format!("n{sign}{digits}e{power}"),
    })
}

fn power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let power: i64 = is_number.then(|| digits.parse().ok())??;
    Some(if text.starts_with('-') { -power } else { power })
}

/// `None` for what is no RFC 3339 time in UTC.
fn time(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.strip_suffix('Z')?.as_bytes();
    let form = b"dddd-dd-ddTdd:dd:dd";
    let (second, fraction) = bytes.split_at_checked(form.len())?;
    let fits = |(byte, form): (&u8, &u8)| {
        if *form == b'd' {
            byte.is_ascii_digit()
        } else {
            byte == form
        }
    };
    if !second.iter().zip(form).all(fits) {
        return None;
    }
    match fraction {
        [] => Some(text.into()),
        [b'.', rest @ ..] if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit) => {
            match rest.iter().all(|digit| *digit == b'0') {
                true => Some(format!("{}Z", text.get(..form.len())?).into()),
                false => Some(text.into()),
            }
        }
        _ => None,
    }
}

/// The hash of a form.
pub fn hash(form: &str) -> i64 {
    digest(form.as_bytes()) >> 16
}

/// The first 64 bits of SHA-256.
pub fn digest(bytes: &[u8]) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(bytes)[..8]);
    i64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_json(value: &str) -> Option<String> {
        of_descriptor(None, value)
    }

    fn of_descriptor(descriptor: Option<&str>, value: &str) -> Option<String> {
        let json = format!(r#"{{"value":{value}}}"#);
        of(&json, Body::parse(&json).as_ref(), descriptor)
    }

    /// A poll and a message tell one observation.
    #[test]
    fn a_word_is_the_truth_that_it_means_to_its_descriptor() {
        let (hood, locked) = ("vehicle.body.hood.isOpen", "vehicle.body.flap.isLocked");
        let always = "vehicle.body.flap.isPermanentlyUnlocked";
        for (descriptor, value, want) in [
            (hood, r#""CLOSED""#, "bfalse"),
            (hood, r#"" open_tilt ""#, "btrue"),
            (hood, "false", "bfalse"),
            (hood, r#""ASN_isTrue""#, "btrue"),
            (hood, r#""HALF""#, "sHALF"),
            (hood, "1", "n1e0"),
            (locked, r#""FLAP_UNLOCKED""#, "bfalse"),
            (always, r#""FLAP_UNLOCKED""#, "btrue"),
            ("vehicle.cabin.door.status", r#""CLOSED""#, "sCLOSED"),
            ("vehicle.new.isOpen", r#""CLOSED""#, "sCLOSED"),
        ] {
            let form = of_descriptor(Some(descriptor), value);
            assert_eq!(form.as_deref(), Some(want), "{value} of {descriptor}");
        }
    }

    /// Journals hold these for ever: the form never changes.
    #[test]
    fn the_forms_are_those_on_disk() {
        for (value, want) in [
            ("null", None),
            ("true", Some("btrue")),
            (r#""False""#, Some("bfalse")),
            (r#"" TRUE ""#, Some("btrue")),
            (r#""ASN_isTrue""#, Some("btrue")),
            (r#""asn_isFalse""#, Some("bfalse")),
            (r#""ASN_isUnknown""#, Some("sASN_isUnknown")),
            ("74", Some("n74e0")),
            (r#""74""#, Some("n74e0")),
            (r#""74.0""#, Some("n74e0")),
            ("7.4e1", Some("n74e0")),
            ("740", Some("n74e1")),
            (r#"" +0074.50 ""#, Some("n745e-1")),
            ("-0.0", Some("n0")),
            (r#""-.5""#, Some("n-5e-1")),
            (r#""5.""#, Some("n5e0")),
            ("22.979991912841797", Some("n22979991912841797e-15")),
            ("9007199254740993", Some("n9007199254740993e0")),
            ("1E-7", Some("n1e-7")),
            (r#""1e1234567890""#, Some("s1e1234567890")),
            ("1e1234567890", Some("n1e1234567890")),
            (r#""""#, Some("s")),
            (r#"".""#, Some("s.")),
            (r#""1 2""#, Some("s1 2")),
            (r#"" A ""#, Some("s A ")),
            (r#""-NA-""#, Some("s-NA-")),
            (r#""NaN""#, Some("sNaN")),
            (r#""2026-07-27T12:37:58.000Z""#, Some("t2026-07-27T12:37:58Z")),
            (r#""2026-07-27T12:37:58Z""#, Some("t2026-07-27T12:37:58Z")),
            (r#""2026-07-27T12:37:58.250Z""#, Some("t2026-07-27T12:37:58.250Z")),
            (r#""2026-07-27T12:37:58.Z""#, Some("s2026-07-27T12:37:58.Z")),
            (r#""2026-07-27 12:37:58Z""#, Some("s2026-07-27 12:37:58Z")),
            (r#"{ "k": [1] }"#, Some(r#"j{ "k": [1] }"#)),
        ] {
            assert_eq!(of_json(value).as_deref(), want, "{value}");
        }
        assert_eq!(of("17", None, None).as_deref(), Some("j17"));
    }

    /// As another program computed them.
    #[test]
    fn the_hashes_are_those_on_disk() {
        for (form, want) in [
            ("n74e0", 76_411_324_568_893),
            ("btrue", 29_979_463_247_002),
            ("s", 4_649_059_316_933),
            ("t2026-07-27T12:37:58Z", 19_669_021_051_175),
        ] {
            assert_eq!(hash(form), want, "{form}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_no_two_numbers_are_one(text in "\\PC{0,30}", one: i64, two: i64) {
            of_text(&text);
            let (first, second) = (decimal(&one.to_string()), decimal(&two.to_string()));
            proptest::prop_assert_eq!(first == second, one == two);
        }

        #[test]
        fn a_number_is_one_however_it_is_written(number in -1_000_000_i64..1_000_000, zeros in 0_usize..4) {
            let written = [
                number.to_string(),
                format!("{number}.{}", "0".repeat(zeros)),
                format!("{number}{}e-{zeros}", "0".repeat(zeros)),
            ];
            for text in &written {
                proptest::prop_assert_eq!(decimal(text), decimal(&written[0]));
            }
        }
    }
}
