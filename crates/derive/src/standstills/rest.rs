//! What is kept of a standstill: the charge at its ends, and its longest quiet part (V1).

use serde::{Deserialize, Serialize};

use crate::trips::drive::{ROLLING_MS, SOC_SETTLE_MS};
use crate::trips::sense::Soc;

/// A standstill that goes on is told again once a day.
const DAY_MS: i64 = 24 * 3_600_000;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rest {
    /// When the drive before ended; set once the next began.
    pub start_at: i64,
    /// Until then the first charge may come late.
    settles_until: i64,
    pub first: Option<Soc>,
    pub last: Option<Soc>,
    pub plugged: bool,
    is_quiet: bool,
    /// Neither plugged in nor charging nor conditioning: the part that goes on, and the longest that is over.
    part: Option<Part>,
    longest: Option<Part>,
    /// As it was told last while it goes on, and when.
    told: Option<(i64, Told)>,
}

/// The first and the last state of charge of a part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub first: Soc,
    pub last: Soc,
}

/// What is told of a standstill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub first: Option<Soc>,
    pub last: Option<Soc>,
    pub plugged: bool,
    pub quiet: Option<Part>,
}

impl Part {
    pub fn ms(&self) -> i64 {
        self.last.at - self.first.at
    }
}

fn longer(a: Option<Part>, b: Option<Part>) -> Option<Part> {
    [a, b].into_iter().flatten().max_by_key(Part::ms)
}

impl Rest {
    /// Begins at the end of a drive, with the charge that was told last in it. What was told on the way there says
    /// nothing of standing.
    pub fn new(at: i64, soc: Option<Soc>) -> Self {
        let part = soc.filter(|soc| soc.at >= at - ROLLING_MS).map(|soc| Part {
            first: soc,
            last: soc,
        });
        Self {
            settles_until: at + SOC_SETTLE_MS,
            first: soc,
            last: soc,
            is_quiet: true,
            part,
            ..Self::default()
        }
    }

    pub fn read_soc(&mut self, soc: Soc) {
        self.last = Some(soc);
        if soc.at <= self.settles_until && self.is_quiet {
            (self.first, self.part) = (Some(soc), None);
        }
        self.first.get_or_insert(soc);
        if self.is_quiet {
            self.part
                .get_or_insert(Part {
                    first: soc,
                    last: soc,
                })
                .last = soc;
        }
    }

    /// What holds at `now`, after each fact.
    pub fn refresh(&mut self, now: i64, plugged: bool, is_quiet: bool) {
        self.plugged |= plugged;
        self.is_quiet = is_quiet;
        if !is_quiet {
            self.longest = longer(self.longest, self.part.take());
        }
        if self.told.is_none_or(|(at, _)| now - at >= DAY_MS) {
            self.told = Some((now, self.so_far()));
        }
    }

    /// It ended before the last facts: its last charge is that before the next drive.
    pub fn cut(&mut self, end: i64, soc: Option<Soc>) {
        let soc = soc.filter(|soc| soc.at <= end);
        self.last = self.last.filter(|last| last.at <= end).or(soc).or(self.first);
        let whole = |part: Option<Part>| {
            let mut part = part.filter(|part| part.first.at < end)?;
            if part.last.at > end {
                part.last = soc.filter(|soc| soc.at >= part.first.at)?;
            }
            Some(part)
        };
        (self.part, self.longest) = (whole(self.part), whole(self.longest));
    }

    /// What was taken for a drive between two was none.
    pub fn join(before: Option<Self>, after: Option<Self>) -> Option<Self> {
        let (Some(before), Some(after)) = (before.clone(), after.clone()) else {
            return before.or(after);
        };
        let part = match (before.part, after.part) {
            (Some(a), Some(b)) if after.longest.is_none() => Some(Part {
                first: a.first,
                last: b.last,
            }),
            (a, b) => b.or(a),
        };
        Some(Self {
            last: after.last.or(before.last),
            plugged: before.plugged || after.plugged,
            is_quiet: after.is_quiet,
            part,
            longest: longer(before.longest, after.longest),
            ..before
        })
    }

    /// All of it.
    pub fn so_far(&self) -> Told {
        Told {
            first: self.first,
            last: self.last,
            plugged: self.plugged,
            quiet: longer(self.longest, self.part),
        }
    }

    /// As it was at the last whole day.
    pub fn told(&self) -> Told {
        self.told.map_or_else(Told::default, |(_, told)| told)
    }
}
