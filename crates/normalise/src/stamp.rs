//! Whose time a value's stamp is: the vehicle's, that of the call, or nobody's.

use collector_core::Stamp;
use jiff::{SignedDuration, Timestamp};

use super::body::Body;
use super::known::KnownDescriptor;
use super::{Window, time};

/// A clock may be apart from another by this much, and both be right.
const AHEAD: SignedDuration = SignedDuration::from_mins(2);
/// However wrong our own clock is, no certificate would be valid for it further back than this.
const FARTHEST: SignedDuration = SignedDuration::from_hours(398 * 24);

/// When a value was measured, and whose word that is.
///
/// A missing or unreadable stamp, and a stamp that BMW made during the call, say only that the value was measured at that
/// time or earlier. Which keys a call stamps is in the catalogue; it is not read from the stamps, because BMW's clock and
/// ours need not agree. A message that nobody asked for has true stamps, unless they are of the future: then the value was
/// measured before it was sent, and nobody knows when.
pub fn of(body: &Body<'_>, known: Option<&KnownDescriptor>, window: Window) -> (Timestamp, Stamp) {
    let Some(at) = body.timestamp().and_then(|text| time::parse(&text)) else {
        return (window.received_at, Stamp::Requested);
    };
    let is_of_the_call = window.requested_at.is_some() && known.is_some_and(|known| known.request_stamped);
    if is_of_the_call {
        return (at, Stamp::Requested);
    }
    if at <= window.received_at {
        return (at, Stamp::Measured);
    }
    let (now, ahead) = present(window);
    match at.duration_since(now) > ahead {
        true => (now, Stamp::Requested),
        false => (at, Stamp::Measured),
    }
}

/// When a value ended, as its absence is stamped. No stamp, one of the future, and one that the call made do not say when; one
/// from before the call was not made by it, whatever the descriptor.
pub fn of_end(body: &Body<'_>, known: Option<&KnownDescriptor>, window: Window) -> Option<Timestamp> {
    let told = body.timestamp().and_then(|text| time::parse(&text))?;
    let (at, stamp) = of(body, known, window);
    let is_from_before = window
        .requested_at
        .is_some_and(|requested_at| requested_at.duration_since(at) > AHEAD);
    (at == told && (stamp == Stamp::Measured || is_from_before)).then_some(at)
}

/// What time it was when the value came, and how far beyond that a stamp can be true. Where BMW's clock is not behind ours,
/// the later one is right: a machine without a battery clock is late for days. Where BMW tells no time, or one long ago,
/// nothing is said of our own clock.
fn present(window: Window) -> (Timestamp, SignedDuration) {
    let received_at = window.received_at;
    let agrees = |sent: &Timestamp| (-AHEAD..FARTHEST).contains(&sent.duration_since(received_at));
    match window.sent_at.filter(agrees) {
        Some(sent_at) => (sent_at.max(received_at), AHEAD),
        None => (received_at, FARTHEST),
    }
}
