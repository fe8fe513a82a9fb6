//! The pipeline file as a whole, with plugins that store nothing.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test that fails is a test that fails"
)]

mod configs;
mod dashboard;
mod guardian;
mod meaning;
mod mistakes;
mod plugins;
mod robustness;
mod secrets;
mod tariffs;

use std::collections::HashMap;
use std::env::VarError;
use std::path::Path;

use collector as _;
use pipeline::{ConfigError, Environment, Pipeline, show};

/// Variables of a test; nothing of this process.
#[derive(Default)]
struct Variables(HashMap<&'static str, String>);

impl Environment for Variables {
    fn variable(&self, name: &str) -> Result<String, VarError> {
        self.0.get(name).cloned().ok_or(VarError::NotPresent)
    }
}

impl<const N: usize> From<[(&'static str, &str); N]> for Variables {
    fn from(variables: [(&'static str, &str); N]) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()))
                .collect(),
        )
    }
}

const ACCOUNTS: &str = "accounts:
  - name: home
    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
";
const SOURCES: &str = "sources:
  - type: meter
    every: 30m
";
const SINKS: &str = "sinks:
  - type: shelf
    path: data
";

/// A file with these sections, and the usual ones where it has none.
fn file(sections: &str) -> String {
    let mut text = sections.to_owned();
    for (key, usual) in [("accounts:", ACCOUNTS), ("sources:", SOURCES), ("sinks:", SINKS)] {
        if !text.lines().any(|line| line.replace('«', "").starts_with(key)) {
            text.push_str(usual);
        }
    }
    text
}

/// Whatever is right here is right as `check --show` prints it, and means the same.
fn parse(text: &str, variables: &Variables) -> Result<Pipeline, ConfigError> {
    let parse = |text| pipeline::parse("pipeline.yaml", text, Path::new("/etc/cardata"), variables);
    let pipeline = parse(text)?;
    let shown = show(&pipeline);
    match parse(&shown) {
        Ok(again) => assert_eq!(show(&again), shown),
        Err(error) => panic!("{shown}{error}"),
    }
    Ok(pipeline)
}

/// A file that must be right.
fn pipeline(sections: &str) -> Pipeline {
    match parse(&file(sections), &Variables::default()) {
        Ok(pipeline) => pipeline,
        Err(error) => panic!("{error}"),
    }
}
