//! `cargo xtask fuzz`: odd input for everything that reads foreign input, with the stable toolchain.
//!
//! * `build`: the targets of tests/fuzz/ with the instrumentation that cargo-fuzz asks of a nightly toolchain.
//! * `campaign`: one target for some time, and what libFuzzer said of it.

mod build;
mod campaign;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::{terminal, workspace};
use campaign::Campaign;

pub const HELP: &str = "\
try odd input on everything that reads foreign input

Usage: cargo xtask fuzz [--seconds N] [--only TARGET] [--seeds]

Tries odd input on everything that reads foreign input: bodies of the API and of the OAuth server, pipeline
files, journal payloads, answers of InfluxDB; and reads back what the sinks write. Every target begins with its
seeds in tests/fuzz/corpus, which must reach the inside of the parser. What is found on the way is kept in
target/fuzz/corpus and goes on there the next time. Needs a C++ compiler; no nightly toolchain, no cargo-fuzz.

  --seconds N    how long each target runs; 30 unless told
  --only TARGET  one of them: the name of a file in tests/fuzz/fuzz_targets
  --seeds        tries the seeds alone, as an ordinary test; needs no C++ compiler

An input that breaks a promise, takes longer than 10 seconds or 1 GiB is kept in target/fuzz/artifacts, and you
are told how to try it again. tests/fuzz/README.md tells how to add a target.";

/// Of a target, unless told.
const SECONDS: u32 = 30;

#[derive(Debug, PartialEq, Eq)]
struct Options {
    seconds: u32,
    only: Option<String>,
    seeds: bool,
}

pub fn run(args: &[String]) -> Result<()> {
    let options = parse(args)?;
    if options.seeds {
        return replay();
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

/// Tries every seed, without instrumentation.
pub fn replay() -> Result<()> {
    of_the_targets(&["test", "--quiet", "--locked"], &[])
        .context("the seeds of the fuzz targets did not pass")
}

/// Checks how the targets are formatted, as the workspace does not reach them.
pub fn fmt() -> Result<()> {
    let manifest = folder().join("Cargo.toml");
    workspace::succeed(
        workspace::cargo()
            .args(["fmt", "--check", "--manifest-path"])
            .arg(manifest),
    )
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
        .arg("--manifest-path")
        .arg(folder().join("Cargo.toml"));
    cargo.arg("--target-dir").arg(workspace::target()).args(more);
    workspace::succeed(&mut cargo)
}

fn folder() -> PathBuf {
    workspace::root().join("tests/fuzz")
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options {
        seconds: SECONDS,
        only: None,
        seeds: false,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seeds" => options.seeds = true,
            "--seconds" => {
                let seconds = args
                    .next()
                    .and_then(|seconds| seconds.parse().ok())
                    .filter(|seconds| *seconds > 0);
                options.seconds = seconds.context("--seconds needs a number, such as 60")?;
            }
            "--only" => options.only = Some(args.next().context("--only needs a target")?.clone()),
            other => bail!("fuzz does not know `{other}`\n\n{HELP}"),
        }
    }
    Ok(options)
}

/// The names of all targets.
fn targets() -> Result<Vec<String>> {
    let folder = folder().join("fuzz_targets");
    let listed = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names =
        listed.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".rs")?.to_owned()));
    let mut names: Vec<_> = names.collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &str) -> Result<Options> {
        parse(&args.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read() {
        let options = parsed("--only id_token --seconds 7").unwrap();
        assert_eq!(
            (options.seconds, options.only.as_deref(), options.seeds),
            (7, Some("id_token"), false)
        );
        assert_eq!(parsed("").unwrap().seconds, SECONDS);
        assert!(parsed("--seeds").unwrap().seeds);
        for wrong in ["--seconds", "--seconds 0", "--seconds soon", "--only", "id_token"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
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
