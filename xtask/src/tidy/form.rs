//! How a source file is made: one concept, said in its first line.

use super::{Finding, Tree};

const LINES: usize = 400;
/// In the first lines of a file that a program wrote.
const GENERATED: &str = concat!("// @", "generated");

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_rust()) {
        let generated = file.text.lines().take(3).any(|line| line.starts_with(GENERATED));
        let lines = file.text.lines().count();
        if lines > LINES && !generated {
            let message = format!(
                "{lines} lines; a file holds one concept and fits into {LINES}; find the second concept and \
                 give it a file"
            );
            findings.push(Finding::new(file, LINES, message));
        }
        if !file.text.starts_with("//! ") && !generated {
            let message = "no `//!` in the first line; a reader wants to know why the file exists; say it in a \
                           sentence";
            findings.push(Finding::new(file, 0, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        let tree = Tree::of(&[("crates/a/src/b.rs", text)]);
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_file_says_why_it_exists() {
        assert_eq!(found("//! Why.\n"), [0; 0]);
        assert_eq!(found("use std::fmt;\n"), [1]);
        assert_eq!(found(""), [1]);
    }

    #[test]
    fn a_file_has_at_most_four_hundred_lines() {
        let text = format!("//! Why.\n{}", "\n".repeat(399));
        assert_eq!(found(&text), [0; 0]);
        assert_eq!(found(&format!("{text}\n")), [401]);
    }

    #[test]
    fn a_generated_file_may_be_as_it_is() {
        assert_eq!(
            found(&format!("{GENERATED} by a task\n{}", "\n".repeat(900))),
            [0; 0]
        );
    }
}
