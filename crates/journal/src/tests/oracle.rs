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

/// A value that is in the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub at: i64,
    pub occurrence: u32,
    pub in_whole_seconds: bool,
    pub value: String,
}

/// A reading as a sink should see it: descriptor, value, time, stamp, occurrence.
pub type Seen = (String, String, i64, Stamp, u32);

#[derive(Debug, Default)]
pub struct Sink {
    pub cursor: u64,
    pub delivered: u64,
    pub dead: u64,
}

#[derive(Debug, Default)]
pub struct Model {
    pub now: i64,
    /// Entry numbers with what they hold; also those that hold nothing for a sink.
    pub log: Vec<(u64, usize, Vec<Seen>)>,
    /// The history, by vehicle and descriptor.
    pub values: HashMap<(usize, usize), Vec<Kept>>,
    /// What came behind it that is no value.
    pub misfits: HashMap<(usize, usize), String>,
    /// Whether a new descriptor holds numbers.
    pub learned: HashMap<usize, bool>,
    pub snapshots: u64,
    pub repeats: u64,
    pub rejected: u64,
    pub sinks: [Sink; 2],
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

    pub fn newest(&self, series: (usize, usize)) -> Option<&Kept> {
        let kept = self.values.get(&series)?;
        kept.iter().max_by_key(|kept| (kept.at, kept.occurrence))
    }

    /// Whether a value that was stamped by the call is another than the one before it.
    pub fn differs(&self, series: (usize, usize), at: i64, value: &str) -> bool {
        match self.newest(series) {
            None => true,
            Some(newest) if newest.at <= at => newest.value != value,
            Some(_) => {
                let before = self.values[&series].iter().filter(|kept| kept.at <= at);
                let last = before.clone().map(|kept| kept.at).max();
                !before
                    .filter(|kept| Some(kept.at) == last)
                    .any(|kept| kept.value == value)
            }
        }
    }

    /// The occurrence of a value that is not there yet; it is kept.
    pub fn keep(
        &mut self,
        series: (usize, usize),
        at: i64,
        in_whole_seconds: bool,
        value: &str,
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
            at,
            occurrence,
            in_whole_seconds,
            value: value.to_owned(),
        });
        Some(occurrence)
    }

    pub fn misfit(&mut self, series: (usize, usize), what: String) -> bool {
        self.misfits.insert(series, what.clone()) != Some(what)
    }

    pub fn append(&mut self, vehicle: usize, polled: bool, sent: &[Sent]) -> Appended {
        let mut appended = Appended::default();
        let (mut kept, mut readings) = (0, Vec::new());
        for &sent in sent {
            let (descriptor, content, stamped) = sent;
            let series = (vehicle, descriptor);
            let numeric = match (descriptor, content) {
                (0, _) => true,
                (1, _) => false,
                (_, Content::Nothing) => true,
                (_, content) => *self
                    .learned
                    .entry(descriptor)
                    .or_insert(matches!(content, Content::Number(_))),
            };
            let value = match content {
                Content::Nothing => {
                    appended.absent += 1;
                    kept += usize::from(self.misfit(series, "nothing".to_owned()));
                    continue;
                }
                Content::Word if numeric => {
                    let body = self.body(sent);
                    if self.misfit(series, body) {
                        appended.rejected += 1;
                        kept += 1;
                    } else {
                        appended.repeats += 1;
                    }
                    continue;
                }
                Content::Word => "odd".to_owned(),
                Content::Number(number) => number.to_string(),
            };
            let at = self.stamp_sent(stamped);
            let stamp = match at {
                None => Stamp::Requested,
                // A message has true stamps.
                Some(_) if descriptor == 1 && polled => Stamp::Requested,
                Some(_) => Stamp::Measured,
            };
            let at = at.unwrap_or(self.received());
            self.misfits.remove(&series);
            let in_whole_seconds = matches!(stamped, Stamped::Second(_));
            let is_news = stamp == Stamp::Measured || self.differs(series, at, &value);
            let occurrence = match is_news {
                true => self.keep(series, at, in_whole_seconds, &value),
                false => None,
            };
            let Some(occurrence) = occurrence else {
                appended.repeats += 1;
                continue;
            };
            readings.push((DESCRIPTORS[descriptor].to_owned(), value, at, stamp, occurrence));
            appended.new += 1;
            kept += 1;
        }
        if kept > 0 || polled {
            let seq = self.log.last().map_or(0, |(seq, ..)| *seq) + 1;
            appended.seq = Some(seq);
            self.log.push((seq, vehicle, readings));
        }
        self.snapshots += 1;
        self.repeats += appended.repeats as u64;
        self.rejected += appended.rejected as u64;
        appended
    }

    /// What a sink should be given after `after`, up to `last`.
    pub fn between(&self, after: u64, last: u64) -> Vec<(u64, usize, Vec<Seen>)> {
        let within = |entry: &&(u64, usize, Vec<Seen>)| entry.0 > after && entry.0 <= last;
        let entries = self.log.iter().filter(within);
        entries
            .filter(|(.., readings)| !readings.is_empty())
            .cloned()
            .collect()
    }
}
