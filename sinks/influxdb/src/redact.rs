//! The server's own words, fit for a log and a dead letter.

use collector_core::mask;

/// Longer words are cut, in characters.
const LONGEST: usize = 300;

/// What a server said, fit to be shown, and without the lines that it echoes with their values. `secrets` are the forms
/// of the login.
pub fn redact(words: &str, secrets: &[String]) -> String {
    mask::quoted(&without_lines(words), secrets, LONGEST)
}

/// Cuts the line out of "unable to parse '<line>': <reason>".
fn without_lines(words: &str) -> String {
    const BEFORE: &str = "unable to parse '";
    let mut rest = words;
    let mut kept = String::new();
    while let Some(start) = rest.find(BEFORE) {
        let line = start + BEFORE.len();
        kept.push_str(&rest[..line]);
        kept.push('…');
        rest = match rest[line..].find("': ") {
            Some(end) => &rest[line + end..],
            None => "'",
        };
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoed_lines_vins_and_logins_are_cut_out() {
        let words = "partial write: unable to parse 'cardata,vin=WBY8P210X07A12345 lat=50.7 1': bad number\n\
                     unable to parse 'x': missing; series vin=WBY8P210X07A12345,vehicle=i4, token hunter2";
        assert_eq!(
            redact(words, &["hunter2".to_owned()]),
            "partial write: unable to parse '…': bad number unable to parse '…': missing; \
             series vin=…2345,vehicle=i4, token …"
        );
    }

    #[test]
    fn an_echo_without_an_end_is_cut_whole() {
        assert_eq!(
            redact("unable to parse 'cardata lat=50.7", &[]),
            "unable to parse '…'"
        );
    }
}
