//! `cargo xtask run`: builds the program and becomes it.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, exit};

use anyhow::{Context, Result};

use crate::{program, workspace};

const DEMO: &str = "configs/demo.yaml";

/// Build the program and run a pipeline; without arguments the demo
///
/// Builds `cardata` and runs the pipeline FILE. Without --config it runs configs/demo.yaml: a simulated BMW in
/// the same process, with time running 900 times as fast. Ctrl-C ends it with a summary.
///
/// The working directory stays yours, and the exit code is cardata's: 0 done, 2 the configuration has to change,
/// 3 a login is needed, 5 the state directory is in use, 70 a bug, 130 stopped at once.
#[derive(Debug, Default, PartialEq, Eq, clap::Args)]
#[command(override_usage = "cargo xtask run [--config FILE] [--release] [-- more arguments]")]
pub struct Options {
    /// The pipeline file, relative to where you are; its own paths are relative to it
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Build with optimisation: slower to build, for a service
    #[arg(long)]
    release: bool,
    /// Passed on to `cardata run`, for example: -- -v --log-format json
    #[arg(last = true)]
    more: Vec<String>,
}

pub fn run(options: Options) -> Result<()> {
    let mut build = vec!["--package", program::PACKAGE];
    build.extend(options.release.then_some("--release"));
    let mut command = Command::new(program::build(&build)?);
    let config = options.config.unwrap_or_else(demo);
    command.arg("run").arg("--config").arg(config).args(options.more);
    become_program(command)
}

/// As short as it can be said from here, because it is shown to people.
fn demo() -> PathBuf {
    let root = workspace::root();
    match std::env::current_dir() {
        Ok(here) if here == root => DEMO.into(),
        _ => root.join(DEMO),
    }
}

/// Replaces this process where that can be done, so that signals and the exit code are the program's own.
fn become_program(mut command: Command) -> Result<()> {
    #[cfg(unix)]
    let ended: std::io::Result<ExitStatus> = Err(std::os::unix::process::CommandExt::exec(&mut command));
    #[cfg(not(unix))]
    let ended: std::io::Result<ExitStatus> = command.status();
    let status = ended.with_context(|| format!("cannot start {}", command.get_program().display()))?;
    exit(status.code().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Task;

    fn options(args: &[&str]) -> Result<Options, clap::Error> {
        match Task::try_parse_from([&["run"], args].concat())? {
            Task::Run(options) => Ok(options),
            _ => panic!("another task"),
        }
    }

    #[test]
    fn options_are_read_in_any_order() {
        let expected = Options {
            config: Some("a.yaml".into()),
            release: true,
            more: vec!["-v".to_owned(), "--release".to_owned()],
        };
        for args in [
            &["--config", "a.yaml", "--release", "--", "-v", "--release"][..],
            &["-c", "a.yaml", "--release", "--", "-v", "--release"],
            &["--release", "--config=a.yaml", "--", "-v", "--release"],
        ] {
            assert_eq!(options(args).unwrap(), expected);
        }
        assert_eq!(options(&[]).unwrap(), Options::default());
    }

    #[test]
    fn a_mistake_is_answered_with_what_to_write() {
        let reason = |args: &[&str]| options(args).unwrap_err().to_string();
        let answer = reason(&["my.yaml"]);
        assert!(
            answer.contains("'my.yaml'") && answer.contains("[--config FILE]"),
            "{answer}"
        );
        let answer = reason(&["--verbose"]);
        assert!(answer.contains("'-- --verbose'"), "{answer}");
        let answer = reason(&["--config"]);
        assert!(
            answer.contains("a value is required for '--config <FILE>'"),
            "{answer}"
        );
    }
}
