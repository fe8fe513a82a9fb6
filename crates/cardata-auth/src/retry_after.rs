//! The `Retry-After` header, in both of its forms.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// No longer is waited, whatever is asked for.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long the server asks to wait, a day at most. A date is counted from the answer's own `Date`, so that neither clock
/// matters.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    Some(asked(headers)?.min(LONGEST))
}

fn asked(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = date(headers, &RETRY_AFTER)?.duration_since(date(headers, &DATE)?);
    Some(wait.try_into().unwrap_or_default())
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(rfc2822::parse(text).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pairs: &[(HeaderName, &'static str)]) -> Option<Duration> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect::<HeaderMap>();
        retry_after(&headers)
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(parsed(&[(RETRY_AFTER, "120")]), Some(Duration::from_secs(120)));
        assert_eq!(parsed(&[(RETRY_AFTER, "99999999")]), Some(LONGEST));
        let date = (DATE, "Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(
            parsed(&[(RETRY_AFTER, "Wed, 21 Oct 2026 07:29:30 GMT"), date.clone()]),
            Some(Duration::from_secs(90))
        );
        assert_eq!(
            parsed(&[(RETRY_AFTER, "Wed, 21 Oct 2026 07:00:00 GMT"), date]),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn anything_else_is_nothing() {
        assert_eq!(parsed(&[]), None);
        assert_eq!(parsed(&[(RETRY_AFTER, "soon")]), None);
        assert_eq!(parsed(&[(RETRY_AFTER, "Wed, 21 Oct 2026 07:29:30 GMT")]), None);
    }
}
