//! The real servers that tests need: from `PATH`, else from Debian's packages, unpacked under `target/servers`.
//!
//! Nothing is installed and nothing outside of the target folder is touched: `apt-get download` and
//! `dpkg -x` need no root, and package lists that are missing or stale are fetched into a state of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{terminal, workspace};

/// A server, and the variable that tells the tests where its program is.
pub struct Server {
    package: &'static str,
    /// Packages of the libraries that it needs and a small system lacks. Their names differ between releases of
    /// Debian, so that one which does not exist is told and left out.
    libraries: &'static [&'static str],
    pub program: &'static str,
    variable: &'static str,
}

pub static SERVERS: [Server; 3] = [
    Server {
        package: "victoria-metrics",
        libraries: &[],
        program: "victoria-metrics",
        variable: "CARDATA_TEST_VICTORIA_METRICS",
    },
    Server {
        package: "influxdb",
        libraries: &[],
        program: "influxd",
        variable: "CARDATA_TEST_INFLUXD",
    },
    Server {
        package: "mosquitto",
        libraries: &["libcjson1", "libdlt2", "libnsl2", "libtirpc3", "libwrap0"],
        program: "mosquitto",
        variable: "CARDATA_TEST_MOSQUITTO",
    },
];

/// What only the drills need: a library that tells a program another time.
static DRILL_TOOLS: [Server; 1] = [Server {
    package: "libfaketime",
    libraries: &[],
    program: "libfaketimeMT.so.1",
    variable: "CARDATA_TEST_FAKETIME",
}];

/// Tells tests by environment where the servers are, or that those against servers are left out; and where `drills`
/// find their tools.
pub fn equip(tests: &mut Command, without_servers: bool, drills: bool) -> Result<()> {
    const WITHOUT: &str = "CARDATA_WITHOUT_SERVERS";
    if without_servers {
        tests.env(WITHOUT, "1");
        return Ok(());
    }
    tests.env_remove(WITHOUT).envs(provide(&SERVERS)?);
    if drills {
        match provide(&DRILL_TOOLS) {
            Ok(tools) => _ = tests.envs(tools),
            // The drill that needs it says that it is left out.
            Err(error) => terminal::tell(format_args!("{error:#}")),
        }
    }
    Ok(())
}

/// The variable of each server and the absolute path of its program, fetched where it is missing.
fn provide(servers: &'static [Server]) -> Result<Vec<(&'static str, PathBuf)>> {
    let folder = workspace::target().join("servers");
    let missing: Vec<_> = servers
        .iter()
        .filter(|server| server.find(&folder).is_none())
        .collect();
    if !missing.is_empty() {
        fetch(&missing, &folder).with_context(|| advice(&missing))?;
    }
    let found = servers.iter().map(|server| {
        let path = server
            .find(&folder)
            .with_context(|| format!("the package {} has no program {}", server.package, server.program))?;
        Ok((server.variable, path))
    });
    found.collect()
}

impl Server {
    fn find(&self, folder: &Path) -> Option<PathBuf> {
        if let Some(named) = std::env::var_os(self.variable) {
            return std::path::absolute(named).ok().filter(|path| path.is_file());
        }
        let unpacked = folder.join("usr/bin").join(self.program);
        workspace::on_path(self.program).or_else(|| unpacked.is_file().then_some(unpacked))
    }
}

fn advice(missing: &[&Server]) -> String {
    let each = |word: fn(&Server) -> &str, between| {
        let words: Vec<_> = missing.iter().map(|server| word(server)).collect();
        words.join(between)
    };
    format!(
        "the tests need {programs}, which could not be fetched. Do one of these:\n  \
         sudo apt-get install {packages}\n  \
         put {programs} on PATH, or name them by {variables}\n  \
         cargo xtask test --without-servers   leaves those tests out\nWhat went wrong",
        programs = each(|server| server.program, " and "),
        packages = each(|server| server.package, " "),
        variables = each(|server| server.variable, " and "),
    )
}

