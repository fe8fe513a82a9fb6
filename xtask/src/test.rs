//! `cargo xtask test`: every test, with what the tests need from outside.

use anyhow::Result;

use crate::servers::{self, SERVERS, Wanted};
use crate::{program, terminal, workspace};

/// Run every test, those against real servers included
///
/// Runs every test of the workspace. Some speak to real servers: VictoriaMetrics, InfluxDB 1.x and mosquitto. These
/// are taken from PATH, else Debian's packages are unpacked under target/servers (30 MB, once; no root, nothing is
/// installed), else you are told what to install. So are Chromium with its driver (120 to 220 MB), promtool (20 MB)
/// and libfaketime; what of these cannot be had is left out, and the last line names it.
///
/// The drills of faults run in small; `cargo xtask drill` runs them in full.
///
/// Tells the tests by environment: CARDATA_BIN, CARDATA_TEST_VICTORIA_METRICS, CARDATA_TEST_INFLUXD,
/// CARDATA_TEST_MOSQUITTO, CARDATA_TEST_CHROMEDRIVER with CARDATA_TEST_CHROMIUM, CARDATA_TEST_PROMTOOL,
/// CARDATA_TEST_FAKETIME (paths; kept when you set them), or CARDATA_WITHOUT_SERVERS=1.
#[derive(Debug, clap::Args)]
#[command(override_usage = "cargo xtask test [--without-servers] [arguments of cargo test]")]
pub struct Options {
    /// Leave the tests against servers out, and say so at the end
    #[arg(long)]
    without_servers: bool,
    /// Passed on to `cargo test`, for example: -p sink-csv, or a test's name
    #[arg(value_name = "ARGUMENTS", allow_hyphen_values = true)]
    cargo: Vec<String>,
    /// Passed on to the tests themselves
    #[arg(value_name = "MORE", last = true)]
    tests: Vec<String>,
}

const WITHOUT_SERVERS: &str = "--without-servers";

pub fn run(options: Options) -> Result<()> {
    let options = options.sorted();
    let program = options.starts_program();
    let mut tests = workspace::cargo();
    tests.arg("test").args(&options.cargo).args(&options.tests);
    let wanted = Wanted {
        drills: program,
        pages: program,
    };
    let lacking = servers::equip(&mut tests, options.without_servers, wanted)?;
    if program && std::env::var_os("CARDATA_BIN").is_none() {
        // Together with the tests: cargo would choose other features for the program alone, and build all twice.
        tests.env("CARDATA_BIN", program::build(&["--workspace", "--tests"])?);
    }
    let passed = workspace::succeed(&mut tests);
    if options.without_servers {
        let names = SERVERS.each_ref().map(|server| server.program).join(", ");
        terminal::tell(format_args!(
            "left out: the tests against {names}, pages and metrics ({WITHOUT_SERVERS})"
        ));
    }
    if !lacking.is_empty() {
        terminal::tell(format_args!(
            "left out: the tests that need {}, which could not be had; why is told above",
            lacking.join(", ")
        ));
    }
    passed
}

impl Options {
    /// Clap leaves together what follows cargo's first argument: what is ours is taken out, and what begins with `--`
    /// is for the tests. The whole workspace is tested, unless packages are chosen.
    fn sorted(mut self) -> Self {
        if let Some(dashes) = self.cargo.iter().position(|arg| arg == "--") {
            self.tests = self.cargo.split_off(dashes);
        } else if !self.tests.is_empty() {
            self.tests.insert(0, "--".to_owned());
        }
        self.without_servers |= self.cargo.iter().any(|arg| arg == WITHOUT_SERVERS);
        self.cargo.retain(|arg| arg != WITHOUT_SERVERS);
        if !self.chooses_packages() && !self.cargo.iter().any(|arg| arg == "--workspace") {
            self.cargo.insert(0, "--workspace".to_owned());
        }
        self
    }

    fn chooses_packages(&self) -> bool {
        let chooses = |arg: &String| arg.starts_with("-p") || arg.starts_with("--package");
        self.cargo.iter().any(chooses)
    }

    /// Whether tests will run that start the program.
    fn starts_program(&self) -> bool {
        !self.chooses_packages() || self.cargo.iter().any(|arg| arg.ends_with("tests"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Task;

    fn sorted(args: &str) -> Options {
        let args = ["test"].into_iter().chain(args.split_whitespace());
        match Task::try_parse_from(args).unwrap() {
            Task::Test(options) => options.sorted(),
            _ => panic!("another task"),
        }
    }

    fn told(args: &str) -> (bool, String) {
        let options = sorted(args);
        let cargo = [options.cargo, options.tests].concat();
        (options.without_servers, cargo.join(" "))
    }

    #[test]
    fn everything_is_tested_unless_packages_are_chosen() {
        assert_eq!(told(""), (false, "--workspace".to_owned()));
        assert_eq!(told("quota"), (false, "--workspace quota".to_owned()));
        assert_eq!(told("--workspace -q"), (false, "--workspace -q".to_owned()));
        for chosen in ["-p sink-csv -- --nocapture", "--release --package=sink-csv -- a"] {
            assert_eq!(told(chosen), (false, chosen.to_owned()));
        }
    }

    #[test]
    fn the_program_is_built_for_those_who_start_it() {
        for args in ["", "quota", "-p tests", "--package=tests"] {
            assert!(sorted(args).starts_program(), "{args}");
        }
        assert!(!sorted("-p sink-csv").starts_program());
    }

    #[test]
    fn leaving_the_servers_out_is_ours_and_what_follows_is_theirs() {
        assert_eq!(told("--without-servers"), (true, "--workspace".to_owned()));
        for args in [
            "--without-servers -p sink-csv a",
            "-p sink-csv --without-servers a",
        ] {
            assert_eq!(told(args), (true, "-p sink-csv a".to_owned()));
        }
        for args in ["-- --without-servers", "quota -- --without-servers"] {
            let cargo = format!("--workspace {args}");
            assert_eq!(told(args), (false, cargo));
        }
    }
}
