//! What a journal should hold, the simple way: every value of every series in a list.

use std::collections::HashMap;

use collector_core::Stamp;

use super::*;

/// Two of the catalogue, one of them stamped by the call, and two that the catalogue does not have.
pub const DESCRIPTORS: [&str; 4] = [SOC, HV_STATUS, "vehicle.new.\"alpha\"", "vehicle.new.beta"];
pub const SINKS: [&str; 2] = ["one", "two"];

#[derive(Debug, Clone, Copy)]
pub enum Content {
    Number(u8),
    Word,
    Nothing,
}

#[derive(Debug, Clone, Copy)]
pub enum Stamped {
    /// With milliseconds, be they none.
    Minute(u8),
    Fraction(u8),
    /// In whole seconds.
    Second(u8),
    Call,
    Missing,
}

pub type Sent = (usize, Content, Stamped);

/// A value that is in the history, also one that fits no type.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub is_reading: bool,
    pub at: i64,
    pub occurrence: u32,
    pub in_whole_seconds: bool,
    pub value: String,
}

/// A reading as a sink should see it: descriptor, value, time, stamp, occurrence.
pub type Seen = (String, String, i64, Stamp, u32);

#[derive(Debug, Clone, Default)]
pub struct Sink {
    pub cursor: u64,
    pub delivered: u64,
    pub dead: u64,
}

/// What one entry holds for sinks: its readings, and what ended when, of the descriptors of the catalogue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Held {
    pub readings: Vec<Seen>,
    pub ended: Vec<(String, i64)>,
}

#[derive(Debug, Default)]
pub struct Model {
    pub now: i64,
    /// Entry numbers with what they hold; also those that hold nothing for a sink.
    pub log: Vec<(u64, usize, Held)>,
    /// The history, by vehicle and descriptor.
    pub values: HashMap<(usize, usize), Vec<Kept>>,
    /// The newest value that was stamped by the call, and its time.
    pub called: HashMap<(usize, usize), (i64, String)>,
    /// Whether the last that came was no value, and when the newest of these was stamped.
    pub absent: HashMap<(usize, usize), bool>,
    pub ended: HashMap<(usize, usize), i64>,
    /// Whether a new descriptor holds numbers.
    pub learned: HashMap<usize, bool>,
    pub snapshots: u64,
    pub repeats: u64,
    pub rejected: u64,
    pub sinks: [Sink; 2],
    /// What a kill loses: how far sinks have got since that was written, and what came since and left no entry.
    pub written: [Sink; 2],
    pub loose_snapshots: u64,
    pub loose_repeats: u64,
}

impl Model {
    pub fn request(&self) -> i64 {
        NOON + 86_400_000 + self.now * 60_000
    }

    pub fn received(&self) -> i64 {
        self.request() + 1_000
    }

