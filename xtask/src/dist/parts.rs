//! What is packed beside the program: what it tells of itself, completions and manual, the notices of its libraries,
//! configurations to start from, and what Debian wants.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::{Release, licences};
use crate::program::PACKAGE;
use crate::workspace;

/// A shell, and the name under which it looks for completions.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "cardata.bash"),
    ("zsh", "_cardata"),
    ("fish", "cardata.fish"),
];

/// What lies in the folder of configurations and is none of its own.
const NOT_CONFIGS: [&str; 2] = ["packaging", "demo-data"];

/// Lays all of it beside the program.
pub fn make(release: &Release, shell: &Shell) -> Result<()> {
    let folder = release.parts();
    shell.remove_path(&folder)?;
    shell.create_dir(folder.join("man"))?;
    for (name, file) in COMPLETIONS {
        shell.write_file(folder.join(file), told(release, &["completions", name])?)?;
    }
    let man = folder.join("man");
    told(release, &["man", "--dir", &man.to_string_lossy()])?;
    for page in shell.read_dir(&man)? {
        zip(shell, &page)?;
    }
    let configs = shell.create_dir(folder.join("configs"))?;
    for config in shell.read_dir("configs")? {
        if !NOT_CONFIGS.iter().any(|name| config.ends_with(name)) {
            cmd!(shell, "cp --recursive {config} {configs}").quiet().run()?;
        }
    }
    let date = format!("@{}", release.epoch);
    let date = cmd!(shell, "date --utc --rfc-email --date {date}")
        .quiet()
        .read()?;
    let version = env!("CARGO_PKG_VERSION");
    write_zipped(
        shell,
        &folder.join("changelog"),
        &format!(
            "{PACKAGE} ({version}) unstable; urgency=medium\n\n  * What changed is in CHANGELOG.md beside this file.\n\n \
             -- The cardata contributors <cardata@users.noreply.github.com>  {date}\n"
        ),
    )?;
    let notices = licences::notices(&release.target)?;
    write_zipped(shell, &folder.join("THIRD-PARTY-LICENSES"), &notices)
}

/// What the program says, which may be one of another machine.
fn told(release: &Release, arguments: &[&str]) -> Result<String> {
    let runner = release.target.to_uppercase().replace('-', "_");
    let runner = std::env::var(format!("CARGO_TARGET_{runner}_RUNNER")).unwrap_or_default();
    let program = release.program.to_string_lossy();
    let mut words = runner.split_whitespace().chain([&*program]);
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).args(arguments).current_dir(workspace::root());
    let said = command
        .output()
        .with_context(|| format!("cannot start {program}, which is for {}", release.target))?;
    ensure!(
        said.status.success(),
        "`{program} {}` failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&said.stderr)
    );
    Ok(String::from_utf8(said.stdout)?)
}

fn write_zipped(shell: &Shell, path: &Path, text: &str) -> Result<()> {
    shell.write_file(path, text)?;
    zip(shell, path)
}

/// Without name and time, so that the same text makes the same file.
fn zip(shell: &Shell, path: &Path) -> Result<()> {
    Ok(cmd!(shell, "gzip --best --no-name {path}").quiet().run()?)
}
