//! The options of the `exec` sink.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use collector_core::{
    Invalid, Records, Redelivery, Secret, Sink, SinkConfig, SinkContext, SinkError, Vehicle,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::process::Launch;
use crate::sink::ExecSink;

/// Gives every reading to a program of your own.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecConfig {
    /// The program and its arguments, one by one: no shell reads them. Everybody on this machine can see them, so secrets
    /// belong in `env`.
    pub command: Vec<String>,
    /// The folder that the program runs in; relative to the pipeline file, and the folder of that if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// What the program finds in its environment, beside PATH, HOME, LANG, LC_ALL, TMPDIR and TZ.
    #[serde(default)]
    pub env: BTreeMap<String, Secret>,
}

impl SinkConfig for ExecConfig {
    const TYPE: &'static str = "exec";
    const SUMMARY: &'static str = "a program of your own, in any language";
    const SAMPLE: &'static str = include_str!("../sample.yaml");
    /// What is asked of the program; it alone can keep it.
    const REDELIVERY: Redelivery = Redelivery::Overwrites;
    /// As above.
    const RECORDS: Records = Records::Replaces;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        let dir = self.dir.as_deref().and_then(|dir| Invalid::of_home("dir", dir));
        let mut invalid = Vec::from_iter(dir);
        let program = self.command.first().map_or("", |program| program.trim());
        if program.is_empty() {
            let reason =
                "names no program; write it and its arguments as a list, such as `[python3, my_sink.py]`";
            invalid.push(Invalid::new("command", reason));
        }
        invalid.extend(Invalid::of_home("command", Path::new(program)));
        if self.command.iter().any(|text| text.contains('\0')) {
            let reason = "has a NUL character in it, which no program can be given";
            invalid.push(Invalid::new("command", reason));
        }
        for (name, value) in &self.env {
            if name.is_empty() || name.contains(['=', '\0']) || value.expose().contains('\0') {
                let reason =
                    "is no variable: a name has no `=`, and neither it nor its value a NUL character";
                invalid.push(Invalid::new(format!("env.{}", name.escape_debug()), reason));
            }
        }
        if invalid.is_empty() { Ok(()) } else { Err(invalid) }
    }

    fn removal(&self, vehicle: &Vehicle) -> String {
        let vin = &vehicle.vin;
        format!("what its program has kept of {vin} stays there: remove it as that program allows")
    }

    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(ExecSink::new(Launch::of(self, &context)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(command: &[&str], env: &[(&str, &str)]) -> Vec<String> {
        let config = ExecConfig {
            command: command.iter().map(|text| (*text).to_owned()).collect(),
            dir: None,
            env: env
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
                .collect(),
        };
        let invalid = config.validate().err().unwrap_or_default();
        invalid.into_iter().map(|one| one.key).collect()
    }

    #[test]
    fn what_no_program_can_be_given_is_told() {
        assert_eq!(mistakes(&["python3", ""], &[("TOKEN", "")]), [""; 0]);
        assert_eq!(mistakes(&[], &[]), ["command"]);
        assert_eq!(mistakes(&[" "], &[]), ["command"]);
        assert_eq!(mistakes(&["~/mine", "~/data"], &[]), ["command"]);
        assert_eq!(
            mistakes(&["sh", "a\0b"], &[("A=B", "c"), ("D", "e\0")]),
            ["command", "env.A=B", "env.D"]
        );
    }
}
