//! One history of polls and messages: which readings are the same, told independently of the program.
//!
//! Messages have times in whole seconds, polls in milliseconds. A poll and a message with one value at one second
//! are one reading, at the time of either. Two polls, or two messages, are the same only with equal times.

use std::collections::BTreeMap;

use crate::oracle::{Difference, Row};

/// A series, a value and a second.
type Moment = (String, String, String, i64);

#[derive(Default)]
struct Seen {
    polls: Vec<i64>,
    message: bool,
    found: Vec<i64>,
}

/// How a store differs from what polls and messages brought together.
pub fn compare(found: &[Row], polls: &[Row], messages: &[Row]) -> Difference {
    let mut moments: BTreeMap<Moment, Seen> = BTreeMap::new();
    for row in polls {
        moments.entry(moment(row)).or_default().polls.push(row.at);
    }
    for row in messages {
        assert_eq!(row.at % 1_000, 0, "messages have whole seconds: {row:?}");
        moments.entry(moment(row)).or_default().message = true;
    }
    for row in found {
        moments.entry(moment(row)).or_default().found.push(row.at);
    }
    let mut difference = Difference::default();
    for (moment, mut seen) in moments {
        seen.polls.sort_unstable();
        seen.polls.dedup();
        seen.found.sort_unstable();
        judge(&moment, &seen, &mut difference);
    }
    difference
}

fn judge(moment: &Moment, seen: &Seen, difference: &mut Difference) {
    let second = moment.3;
    let known = |at: i64| seen.polls.contains(&at) || (seen.message && at == second);
    for (index, &at) in seen.found.iter().enumerate() {
        if !known(at) {
            difference.invented.push(row(moment, at));
        } else if index > 0 && seen.found[index - 1] == at {
            difference.twice.push(row(moment, at));
        }
    }
    let merged = seen.message && !seen.polls.is_empty();
    if !merged {
        let wanted = if seen.message {
            &[second][..]
        } else {
            &seen.polls[..]
        };
        let missing = wanted.iter().filter(|at| !seen.found.contains(at));
        difference.missing.extend(missing.map(|&at| row(moment, at)));
        return;
    }
    // The first to arrive decides on the time: at least one, and no more than there were polls.
    if seen.found.is_empty() {
        difference.missing.push(row(moment, second));
    }
    let surplus = seen.found.len().saturating_sub(seen.polls.len());
    for &at in seen.found.iter().take(surplus) {
        difference.twice.push(row(moment, at));
    }
}

fn moment(row: &Row) -> Moment {
    let second = row.at.div_euclid(1_000) * 1_000;
    (row.vin.clone(), row.descriptor.clone(), row.value.clone(), second)
}

fn row((vin, descriptor, value, _): &Moment, at: i64) -> Row {
    Row {
        vin: vin.clone(),
        descriptor: descriptor.clone(),
        at,
        value: value.clone(),
    }
}

/// Holds a store against what polls and messages brought together.
pub fn assert_merged(store: &str, found: &[Row], polls: &[Row], messages: &[Row]) {
    assert!(
        !messages.is_empty(),
        "nothing was streamed: the test tests nothing"
    );
    let difference = compare(found, polls, messages);
    assert!(
        difference.is_none(),
        "{store} has {} rows, polls brought {} and messages {}:\n{difference}",
        found.len(),
        polls.len(),
        messages.len(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(times: &[i64]) -> Vec<Row> {
        let row = |&at: &i64| Row {
            vin: "WBY71AW050FP12345".to_owned(),
            descriptor: "vehicle.isMoving".to_owned(),
            at,
            value: "true".to_owned(),
        };
        times.iter().map(row).collect()
    }

    fn differs(found: &[i64], polls: &[i64], messages: &[i64]) -> (usize, usize, usize) {
        let difference = compare(&at(found), &at(polls), &at(messages));
        (
            difference.missing.len(),
            difference.twice.len(),
            difference.invented.len(),
        )
    }

    #[test]
    fn a_poll_and_a_message_of_one_second_are_one() {
        assert_eq!(differs(&[5_000], &[5_400], &[5_000]), (0, 0, 0));
        assert_eq!(differs(&[5_400], &[5_400], &[5_000]), (0, 0, 0));
        assert_eq!(differs(&[5_000, 5_400], &[5_400], &[5_000]), (0, 1, 0));
        assert_eq!(differs(&[], &[5_400], &[5_000]), (1, 0, 0));
        assert_eq!(differs(&[5_000, 6_400], &[6_400], &[5_000]), (0, 0, 0));
    }

    #[test]
    fn polls_alone_and_messages_alone_are_what_they_are() {
        assert_eq!(differs(&[5_100, 5_400], &[5_100, 5_400], &[]), (0, 0, 0));
        assert_eq!(differs(&[5_100], &[5_100, 5_400], &[]), (1, 0, 0));
        assert_eq!(differs(&[5_000, 5_000], &[], &[5_000]), (0, 1, 0));
        assert_eq!(differs(&[5_000, 5_001], &[], &[5_000]), (0, 0, 1));
    }
}
