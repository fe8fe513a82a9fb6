//! Calls on a line of time: those that were made and those that are promised, held against the quota.

use jiff::Timestamp;

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// Calls in milliseconds since the epoch. A UTC day is one of the windows of 24 hours, so what fits into every
/// window fits into every UTC day.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    /// Oldest first.
    calls: Vec<i64>,
    limit: usize,
}

impl Calendar {
    pub(super) fn new(mut calls: Vec<i64>, limit: u32) -> Self {
        calls.sort_unstable();
        Self {
            calls,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// Oldest first.
    pub(super) fn calls(&self) -> &[i64] {
        &self.calls
    }

    /// Whether no 24 hours that end at `from` or later, up to the last call, have more calls than are allowed.
    pub(super) fn fits(&self, from: i64) -> bool {
        self.windows(from).all(|(_, count)| count <= self.limit)
    }

    /// How many more calls could leave at `from` with everything still fitting; nothing where it does not.
    pub(super) fn room(&self, from: i64) -> u32 {
        let fullest = self
            .windows(from)
            .take_while(|(end, _)| *end < from + DAY)
            .map(|(_, count)| count)
            .max();
        u32::try_from(self.limit.saturating_sub(fullest.unwrap_or(0))).unwrap_or(u32::MAX)
    }

    /// The first moment, not before `from`, at which `count` more calls could leave if nobody else made one.
    pub(super) fn opens(&self, from: i64, count: u32) -> i64 {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(self.limit);
        // With this many of the newest calls still in the window, there is room.
        let may_stay = self.limit - count;
        let in_window = self.calls.partition_point(|at| *at <= from - DAY);
        match self.calls.len().checked_sub(may_stay + 1) {
            Some(last_to_leave) if last_to_leave >= in_window => self.calls[last_to_leave] + DAY,
            _ => from,
        }
    }

    /// The ends of windows at which the count can be largest: `from` and each later call.
    fn windows(&self, from: i64) -> impl Iterator<Item = (i64, usize)> {
        let made = self.calls.partition_point(|at| *at <= from);
        let mut oldest = 0;
        let ends =
            std::iter::once((from, made)).chain((made..self.calls.len()).map(|at| (self.calls[at], at + 1)));
        ends.map(move |(end, up_to)| {
            while oldest < up_to && self.calls[oldest] <= end - DAY {
                oldest += 1;
            }
            (end, up_to - oldest)
        })
    }
}

pub(super) fn milliseconds(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub(super) fn moment(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn calls_leave_the_window_after_a_day() {
        let calendar = Calendar::new(vec![2 * HOUR, HOUR], 2);
        assert_eq!(calendar.opens(3 * HOUR, 1), HOUR + DAY);
        assert_eq!(calendar.opens(3 * HOUR, 2), 2 * HOUR + DAY);
        assert_eq!(calendar.opens(30 * HOUR, 2), 30 * HOUR);
        assert_eq!((calendar.room(3 * HOUR), calendar.room(HOUR + DAY)), (0, 1));
    }

    #[test]
    fn what_is_promised_takes_room_before_its_time() {
        let calendar = Calendar::new(vec![0, 10 * HOUR, 23 * HOUR], 4);
        assert_eq!(calendar.room(HOUR), 1);
        assert!(calendar.fits(HOUR));
        assert!(!Calendar::new(vec![0, HOUR, DAY - 1], 2).fits(0));
        assert!(Calendar::new(vec![0, HOUR, DAY], 2).fits(0));
    }

    proptest! {
        /// Counted the slow way.
        #[test]
        fn windows_are_counted_right(calls in prop::collection::vec(0..3 * DAY, 0..40), limit in 1_u32..30, from in DAY..2 * DAY) {
            let calendar = Calendar::new(calls.clone(), limit);
            let count = |end: i64| calls.iter().filter(|at| **at > end - DAY && **at <= end).count();
            let ends = || calls.iter().copied().filter(|at| *at >= from).chain([from]);
            prop_assert_eq!(calendar.fits(from), ends().all(|end| count(end) <= limit as usize));
            let fullest = ends().filter(|end| *end < from + DAY).map(count).max().unwrap();
            prop_assert_eq!(calendar.room(from) as usize, (limit as usize).saturating_sub(fullest));
        }

        #[test]
        fn there_is_room_when_it_opens(calls in prop::collection::vec(0..DAY, 0..40), limit in 1_u32..30, count in 1_u32..4) {
            let calendar = Calendar::new(calls.clone(), limit);
            let opens = calendar.opens(DAY, count);
            let used = |at: i64| calls.iter().filter(|call| **call > at - DAY).count();
            let wanted = count.min(limit) as usize;
            prop_assert!(used(opens) + wanted <= limit as usize);
            prop_assert!(opens == DAY || used(opens - 1) + wanted > limit as usize);
        }
    }
}
