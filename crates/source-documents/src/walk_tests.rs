//! A history that is read page by page, with as many calls as a day has.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Sessions of an hour.
fn spans(starts: &[i64]) -> Vec<Span> {
    let hour = |start: &i64| Span {
        start: *start,
        end: Some(start + HOUR),
    };
    starts.iter().map(hour).collect()
}

const NOW: i64 = 1_780_000_000;
const HOUR: i64 = 3_600;

/// BMW's side: sessions that began at these times, ten a page, from whichever end.
struct Bmw {
    starts: Vec<i64>,
    newest_first: bool,
}

impl Bmw {
    fn page(&self, ask: &Ask) -> (Vec<i64>, Option<String>) {
        let Window(from, to) = ask.window;
        assert!(from < to && to - from <= LONGEST, "{ask:?}");
        let mut all: Vec<i64> = self
            .starts
            .iter()
            .copied()
            .filter(|at| (from..=to).contains(at))
            .collect();
        all.sort_unstable();
        if self.newest_first {
            all.reverse();
        }
        let first: usize = ask.token.as_deref().map_or(0, |token| token.parse().unwrap());
        let page = all.iter().copied().skip(first).take(10).collect();
        let next = (all.len() > first + 10).then(|| (first + 10).to_string());
        (page, next)
    }

    /// One day with so many calls to spare: what came, what is remembered, and the calls.
    fn day(&self, memory: Option<Memory>, now: i64, mut spare: usize) -> (BTreeSet<i64>, Memory, usize) {
        let mut walk = Walk::begin(memory, now);
        let (mut came, mut calls) = (BTreeSet::new(), 0);
        while let Some(ask) = walk.next() {
            if !ask.is_owed && spare == 0 {
                walk.leave();
                continue;
            }
            spare -= usize::from(!ask.is_owed);
            let (page, next) = self.page(&ask);
            calls += 1;
            came.extend(&page);
            walk.took(&spans(&page), next);
        }
        let text = walk.end().to_json();
        (came, Memory::from_json(&text).unwrap(), calls)
    }
}

/// A charge every `hours` for 45 days.
fn bmw(hours: i64, newest_first: bool) -> Bmw {
    Bmw {
        starts: (1..)
            .map(|n| NOW - n * hours * HOUR)
            .take_while(|at| *at > NOW - LONGEST)
            .collect(),
        newest_first,
    }
}

#[test]
fn all_pages_come_where_calls_can_be_spared() {
    for newest_first in [true, false] {
        let bmw = bmw(24, newest_first);
        let (came, memory, calls) = bmw.day(None, NOW, 50);
        assert_eq!((came.len(), calls), (bmw.starts.len(), 5));
        assert_eq!(memory.to_json(), format!("[{NOW}]"));
    }
}

#[test]
fn what_the_calls_did_not_reach_goes_on_from_its_place() {
    for newest_first in [true, false] {
        let bmw = bmw(24, newest_first);
        let (mut came, mut memory, calls) = bmw.day(None, NOW, 1);
        assert_eq!((came.len(), calls), (20, 2));
        let mut days = 1;
        while !memory.rest.is_empty() {
            let (more, next, calls) = bmw.day(Some(memory), NOW + days * DAY, 0);
            assert!(calls <= 2, "yesterday's, and a page of the rest");
            came.extend(more);
            memory = next;
            days += 1;
        }
        // What grew older than 45 days meanwhile is out of reach.
        let reached = bmw
            .starts
            .iter()
            .filter(|at| **at > NOW + days * DAY - LONGEST)
            .count();
        assert!(came.len() >= reached, "{} of {reached}", came.len());
        assert!(days <= 5, "{days}");
    }
}

#[test]
fn later_days_ask_for_the_last_ones_again() {
    let bmw = bmw(24, true);
    let (_, memory, _) = bmw.day(None, NOW, 50);
    let walk = Walk::begin(Some(memory.clone()), NOW + DAY);
    assert_eq!(walk.next().unwrap().window, Window(NOW - AGAIN, NOW + DAY));
    let after_a_year = Walk::begin(Some(memory.clone()), NOW + 365 * DAY);
    let window = after_a_year.next().unwrap().window;
    assert_eq!(window, Window(NOW + 365 * DAY - LONGEST, NOW + 365 * DAY));
    let set_back = Walk::begin(Some(memory), NOW - DAY);
    assert_eq!(
        set_back.next().unwrap().window,
        Window(NOW - DAY - AGAIN, NOW - DAY)
    );
}

/// (when a session began, days ago; when it ended; how many days back the next day asks for)
#[test]
fn what_has_not_ended_is_asked_for_again() {
    let cases = [
        (1, None, 3),
        (6, None, 6),
        (13, None, 13),
        (14, None, 3),
        // It ended yesterday: energies come late.
        (6, Some(1), 6),
        (6, Some(3), 3),
    ];
    for (began, ended, back) in cases {
        let mut walk = Walk::begin(None, NOW);
        let of = |days: i64| NOW - days * DAY;
        walk.took(
            &[Span {
                start: of(began),
                end: ended.map(of),
            }],
            None,
        );
        let memory = Memory::from_json(&walk.end().to_json());
        let window = Walk::begin(memory, NOW).next().unwrap().window;
        assert_eq!(window, Window(of(back), NOW), "{began} {ended:?}");
    }
    // A day on which nobody got so far changes nothing.
    let memory = Memory {
        until: NOW - 5 * DAY,
        rest: Vec::new(),
    };
    let mut walk = Walk::begin(Some(memory), NOW);
    walk.took(&spans(&[NOW - HOUR]), Some("more".to_owned()));
    walk.leave();
    let window = Walk::begin(Some(walk.end()), NOW).next().unwrap().window;
    assert_eq!(window, Window(NOW - 8 * DAY, NOW));
}

