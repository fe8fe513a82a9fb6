//! `cargo xtask dist`: what people install.

mod licences;
mod parts;
mod tarball;
mod trial;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::tool::Tool;
use crate::{program, terminal, workspace};

const DEB: Tool = Tool {
    name: "cargo-deb",
    version: "3.8.0",
};

/// Make what people install: a package for Debian, and a tarball
///
/// Builds the program as it is released (some minutes) and puts a package for Debian, a tarball and SHA256SUMS into
/// target/dist. cargo-deb is taken from target/tools or PATH, else built into target/tools.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// For another machine than this one, such as aarch64-unknown-linux-gnu. Needs its linker, and qemu-user-static
    /// where CARGO_TARGET_…_RUNNER does not say how to start its programs: completions and manual come out of it
    #[arg(long, value_name = "TARGET", conflicts_with = "trial")]
    target: Option<String>,
    /// Pack the program that the last `cargo build --release` left
    #[arg(long)]
    no_build: bool,
    /// Then install, upgrade, remove and purge the package in a fresh Debian below target/, and let lintian judge it.
    /// Needs root, debootstrap and a network, and says what it leaves out
    #[arg(long)]
    trial: bool,
}

/// What is packed, and for which machine.
struct Release {
    program: PathBuf,
    target: String,
    /// When the source was committed, in seconds since 1970: nothing that is packed is younger.
    epoch: String,
}

pub fn run(options: &Options) -> Result<()> {
    let shell = workspace::shell()?;
    let release = Release::of(options, &shell)?;
    parts::make(&release, &shell)?;
    let dist = workspace::target().join("dist");
    shell.remove_path(&dist)?;
    shell.create_dir(&dist)?;
    let package = package(options, &release, &dist)?;
    tarball::make(&release, &shell, &dist)?;
    sum(&dist)?;
    if options.trial {
        trial::run(&package, &shell)?;
    }
    Ok(())
}

impl Release {
    fn of(options: &Options, shell: &Shell) -> Result<Self> {
        let chosen = options.target.as_deref();
        let program = match options.no_build {
            true => built(chosen)?,
            false => {
                let build = ["--package", program::PACKAGE, "--release", "--locked"];
                let target = chosen.map(|target| ["--target", target]);
                program::build(&[&build[..], target.as_slice().as_flattened()].concat())?
            }
        };
        // A source that was unpacked from an archive has no history.
        let committed = cmd!(shell, "git log -1 --format=%ct")
            .quiet()
            .ignore_stderr()
            .read();
        Ok(Self {
            program,
            target: chosen.map_or_else(|| host(shell), |target| Ok(target.to_owned()))?,
            epoch: committed.or_else(|_| cmd!(shell, "date +%s").quiet().read())?,
        })
    }

    /// Where lies what the program tells of itself.
    fn parts(&self) -> PathBuf {
        self.program.with_file_name("package")
    }
}

fn built(target: Option<&str>) -> Result<PathBuf> {
    let folder = workspace::target().join(target.unwrap_or_default());
    let program = folder.join("release").join(program::PACKAGE);
    ensure!(
        program.is_file(),
        "there is no {}: leave --no-build out",
        program.display()
    );
    Ok(program)
}

fn host(shell: &Shell) -> Result<String> {
    let told = cmd!(shell, "rustc -vV").quiet().read()?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc does not say for which machine it builds")
}

fn package(options: &Options, release: &Release, dist: &Path) -> Result<PathBuf> {
    let mut deb = std::process::Command::new(DEB.provide()?);
    deb.current_dir(workspace::root())
        .env("SOURCE_DATE_EPOCH", &release.epoch)
        .args([
            "--package",
            program::PACKAGE,
            "--no-build",
            "--locked",
            "--output",
        ])
        .arg(dist);
    if let Some(target) = &options.target {
        deb.args(["--target", target]);
    }
    workspace::succeed(&mut deb)?;
    let shell = workspace::shell()?;
    let made = shell.read_dir(dist)?.into_iter().next();
    let made = made.context("cargo-deb made no package")?;
    let needs = cmd!(shell, "dpkg-deb --field {made} Depends").quiet().read()?;
    // Without dpkg-shlibdeps cargo-deb goes on, and says so among much else.
    ensure!(
        needs.contains("libc6"),
        "the package does not say which libc it needs, but \"{needs}\": apt-get install dpkg-dev, and libc6-dev of \
         the machine that it is for"
    );
    Ok(made)
}

/// Checksums of everything there, as `sha256sum --check` reads them.
fn sum(dist: &Path) -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(dist);
    let mut names = Vec::new();
    for file in shell.read_dir(dist)? {
        names.extend(file.file_name().map(ToOwned::to_owned));
        let size = std::fs::metadata(&file)?.len() as f64 / 1e6;
        terminal::show(format_args!("{} {size:.1} MB", file.display()));
    }
    let sums = cmd!(shell, "sha256sum {names...}").quiet().read()?;
    shell.write_file("SHA256SUMS", format!("{sums}\n"))?;
    Ok(())
}
