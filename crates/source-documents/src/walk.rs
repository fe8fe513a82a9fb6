//! Which pages of the charging history are asked for: arithmetic without a clock.
//!
//! BMW takes windows of 45 days and gives ten sessions a page. A token of a next page lives for an hour or so; so what a
//! day's calls did not reach goes on the next day in a narrower window: behind the last session that came, whichever end BMW
//! begins with. The newest window comes first, so that yesterday's charges never wait for last month's.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

const DAY: i64 = 86_400;
/// BMW refuses more with CU-401; 45 was seen to be taken, 60 was not. Whether older sessions may be asked for in a
/// shorter window nobody has seen: what a day's calls did not reach in time is asked for last, until BMW refuses it.
const LONGEST: i64 = 45 * DAY;
/// BMW adds energies to a session days after its end.
const AGAIN: i64 = 3 * DAY;
/// A session without an end is asked for again until it has one, so long: a car may stand at the plug for weeks, but one that
/// never ends must not cost pages for ever.
const RUNS: i64 = 14 * DAY;
/// Of a list without an end.
const MOST_PAGES: usize = 100;
/// One behind the other in a window: behind these comes nothing, whatever their tokens say.
const MOST_EMPTY: usize = 3;

/// Sessions from and to these seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window(pub i64, pub i64);

/// What the next day has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Everything before this was listed for good or lies in `rest`, in seconds since 1970.
    until: i64,
    /// What was not reached, the newest first.
    rest: Vec<Window>,
}

/// A window while its pages come.
#[derive(Debug)]
struct Reading {
    /// As BMW was asked for it: a token belongs to it.
    asked: Window,
    /// What of it has not come yet.
    left: Window,
    token: Option<String>,
    /// Of the pages before: a list that names one again goes in a circle.
    tokens: Vec<String>,
    /// Pages without a session since the last one with some.
    empty: usize,
}

/// When a session began and ended, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: i64,
    /// `None` while it runs, as far as BMW knows.
    pub end: Option<i64>,
}

/// One page to ask for.
#[derive(Debug, PartialEq, Eq)]
pub struct Ask {
    pub window: Window,
    pub token: Option<String>,
    /// Whether it is asked for even where no call can be spared.
    pub is_owed: bool,
}

/// The pages of one day.
#[derive(Debug)]
pub struct Walk {
    now: i64,
    /// What lies before this in the newest window came on an earlier day.
    listed: i64,
    windows: VecDeque<Reading>,
    left: Vec<Window>,
    /// The newest window, and one that was left over, get a page each day.
    owed: u32,
    pages: usize,
    /// The newest window has sessions. An empty answer may be none (`{}` comes now and then), and lists nothing for good.
    is_heard: bool,
    /// The start of the first session that BMW may still add to.
    unsettled: Option<i64>,
}

impl Walk {
    /// Begins at `now`, in seconds since 1970, with what an earlier day left.
    pub fn begin(memory: Option<Memory>, now: i64) -> Self {
        let earliest = now - LONGEST;
        let memory = memory.unwrap_or(Memory {
            until: earliest,
            rest: Vec::new(),
        });
        // After the clock was set back, nothing can be listed that is still to come.
        let listed = memory.until.clamp(earliest, now);
        let newest = Window((listed - AGAIN).max(earliest), now);
        let rest = || {
            memory
                .rest
                .iter()
                .map(|Window(from, to)| Window(*from, (*to).min(now)))
        };
        let windows = std::iter::once(newest)
            .chain(rest().map(|Window(from, to)| Window(from.max(earliest), to)))
            .chain(rest().map(|Window(from, to)| Window(from, to.min(earliest))));
        Self {
            now,
            listed,
            windows: windows.filter(Window::is_some).map(Reading::of).collect(),
            left: Vec::new(),
            owed: 2,
            pages: 0,
            is_heard: false,
            unsettled: None,
        }
    }

    /// The page to ask for next; `None` when all came.
    pub fn next(&self) -> Option<Ask> {
        let reading = self.windows.front()?;
        Some(Ask {
            window: reading.asked,
            token: reading.token.clone(),
            is_owed: reading.token.is_none() && self.owed > 0,
        })
    }

