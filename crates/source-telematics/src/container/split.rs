//! How much of what BMW refused is tried next.
//!
//! Every container that BMW takes costs one of ten places for a month, one that it refuses costs a call. So once there is a
//! container worth polling, what is tried next is large and mostly refused: that takes a quarter fewer places than halves, for
//! a third more calls. DECISIONS.md has the figures.

use super::likelihood;

/// A group that is this many times smaller than what waits behind it is left until that was tried.
const BEHIND: usize = 8;
/// As long as less than this part of a group was taken, anything that BMW takes is welcome soon.
const LITTLE: usize = 8;

/// Whether a refused group waits until what is `untried` beside it was tried: that brings more for the same place.
pub fn waits(group: usize, untried: usize) -> bool {
    group * BEHIND <= untried
}

/// Cuts off the least likely class where most remains, else the last of a group: half, or a fifth where much is `accepted`.
pub fn split(mut group: Vec<String>, accepted: usize) -> (Vec<String>, Vec<String>) {
    group.sort_by_cached_key(|descriptor| likelihood::class(descriptor));
    let count = group.len();
    let last = group.last().map(|last| likelihood::class(last));
    let boundary = group
        .iter()
        .position(|descriptor| Some(likelihood::class(descriptor)) == last)
        .filter(|position| position * 2 >= count);
    let rest = match accepted * LITTLE < count {
        true => count / 2,
        false => count / 5,
    };
    let second = group.split_off(boundary.unwrap_or(count - rest.max(1)));
    (group, second)
}
