//! What may be said of a panic.
//!
//! A panic with a text of its own is the program's word. One whose text was made while it ran may quote what it
//! stumbled over: a token, a VIN, a position. Of that, only what is no data is kept: whatever a panic quotes is a value,
//! so here what may be said is told, and not, as for the words of others, what may not.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

use collector_core::mask;

/// Longer texts are cut, in characters.
const LONGEST: usize = 300;

/// What a panic says, without what it quotes.
pub fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        return (*text).to_owned();
    }
    match payload.downcast_ref::<String>() {
        Some(text) => without_quotes(text),
        None => "no reason is told".to_owned(),
    }
}

/// Makes panics say where and why to `tell`, in one line, and a backtrace where `RUST_BACKTRACE` asks for one.
pub fn install_hook(tell: fn(&str)) {
    std::panic::set_hook(Box::new(move |panic| {
        tell(&line(panic));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            tell(&backtrace.to_string());
        }
    }));
}

fn line(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("without a name");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    format!("thread {name} panicked at {place}: {}", message(panic.payload()))
}

/// What stands in quotes, and every word with a digit that is no small number, is data.
fn without_quotes(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'', '`']) {
        push_words(&rest[..start], &mut kept);
        let quote = &rest[start..=start];
        let inner = &rest[start + 1..];
        // Without an end, everything may be quoted.
        let end = inner.find(quote).unwrap_or(inner.len());
        let shown = if is_code(&inner[..end]) {
            &inner[..end]
        } else {
            "…"
        };
        kept.extend([quote, shown, quote]);
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    push_words(rest, &mut kept);
    mask::cut(&kept, LONGEST)
}

/// The standard library's own words: `Result::unwrap()`, `Err`, `None`.
fn is_code(quoted: &str) -> bool {
    let call = quoted.ends_with("()") && (quoted.starts_with("Result::") || quoted.starts_with("Option::"));
    call || matches!(quoted, "Err" | "Ok" | "None" | "Some" | "char" | "str")
}

fn push_words(text: &str, kept: &mut String) {
    for word in text.split_inclusive(|c: char| c.is_whitespace() || c.is_control()) {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let number = bare.trim_start_matches(|c: char| !c.is_alphanumeric());
        let is_small = number.len() <= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_data = number.contains(|c: char| c.is_ascii_digit()) && !is_small;
        if is_data || number.len() > 40 {
            kept.push('…');
            kept.extend(word.chars().last().filter(|c| c.is_whitespace()));
        } else {
            kept.extend(word.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRETS: [&str; 5] = [
        "WBY8P210X07A12345",
        "hunter2",
        "eyJhbGciOiJIUzI1NiJ9.c2Vj.c2ln",
        "50.7664380556",
        "correct horse",
    ];

    fn said(panic: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let payload = std::panic::catch_unwind(panic).unwrap_err();
        message(&*payload)
    }

    #[test]
    fn the_programs_own_words_are_kept() {
        assert_eq!(
            said(|| panic!("a batch without entries")),
            "a batch without entries"
        );
        let nothing = std::panic::catch_unwind(|| std::panic::panic_any(7)).unwrap_err();
        assert_eq!(message(&*nothing), "no reason is told");
        let numbers: Vec<u8> = Vec::new();
        let index = std::hint::black_box(3);
        let text = said(move || assert_eq!(numbers[index], 0));
        assert_eq!(text, "index out of bounds: the len is 0 but the index is 3");
    }

    #[test]
    fn what_a_panic_quotes_is_not_told() {
        for secret in SECRETS {
            let owned = secret.to_owned();
            let failed: Result<(), String> = std::hint::black_box(Err(owned));
            let text = said(move || failed.unwrap());
            assert_eq!(text, "called `Result::unwrap()` on an `Err` value: \"…\"");
            let owned = format!("é{secret}");
            let text = said(move || drop(owned[std::hint::black_box(1)..].to_owned()));
            assert!(!text.contains(secret) && text.contains("char boundary"), "{text}");
        }
        let text = said(|| panic!("cannot store {} {}", SECRETS[0], SECRETS[3]));
        assert_eq!(text, "cannot store … …");
    }

    proptest! {
        #[test]
        fn no_digits_of_data_are_told(before in "[ a-z\"'`]{0,20}", secret in "[A-HJ-NPR-Z]{4}[0-9]{9}", after in "\\PC{0,20}") {
            let text = without_quotes(&format!("{before}{secret}{after}"));
            prop_assert!(!text.contains(&secret), "{text}");
            prop_assert!(!text.contains(char::is_control));
        }
    }
}
