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

#[cfg(test)]
mod tests {
    use super::*;

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
