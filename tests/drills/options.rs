//! What the command line asks for.

use std::thread::available_parallelism;

/// The seed where none is given.
const SEED: u64 = 20_260_301;

/// How the drills are run.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// In full, and not in small.
    pub full: bool,
    pub list: bool,
    pub seed: u64,
    /// How many drills run at a time.
    pub jobs: usize,
    /// Names, or parts of them; empty for all.
    only: Vec<String>,
}

impl Options {
    /// Reads the options of `cargo xtask drill`. `cargo test` passes those of its own tests to every program that
    /// it starts: what is unknown is left to them.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            full: false,
            list: false,
            seed: SEED,
            jobs: available_parallelism().map_or(1, usize::from),
            only: Vec::new(),
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--full" => options.full = true,
                "--quick" => options.full = false,
                "--list" => options.list = true,
                "--seed" => options.seed = number(&value()?)?,
                "--jobs" => options.jobs = number(&value()?)?.clamp(1, 64) as usize,
                "--only" => options.only.push(value()?),
                "--test-threads" | "--skip" | "--color" | "--format" => drop(value()?),
                other if other.starts_with('-') => {}
                name => options.only.push(name.to_owned()),
            }
        }
        Ok(options)
    }

    /// Whether the drill is to be run: a name that is given in full means no other.
    pub fn chooses(&self, name: &str) -> bool {
        let exactly = |only: &String| crate::DRILLS.iter().any(|drill| drill.name == only);
        self.only.is_empty()
            || self.only.iter().any(|only| {
                if exactly(only) {
                    name == only
                } else {
                    name.contains(only)
                }
            })
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}