    /// The page came: its sessions, in its order, and the token of the next one.
    pub fn took(&mut self, sessions: &[Span], next: Option<String>) {
        let unsettled = sessions.iter().filter(|session| session.may_change(self.now));
        self.unsettled = unsettled.map(|session| session.start).chain(self.unsettled).min();
        let starts: Vec<i64> = sessions.iter().map(|session| session.start).collect();
        self.pages += 1;
        self.owed = self.owed.saturating_sub(1);
        let Some(reading) = self.windows.front_mut() else {
            return;
        };
        let before = reading.left;
        reading.narrow(&starts);
        reading.empty = if starts.is_empty() { reading.empty + 1 } else { 0 };
        self.is_heard |= reading.asked.1 == self.now && !starts.is_empty();
        let is_circle = next.as_ref().is_some_and(|next| reading.tokens.contains(next));
        let is_stuck = is_circle || reading.empty >= MOST_EMPTY || self.pages >= MOST_PAGES;
        match next {
            None => drop(self.windows.pop_front()),
            // The list goes in a circle: what is left of it is another day's, unless it is still the same.
            Some(_) if is_stuck && reading.left == before => drop(self.windows.pop_front()),
            Some(_) if is_stuck => self.leave(),
            Some(token) => {
                reading.tokens.push(token.clone());
                reading.token = Some(token);
            }
        }
    }

    /// BMW refuses the window. `true` where it is older than what BMW is known to list: it is given up then, and the
    /// others go on.
    pub fn is_out_of_reach(&mut self) -> bool {
        let earliest = self.now - LONGEST;
        let is_old = self
            .windows
            .front()
            .is_some_and(|reading| reading.asked.0 < earliest);
        if is_old {
            self.windows.pop_front();
        }
        is_old
    }

    /// What is left of this window waits for another day.
    pub fn leave(&mut self) {
        let is_newest = |window: &Window| window.1 == self.now;
        if let Some(reading) = self.windows.pop_front() {
            let mut left = reading.left;
            if is_newest(&reading.asked) {
                self.keep_unsettled(reading.asked.0, left.0);
                left.0 = left.0.max(self.listed);
            }
            self.left.extend(Some(left).filter(Window::is_some));
        }
    }

    /// A window that began early for a session that has not ended, and was not read so far, begins there next day too.
    fn keep_unsettled(&mut self, from: i64, left_from: i64) {
        let is_early = (self.now - RUNS..self.now - AGAIN - 2 * DAY).contains(&from);
        if is_early && left_from < self.listed {
            self.unsettled = Some(self.unsettled.map_or(from, |start| start.min(from)));
        }
    }

    /// What the next day has to know.
    pub fn end(mut self) -> Memory {
        while !self.windows.is_empty() {
            self.leave();
        }
        let until = if self.is_heard { self.now } else { self.listed };
        let settled = self.unsettled.map_or(until, |start| start + AGAIN);
        // What was cut in two by its age is one again.
        self.left.sort_by_key(|window| std::cmp::Reverse(window.1));
        self.left.dedup_by(|older, newer| {
            let is_next = older.1 == newer.0;
            if is_next {
                newer.0 = older.0;
            }
            is_next
        });
        Memory {
            until: settled.min(until),
            rest: self.left,
        }
    }
}

impl Span {
    /// Whether BMW may yet tell more of it.
    fn may_change(&self, now: i64) -> bool {
        match self.end {
            Some(end) => end > now - AGAIN,
            None => self.start > now - RUNS,
        }
    }
}

impl Window {
    fn is_some(&self) -> bool {
        self.0 < self.1
    }
}

impl Reading {
    fn of(window: Window) -> Self {
        Self {
            asked: window,
            left: window,
            token: None,
            tokens: Vec::new(),
            empty: 0,
        }
    }

    /// Takes what came off the end that BMW began with.
    fn narrow(&mut self, starts: &[i64]) {
        let (Some(first), Some(last)) = (starts.first(), starts.last()) else {
            return;
        };
        match first >= last {
            true => self.left.1 = starts.iter().fold(self.left.1, |to, start| to.min(*start)),
            false => self.left.0 = starts.iter().fold(self.left.0, |from, start| from.max(*start)),
        }
    }
}

impl Memory {
    /// A list, which no memory of a vehicle's activity is: `[until,[from,to],…]`.
    pub fn to_json(&self) -> String {
        let rest = self.rest.iter().map(|window| serde_json::json!(window));
        let all = std::iter::once(self.until.into()).chain(rest);
        serde_json::Value::from_iter(all).to_string()
    }

    /// `None` for what no source of this type wrote.
    pub fn from_json(text: &str) -> Option<Self> {
        let all: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
        let (until, rest) = all.split_first()?;
        let rest = rest.iter().cloned().map(serde_json::from_value);
        Some(Self {
            until: until.as_i64()?,
            rest: rest.collect::<Result<_, _>>().ok()?,
        })
    }
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
