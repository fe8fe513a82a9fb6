//! What tests need from outside, real servers above all: from `PATH`, else from Debian's packages, unpacked under
//! `target/servers`.

mod browser;
mod debian;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use self::debian::Debian;
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

/// What judges `/metrics` and the rules of alerts.
static PROMTOOL: [Server; 1] = [promtool("prometheus")];

/// From Debian 13 on it has a package of its own.
static PROMTOOL_ALONE: [Server; 1] = [promtool("promtool")];

const fn promtool(package: &'static str) -> Server {
    Server {
        package,
        libraries: &[],
        program: "promtool",
        variable: "CARDATA_TEST_PROMTOOL",
    }
}

/// What tests want beside the servers. They say themselves which of them are left out for want of it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The tools of the drills.
    pub drills: bool,
    /// A browser, and what judges metrics.
    pub pages: bool,
}

/// Tells tests by environment where the servers are and what else is `wanted`, or that all of this is left out.
/// Returns the names of what was wanted and cannot be had.
pub fn equip(tests: &mut Command, without_servers: bool, wanted: Wanted) -> Result<Vec<&'static str>> {
    const WITHOUT: &str = "CARDATA_WITHOUT_SERVERS";
    if without_servers {
        tests.env(WITHOUT, "1");
        return Ok(Vec::new());
    }
    let folder = workspace::target().join("servers");
    let debian = &mut Debian::at(&folder);
    tests
        .env_remove(WITHOUT)
        .envs(provide(&SERVERS, debian, &folder)?);
    let mut lacking = Vec::new();
    let mut offer = |name, found: Result<Vec<_>>| match found {
        Ok(found) => _ = tests.envs(found),
        Err(error) => {
            terminal::tell(format_args!("{error:#}"));
            lacking.push(name);
        }
    };
    if wanted.drills {
        offer("libfaketime", provide(&DRILL_TOOLS, debian, &folder));
    }
    if wanted.pages {
        let promtool = provide(&PROMTOOL, debian, &folder);
        offer(
            "promtool",
            promtool.or_else(|_| provide(&PROMTOOL_ALONE, debian, &folder)),
        );
        offer(browser::NAME, browser::provide(debian, &folder).map(Vec::from));
    }
    Ok(lacking)
}

/// The variable of each server and the absolute path of its program, fetched where it is missing.
fn provide(
    servers: &'static [Server],
    debian: &mut Debian,
    folder: &Path,
) -> Result<Vec<(&'static str, PathBuf)>> {
    let missing: Vec<_> = servers
        .iter()
        .filter(|server| server.find(folder).is_none())
        .collect();
    if !missing.is_empty() {
        fetch(&missing, debian, folder).with_context(|| advice(&missing))?;
    }
    let found = servers.iter().map(|server| {
        let path = server
            .find(folder)
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

fn fetch(missing: &[&Server], debian: &mut Debian, folder: &Path) -> Result<()> {
    for server in missing {
        if let Some(named) = std::env::var_os(server.variable) {
            bail!("{} names {}, which is no file", server.variable, named.display());
        }
    }
    let mut packages = debian.packages("packages")?;
    for server in missing {
        let package = server.package;
        terminal::tell(format_args!(
            "fetching Debian's package {package} into {}",
            folder.display()
        ));
        packages.fetch(package)?;
        for library in server.libraries {
            if packages.fetch(library).is_err() {
                terminal::tell(format_args!(
                    "Debian has no package {library} here; going on without it"
                ));
            }
        }
    }
    let shell = packages.unpack()?;
    let programs = shell.create_dir(folder.join("usr/bin"))?;
    // Before the programs, which must find them.
    debian::keep_libraries(shell, &folder.join("usr/lib"))?;
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