fn fetch(missing: &[&Server], folder: &Path) -> Result<()> {
    for program in ["apt-get", "dpkg"] {
        ensure!(
            workspace::on_path(program).is_some(),
            "there is no `{program}` here: this is no Debian or Ubuntu"
        );
    }
    for server in missing {
        if let Some(named) = std::env::var_os(server.variable) {
            bail!("{} names {}, which is no file", server.variable, named.display());
        }
    }
    let shell = Shell::new()?;
    let downloads = folder.join("packages");
    let lists = folder.join("apt");
    // What an interrupted run left behind must not be taken for a package or for fresh lists.
    shell.remove_path(&downloads)?;
    shell.remove_path(&lists)?;
    shell.change_dir(shell.create_dir(&downloads)?);
    for server in missing {
        let package = server.package;
        terminal::tell(format_args!(
            "fetching Debian's package {package} into {}",
            folder.display()
        ));
        download(&shell, package, &lists)?;
        for library in server.libraries {
            if download(&shell, library, &lists).is_err() {
                terminal::tell(format_args!(
                    "Debian has no package {library} here; going on without it"
                ));
            }
        }
    }
    for file in shell.read_dir(&downloads)? {
        cmd!(shell, "dpkg -x {file} unpacked").quiet().run()?;
    }
    shell.change_dir("unpacked");
    let programs = shell.create_dir(folder.join("usr/bin"))?;
    // Before the programs, which must find them.
    keep_libraries(&shell, folder)?;
    for Server { package, program, .. } in missing {
        let found = cmd!(shell, "find usr/bin usr/sbin usr/lib -name {program} -type f");
        // Not every package has all of these folders.
        let found = found.quiet().ignore_stderr().ignore_status().read()?;
        let lacks = || format!("the package {package} has no {program}");
        let file = shell
            .current_dir()
            .join(found.lines().next().with_context(lacks)?);
        // Renamed as the last step: a program that is there is whole.
        std::fs::rename(file, programs.join(program)).with_context(lacks)?;
    }
    shell.change_dir(folder);
    shell.remove_path(&downloads)?;
    shell.remove_path(&lists)?;
    Ok(())
}

/// Libraries lie side by side in one folder, whatever the architecture, each under the name that programs ask for,
/// which is a link to the file itself.
fn keep_libraries(shell: &Shell, folder: &Path) -> Result<()> {
    let kept = shell.create_dir(folder.join("usr/lib"))?;
    let files = cmd!(shell, "find . -path *lib/*.so* -xtype f").quiet().read()?;
    for file in files.lines() {
        shell.copy_file(file, &kept)?;
    }
    Ok(())
}

/// With the system's package lists, else with fresh ones of our own.
fn download(shell: &Shell, package: &str, state: &Path) -> Result<()> {
    let known = cmd!(shell, "apt-get download {package}").quiet().ignore_stdout();
    if known.ignore_stderr().run().is_ok() {
        return Ok(());
    }
    let options = [
        format!("-oDir::State={}", state.display()),
        format!("-oDir::State::lists={}", state.join("lists").display()),
        format!("-oDir::Cache={}", state.join("cache").display()),
        // As root, apt-get would become a user who may not write here.
        "-oAPT::Sandbox::User=root".to_owned(),
    ];
    let apt_get = || cmd!(shell, "apt-get").args(&options).quiet().ignore_stdout();
    if !shell.path_exists(state) {
        terminal::tell("fetching Debian's package lists");
        shell.create_dir(state.join("lists/partial"))?;
        shell.create_dir(state.join("cache/archives/partial"))?;
        apt_get().arg("update").run()?;
    }
    apt_get().args(["download", package]).run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_packages_programs_and_the_way_around() {
        let advice = advice(&SERVERS.iter().collect::<Vec<_>>());
        for part in [
            "victoria-metrics and influxd and mosquitto",
            "apt-get install victoria-metrics influxdb mosquitto",
            "CARDATA_TEST_INFLUXD",
            "--without-servers",
        ] {
            assert!(advice.contains(part), "{part}: {advice}");
        }
    }
}
