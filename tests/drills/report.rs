//! What a drill did and found.

use std::collections::HashMap;
use std::path::Path;

use cardata_sim::Control;
use jiff::SignedDuration;
use jiff::tz::Offset;
use tests::oracle::{Difference, Row, compare};
use tests::scene::Scene;
use tests::stores;

/// How a drill ended.
pub enum Outcome {
    Done(Report),
    /// It cannot be run here, and why.
    LeftOut(String),
    /// It broke off, and why.
    Failed(String),
}

/// The figures of one drill.
#[derive(Debug, Default)]
pub struct Report {
    /// What was injected, and how often.
    pub injected: Vec<(String, u64)>,
    /// How many of these the program went on after.
    pub survived: u64,
    /// Readings in all stores that were held against what BMW served.
    pub readings: usize,
    pub lost: usize,
    pub doubled: usize,
    pub altered: usize,
    /// The most calls in a UTC day or in 24 hours, and how many there may be.
    pub calls: Option<(usize, usize)>,
    /// What else there is to tell.
    pub notes: Vec<String>,
    /// What went wrong, in words.
    pub problems: Vec<String>,
}

impl Report {
    pub fn inject(&mut self, what: &str) {
        match self.injected.iter_mut().find(|(known, _)| known == what) {
            Some((_, times)) => *times += 1,
            None => self.injected.push((what.to_owned(), 1)),
        }
    }

    /// The program went on after what was injected last.
    pub fn survive(&mut self) {
        self.survived += 1;
    }

    pub fn injections(&self) -> u64 {
        self.injected.iter().map(|(_, times)| times).sum()
    }

    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Something is not as it should be.
    pub fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// Holds a store against what it should hold: every row once, no other row.
    pub fn hold(&mut self, store: &str, found: &[Row], wanted: &[Row]) {
        assert!(!wanted.is_empty(), "nothing was served: the drill drills nothing");
        self.hold_difference(store, found, &compare(found, wanted));
    }

    /// Counts how a store differs from what it should hold.
    pub fn hold_difference(&mut self, store: &str, found: &[Row], difference: &Difference) {
        self.readings += found.len();
        self.lost += difference.missing.len();
        self.doubled += difference.twice.len();
        self.altered += difference.invented.len();
        if !difference.is_none() {
            self.problem(format!(
                "{store} has {} rows, which are not what they should be:\n{difference}",
                found.len()
            ));
        }
    }

    /// Holds the two stores of [`tests::scene::FILES`] against what they should hold.
    pub fn hold_files(&mut self, scene: &Scene, wanted: &[Row]) {
        self.hold("csv", &stores::csv(&scene.path("csv")), wanted);
        self.hold("sqlite", &stores::sqlite(&scene.path("cardata.db")), wanted);
    }

    /// Holds the calls that BMW counted against the limit, and each against the ledger. Nothing may have been
    /// asked that the specification does not allow.
    pub fn hold_calls(&mut self, bmw: &Control, limit: usize) {
        let most = most_in_a_day(bmw);
        let before = self.calls.map_or(0, |(most, _)| most);
        self.calls = Some((most.max(before), limit));
        if most > limit {
            self.problem(format!("{most} calls in one day, {limit} are allowed"));
        }
        for violation in bmw.violations() {
            self.problem(format!("BMW does not allow this: {violation:?}"));
        }
    }

    /// The ledger knows every call that BMW counted.
    pub fn hold_ledger(&mut self, state: &Path, bmw: &Control) {
        let ledger = stores::calls(state);
        let counted = bmw.requests().iter().filter(|request| request.counted).count() as u64;
        if ledger < counted {
            self.problem(format!("{ledger} calls in the ledger, BMW counted {counted}"));
        }
    }

    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
            && self.lost + self.doubled + self.altered == 0
            && self.survived == self.injections()
    }
}

/// The most calls that BMW counted in a UTC day or in any 24 hours.
fn most_in_a_day(bmw: &Control) -> usize {
    let requests = bmw.requests();
    let calls: Vec<_> = requests
        .iter()
        .filter(|request| request.counted)
        .map(|request| request.at)
        .collect();
    let mut days = HashMap::new();
    for call in &calls {
        *days.entry(Offset::UTC.to_datetime(*call).date()).or_insert(0) += 1;
    }
    let day = SignedDuration::from_hours(24);
    let mut end = 0;
    let windows = calls.iter().enumerate().map(|(begin, first)| {
        while end < calls.len() && calls[end].duration_since(*first) < day {
            end += 1;
        }
        end - begin
    });
    windows.chain(days.values().copied()).max().unwrap_or(0)
}
