//! The search alone, against a BMW that refuses some descriptors and takes only so many.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::container::search::Search;
use crate::container::verdict::{Cause, Refusal};
use crate::presets;

/// What BMW does not take.
#[derive(Debug, Clone)]
pub struct Rules {
    pub refused: BTreeSet<String>,
    pub most: usize,
    /// Whether it says which descriptors it means, and under which code it refuses them.
    pub named: bool,
    pub cause: Cause,
}

impl Rules {
    pub fn judge(&self, attempt: &[String]) -> Result<(), Refusal> {
        let refused: Vec<_> = attempt
            .iter()
            .filter(|one| self.refused.contains(*one))
            .cloned()
            .collect();
        let cause = match (refused.is_empty(), attempt.len() > self.most) {
            (true, false) => return Ok(()),
            (false, _) => self.cause,
            (true, true) => Cause::Container,
        };
        Err(Refusal {
            cause,
            words: "refused".to_owned(),
            named: if self.named { refused } else { Vec::new() },
        })
    }
}

pub fn rules(wanted: &[String]) -> impl Strategy<Value = Rules> + use<> {
    let most_refused = wanted.len().min(6);
    (
        prop::sample::subsequence(wanted.to_vec(), 0..=most_refused),
        prop_oneof![Just(usize::MAX), 1..wanted.len() + 2],
        any::<bool>(),
        prop_oneof![Just(Cause::Descriptor), Just(Cause::Container)],
    )
        .prop_map(|(refused, most, named, cause)| Rules {
            refused: refused.into_iter().collect(),
            most,
            named,
            cause,
        })
}

/// From one descriptor to the whole catalogue, some that are not in it.
pub fn wanted() -> impl Strategy<Value = Vec<String>> {
    let mut all = presets::preset("everything").unwrap();
    all.extend((0..15).map(|number| format!("vehicle.made.up{number}")));
    let some = prop::sample::subsequence(all.clone(), 1..60);
    prop_oneof![3 => some, 1 => Just(all)]
}

pub fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// What a search took.
#[derive(Debug, Default, Clone, Copy)]
pub struct Cost {
    pub attempts: usize,
    /// Containers that BMW made: each takes a place.
    pub places: usize,
}

/// Runs a search to its end, or until every descriptor was asked alone and the account is denied containers.
fn finish(search: &mut Search, rules: &Rules, at: Timestamp) -> Cost {
    let mut cost = Cost::default();
    while let Some(attempt) = search.attempt() {
        if is_denied(search, cost) {
            return cost;
        }
        step(search, rules, &attempt, at, &mut cost);
        assert!(cost.attempts < 2_000, "endless: {search:?}");
    }
    cost
}

pub fn step(search: &mut Search, rules: &Rules, attempt: &[String], at: Timestamp, cost: &mut Cost) {
    cost.attempts += 1;
    match rules.judge(attempt) {
        Ok(()) => {
            cost.places += 1;
            search.took(at);
        }
        Err(refusal) => search.was_refused(refusal, at),
    }
    assert!(rules.judge(search.accepted()).is_ok());
}

/// Everything and one alone are tried in turn.
fn is_denied(search: &Search, cost: Cost) -> bool {
    search.denied().is_some() && cost.attempts > 2 * search.remaining().count()
}

/// How often a group of so many can be refused until one is left.
fn steps(mut count: usize) -> usize {
    let mut steps = 0;
    while count > 1 {
        count -= (count / 5).max(1);
        steps += 1;
    }
    steps
}

fn assert_found(search: &Search, wanted: &[String], rules: &Rules) {
    let good = wanted.len() - rules.refused.len();
    assert_eq!(search.accepted().len(), good.min(rules.most), "{search:?}");
    let total = search.accepted().len() + search.refused().len() + search.remaining().count();
    assert_eq!(total, wanted.len(), "nothing is forgotten");
    match search.limit() {
        Some(limit) => assert_eq!(limit.descriptors, rules.most),
        None if search.denied().is_some() => assert_eq!(good, 0),
        None => {
            let refused = search.refused().iter().map(|refused| refused.descriptor.clone());
            assert_eq!(refused.collect::<BTreeSet<_>>(), rules.refused);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_largest_acceptable_set_is_found_in_few_attempts(
        (wanted, rules) in wanted().prop_flat_map(|wanted| (Just(wanted.clone()), rules(&wanted)))
    ) {
        let mut search = Search::new(wanted.clone());
        let Cost { attempts, .. } = finish(&mut search, &rules, now());
        assert_found(&search, &wanted, &rules);
        for refused in search.refused() {
            prop_assert!(rules.refused.contains(&refused.descriptor), "{:?}", refused);
        }
        let most = 8 + (rules.refused.len() + 2) * (steps(wanted.len()) + 6);
        prop_assert!(attempts <= most, "{attempts} attempts, {most} allowed");
        if rules.refused.is_empty() && rules.most >= wanted.len() {
            prop_assert_eq!(attempts, 1);
        }
    }

    #[test]
    fn what_bmw_takes_a_month_later_is_found(
        (wanted, before, after) in wanted().prop_flat_map(|wanted| (Just(wanted.clone()), rules(&wanted), rules(&wanted)))
    ) {
        let mut search = Search::new(wanted.clone());
        finish(&mut search, &before, now());
        search.reopen(now() + jiff::SignedDuration::from_hours(24));
        let goes_on = search.attempt().is_some();
        prop_assert_eq!(goes_on, search.denied().is_some(), "a day later is too early");

        // What was taken may be refused when it has to be created anew.
        let mut at = now();
        if let Err(refusal) = after.judge(search.accepted()) {
            search.lost(refusal, at);
        }
        finish(&mut search, &after, at);
        for _ in 0..3 {
            at += jiff::SignedDuration::from_hours(31 * 24);
            search.reopen(at);
            finish(&mut search, &after, at);
        }
        assert_found(&search, &wanted, &after);
    }

    #[test]
    fn a_stored_search_goes_on_as_if_it_had_not_stopped(
        (wanted, rules) in wanted().prop_flat_map(|wanted| (Just(wanted.clone()), rules(&wanted)))
    ) {
        let mut search = Search::new(wanted.clone());
        let mut cost = Cost::default();
        while let Some(attempt) = search.attempt().filter(|_| !is_denied(&search, cost)) {
            let stored = serde_json::to_string(&search).unwrap();
            search = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(search.attempt(), Some(attempt.clone()));
            step(&mut search, &rules, &attempt, now(), &mut cost);
        }
        assert_found(&search, &wanted, &rules);
    }
}

/// The sizes that users reported: all, without what cannot be streamed, and 75.
#[test]
fn a_working_set_is_found_after_a_few_attempts() {
    let everything = presets::preset("everything").unwrap();
    let rules = Rules {
        refused: BTreeSet::new(),
        most: 75,
        named: false,
        cause: Cause::Container,
    };
    let mut search = Search::new(everything);
    let mut cost = Cost::default();
    while search.accepted().len() < 40 {
        let attempt = search.attempt().unwrap();
        step(&mut search, &rules, &attempt, now(), &mut cost);
    }
    assert!(cost.attempts <= 7, "{cost:?}");
}
