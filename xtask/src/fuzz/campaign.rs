//! One target for some time.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::workspace;

/// Over the lines of campaigns.
pub const HEADER: &str = "target             executions   a second   edges   new inputs";

/// Of one input, in seconds; and of the process, in MiB.
const LONGEST: u32 = 10;
const MEMORY: u32 = 1024;

/// What became of a target's run.
pub struct Campaign {
    /// Under [`HEADER`].
    pub line: String,
    /// What was found, and how to see it again.
    pub broken: Option<String>,
}

impl Campaign {
    pub fn run(target: &str, program: &Path, seconds: u32) -> Result<Self> {
        let shell = workspace::shell()?;
        let folder = workspace::target().join("fuzz");
        let corpus = shell.create_dir(folder.join("corpus").join(target))?;
        let artifacts = shell.create_dir(folder.join("artifacts").join(target))?;
        let log = folder.join(format!("{target}.log"));
        let written =
            std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let status = Command::new(program)
            // New inputs go to the first; the seeds are only read.
            .arg(&corpus)
            .arg(super::folder().join("corpus").join(target))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={LONGEST}"))
            .arg(format!("-rss_limit_mb={MEMORY}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg("-print_final_stats=1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(written)
            .status()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let words = shell.read_binary_file(&log)?;
        let words = String::from_utf8_lossy(&words);
        Ok(Self::read(target, &words, status.success(), &log))
    }

    /// Reads what libFuzzer said.
    fn read(target: &str, words: &str, sound: bool, log: &Path) -> Self {
        let executions = last_number(words, "stat::number_of_executed_units:");
        let speed = last_number(words, "stat::average_exec_per_sec:");
        let edges = last_number(words, " cov: ");
        let new = last_number(words, "stat::new_units_added:");
        let mark = if sound { "" } else { "   BROKEN" };
        Self {
            line: format!("{target:<18} {executions:>10} {speed:>10} {edges:>7} {new:>12}{mark}"),
            broken: (!sound).then(|| told(target, words, log)),
        }
    }
}

fn told(target: &str, words: &str, log: &Path) -> String {
    let next = match artifact(words) {
        None => format!("it did not begin: its seeds in tests/fuzz/corpus/{target} have to be mended"),
        Some(input) => format!(
            "input:  {input}\n  again:  cargo run --manifest-path tests/fuzz/Cargo.toml --target-dir target --bin \
             {target} {input}"
        ),
    };
    format!("{}\n  log:    {}\n  {next}", what_broke(words), log.display())
}

/// How the lines begin that follow what a panic says.
const END: [&str; 3] = ["note: ", "stack backtrace:", "=="];

fn last_number(words: &str, before: &str) -> u64 {
    let behind = words.rsplit_once(before).map_or("", |(_, behind)| behind);
    behind
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// The panic with what it says, else libFuzzer's own words.
fn what_broke(words: &str) -> String {
    if let Some(at) = words.find("panicked at ") {
        let goes_on = |line: &&str| !END.iter().any(|end| line.starts_with(end));
        let lines = words[at..].lines().take_while(goes_on);
        let told: String = lines.take(6).collect::<Vec<_>>().join("\n");
        return told.chars().take(1_000).collect();
    }
    let error = words.lines().find(|line| line.contains("ERROR: libFuzzer"));
    error.unwrap_or("it ended without a word").trim().to_owned()
}

/// The input; `None` when the target refused to begin.
fn artifact(words: &str) -> Option<&str> {
    let mut lines = words.lines().rev();
    let (_, path) = lines.find_map(|line| line.split_once("Test unit written to "))?;
    Some(path.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "INFO: Seed: 1\n#2\tINITED cov: 412 ft: 600 corp: 3/1Kb\n#999\tNEW    cov: 2417 ft: 8000\n\
        stat::number_of_executed_units: 123456\nstat::average_exec_per_sec:     4115\n\
        stat::new_units_added:          77\n";

    #[test]
    fn what_was_tried_is_read() {
        let campaign = Campaign::read("id_token", SAID, true, Path::new("log"));
        let line = "id_token               123456       4115    2417           77";
        assert_eq!(campaign.line, line);
        assert_eq!(line.len(), HEADER.len());
    }

    #[test]
    fn what_broke_is_told_with_a_way_to_see_it_again() {
        let words = format!(
            "{SAID}\nthread '<unnamed>' panicked at src/a.rs:1:2:\nshown: hunter2\nnote: run with\n== ERROR: libFuzzer: \
             deadly signal\nartifact_prefix='x/'; Test unit written to x/crash-1\n"
        );
        let campaign = Campaign::read("id_token", &words, false, Path::new("log"));
        let told = campaign.broken.unwrap();
        assert!(
            told.starts_with("panicked at src/a.rs:1:2:\nshown: hunter2\n  log:"),
            "{told}"
        );
        assert!(told.ends_with("--bin id_token x/crash-1"), "{told}");
    }

    #[test]
    fn time_and_memory_are_told_in_libfuzzers_words() {
        let words = "==7== ERROR: libFuzzer: timeout after 11 seconds\nTest unit written to x/timeout-1\n";
        assert!(what_broke(words).ends_with("timeout after 11 seconds"));
        let campaign = Campaign::read("id_token", "killed", false, Path::new("log"));
        assert!(campaign.broken.unwrap().contains("it did not begin"));
    }
}
