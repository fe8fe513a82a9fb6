//! Which plug-ins and which charges that BMW lists are one session: rule S2.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::anchor::PlugIn;
use super::listed::Listed;
use super::signals::{DRIVE_KM, Sign};
use super::windows::Window;
use super::{DAY, MINUTE};

/// How far what BMW lists may lie beside what was seen of it.
const BESIDE: i64 = 30 * MINUTE;
/// How far a fragment may stick out of what it is a part of.
const FRAGMENT: i64 = 5 * MINUTE;
/// How far two odometers may differ that were told as whole miles and whole kilometres.
const SAME_KM: f64 = 1.0 + DRIVE_KM;

/// What is told as one record, each list in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Session {
    pub plug_ins: Vec<Arc<PlugIn>>,
    pub listed: Vec<Arc<Listed>>,
}

/// Every session that has anything to do with what changed since then, whole.
pub fn sessions(
    ended: &[Arc<PlugIn>],
    open: Option<&Arc<PlugIn>>,
    listed: &BTreeMap<i64, Arc<Listed>>,
    since: i64,
) -> Vec<Session> {
    let from = reach(ended, open, listed, since);
    let late = ended.iter().rev().take_while(|plug_in| plug_in.span().1 >= from);
    let mut sessions: Vec<_> = late.chain(open).map(Session::seen).collect();
    sessions.sort_by_key(|session| session.plug_ins[0].span());
    let live = sessions.len();
    for charge in listed.range(from - 2 * DAY..).map(|(_, charge)| charge) {
        match counterpart(&sessions[..live], charge) {
            Some(at) => sessions[at].listed.push(charge.clone()),
            None => unseen(&mut sessions, live, charge),
        }
    }
    for at in 0..live {
        absorb(&mut sessions[..live], at);
    }
    sessions.retain(|session| session.changed_at() >= since);
    sessions
}

/// From when on plug-ins and charges have to be looked at.
fn reach(
    ended: &[Arc<PlugIn>],
    open: Option<&Arc<PlugIn>>,
    listed: &BTreeMap<i64, Arc<Listed>>,
    since: i64,
) -> i64 {
    let seen = ended
        .iter()
        .rev()
        .take_while(|plug_in| plug_in.changed_at >= since);
    let seen = seen.chain(open).map(|plug_in| plug_in.earliest()).min();
    let charges = listed.values().filter(|charge| charge.changed_at >= since);
    let charges = charges.map(|charge| charge.start).min();
    let from = seen.unwrap_or(since).min(charges.unwrap_or(since)) - 2 * DAY;
    let around = ended.iter().rev().take_while(|plug_in| plug_in.span().1 >= from);
    around
        .map(|plug_in| plug_in.span().0)
        .min()
        .unwrap_or(from)
        .min(from)
}

/// The plug-in that a listed charge overlaps most, or lies nearest to.
fn counterpart(live: &[Session], charge: &Listed) -> Option<usize> {
    let from = live.partition_point(|session| session.plug_ins[0].span().0 < charge.start - 40 * DAY);
    let to = live.partition_point(|session| session.plug_ins[0].earliest() <= charge.last() + BESIDE);
    let near = live.get(from..to)?.iter().enumerate();
    let fits = near.filter(|(_, session)| {
        let before = session.listed.last().and_then(|before| before.odometer);
        may_be(&session.plug_ins[0], charge) && same_place(before, charge.odometer)
    });
    let best =
        fits.max_by_key(|(_, session)| overlap(session.plug_ins[0].span(), (charge.start, charge.last())));
    best.map(|(at, _)| from + at)
}

/// How long two spans overlap; below 0 by how much they miss each other.
fn overlap(a: (i64, i64), b: (i64, i64)) -> i64 {
    a.1.min(b.1) - a.0.max(b.0)
}

