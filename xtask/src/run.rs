//! `cargo xtask run`: builds the program and becomes it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{program, workspace};

pub const HELP: &str = "\
build the program and run a pipeline; without arguments the demo

Usage: cargo xtask run [--config FILE] [--release] [-- more arguments]

Builds `cardata` and runs the pipeline FILE. Without --config it runs configs/demo.yaml: a simulated BMW in
the same process, with time running 900 times as fast. Ctrl-C ends it with a summary.

  --config FILE   the pipeline file, relative to where you are; its own paths are relative to it
  --release       build with optimisation: slower to build, for a service
  -- …            passed on to `cardata run`, for example: -- -v --log-format json

The working directory stays yours, and the exit code is cardata's: 0 done, 2 the configuration has to change,
3 a login is needed, 5 the state directory is in use, 70 a bug.";

const DEMO: &str = "configs/demo.yaml";

#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    config: Option<PathBuf>,
    release: bool,
    more: Vec<String>,
}

pub fn run(args: &[String]) -> Result<()> {
    let options = parse(args)?;
    let profile = options.release.then_some("--release");
    let build: Vec<_> = ["--package", program::PACKAGE]
        .into_iter()
        .chain(profile)
        .collect();
    let program = program::build(&build)?;
    let config = match options.config {
        Some(config) => config.into_os_string(),
        None => demo()?,
    };
    let mut command = Command::new(program);
    command.arg("run").arg("--config").arg(config).args(options.more);
    become_program(command)
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--release" => options.release = true,
            "--config" | "-c" => {
                let file = args.next().context("--config needs a file")?;
                options.config = Some(file.into());
            }
            "--" => options.more = args.by_ref().cloned().collect(),
            other => match other.strip_prefix("--config=") {
                Some(file) => options.config = Some(file.into()),
                None if other.starts_with('-') => {
                    bail!("unknown option `{other}`; what `cardata` itself shall read stands behind `--`")
                }
                None => bail!("unexpected `{other}`; did you mean `--config {other}`?"),
            },
        }
    }
    Ok(options)
}

/// As short as it can be said from here, because it is shown to people.
fn demo() -> Result<OsString> {
    let root = workspace::root();
    let here = std::env::current_dir().context("cannot tell the working directory")?;
    let path = if here == root {
        Path::new(DEMO).to_owned()
    } else {
        root.join(DEMO)
    };
    Ok(path.into_os_string())
}

/// Replaces this process, so that signals and the exit code are the program's own.
#[cfg(unix)]
fn become_program(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", command.get_program().display()))
}

#[cfg(not(unix))]
fn become_program(mut command: Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    std::process::exit(status.code().unwrap_or(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Options> {
        parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_in_any_order() {
        let expected = Options {
            config: Some("a.yaml".into()),
            release: true,
            more: vec!["-v".to_owned(), "--release".to_owned()],
        };
        let args = ["--config", "a.yaml", "--release", "--", "-v", "--release"];
        assert_eq!(parsed(&args).unwrap(), expected);
        let args = ["--release", "--config=a.yaml", "--", "-v", "--release"];
        assert_eq!(parsed(&args).unwrap(), expected);
        assert_eq!(parsed(&[]).unwrap(), Options::default());
    }

    #[test]
    fn a_mistake_is_answered_with_what_to_write() {
        let reason = |args: &[&str]| parsed(args).unwrap_err().to_string();
        assert!(reason(&["my.yaml"]).contains("`--config my.yaml`"));
        assert!(reason(&["--verbose"]).contains("behind `--`"));
        assert_eq!(reason(&["--config"]), "--config needs a file");
    }
}
