//! `cargo xtask fuzz`: odd input for everything that reads foreign input, with the stable toolchain.

mod build;
mod campaign;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::{terminal, workspace};
use campaign::Campaign;

/// Try odd input on everything that reads foreign input
///
/// That is bodies of the API and of the OAuth server, pipeline files, journal payloads, answers of InfluxDB; and what
/// the sinks write is read back. Every target begins with its
/// seeds in tests/fuzz/corpus, which must reach the inside of the parser. What is found on the way is kept in
/// target/fuzz/corpus and goes on there the next time. Needs a C++ compiler; no nightly toolchain, no cargo-fuzz.
///
/// An input that breaks a promise, takes longer than 10 seconds or 1 GiB is kept in target/fuzz/artifacts, and you
/// are told how to try it again. tests/fuzz/README.md tells how to add a target.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// One of them: the name of a file in tests/fuzz/fuzz_targets
    #[arg(long, value_name = "TARGET")]
    only: Option<String>,
    /// Try the seeds alone, as an ordinary test; needs no C++ compiler
    #[arg(long)]
    seeds: bool,
}

const MANIFEST: &str = "tests/fuzz/Cargo.toml";

pub fn run(options: &Options) -> Result<()> {
    if options.seeds {
        return of_the_targets(&["test", "--quiet", "--locked"], &[])
            .context("the seeds of the fuzz targets did not pass");
    }
    let mut targets = targets()?;
    if let Some(only) = &options.only {
        ensure!(
            targets.contains(only),
            "there is no target `{only}`; there are: {}",
            targets.join(", ")
        );
        targets = vec![only.clone()];
    }
    let programs = build::programs(&targets)?;
    terminal::show(campaign::HEADER);
    let mut broken = Vec::new();
    for target in &targets {
        let campaign = Campaign::run(target, &programs.join(target), options.seconds)?;
        terminal::show(campaign.line);
        broken.extend(campaign.broken.map(|found| (target, found)));
    }
    for (target, found) in &broken {
        terminal::show(format_args!("\n{target}: {found}"));
    }
    ensure!(
        broken.is_empty(),
        "targets that found something: {}",
        broken.len()
    );
    Ok(())
}

/// Checks how the targets are formatted, as the workspace does not reach them.
pub fn fmt() -> Result<()> {
    workspace::succeed(workspace::cargo().args(["fmt", "--check", "--manifest-path", MANIFEST]))
}

/// Checks the targets with clippy.
pub fn clippy() -> Result<()> {
    of_the_targets(
        &["clippy", "--quiet", "--locked", "--all-targets"],
        &["--", "-D", "warnings"],
    )
}

/// Cargo in the workspace of the targets, which shares what is built.
fn of_the_targets(args: &[&str], more: &[&str]) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo
        .args(args)
        .args(["--manifest-path", MANIFEST, "--target-dir"]);
    workspace::succeed(cargo.arg(workspace::target()).args(more))
}

fn folder() -> PathBuf {
    workspace::root().join("tests/fuzz")
}

/// The names of all targets.
fn targets() -> Result<Vec<String>> {
    let files = workspace::shell()?.read_dir("tests/fuzz/fuzz_targets")?;
    let name = |file: PathBuf| Some(file.file_name()?.to_str()?.strip_suffix(".rs")?.to_owned());
    Ok(files.into_iter().filter_map(name).collect())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Task;

    fn options(args: &str) -> Result<Options, clap::Error> {
        let args = ["fuzz"].into_iter().chain(args.split_whitespace());
        match Task::try_parse_from(args)? {
            Task::Fuzz(options) => Ok(options),
            _ => panic!("another task"),
        }
    }

    #[test]
    fn options_are_read() {
        let read = options("--only id_token --seconds 7").unwrap();
        assert_eq!(
            (read.seconds, read.only.as_deref(), read.seeds),
            (7, Some("id_token"), false)
        );
        assert_eq!(options("").unwrap().seconds, 30);
        assert!(options("--seeds").unwrap().seeds);
        for wrong in ["--seconds", "--seconds 0", "--seconds soon", "--only", "id_token"] {
            assert!(options(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_target_has_seeds() {
        for target in targets().unwrap() {
            let seeds = folder().join("corpus").join(&target);
            assert!(std::fs::read_dir(&seeds).unwrap().next().is_some(), "{target}");
        }
    }
}
