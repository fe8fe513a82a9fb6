//! The pipeline file: what is right is shown, what is wrong is placed, and no value from outside is in either.

use std::env::VarError;
use std::path::Path;

use collector as _;
use pipeline::{Environment, Mistake, Pipeline, parse, show};

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "pipeline_yaml",
    places: &[
        "mistake",
        "mistake beside a secret",
        "pipeline",
        "pipeline with a secret",
    ],
    run,
};

/// What `${TOKEN}` stands for, and what is in the file of fixtures that seeds name with `${file:token}`.
const VARIABLE: &str = "hunter2-Of-The-Environment/+=";
const FILE: &str = "hunter2-Of-The-File \\\"'";

struct Variables;

impl Environment for Variables {
    fn variable(&self, name: &str) -> Result<String, VarError> {
        match name {
            "TOKEN" => Ok(VARIABLE.to_owned()),
            _ => Err(VarError::NotPresent),
        }
    }
}

fn run(input: &[u8], reached: &mut Reached) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    let has_secret = text.contains("${TOKEN}") || text.contains("${file:token}");
    match parse("pipeline.yaml", text, folder, &Variables) {
        Ok(pipeline) => {
            reached.reach(if has_secret {
                "pipeline with a secret"
            } else {
                "pipeline"
            });
            right(text, &pipeline);
        }
        Err(error) => {
            reached.reach(if has_secret {
                "mistake beside a secret"
            } else {
                "mistake"
            });
            assert!(!error.mistakes().is_empty(), "an error without a mistake");
            for mistake in error.mistakes() {
                placed(text, mistake);
            }
            hidden(text, &error.render(false, None));
            hidden(text, &format!("{error:?}"));
        }
    }
}

fn right(text: &str, pipeline: &Pipeline) {
    assert!(!pipeline.accounts.is_empty() && !pipeline.sources.is_empty() && !pipeline.sinks.is_empty());
    assert!(pipeline.state.is_absolute());
    hidden(text, &show(pipeline));
    hidden(text, &format!("{pipeline:?}"));
}

fn placed(text: &str, mistake: &Mistake) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text
        .split('\n')
        .nth(mistake.line.checked_sub(1).expect("lines count from 1"));
    let line = line.unwrap_or_else(|| panic!("{mistake:?} is behind the end of the file"));
    let columns = line.chars().count() + 1;
    assert!(
        (1..=columns).contains(&mistake.column),
        "{mistake:?} is behind the end of its line"
    );
    assert!(!mistake.message.is_empty());
    let control = |text: &str| text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert!(
        !control(&mistake.message) && !mistake.help.as_deref().is_some_and(control),
        "{mistake:?}"
    );
}

/// The fuzzer learns the values from the comparisons that it watches and writes them into the file; there they
/// are as public as the rest of it.
fn hidden(text: &str, shown: &str) {
    if text.to_lowercase().contains("hunter2") {
        return;
    }
    for secret in [VARIABLE, FILE] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!shown.contains("hunter2"), "{shown}");
}
