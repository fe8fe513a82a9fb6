//! `cargo xtask test`: every test, with what the tests need from outside.

use anyhow::Result;

use crate::servers::{self, DRILL_TOOLS, SERVERS};
use crate::{program, terminal, workspace};

pub const HELP: &str = "\
run every test, those against real servers included

Usage: cargo xtask test [--without-servers] [arguments of cargo test]

Runs every test of the workspace. Some speak to real servers: VictoriaMetrics, InfluxDB 1.x and mosquitto. These are
taken from PATH, else Debian's packages are unpacked under target/servers (30 MB, once; no root, nothing is
installed), else you are told what to install.

The drills of faults run in small; `cargo xtask drill` runs them in full.

  --without-servers   leaves the tests against servers out, and says so at the end
  …                   passed on to `cargo test`, for example: -p sink-csv, or a test's name

Tells the tests by environment: CARDATA_BIN, CARDATA_TEST_VICTORIA_METRICS, CARDATA_TEST_INFLUXD,
CARDATA_TEST_MOSQUITTO (paths; kept when you set them), or CARDATA_WITHOUT_SERVERS=1.";

#[derive(Debug, PartialEq, Eq)]
struct Options {
    without_servers: bool,
    /// Whether tests will run that start the program.
    program: bool,
    cargo: Vec<String>,
}

pub fn run(args: &[String]) -> Result<()> {
    let options = parse(args);
    let mut tests = workspace::cargo();
    tests
        .arg("test")
        .arg("--manifest-path")
        .arg(workspace::root().join("Cargo.toml"))
        .args(&options.cargo);
    if options.without_servers {
        tests.env("CARDATA_WITHOUT_SERVERS", "1");
    } else {
        tests.env_remove("CARDATA_WITHOUT_SERVERS");
        tests.envs(servers::provide(&SERVERS)?);
    }
    if options.program && std::env::var_os("CARDATA_BIN").is_none() {
        // A drill that lacks a tool says that it is left out.
        if let (false, Ok(tools)) = (options.without_servers, servers::provide(&DRILL_TOOLS)) {
            tests.envs(tools);
        }
        // Together with the tests: cargo would choose other features for the program alone, and build all twice.
        tests.env("CARDATA_BIN", program::build(&["--workspace", "--tests"])?);
    }
    let passed = workspace::succeed(&mut tests);
    if options.without_servers {
        let names: Vec<_> = SERVERS.iter().map(|server| server.program).collect();
        terminal::tell(format_args!(
            "left out: the tests against {} (--without-servers)",
            names.join(", ")
        ));
    }
    passed
}

/// The whole workspace, unless the arguments choose packages.
fn parse(args: &[String]) -> Options {
    let own = args.iter().take_while(|arg| *arg != "--").count();
    let (own, theirs) = args.split_at(own);
    let without_servers = own.iter().any(|arg| arg == "--without-servers");
    let mut cargo: Vec<_> = own
        .iter()
        .filter(|arg| *arg != "--without-servers")
        .cloned()
        .collect();
    let chosen = |arg: &str| matches!(arg, "-p" | "--package") || arg.starts_with("--package=");
    let whole = !cargo.iter().any(|arg| chosen(arg));
    let program = whole || cargo.iter().any(|arg| arg.ends_with("tests"));
    if whole && !cargo.iter().any(|arg| arg == "--workspace") {
        cargo.insert(0, "--workspace".to_owned());
    }
    cargo.extend_from_slice(theirs);
    Options {
        without_servers,
        program,
        cargo,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &str) -> (bool, String) {
        let args: Vec<_> = args.split_whitespace().map(str::to_owned).collect();
        let options = parse(&args);
        (options.without_servers, options.cargo.join(" "))
    }

    #[test]
    fn everything_is_tested_unless_packages_are_chosen() {
        assert_eq!(parsed(""), (false, "--workspace".to_owned()));
        assert_eq!(parsed("quota"), (false, "--workspace quota".to_owned()));
        assert_eq!(
            parsed("-p sink-csv -- --nocapture"),
            (false, "-p sink-csv -- --nocapture".to_owned())
        );
    }

    #[test]
    fn the_program_is_built_for_those_who_start_it() {
        let program =
            |args: &[&str]| parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()).program;
        assert!(
            program(&[]) && program(&["quota"]) && program(&["-p", "tests"]) && program(&["--package=tests"])
        );
        assert!(!program(&["-p", "sink-csv"]));
    }

    #[test]
    fn leaving_the_servers_out_is_ours_and_what_follows_is_theirs() {
        assert_eq!(parsed("--without-servers"), (true, "--workspace".to_owned()));
        assert_eq!(
            parsed("-- --without-servers"),
            (false, "--workspace -- --without-servers".to_owned())
        );
    }
}
