//! Builds `cardata` and tells where it is.

use std::io::{IsTerminal, Read, Write, stderr};
use std::path::PathBuf;
use std::process::{Command, Stdio, exit};

use anyhow::{Context, Result};

use crate::workspace;

/// Takes the bar away.
const CLEAR_LINE: &[u8] = b"\x1b[K";

/// Builds the program, and what else `options` of `cargo build` say. Cargo's progress is shown while something
/// is built; when nothing is, nothing is said. A build that fails ends this process, cargo having told why.
pub fn build(options: &[&str]) -> Result<PathBuf> {
    let mut cargo = workspace::cargo();
    cargo
        .args(["build", "--bin", "cardata"])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(workspace::root().join("Cargo.toml"))
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let terminal = stderr().is_terminal();
    if terminal {
        show_progress_through_a_pipe(&mut cargo);
    }
    let mut child = cargo.spawn().context("cannot start cargo")?;
    let progress = child.stderr.take().context("cargo's standard error is piped")?;
    let in_place_of_finished: &[u8] = if terminal { CLEAR_LINE } else { b"" };
    let relay = std::thread::spawn(move || relay(progress, &mut stderr(), in_place_of_finished));
    let mut messages = String::new();
    let mut stdout = child.stdout.take().context("cargo's standard output is piped")?;
    stdout
        .read_to_string(&mut messages)
        .context("cannot read cargo's messages")?;
    let status = child.wait().context("cannot wait for cargo")?;
    // The relay ends with cargo; what it could not show is nobody's loss.
    let _ = relay.join();
    if !status.success() {
        exit(status.code().unwrap_or(1));
    }
    executable(&messages).context("cargo did not name the program that it built")
}

/// Cargo draws neither colours nor a bar into a pipe unless it is told to.
fn show_progress_through_a_pipe(cargo: &mut Command) {
    let defaults = [
        ("CARGO_TERM_COLOR", "always"),
        ("CARGO_TERM_PROGRESS_WHEN", "always"),
        ("CARGO_TERM_PROGRESS_WIDTH", "80"),
    ];
    for (name, value) in defaults {
        if std::env::var_os(name).is_none() {
            cargo.env(name, value);
        }
    }
}

/// Copies piece by piece, a piece ending with a line or, as the bar does, at the line's begin. The closing
/// line `Finished …` is replaced: it is all that cargo says when there is nothing to build.
fn relay(mut from: impl Read, to: &mut impl Write, in_place_of_finished: &[u8]) -> std::io::Result<()> {
    let mut piece = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return to.write_all(&piece);
        }
        for byte in &buffer[..length] {
            piece.push(*byte);
            if matches!(byte, b'\n' | b'\r') {
                let finished = says_finished(&piece);
                to.write_all(if finished { in_place_of_finished } else { &piece })?;
                piece.clear();
            }
        }
        to.flush()?;
    }
}

fn says_finished(piece: &[u8]) -> bool {
    let text = String::from_utf8_lossy(piece);
    // Escape sequences begin with ESC [ and end with a letter.
    let mut rest = text.trim_start();
    while let Some(sequence) = rest.strip_prefix("\x1b[") {
        let end = sequence.find(|c: char| c.is_ascii_alphabetic());
        rest = end.map_or("", |end| &sequence[end + 1..]).trim_start();
    }
    rest.starts_with("Finished")
}

/// The program's path out of cargo's messages, one JSON object a line.
fn executable(messages: &str) -> Option<PathBuf> {
    // A test of the program is a `bin` as well, but no artifact with `"test":false`.
    let marks = ["\"kind\":[\"bin\"]", "\"name\":\"cardata\"", "\"test\":false"];
    let message = messages
        .lines()
        .find(|line| marks.iter().all(|mark| line.contains(mark)))?;
    let (_, rest) = message.rsplit_once("\"executable\":\"")?;
    let mut path = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(path.into()),
            '\\' => path.push(characters.next()?),
            other => path.push(other),
        }
    }
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

    #[test]
    fn progress_is_relayed_but_for_the_last_word() {
        let relayed = |text: &str| {
            let mut shown = Vec::new();
            relay(text.as_bytes(), &mut shown, b"-").unwrap();
            String::from_utf8(shown).unwrap()
        };
        assert_eq!(relayed("   Compiling a v1\n"), "   Compiling a v1\n");
        assert_eq!(relayed("    Finished `dev` profile\n"), "-");
        assert_eq!(
            relayed("\x1b[K\x1b[1m\x1b[92m    Finished\x1b[0m `dev` profile\n"),
            "-"
        );
        assert_eq!(
            relayed("  Building [=> ] 1/2\rerror"),
            "  Building [=> ] 1/2\rerror"
        );
    }
}
