//! `cargo xtask drill`: the program against faults of every kind, and what it lost (nothing).

use anyhow::{Context, Result, ensure};

use crate::servers::{self, DRILL_TOOLS, SERVERS};
use crate::{program, terminal, workspace};

pub const HELP: &str = "\
kill, starve and confuse the program, and look for what it lost

Usage: cargo xtask drill [--quick] [--only NAME]… [--seed N] [--jobs N] [--list] [--without-servers]

Runs the program against a simulated BMW and real stores while everything breaks that can: it is killed at hundreds
of moments, stores go down and refuse, disks are full or fail, the clock jumps, BMW answers junk. A line a drill says
what was injected, what was survived, and what was lost, came twice or was altered. Ends with 1 if anything was, if
the program panicked or if a quota was broken. Takes about twenty minutes; some drills need root to mount small
file systems, and say so where they are left out.

  --quick            the same drills in small: a minute or two. `cargo xtask test` runs them like this
  --only NAME        only these drills; may be repeated
  --seed N           other moments and orders; the seed is printed, so that a failure can be repeated
  --jobs N           so many drills at a time; as many as there are processors if left out
  --list             names the drills
  --without-servers  without InfluxDB, which is otherwise fetched as `cargo xtask test` does";

const WITHOUT_SERVERS: &str = "--without-servers";

pub fn run(args: &[String]) -> Result<()> {
    let arguments = arguments(args)?;
    let target = [
        "--package",
        program::PACKAGE,
        "--package",
        "tests",
        "--test",
        "drill",
    ];
    let mut drill = workspace::cargo();
    if args.iter().any(|arg| arg == WITHOUT_SERVERS) {
        drill.env("CARDATA_WITHOUT_SERVERS", "1");
    } else if !args.iter().any(|arg| arg == "--list") {
        drill.env_remove("CARDATA_WITHOUT_SERVERS");
        drill.envs(servers::provide(&SERVERS)?);
        match servers::provide(&DRILL_TOOLS) {
            Ok(tools) => _ = drill.envs(tools),
            // The drill that needs it says that it is left out.
            Err(error) => terminal::tell(format_args!("{error:#}")),
        }
    }
    if std::env::var_os("CARDATA_BIN").is_none() {
        drill.env("CARDATA_BIN", program::build(&target)?);
    }
    drill
        .args(["test", "--quiet", "--manifest-path"])
        .arg(workspace::root().join("Cargo.toml"))
        .args(target)
        .arg("--")
        .args(arguments);
    workspace::succeed(&mut drill)
}

/// What the drills are told. They are run in full unless something else is asked for.
fn arguments(args: &[String]) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            WITHOUT_SERVERS => {}
            "--quick" | "--list" => told.push(arg.clone()),
            "--only" | "--seed" | "--jobs" => {
                let value = args.next().with_context(|| format!("{arg} needs a value"))?;
                told.extend([arg.clone(), value.clone()]);
            }
            other => ensure!(
                false,
                "drill does not know `{other}`; see `cargo xtask drill --help`"
            ),
        }
    }
    if !told.iter().any(|arg| arg == "--quick") {
        told.insert(0, "--full".to_owned());
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(args: &str) -> Result<String> {
        let args: Vec<_> = args.split_whitespace().map(str::to_owned).collect();
        arguments(&args).map(|told| told.join(" "))
    }

    #[test]
    fn drills_are_run_in_full_unless_they_are_to_be_quick() {
        assert_eq!(told("").unwrap(), "--full");
        assert_eq!(
            told("--only kills --seed 7").unwrap(),
            "--full --only kills --seed 7"
        );
        assert_eq!(told("--quick --without-servers").unwrap(), "--quick");
    }

    #[test]
    fn what_is_not_known_is_a_mistake() {
        assert!(told("kills").unwrap_err().to_string().contains("`kills`"));
        assert!(told("--seed").unwrap_err().to_string().contains("needs a value"));
    }
}
