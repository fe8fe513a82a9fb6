//! Why a number that the pages compute is as it is: [`records`] of which records, [`keys`] of which keys, by which rule.

pub mod keys;
pub mod records;

use status::why::rules;

use crate::view::why::{Rule, WhyValue};

/// A number with its reasons, and where it stands.
pub struct Computed {
    pub value: WhyValue,
    /// The page of the vehicle that shows it.
    pub page: &'static str,
    pub about: String,
}

/// A rule of the page, with all that RULES.md says of it.
pub fn rule(number: &'static str) -> Vec<Rule> {
    let title = rules::title(number).unwrap_or_default();
    let text = rules::text(number).unwrap_or_default();
    vec![Rule {
        number: number.to_owned(),
        text: format!("{title}. {text}"),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::full;

    #[test]
    fn every_rule_of_the_page_stands_among_the_rules() {
        let used: Vec<_> = records::SUMS
            .iter()
            .map(|sum| sum.rule)
            .chain(keys::RULES)
            .chain([full::RULE])
            .collect();
        for number in &used {
            assert!(
                rules::title(number).is_some() && rules::text(number).is_some(),
                "{number}"
            );
        }
        let stated = (1..).map(|number| format!("P{number}"));
        for number in stated.take_while(|number| rules::title(number).is_some()) {
            assert!(used.contains(&&*number), "{number} is of no number");
        }
    }
}
