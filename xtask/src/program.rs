//! Builds `cardata` and tells where it is.

use std::path::PathBuf;
use std::process::{Stdio, exit};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace;

/// Its name, and that of the package that makes it.
pub const PACKAGE: &str = "cardata";

/// Builds the program, and what else `options` of `cargo build` say, while cargo shows how far it is. A build that
/// fails ends this process, cargo having told why.
pub fn build(options: &[&str]) -> Result<PathBuf> {
    let built = workspace::cargo()
        .args(["build", "--bin", PACKAGE])
        .args(["--message-format", "json-render-diagnostics"])
        .args(options)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !built.status.success() {
        exit(built.status.code().unwrap_or(1));
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    executable(&messages).context("cargo did not name the program that it built")
}

/// The program's path out of cargo's messages, one JSON object a line.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().map(serde_json::from_str::<Value>);
    // A test of the program has its name too, and a library nothing to execute.
    let mut programs = messages
        .flatten()
        .filter(|message| message["target"]["name"] == PACKAGE && message["profile"]["test"] == false);
    programs.find_map(|message| Some(message["executable"].as_str()?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_the_messages() {
        let message = |target: &str, test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{{target},"test":true}},"profile":{{"test":{test}}},"executable":{executable}}}"#
            )
        };
        let program = r#""kind":["bin"],"name":"cardata""#;
        let messages = [
            message(r#""kind":["lib"],"name":"serde""#, false, "null"),
            message(program, true, r#""/target/debug/deps/cardata-0123""#),
            message(program, false, r#""/a \"b\"/target/debug/cardata""#),
            message(
                r#""kind":["bin"],"name":"xtask""#,
                false,
                r#""/target/debug/xtask""#,
            ),
        ];
        assert_eq!(
            executable(&messages.join("\n")),
            Some("/a \"b\"/target/debug/cardata".into())
        );
        assert_eq!(executable(&messages[..2].join("\n")), None);
    }
}
