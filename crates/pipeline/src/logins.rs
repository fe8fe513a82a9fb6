//! Logins in URLs (`scheme://user:password@host`, `scheme://host?token=secret`), which must not be shown wherever
//! they stand.

use collector_core::table::Span;

use super::outside;
use super::secrets::{self, HIDDEN};

const BEFORE: &str = "://";
/// Stands for a byte of a reference, which tells no secret.
const REFERENCE: char = '\u{1}';
/// Shorter passwords are parts of too many words to be looked for outside of their URLs.
const RECOGNISABLE: usize = 4;

/// The places of all logins in a text, each without the `@` behind it. References are no secrets: of
/// `http://me:${PASSWORD}@host` nothing is found.
pub(super) fn find(text: &str) -> Vec<Span> {
    let text = without_references(text);
    let starts = text.match_indices(BEFORE).map(|(at, _)| at + BEFORE.len());
    let mut found: Vec<Span> = Vec::new();
    for start in starts {
        let is_inside = found.last().is_some_and(|last| start < last.end);
        if let (false, Some(length)) = (is_inside, login(&text[start..])) {
            found.push(start..start + length);
        }
        for value in query(&text[start..]) {
            let value = start + value.start..start + value.end;
            if found.last().is_none_or(|last| last.end <= value.start) {
                found.push(value);
            }
        }
    }
    found
}

/// The values in the query of a URL: whatever their keys are, one of them may be a token.
fn query(rest: &str) -> Vec<Span> {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '#' | '}' | ','));
    let url = &rest[..end.unwrap_or(rest.len())];
    let Some(question) = url.find('?') else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut at = question + 1;
    for pair in url[at..].split(['&', ';']) {
        if let Some((key, value)) = pair.split_once('=')
            && value.chars().any(|c| c != REFERENCE)
        {
            let start = at + key.len() + 1;
            found.push(start..start + value.len());
        }
        at += pair.len() + 1;
    }
    found
}

/// The text with `***` in the place of every login.
pub(super) fn hide(text: &str) -> String {
    let mut hidden = text.to_owned();
    for span in find(text).into_iter().rev() {
        hidden.replace_range(span, HIDDEN);
    }
    hidden
}

/// The passwords of a text's logins, as far as they can be told from other words.
pub(super) fn passwords(text: &str) -> Vec<&str> {
    find(text)
        .into_iter()
        .map(|span| {
            let login = &text[span];
            login.split_once(':').map_or(login, |(_, password)| password)
        })
        .filter(|password| password.chars().count() >= RECOGNISABLE)
        .collect()
}

/// A message in which neither a login nor one of these passwords is repeated.
pub(super) fn hide_in_message(message: &str, passwords: &[&str]) -> String {
    passwords.iter().fold(hide(message), |message, password| {
        outside::replace_word(&message, password, HIDDEN)
    })
}

/// How long the login is that a URL has behind its `://`. A password may hold any character that a URL cannot:
/// what is no plain `host:port` before the path is taken for a login up to the last `@`.
fn login(rest: &str) -> Option<usize> {
    let word = rest.split(char::is_whitespace).next().unwrap_or_default();
    let authority = word.split(['/', '?', '#']).next().unwrap_or_default();
    let length = word.rfind('@')?;
    let (_, secret) = word[..length].split_once(':').unwrap_or(("", &word[..length]));
    let is_told = secret.chars().any(|c| c != REFERENCE);
    (is_told && !is_host(authority)).then_some(length)
}

fn is_host(authority: &str) -> bool {
    let port = |c: char| c.is_ascii_digit() || c == REFERENCE;
    let (host, rest) = match authority.rsplit_once(':') {
        Some((host, rest)) if !rest.contains(']') => (host, rest),
        _ => (authority, ""),
    };
    let is_address = host.starts_with('[') && host.ends_with(']');
    let name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | REFERENCE);
    (is_address || host.chars().all(name)) && rest.chars().all(port)
}

/// The text with every `${NAME}` blanked out; every offset stays as it is.
fn without_references(text: &str) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}').map(|length| start + length + 1) else {
            break;
        };
        let reference = &rest[start..end];
        blanked.push_str(&rest[..start]);
        if secrets::is_reference(reference) {
            blanked.extend(std::iter::repeat_n(REFERENCE, reference.len()));
        } else {
            blanked.push_str(reference);
        }
        rest = &rest[end..];
    }
    blanked.push_str(rest);
    blanked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_hidden() {
        for (text, hidden) in [
            ("http://u:pw@h:1/x", "http://***@h:1/x"),
            ("a `mqtts://token@h` b", "a `mqtts://***@h` b"),
            ("http://u:p/w?#@[::1]:1", "http://***@[::1]:1"),
            (
                "http://u:p@w@h and https://:ä@h",
                "http://***@h and https://***@h",
            ),
            ("http://a://b:c@h", "http://a://***@h"),
            ("http://u:${P:-pw}@h", "http://***@h"),
            ("`http://h/x?token=a&b=c/=`, d", "`http://h/x?token=***&b=***`, d"),
            ("http://u:p@h?t=x", "http://***@h?t=***"),
            ("${URL:-http://u:pw@h}", "${URL:-http://***@h}"),
        ] {
            assert_eq!(hide(text), hidden);
        }
    }

    #[test]
    fn what_is_no_login_stays() {
        for text in [
            "http://h:8086/a@b",
            "http://[::1]:8086?to",
            "http://h?token=${TOKEN}&=",
            "http://[::1]/@",
            "http://${HOST}:${PORT}/a@b",
            "http://me:${file:/run/password}@h",
            "http://${TOKEN}@h",
            "http://@h",
            "me@h: http://h",
            "http://h me@h",
            "://",
            "${",
        ] {
            assert_eq!(hide(text), text);
        }
    }

    #[test]
    fn passwords_are_not_repeated() {
        let passwords = passwords("url: http://me:hunter2@h\nother: http://a:b@h");
        assert_eq!(passwords, ["hunter2"]);
        assert_eq!(
            hide_in_message("`hunter2` of `http://x:y@h` is bad", &passwords),
            "`***` of `http://***@h` is bad"
        );
    }
}
