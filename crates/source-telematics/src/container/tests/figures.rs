//! What a search in `everything` takes of BMW's places and of the calls: the figures of DECISIONS.md.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::oracle::{Cost, Rules, now, step};
use crate::container::search::Search;
use crate::container::verdict::Cause;
use crate::presets;

/// One of the ten is spared.
const PLACES: usize = 9;
/// The creations of the first day, and of 25 days with two calls.
const DAY: usize = 24;
const MONTH: usize = DAY + 50;

/// One search to its end.
#[derive(Debug, Default)]
struct Course {
    cost: Cost,
    /// The good descriptors that a container held after the first day, and after a month in the places that there are.
    after_a_day: usize,
    after_a_month: usize,
}

fn run(wanted: &[String], refused: &[String]) -> Course {
    let rules = Rules {
        refused: refused.iter().cloned().collect(),
        most: usize::MAX,
        named: false,
        cause: Cause::Descriptor,
    };
    let mut search = Search::new(wanted.to_vec());
    let mut course = Course::default();
    while let Some(attempt) = search.attempt() {
        step(&mut search, &rules, &attempt, now(), &mut course.cost);
        let held = search.accepted().len();
        if course.cost.places <= PLACES && course.cost.attempts <= DAY {
            course.after_a_day = held;
        }
        if course.cost.places <= PLACES && course.cost.attempts <= MONTH {
            course.after_a_month = held;
        }
    }
    let found: BTreeSet<_> = search
        .refused()
        .iter()
        .map(|one| one.descriptor.clone())
        .collect();
    assert_eq!(found, rules.refused);
    assert_eq!(search.accepted().len(), wanted.len() - refused.len());
    course
}

fn some(most: usize) -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let all = presets::preset("everything").unwrap();
    let count = all.len();
    prop::sample::subsequence(all, 1..=count).prop_flat_map(move |wanted| {
        let most = most.min(wanted.len());
        (Just(wanted.clone()), prop::sample::subsequence(wanted, 0..=most))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_search_ends_with_all_that_is_good_and_few_places((wanted, refused) in some(8)) {
        let cost = run(&wanted, &refused).cost;
        prop_assert!(cost.places <= 3 + 4 * refused.len(), "{cost:?}");
        prop_assert!(cost.attempts <= 1 + 40 * refused.len(), "{cost:?}");
    }
}

#[test]
fn nearly_everything_is_collected_within_a_month() {
    const RUNS: usize = 100;
    let all = presets::preset("everything").unwrap();
    // How many are refused; at most so many places and calls, at least so much after a day and after a month, in the mean.
    for (count, places, calls, day, month) in [
        (1, 5, 18, 280, 285),
        (2, 7, 30, 260, 280),
        (3, 10, 40, 200, 275),
        (5, 14, 68, 100, 255),
    ] {
        let mut runner = TestRunner::deterministic();
        let sets = prop::sample::subsequence(all.clone(), count);
        let courses: Vec<_> = (0..RUNS)
            .map(|_| run(&all, &sets.new_tree(&mut runner).unwrap().current()))
            .collect();
        let mean = |of: fn(&Course) -> usize| (courses.iter().map(of).sum::<usize>() + RUNS / 2) / RUNS;
        let spent = (
            mean(|course| course.cost.places),
            mean(|course| course.cost.attempts),
        );
        let held = (
            mean(|course| course.after_a_day),
            mean(|course| course.after_a_month),
        );
        assert!(spent.0 <= places && spent.1 <= calls, "{count}: {spent:?}");
        assert!(held.0 >= day && held.1 >= month, "{count}: {held:?}");
    }
}
