//! `cargo xtask drill`: the program against faults of every kind, and what it lost (nothing).

use anyhow::Result;

use crate::servers::{self, Wanted};
use crate::{program, workspace};

/// Kill, starve and confuse the program, and look for what it lost
///
/// Runs the program against a simulated BMW and real stores while everything breaks that can: it is killed at
/// hundreds of moments, stores go down and refuse, disks are full or fail, the clock jumps, BMW answers junk. A line
/// a drill says what was injected, what was survived, and what was lost, came twice or was altered. Ends with 1 if
/// anything was, if the program panicked or if a quota was broken. Takes about half an hour; some drills need root
/// to mount small file systems, and say so where they are left out.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The same drills in small: a minute or two. `cargo xtask test` runs them like this
    #[arg(long)]
    quick: bool,
    /// Only these drills; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Other moments and orders; the seed is printed, so that a failure can be repeated
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// So many drills at a time; as many as there are processors if left out
    #[arg(long, value_name = "N")]
    jobs: Option<u64>,
    /// Name the drills
    #[arg(long)]
    list: bool,
    /// Without InfluxDB, which is otherwise fetched as `cargo xtask test` does
    #[arg(long)]
    without_servers: bool,
}

const TARGET: [&str; 6] = ["-p", program::PACKAGE, "-p", "tests", "--test", "drill"];

pub fn run(options: &Options) -> Result<()> {
    let mut drill = workspace::cargo();
    let wanted = Wanted {
        drills: true,
        pages: false,
    };
    servers::equip(&mut drill, options.without_servers || options.list, wanted)?;
    if std::env::var_os("CARDATA_BIN").is_none() {
        drill.env("CARDATA_BIN", program::build(&TARGET)?);
    }
    drill.args(["test", "--quiet"]).args(TARGET).arg("--");
    workspace::succeed(drill.args(options.told()))
}

impl Options {
    /// What the drills are told. They are run in full unless something else is asked for.
    fn told(&self) -> Vec<String> {
        let mut told = vec![if self.quick { "--quick" } else { "--full" }.to_owned()];
        told.extend(self.list.then(|| "--list".to_owned()));
        let named = self.only.iter().map(|name| ("--only", name.clone()));
        let numbers = [("--seed", self.seed), ("--jobs", self.jobs)];
        let numbers = numbers.map(|(option, number)| Some((option, number?.to_string())));
        for (option, value) in named.chain(numbers.into_iter().flatten()) {
            told.extend([option.to_owned(), value]);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Task;

    fn told(args: &str) -> Result<String, clap::Error> {
        let args = ["drill"].into_iter().chain(args.split_whitespace());
        match Task::try_parse_from(args)? {
            Task::Drill(options) => Ok(options.told().join(" ")),
            _ => panic!("another task"),
        }
    }

    #[test]
    fn drills_are_run_in_full_unless_they_are_to_be_quick() {
        assert_eq!(told("").unwrap(), "--full");
        assert_eq!(
            told("--only kills --seed 7 --only clock").unwrap(),
            "--full --only kills --only clock --seed 7"
        );
        assert_eq!(told("--quick --without-servers").unwrap(), "--quick");
        assert_eq!(told("--jobs 2 --list").unwrap(), "--full --list --jobs 2");
    }

    #[test]
    fn what_is_not_known_is_a_mistake() {
        assert!(told("kills").unwrap_err().to_string().contains("'kills'"));
        assert!(
            told("--seed")
                .unwrap_err()
                .to_string()
                .contains("a value is required")
        );
    }
}
