//! promtool, Prometheus' own judge of metrics and rules.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that is run once a question. `Err` has its words.
pub struct Promtool {
    program: PathBuf,
}

impl Promtool {
    /// `None` when it is not there, or tests against servers are left out, which it says.
    pub fn find() -> Option<Self> {
        let program = super::find_if_there("promtool", "CARDATA_TEST_PROMTOOL", "usr/bin/promtool")?;
        Some(Self { program })
    }

    /// Whether this text of `/metrics` can be read and follows Prometheus' conventions.
    pub fn check_metrics(&self, text: &str) -> Result<(), String> {
        self.run(&["check", "metrics"], None, text)
    }

    /// Whether a file of rules can be loaded.
    pub fn check_rules(&self, path: &Path) -> Result<(), String> {
        self.run(&["check", "rules"], Some(path), "")
    }

    /// Whether the unit tests in this file pass. Rules are found relative to it.
    pub fn test_rules(&self, path: &Path) -> Result<(), String> {
        self.run(&["test", "rules"], Some(path), "")
    }

    fn run(&self, words: &[&str], path: Option<&Path>, input: &str) -> Result<(), String> {
        let mut child = Command::new(&self.program)
            .args(words)
            .args(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool starts");
        let mut stdin = child.stdin.take().expect("its input is a pipe");
        // One that refuses its question does not read to the end.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let answer = child.wait_with_output().expect("promtool ends");
        let said = [answer.stdout, answer.stderr].concat();
        if answer.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&said).into_owned())
    }
}
