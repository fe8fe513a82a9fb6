//! Debian's packages, unpacked without being installed: nothing outside of the target folder is touched.
//!
//! `apt-get download`, `apt-get install --download-only` and `dpkg -x` need no root, and package lists that are
//! missing or stale are fetched into a state of their own.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

use crate::{terminal, workspace};

/// Where packages are fetched from. Package lists of its own are kept until it is dropped.
pub struct Debian {
    state: PathBuf,
    has_own_lists: bool,
}

/// Packages on their way: a folder that is removed when this is dropped.
pub struct Packages<'a> {
    debian: &'a mut Debian,
    shell: Shell,
    folder: PathBuf,
}

impl Debian {
    /// What it needs meanwhile lies below `folder`.
    pub fn at(folder: &Path) -> Self {
        Self {
            state: folder.join("apt"),
            has_own_lists: false,
        }
    }

    /// Begins with an empty folder `name` beside its state.
    pub fn packages(&mut self, name: &str) -> Result<Packages<'_>> {
        for program in ["apt-get", "dpkg"] {
            ensure!(
                workspace::on_path(program).is_some(),
                "there is no `{program}` here: this is no Debian or Ubuntu"
            );
        }
        let shell = Shell::new()?;
        let folder = self.state.with_file_name(name);
        // What an interrupted run left behind must not be taken for a package or for fresh lists.
        shell.remove_path(&folder)?;
        if !self.has_own_lists {
            shell.remove_path(&self.state)?;
        }
        shell.create_dir(self.state.join("cache"))?;
        shell.create_dir(folder.join("partial"))?;
        shell.change_dir(&folder);
        Ok(Packages {
            debian: self,
            shell,
            folder,
        })
    }
}

impl Packages<'_> {
    /// This package alone.
    pub fn fetch(&mut self, package: &str) -> Result<()> {
        self.apt_get(&["download", package])
    }

    /// These, and of what they depend on everything that the system lacks.
    pub fn fetch_with_dependencies(&mut self, packages: &[&str]) -> Result<()> {
        let words = ["install", "--yes", "--download-only", "--no-install-recommends"];
        self.apt_get(&[&words, packages].concat())
    }

    /// Unpacks what was fetched. Returns a shell in the folder that holds it.
    pub fn unpack(&self) -> Result<&Shell> {
        let Self { shell, folder, .. } = self;
        let unpacked = folder.join("unpacked");
        for file in shell.read_dir(folder)? {
            if file.extension().is_some_and(|extension| extension == "deb") {
                cmd!(shell, "dpkg -x {file} {unpacked}").quiet().run()?;
                shell.remove_path(file)?;
            }
        }
        shell.change_dir(unpacked);
        Ok(shell)
    }

    /// With the system's package lists, else with fresh ones of our own.
    fn apt_get(&mut self, words: &[&str]) -> Result<()> {
        let Self { shell, .. } = self;
        let state = &self.debian.state;
        let here = [
            format!("-oDir::Cache={}", state.join("cache").display()),
            format!("-oDir::Cache::archives={}", self.folder.display()),
            // Nothing of the system is changed, so that nobody has to wait.
            "-oDebug::NoLocking=true".to_owned(),
            // As root, apt-get would become a user who may not write here.
            "-oAPT::Sandbox::User=root".to_owned(),
        ];
        let own = [
            format!("-oDir::State={}", state.display()),
            format!("-oDir::State::lists={}", state.join("lists").display()),
            "-oDir::State::status=/var/lib/dpkg/status".to_owned(),
        ];
        let apt_get = || cmd!(shell, "apt-get").args(&here).quiet().ignore_stdout();
        if !self.debian.has_own_lists {
            if apt_get().args(words).ignore_stderr().run().is_ok() {
                return Ok(());
            }
            terminal::tell("fetching Debian's package lists");
            shell.create_dir(state.join("lists/partial"))?;
            apt_get().args(&own).arg("update").run()?;
            self.debian.has_own_lists = true;
        }
        apt_get().args(&own).args(words).run()?;
        Ok(())
    }
}

impl Drop for Packages<'_> {
    fn drop(&mut self) {
        // What is left is removed by the next run.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

/// Keeps the libraries below the shell's folder in `kept`, side by side whatever the architecture, each under the name
/// that programs ask for, which is a link to the file itself. Drivers of graphics cards, a gigabyte, are not among them.
pub fn keep_libraries(shell: &Shell, kept: &Path) -> Result<()> {
    let kept = shell.create_dir(kept)?;
    let files = cmd!(shell, "find . -path *lib/*.so* -not -path */dri/* -xtype f");
    for file in files.quiet().read()?.lines().map(Path::new) {
        let name = kept.join(file.file_name().unwrap_or_default());
        shell.remove_path(&name)?;
        // Both names are the same file then, which takes its space once.
        std::fs::hard_link(shell.current_dir().join(file).canonicalize()?, name)?;
    }
    Ok(())
}
