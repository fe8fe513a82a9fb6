//! How many connections one source address may open in a minute. BMW does not say how many; what is beyond is closed.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// The connections of the last minute that were taken.
#[derive(Debug, Default)]
pub(super) struct Window {
    taken: HashMap<IpAddr, VecDeque<Timestamp>>,
    /// How many were closed since the start.
    pub closed: u64,
}

impl Window {
    /// Whether a connection of `source` is taken, of at most so many in a minute.
    pub fn take(&mut self, source: IpAddr, most: u32, now: Timestamp) -> bool {
        let taken = self.taken.entry(source).or_default();
        while taken.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            taken.pop_front();
        }
        let free = taken.len() < most as usize;
        if free {
            taken.push_back(now);
        } else {
            self.closed += 1;
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_a_minute_of_its_own() {
        let mut window = Window::default();
        let [one, other] = ["192.0.2.1", "2001:db8::1"].map(|address| address.parse().unwrap());
        let at = |second: i64| Timestamp::from_second(1_795_000_000 + second).unwrap();
        assert!(window.take(one, 2, at(0)) && window.take(one, 2, at(30)));
        assert!(!window.take(one, 2, at(59)) && window.take(other, 2, at(59)));
        assert!(window.take(one, 2, at(60)) && !window.take(one, 2, at(89)));
        assert!(window.take(one, 2, at(90)));
        assert_eq!(window.closed, 2);
    }
}
