//! Programs of others that tasks start, in the one version that was tried: from target/tools or `PATH`, else built into
//! target/tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{terminal, workspace};

/// A crate with a program of its name.
pub struct Tool {
    pub name: &'static str,
    /// Another one may judge or make otherwise.
    pub version: &'static str,
}

impl Tool {
    /// Where it is, if it is there.
    pub fn find(&self) -> Option<PathBuf> {
        let found = [Some(self.ours()), workspace::on_path(self.name)];
        found.into_iter().flatten().find(|program| self.is_it(program))
    }

    /// Where it is; built where it was missing, which takes some minutes.
    pub fn provide(&self) -> Result<PathBuf> {
        if let Some(found) = self.find() {
            return Ok(found);
        }
        let Self { name, version } = self;
        terminal::tell(format_args!(
            "building {name} {version} into {}; this takes some minutes",
            tools().display()
        ));
        let mut cargo = workspace::cargo();
        // What is built on the way lies in a temporary folder, and not among the workspace's.
        cargo
            .env_remove("CARGO_TARGET_DIR")
            .args(["install", "--locked", "--root"])
            .arg(tools());
        workspace::succeed(cargo.arg(format!("{name}@={version}")))?;
        Ok(self.ours())
    }

    fn ours(&self) -> PathBuf {
        tools().join("bin").join(self.name)
    }

    fn is_it(&self, program: &Path) -> bool {
        let told = Command::new(program).arg("--version").output();
        let wanted = format!("{} {}", self.name, self.version);
        told.is_ok_and(|told| told.stdout.trim_ascii() == wanted.as_bytes())
    }
}

fn tools() -> PathBuf {
    workspace::target().join("tools")
}
