//! What `cardata check` says: line by line for people, at the end for programs.

use std::path::Path;

use pipeline::{Mistake, Pipeline};
use serde_json::{Value, json};
use status::table::counted;

use super::Probe;
use crate::args::CheckArgs;
use crate::{CommandResult, terminal};

/// Of a file without mistakes.
pub struct Answer<'a> {
    options: &'a CheckArgs,
    file: &'a Path,
    parts: [usize; 3],
    remarks: Vec<String>,
    /// `None` where nothing was tried.
    probes: Option<Vec<Probe>>,
}

impl<'a> Answer<'a> {
    pub fn new(options: &'a CheckArgs, file: &'a Path, pipeline: &Pipeline) -> Self {
        let parts = [
            pipeline.accounts.len(),
            pipeline.sources.len(),
            pipeline.sinks.len(),
        ];
        if !options.json {
            terminal::say(&format!(
                "{}: sound; {}, {}, {}",
                file.display(),
                counted(parts[0], "account"),
                counted(parts[1], "source"),
                counted(parts[2], "sink"),
            ));
        }
        Self {
            options,
            file,
            parts,
            remarks: Vec::new(),
            probes: None,
        }
    }

    /// What is no mistake, and may not be what its owner wants.
    pub fn remark(&mut self, remark: String) {
        match self.options.json {
            true => self.remarks.push(remark),
            false => terminal::error(&remark),
        }
    }

    /// What came of everything that was tried.
    pub fn tried(&mut self, probes: Vec<Probe>) -> &[Probe] {
        if !self.options.json {
            probes.iter().for_each(say);
        }
        self.probes.insert(probes)
    }

    /// Nothing more comes.
    pub fn end(self) -> CommandResult {
        if !self.options.json {
            return Ok(());
        }
        let [accounts, sources, sinks] = self.parts;
        let probes = self.probes.as_ref();
        let probes = probes.map(|probes| probes.iter().map(probe).collect::<Value>());
        terminal::answer(
            1,
            &json!({
                "file": self.file,
                "sound": true,
                "mistakes": [],
                "accounts": accounts,
                "sources": sources,
                "sinks": sinks,
                "remarks": self.remarks,
                "probes": probes,
            }),
        )
    }
}

/// Of a file with these mistakes, or one that cannot be read.
pub fn mistakes(file: &Path, mistakes: &[Mistake]) -> CommandResult {
    let mistakes = mistakes.iter().map(|mistake| {
        json!({
            "line": mistake.line,
            "column": mistake.column,
            "message": mistake.message,
            "help": mistake.help,
        })
    });
    terminal::answer(
        1,
        &json!({
            "file": file,
            "sound": false,
            "mistakes": mistakes.collect::<Value>(),
            "accounts": null,
            "sources": null,
            "sinks": null,
            "remarks": [],
            "probes": null,
        }),
    )
}

fn say(probe: &Probe) {
    terminal::say(&match &probe.problem {
        None => format!("  ok      {}", probe.what),
        Some(problem) => format!("  failed  {}: {problem}", probe.what),
    });
    for remark in &probe.remarks {
        terminal::say(&format!("  note    {}: {remark}", probe.what));
    }
}

fn probe(probe: &Probe) -> Value {
    json!({
        "what": probe.what,
        "problem": probe.problem,
        "needs_login": probe.needs_login,
        "remarks": probe.remarks,
    })
}
