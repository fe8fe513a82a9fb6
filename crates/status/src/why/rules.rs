//! What the rules are called, out of the text that explains them.

/// What a rule is called: `Four energies, never mixed` is S3.
pub fn title(rule: &str) -> Option<&'static str> {
    title_in(derive::RULES, rule)
}

/// In the text a rule begins with its number and its title in bold: `**S3. Four energies, never mixed.**`.
fn title_in<'a>(text: &'a str, rule: &str) -> Option<&'a str> {
    let mut bold = text.split("**").skip(1).step_by(2);
    let title = bold.find_map(|bold| {
        let title = bold.strip_prefix(rule)?;
        title.starts_with(['.', ':', ' ']).then_some(title)
    })?;
    let title = title.trim_matches(['.', ':', ' ']);
    Some(title.lines().next().unwrap_or(title)).filter(|title| !title.is_empty())
}

/// What a rule says, without the signs of its markup; a line for each paragraph and each point.
pub fn text(rule: &str) -> Option<String> {
    text_in(derive::RULES, rule)
}

fn text_in(text: &str, rule: &str) -> Option<String> {
    let is_it = |line: &&str| number(line) == Some(rule);
    let mut lines = text.lines().skip_while(|line| !is_it(line));
    let (_, first) = lines.next()?.split_once("**")?;
    // The title ends with the second sign, which may stand on a later line.
    let rest = lines.take_while(|line| number(line).is_none() && !line.starts_with('#'));
    let whole = [first].into_iter().chain(rest).collect::<Vec<_>>().join("\n");
    let (_, body) = whole.split_once("**")?;
    let mut told = String::new();
    for line in body.lines().map(str::trim) {
        let point = line.strip_prefix("* ");
        if (point.is_some() || line.is_empty()) && !told.is_empty() && !told.ends_with('\n') {
            told.push('\n');
        }
        if point.is_some() {
            told.push_str("• ");
        } else if !told.is_empty() && !told.ends_with('\n') {
            told.push(' ');
        }
        told.extend(
            point
                .unwrap_or(line)
                .chars()
                .filter(|sign| !['*', '`'].contains(sign)),
        );
    }
    Some(told.trim().to_owned()).filter(|told| !told.is_empty())
}

/// The number of the rule that begins with a line.
fn number(line: &str) -> Option<&str> {
    let line = line.strip_prefix("* ").unwrap_or(line).strip_prefix("**")?;
    let number = line.split(['.', ':', ' ']).next()?;
    let figures = number.strip_prefix(|letter: char| letter.is_ascii_uppercase())?;
    let is_number = !figures.is_empty() && figures.bytes().all(|figure| figure.is_ascii_digit());
    is_number.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_where_the_next_rule_begins() {
        let text = "# Rules\n\n**S1. One plug-in.** It `begins`\nhere.\n\n* *Grid*: a\n  sum\n* two\n\n* **T1: when a\n  trip begins.** First.\n**B1: nothing**\n## Trips\nNot this.";
        for (rule, told) in [
            ("S1", Some("It begins here.\n• Grid: a sum\n• two")),
            ("T1", Some("First.")),
            ("B1", None),
            ("S", None),
            ("", None),
        ] {
            assert_eq!(text_in(text, rule).as_deref(), told, "{rule}");
        }
        let ours = super::text("S5").unwrap();
        assert!(
            ours.starts_with("Sums are made in the order of time") && !ours.contains("S6"),
            "{ours}"
        );
    }

    #[test]
    fn a_title_is_found_however_its_paragraph_begins() {
        let text = "# Rules\n\n**S1. One plug-in is one session.** It begins.\n\n**S10.** Nothing.\n* **T1: when a trip begins.** At\n  the **first** sign. **B1: capacity** is";
        for (rule, title) in [
            ("S1", Some("One plug-in is one session")),
            ("T1", Some("when a trip begins")),
            ("B1", Some("capacity")),
            ("S10", None),
            ("S2", None),
            ("", None),
        ] {
            assert_eq!(title_in(text, rule), title, "{rule}");
        }
    }
}
