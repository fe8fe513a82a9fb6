//! Fuzz targets for everything that reads foreign input.
//!
//! Each module is a target: a function that takes any bytes, and the places inside of the parser that its seeds
//! reach. A target whose seeds are all turned away at the door would run for nights and prove nothing, so every
//! run begins with [`assert_reachable`]. README.md says how to run, reproduce and add targets.

pub mod csv_rows;
pub mod documents;
pub mod exported_lines;
pub mod id_token;
pub mod imported_login;
pub mod influxdb_answer;
pub mod influxdb_lines;
pub mod journal_payload;
pub mod oauth_bodies;
pub mod pipeline_yaml;
pub mod polls;
pub mod rest_bodies;
mod sheet;
pub mod stream_message;
pub mod token_file;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[cfg(fuzzing)]
pub use libfuzzer_sys;

/// Every target.
pub static TARGETS: [&Target; 14] = [
    &csv_rows::TARGET,
    &documents::TARGET,
    &exported_lines::TARGET,
    &id_token::TARGET,
    &imported_login::TARGET,
    &influxdb_answer::TARGET,
    &influxdb_lines::TARGET,
    &journal_payload::TARGET,
    &oauth_bodies::TARGET,
    &pipeline_yaml::TARGET,
    &polls::TARGET,
    &rest_bodies::TARGET,
    &stream_message::TARGET,
    &token_file::TARGET,
];

/// What is fuzzed.
pub struct Target {
    /// As its program and its folder in `corpus/` are called.
    pub name: &'static str,
    /// The places that the seeds together have to reach.
    pub places: &'static [&'static str],
    /// Panics where a promise is broken.
    pub run: fn(&[u8], &mut Reached),
}

/// The places that an input reached.
#[derive(Debug, Default)]
pub struct Reached(BTreeSet<&'static str>);

impl Reached {
    pub fn reach(&mut self, place: &'static str) {
        self.0.insert(place);
    }
}

impl Target {
    /// Tries one input.
    pub fn run(&self, input: &[u8]) {
        (self.run)(input, &mut Reached::default());
    }

    /// Where the seeds are.
    pub fn corpus(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(self.name)
    }
}

/// Panics unless every seed reaches the inside of the parser, those called `refused…` excepted, and all of them
/// together every place.
pub fn assert_reachable(target: &Target) {
    let folder = target.corpus();
    let mut all = BTreeSet::new();
    for path in files(&folder) {
        let seed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut reached = Reached::default();
        (target.run)(&seed, &mut reached);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        assert!(
            name.starts_with("refused") || !reached.0.is_empty(),
            "the seed {} reaches nothing inside of {}",
            path.display(),
            target.name
        );
        all.append(&mut reached.0);
    }
    for place in &all {
        assert!(
            target.places.contains(place),
            "{} has no place {place}",
            target.name
        );
    }
    let missed: Vec<_> = target
        .places
        .iter()
        .filter(|place| !all.contains(**place))
        .collect();
    assert!(
        missed.is_empty(),
        "no seed in {} reaches {missed:?}: fuzzing {} would prove nothing about it",
        folder.display(),
        target.name
    );
}

/// Tries the files that are named, for a reproduction without instrumentation.
pub fn replay(target: &Target) {
    assert_reachable(target);
    for path in std::env::args_os().skip(1) {
        let input = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        target.run(&input);
    }
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}

/// The program of a target: libFuzzer's where fuzzing is built, else one that tries the files it is given.
#[macro_export]
macro_rules! main {
    ($target:ident) => {
        #[cfg(fuzzing)]
        use $crate::libfuzzer_sys;

        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(
            init: $crate::assert_reachable(&$crate::$target::TARGET),
            |input: &[u8]| $crate::$target::TARGET.run(input)
        );

        #[cfg(not(fuzzing))]
        fn main() {
            $crate::replay(&$crate::$target::TARGET);
        }
    };
}