fn may_be(plug_in: &PlugIn, charge: &Listed) -> bool {
    if charge.odometer.is_some_and(|km| !plug_in.stood_at(km, SAME_KM)) {
        return false;
    }
    let (start, end) = plug_in.span();
    let end = if plug_in.ended {
        end
    } else {
        end.max(plug_in.changed_at)
    };
    let behind = if plug_in.unplugged.is_some() {
        FRAGMENT
    } else {
        BESIDE
    };
    let since = charge.last() >= start - BESIDE || charge.start >= plug_in.earliest() - FRAGMENT;
    since && charge.start <= end + behind
}

/// A charge that nobody saw: with the one before it where they are fragments of one.
fn unseen(sessions: &mut Vec<Session>, live: usize, charge: &Arc<Listed>) {
    let last = sessions[live..].last_mut();
    if let Some(session) = last
        && let Some(before) = session.listed.last()
        && charge.start - before.last() <= FRAGMENT
        && before.end.is_some()
        && same_place(before.odometer, charge.odometer)
    {
        session.listed.push(charge.clone());
        return;
    }
    sessions.push(Session {
        plug_ins: Vec::new(),
        listed: vec![charge.clone()],
    });
}

fn same_place(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).is_none_or(|(a, b)| (a - b).abs() < DRIVE_KM)
}

/// Plug-ins that lie within what BMW lists as one charge, with the car at one place, are fragments of it.
fn absorb(live: &mut [Session], at: usize) {
    let (Some(first), Some(last)) = (live[at].listed.first(), live[at].listed.last()) else {
        return;
    };
    let span = (first.start - FRAGMENT, last.last() + FRAGMENT);
    let place = live[at].odometer();
    let begins = |session: &Session| session.plug_ins.first().map(|plug_in| plug_in.span().0);
    let before = (0..at)
        .rev()
        .take_while(|other| begins(&live[*other]).is_none_or(|begins| begins >= span.0));
    let behind =
        (at + 1..live.len()).take_while(|other| begins(&live[*other]).is_none_or(|begins| begins <= span.1));
    let near: Vec<_> = before.chain(behind).collect();
    for other in near {
        let fragment = &live[other];
        let charged = fragment.plug_ins.first().and_then(|plug_in| plug_in.charged());
        let within = charged.is_some_and(|(start, end)| start >= span.0 && end <= span.1);
        if !within || !fragment.listed.is_empty() || !same_place(place, fragment.odometer()) {
            continue;
        }
        let fragment = std::mem::take(&mut live[other].plug_ins);
        live[at].plug_ins.extend(fragment);
    }
    live[at].plug_ins.sort_by_key(|plug_in| plug_in.span());
}

impl Session {
    fn seen(plug_in: &Arc<PlugIn>) -> Self {
        Self {
            plug_ins: vec![plug_in.clone()],
            listed: Vec::new(),
        }
    }

    /// Whether it is worth a record.
    pub fn counts(&self) -> bool {
        !self.listed.is_empty() || self.plug_ins.iter().any(|plug_in| plug_in.counts())
    }

    /// In km, as the car told it, else as BMW lists it.
    pub fn odometer(&self) -> Option<f64> {
        let told = self.plug_ins.iter().find_map(|plug_in| plug_in.odometer());
        let listed = || self.listed.iter().find_map(|charge| charge.odometer);
        told.map(|sign| sign.value).or_else(listed)
    }

    /// In percent, when charging began and ended: as BMW lists it where it lists all, else as the car told it. What BMW
    /// lists at its end is often of unplugging, days later: the higher one is that of the end of charging. A 0 at its start
    /// is what it says that does not know, where the car told another one.
    pub fn state_of_charge(&self) -> (Option<f64>, Option<f64>) {
        let told = self.plug_ins.iter().map(|plug_in| plug_in.state_of_charge());
        let first = told.clone().find_map(|(first, _)| first);
        let last = told.rev().find_map(|(_, last)| last);
        let (first, last) = (first.map(|sign| sign.value), last.map(|sign| sign.value));
        let from = self.listed.first().and_then(|charge| charge.soc_start);
        let to = self.listed.last().and_then(|charge| charge.soc_end);
        if self.is_listed() {
            return (
                from.filter(|from| *from > 0.0).or(first).or(from),
                to.map_or(last, |to| Some(last.map_or(to, |last| last.max(to)))),
            );
        }
        (first.or(from), last.or(to))
    }

