//! What a diagnosis says, for people and for programs.

use collector_core::mask::readable;
use serde_json::{Value, json};

use super::{Finding, Verdict};
use crate::table::{capital, counted};

/// Of the terminal, in columns.
const WIDTH: usize = 80;
/// The columns of verdict and check.
const VERDICT: usize = 7;
const CHECK: usize = 12;

/// For people, 80 columns wide; `calls` were spent for it.
pub fn text(findings: &[Finding], simulated: bool, calls: u32) -> String {
    let mut lines = Vec::new();
    if simulated {
        lines.push("A simulator stands for BMW here: there is nothing to ask of BMW.".to_owned());
    }
    lines.extend(findings.iter().map(row));
    let problems = problems(findings);
    match problems.first() {
        Some(first) => {
            let count = match problems.len() {
                1 => "The problem".to_owned(),
                count => format!("The first of {count} problems"),
            };
            lines.push(format!("\n{count}: {}", title(first)));
            lines.extend(paragraph(&first.said));
            lines.extend(first.advice.as_deref().and_then(paragraph));
        }
        None => {
            lines.push("\nNo problem was found.".to_owned());
            for finding in findings.iter().filter(|finding| finding.advice.is_some()) {
                lines.push(format!("\nTo know: {}", title(finding)));
                lines.extend(finding.advice.as_deref().and_then(paragraph));
            }
        }
    }
    lines.push(format!("\n{}", spent(calls)));
    lines.join("\n")
}

/// The problems, the one that is to be mended first before the others.
pub fn problems(findings: &[Finding]) -> Vec<&Finding> {
    let problems = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Problem);
    problems.collect()
}

fn spent(calls: u32) -> String {
    match calls {
        0 => "No call of the API was spent for this.".to_owned(),
        1 => "1 call of the API was spent for this.".to_owned(),
        calls => format!("{} of the API were spent for this.", counted(calls, "call")),
    }
}

fn title(finding: &Finding) -> String {
    let of = finding
        .of
        .as_ref()
        .map(|of| format!(" of {}", readable(of)))
        .unwrap_or_default();
    finding.check.as_str().replace('_', " ") + &of
}

fn row(finding: &Finding) -> String {
    let check = finding.check.as_str().replace('_', " ");
    let of = finding
        .of
        .as_ref()
        .map(|of| format!("{of}: "))
        .unwrap_or_default();
    let said = readable(&format!("{of}{}", finding.said));
    let head = format!("  {:<VERDICT$}  {check:<CHECK$}  ", finding.verdict.as_str());
    wrapped(&said, &head, &" ".repeat(head.len()))
}

/// As a sentence.
fn paragraph(text: &str) -> Option<String> {
    let end = if text.ends_with('.') { "" } else { "." };
    (!text.is_empty()).then(|| wrapped(&readable(&format!("{}{end}", capital(text))), "  ", "  "))
}

fn wrapped(text: &str, first: &str, others: &str) -> String {
    let options = textwrap::Options::new(WIDTH)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .initial_indent(first)
        .subsequent_indent(others);
    textwrap::fill(text, options)
}

/// For programs. No VIN is in it either.
pub fn json(findings: &[Finding], simulated: bool, calls: u32) -> Value {
    let told = findings.iter().map(|finding| {
        json!({
            "check": finding.check.as_str(),
            "of": finding.of,
            "verdict": finding.verdict.as_str(),
            "said": finding.said,
            "advice": finding.advice,
            "descriptors": finding.descriptors,
        })
    });
    json!({
        "simulated": simulated,
        "calls_spent": calls,
        "problems": problems(findings).len(),
        "findings": told.collect::<Value>(),
    })
}
