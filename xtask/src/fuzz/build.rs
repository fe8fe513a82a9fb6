//! The targets of tests/fuzz/ with the instrumentation of libFuzzer.
//!
//! cargo-fuzz passes these flags too; with a nightly toolchain it adds a sanitizer of addresses, which safe code
//! does not need.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::{terminal, workspace};

/// libFuzzer follows which edges ran how often, and what was compared with what.
const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // The tables of instrumented code may not be taken apart.
    "-Ccodegen-units=1",
];

/// Builds these targets; returns the folder of their programs.
pub fn programs(targets: &[String]) -> Result<PathBuf> {
    ensure_cpp_compiler()?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let shell = workspace::shell()?;
    let host = cmd!(shell, "{rustc} --print host-tuple").quiet().read()?;
    let folder = workspace::target().join("fuzz/build");
    terminal::tell("building the targets with instrumentation; the first time takes some minutes");
    let mut build = workspace::cargo();
    build
        // With a target of its own, or else build scripts and macros would be instrumented too.
        .args(["build", "--locked", "--profile", "fuzz", "--target", &host])
        .args(["--manifest-path", super::MANIFEST, "--target-dir"])
        .arg(&folder)
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    for target in targets {
        build.args(["--bin", target]);
    }
    workspace::succeed(&mut build)?;
    Ok(folder.join(host).join("fuzz"))
}

fn ensure_cpp_compiler() -> Result<()> {
    let named = ["CXX", "CUSTOM_LIBFUZZER_PATH"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    let found = ["c++", "g++", "clang++"]
        .iter()
        .any(|name| workspace::on_path(name).is_some());
    ensure!(
        named || found,
        "libFuzzer is written in C++ and there is no compiler `c++` here: apt-get install g++; \
         `cargo xtask fuzz --seeds` tries the seeds without it"
    );
    Ok(())
}