    pub fn changed_at(&self) -> i64 {
        let live = self.plug_ins.iter().map(|plug_in| plug_in.changed_at);
        let listed = self.listed.iter().map(|listed| listed.changed_at);
        live.chain(listed).max().unwrap_or(i64::MIN)
    }

    pub fn windows(&self) -> impl DoubleEndedIterator<Item = &Window> {
        self.plug_ins.iter().flat_map(|plug_in| &plug_in.windows)
    }

    /// Charging that was seen and that BMW does not list yet.
    pub fn unlisted(&self) -> impl Iterator<Item = &Window> {
        let listed = |start: i64, end: i64| {
            let near = |charge: &Arc<Listed>| overlap((start, end), (charge.start, charge.last())) > -BESIDE;
            self.listed.iter().any(near)
        };
        let unlisted = move |plug_in: &PlugIn, window: &Window| {
            let start = if window.loose {
                plug_in.earliest()
            } else {
                window.start.at
            };
            !listed(start, window.end.at)
        };
        let windows = self
            .plug_ins
            .iter()
            .flat_map(|plug_in| plug_in.windows.iter().map(move |window| (plug_in, window)));
        windows
            .filter(move |(plug_in, window)| unlisted(plug_in, window))
            .map(|(_, window)| window)
    }

    /// Whether BMW lists all of its charging, but for what is not worth a word.
    pub fn is_listed(&self) -> bool {
        let missing: i64 = self.unlisted().map(Window::charging).sum();
        !self.listed.is_empty() && missing <= FRAGMENT
    }

    /// When charging began and ended, in milliseconds; of a plug-in without any, when it was plugged in and out.
    pub fn charged(&self) -> (i64, Option<i64>) {
        let seen = self.windows().next().map(|window| window.start.at);
        let began = self.plug_ins.first().map(|plug_in| plug_in.span().0);
        let start = self.listed.first().map(|charge| charge.start);
        let start = start.or(seen).or(began).unwrap_or_default();
        let listed = self.listed.iter().filter_map(|charge| charge.end).max();
        let unlisted = self.unlisted().last().filter(|_| !self.is_listed());
        let end = listed.max(unlisted.map(|window| window.end.at));
        let end = end.or_else(|| self.windows().next_back().map(|window| window.end.at));
        let never = self.listed.is_empty() && seen.is_none();
        (
            start,
            end.or(self.unplugged().filter(|_| never).map(|sign| sign.at)),
        )
    }

    pub fn unplugged(&self) -> Option<Sign> {
        self.plug_ins.last()?.unplugged
    }

    /// Whether it has several parts.
    pub fn is_joined(&self) -> bool {
        self.plug_ins.len() + self.listed.len() > 1
    }

    /// Every start that a part of it has, in milliseconds.
    pub fn starts(&self) -> impl Iterator<Item = i64> {
        let seen = self.plug_ins.iter().flat_map(|plug_in| {
            let (began, _) = plug_in.span();
            [Some(began), plug_in.charged().map(|(start, _)| start)]
        });
        let listed = self.listed.iter().map(|charge| Some(charge.start));
        seen.chain(listed).flatten()
    }

    pub fn is_charging(&self) -> bool {
        self.plug_ins.iter().any(|plug_in| plug_in.is_charging())
    }

    pub fn is_open(&self) -> bool {
        self.plug_ins.iter().any(|plug_in| !plug_in.ended)
    }
}
