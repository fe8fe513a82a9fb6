//! `cardata completions`: what a shell needs to complete the command line.

use clap::{CommandFactory, ValueEnum};
use clap_complete::aot;

use crate::args::Arguments;
use crate::{CommandResult, terminal};

/// The shells that packages install a completion for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub fn run(shell: Shell) -> CommandResult {
    terminal::say(script(shell).trim_end());
    Ok(())
}

fn script(shell: Shell) -> String {
    let shell = match shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    let mut script = Vec::new();
    aot::generate(shell, &mut Arguments::command(), "cardata", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// What a shell says of a script that it only reads; `None` where there is no such shell.
    fn read_by(program: &str, options: &[&str], script: &str) -> Option<String> {
        let mut shell = Command::new(program)
            .args(options)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        shell.stdin.take()?.write_all(script.as_bytes()).unwrap();
        let output = shell.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Some(format!("{:?} {said}", output.status.code()))
    }

    #[test]
    fn every_shell_can_read_its_script() {
        let said = read_by("bash", &["-n"], &script(Shell::Bash));
        assert_eq!(said.as_deref(), Some("Some(0) "));
        for (program, shell) in [("zsh", Shell::Zsh), ("fish", Shell::Fish)] {
            let said = read_by(program, &["-n"], &script(shell));
            assert!(said.is_none_or(|said| said == "Some(0) "), "{program}");
        }
    }

    #[test]
    fn every_command_is_completed() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            for command in Arguments::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{}", command.get_name());
            }
        }
    }
}