#[test]
fn a_list_in_a_circle_ends() {
    for starts in [vec![], vec![NOW - HOUR]] {
        let mut walk = Walk::begin(None, NOW);
        let mut calls = 0;
        while walk.next().is_some() {
            walk.took(&spans(&starts), Some("again".to_owned()));
            calls += 1;
        }
        assert_eq!(calls, 2, "{starts:?}");
    }
    // (how many tokens there are, whether pages have sessions, calls)
    let cases = [
        (1_000, false, MOST_EMPTY),
        (2, true, 3),
        (1_000, true, MOST_PAGES),
    ];
    for (tokens, has_sessions, most) in cases {
        let mut walk = Walk::begin(None, NOW);
        let mut calls = 0;
        while walk.next().is_some() {
            let starts = [NOW - calls * HOUR];
            walk.took(
                &spans(if has_sessions { &starts } else { &[] }),
                Some((calls % tokens).to_string()),
            );
            calls += 1;
        }
        assert_eq!(calls, most as i64, "{has_sessions}");
    }
}

#[test]
fn an_answer_without_sessions_lists_nothing_for_good() {
    let (_, mut memory, _) = bmw(24, true).day(None, NOW, 50);
    for day in 1..9 {
        let mut walk = Walk::begin(Some(memory), NOW + day * DAY);
        assert_eq!(walk.next().unwrap().window, Window(NOW - AGAIN, NOW + day * DAY));
        walk.took(&[], None);
        memory = walk.end();
    }
}

#[test]
fn what_grew_too_old_is_asked_for_last_until_it_is_refused() {
    let rest = Window(NOW - LONGEST, NOW - 20 * DAY);
    let memory = || Memory {
        until: NOW,
        rest: vec![rest],
    };
    let now = NOW + 5 * DAY;
    let mut walk = Walk::begin(Some(memory()), now);
    let mut asked = Vec::new();
    while let Some(ask) = walk.next() {
        asked.push(ask.window);
        walk.took(&spans(&[ask.window.1 - HOUR]), None);
    }
    let earliest = now - LONGEST;
    let expected = [
        Window(NOW - AGAIN, now),
        Window(earliest, rest.1),
        Window(rest.0, earliest),
    ];
    assert_eq!(asked, expected);
    // A day without calls leaves it as it was.
    let mut walk = Walk::begin(Some(memory()), now);
    walk.took(&spans(&[now - HOUR]), None);
    assert_eq!(walk.end().rest, [rest]);
    let mut walk = Walk::begin(Some(memory()), now);
    assert!(!walk.is_out_of_reach(), "the newest");
    walk.took(&spans(&[now - HOUR]), None);
    walk.leave();
    assert!(walk.is_out_of_reach());
    assert_eq!(walk.end().rest, [Window(earliest, rest.1)]);
}

#[test]
fn what_is_remembered_is_no_activity() {
    for text in ["[1780000000]", "[1780000000,[1,2],[3,4]]"] {
        assert_eq!(Memory::from_json(text).unwrap().to_json(), text);
        assert!(serde_json::from_str::<planner::Evidence>(text).is_err(), "{text}");
    }
    for text in ["", "{}", "[]", "[null]", "[1,[2]]", "null"] {
        assert_eq!(Memory::from_json(text), None, "{text}");
    }
}

proptest! {
    /// Whatever the calls of the days, every session comes that is not older than 45 days when all came.
    #[test]
    fn no_session_is_lost(
        gaps in prop::collection::vec(1_i64..40, 0..250),
        spare in prop::collection::vec(0_usize..6, 60),
        newest_first in any::<bool>(),
    ) {
        let mut at = NOW - 34 * DAY;
        let mut starts: Vec<i64> = gaps.iter().map(|hours| { at += hours * HOUR; at }).collect();
        // Sessions that begin while the days pass are there when they have begun.
        starts.retain(|start| *start < NOW + 50 * DAY);
        let (mut memory, mut came) = (None, BTreeSet::new());
        for (day, spare) in spare.iter().enumerate() {
            let now = NOW + day as i64 * DAY;
            let begun = starts.iter().copied().filter(|start| *start <= now).collect();
            let bmw = Bmw { starts: begun, newest_first };
            let (more, next, _) = bmw.day(memory, now, *spare);
            came.extend(more);
            memory = Some(next);
        }
        // Two pages a day reach back 34 days before these are older than 45.
        let lost: Vec<_> = starts.iter().filter(|start| !came.contains(start)).collect();
        prop_assert!(lost.is_empty(), "{lost:?}");
    }
}