    pub fn body(&self, (_, content, stamped): Sent) -> String {
        let value = match content {
            Content::Number(number) => format!("\"{number}\""),
            Content::Word => "\"odd\"".to_owned(),
            Content::Nothing => "null".to_owned(),
        };
        match self.stamp_sent(stamped) {
            Some(at) if matches!(stamped, Stamped::Second(_)) => {
                format!(r#"{{"value":{value},"timestamp":"{:.0}"}}"#, time(at))
            }
            Some(at) => format!(r#"{{"value":{value},"timestamp":"{:.3}"}}"#, time(at)),
            None => format!(r#"{{"value":{value},"timestamp":null}}"#),
        }
    }

    pub fn snapshot(&self, vehicle: usize, polled: bool, sent: &[Sent]) -> RawSnapshot {
        let readings = sent
            .iter()
            .map(|&sent| raw(DESCRIPTORS[sent.0], &self.body(sent)));
        RawSnapshot {
            vin: vin(vehicle),
            origin: if polled { Origin::Poll } else { Origin::Stream },
            requested_at: polled.then(|| time(self.request())),
            sent_at: None,
            received_at: time(self.received()),
            readings: readings.collect(),
        }
    }

    pub fn stamp_sent(&self, stamped: Stamped) -> Option<i64> {
        match stamped {
            Stamped::Minute(minute) | Stamped::Second(minute) => Some(NOON + i64::from(minute) * 60_000),
            Stamped::Fraction(minute) => Some(NOON + i64::from(minute) * 60_000 + 55),
            Stamped::Call => Some(self.request() + 400),
            Stamped::Missing => None,
        }
    }

    /// The newest reading of a series, be it over or not.
    pub fn latest(&self, series: (usize, usize)) -> Option<&Kept> {
        let readings = self.values.get(&series)?.iter().filter(|kept| kept.is_reading);
        readings.max_by_key(|kept| (kept.at, kept.occurrence))
    }

    /// Whether there was a value, and none any more at this time.
    pub fn has_ended(&self, series: (usize, usize), at: i64) -> bool {
        let latest = self.latest(series);
        latest.is_some_and(|latest| {
            self.ended
                .get(&series)
                .is_some_and(|ended| latest.at < *ended && *ended <= at)
        })
    }

    /// Whether a value that was stamped by the call is another than the last that was, or there was none in between.
    pub fn differs(&self, series: (usize, usize), at: i64, value: &str) -> bool {
        let called = self.called.get(&series);
        called.is_none_or(|(_, called)| called != value) || self.has_ended(series, at)
    }

    /// Whether an absence, which BMW stamped itself or not, is news.
    fn end(&mut self, series: (usize, usize), at: Option<i64>) -> bool {
        let latest = self.latest(series);
        let ends = at.is_some_and(|at| latest.is_some_and(|latest| latest.at < at));
        let was_absent = self.absent.insert(series, true).unwrap_or(false);
        let is_news = !was_absent || (ends && !self.has_ended(series, i64::MAX));
        if let (true, Some(at)) = (is_news, at) {
            let ended = self.ended.entry(series).or_insert(at);
            *ended = at.max(*ended);
        }
        is_news
    }

    /// All that waits is written.
    pub fn flushed(&mut self) {
        self.written = self.sinks.clone();
        (self.loose_snapshots, self.loose_repeats) = (0, 0);
    }

    pub fn killed(&mut self) {
        self.sinks = self.written.clone();
        self.snapshots -= std::mem::take(&mut self.loose_snapshots);
        self.repeats -= std::mem::take(&mut self.loose_repeats);
    }

    /// The occurrence of a value that is not there yet; it is kept.
    pub fn keep(
        &mut self,
        series: (usize, usize),
        at: i64,
        in_whole_seconds: bool,
        (value, is_reading): (&str, bool),
    ) -> Option<u32> {
        let kept = self.values.entry(series).or_default();
        let second = |at: i64| at - at % 1_000;
        let is_one = |kept: &Kept| {
            kept.value == value
                && (kept.at == at
                    || (in_whole_seconds && second(kept.at) == at)
                    || (kept.in_whole_seconds && second(at) == kept.at))
        };
        if kept.iter().any(is_one) {
            return None;
        }
        let occurrence = kept.iter().filter(|kept| kept.at == at).count();
        let occurrence = u32::try_from(occurrence).unwrap();
        kept.push(Kept {
            is_reading,
            at,
            occurrence,
            in_whole_seconds,
            value: value.to_owned(),
        });
        self.absent.insert(series, false);
        Some(occurrence)
    }

    pub fn append(&mut self, vehicle: usize, polled: bool, sent: &[Sent]) -> Appended {
        let mut appended = Appended::default();
        let (mut kept, mut held) = (0, Held::default());
        for &sent in sent {
            let (descriptor, content, stamped) = sent;
            let series = (vehicle, descriptor);
            let numeric = match (descriptor, content) {
                (0, _) => true,
                (1, _) => false,
                (_, Content::Nothing) => true,
                (_, content) => {
                    let is_number = matches!(content, Content::Number(_));
                    let numeric = self.learned.entry(descriptor).or_insert(is_number);
                    // A word widens it.
                    *numeric &= is_number;
                    *numeric
                }
            };
            let at = self.stamp_sent(stamped);
            let stamp = match at {
                None => Stamp::Requested,
                // A message has true stamps.
                Some(_) if descriptor == 1 && polled => Stamp::Requested,
                Some(_) => Stamp::Measured,
            };
            let (value, is_reading) = match content {
                Content::Nothing => {
                    appended.absent += 1;
                    let is_from_before = |at: &i64| self.request() - at > 120_000;
                    let at = at.filter(|at| stamp == Stamp::Measured || is_from_before(at));
                    if self.end(series, at) {
                        kept += 1;
                        let named = at.filter(|_| descriptor < 2);
                        held.ended
                            .extend(named.map(|at| (DESCRIPTORS[descriptor].to_owned(), at)));
                    }
                    continue;
                }
                Content::Word => ("odd".to_owned(), !numeric),
                Content::Number(number) => (number.to_string(), true),
            };
            let at = at.unwrap_or(self.received());
            let in_whole_seconds = matches!(stamped, Stamped::Second(_));
            let is_news = stamp == Stamp::Measured || self.differs(series, at, &value);
            let occurrence = match is_news {
                true => self.keep(series, at, in_whole_seconds, (&value, is_reading)),
                false => None,
            };
            let Some(occurrence) = occurrence else {
                appended.repeats += 1;
                continue;
            };
            if stamp == Stamp::Requested && self.called.get(&series).is_none_or(|(known, _)| *known <= at) {
                self.called.insert(series, (at, value.clone()));
            }
            kept += 1;
            if !is_reading {
                appended.rejected += 1;
                continue;
            }
            let descriptor = DESCRIPTORS[descriptor].to_owned();
            held.readings.push((descriptor, value, at, stamp, occurrence));
            appended.new += 1;
        }
        if kept > 0 || polled {
            let seq = self.log.last().map_or(0, |(seq, ..)| *seq) + 1;
            appended.seq = Some(seq);
            self.log.push((seq, vehicle, held));
        } else {
            self.loose_snapshots += 1;
            self.loose_repeats += appended.repeats as u64;
        }
        self.snapshots += 1;
        self.repeats += appended.repeats as u64;
        self.rejected += appended.rejected as u64;
        appended
    }

    /// What a sink should be given after `after`, up to `last`.
    pub fn between(&self, after: u64, last: u64) -> Vec<(u64, usize, Held)> {
        let within = |entry: &&(u64, usize, Held)| entry.0 > after && entry.0 <= last;
        self.log.iter().filter(within).cloned().collect()
    }
}
