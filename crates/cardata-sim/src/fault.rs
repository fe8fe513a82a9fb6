//! Faults: what can go wrong between a client and BMW, by order or at random.

use std::time::Duration;

use jiff::SignedDuration;
use rand::Rng;
use rand::rngs::StdRng;

/// One thing that goes wrong with one request.
///
/// A request that is replaced ([`Status`](Self::Status), [`Slowed`](Self::Slowed), [`Redirect`](Self::Redirect),
/// [`NotJson`](Self::NotJson), [`Quota`](Self::Quota),
/// [`Reset`](Self::Reset), [`Gateway`](Self::Gateway)) is not carried out, but costs a call. With
/// [`Hang`](Self::Hang), [`Truncated`](Self::Truncated), [`SlowBody`](Self::SlowBody) and
/// [`LoseAnswer`](Self::LoseAnswer) it is carried out and the answer suffers. With the others, something happens just before the request is carried out as usual.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// This status with this body; a body that begins with `{` is sent as JSON, any other as text.
    Status { status: u16, body: String },
    /// HTTP 429 of something in front of the API, with `Retry-After` in seconds.
    Slowed(Duration),
    /// HTTP 302 to this address, as of a network that wants a login of its own.
    Redirect(String),
    /// CU-429 with HTTP 403, whatever was spent.
    Quota,
    /// The connection is reset before the first byte of an answer.
    Reset,
    /// As [`Reset`](Self::Reset), after the request was carried out.
    LoseAnswer,
    /// The answer begins this much real time late.
    Hang(Duration),
    /// `Content-Length` tells the whole length, half of the body follows, then the connection ends.
    Truncated,
    /// HTTP 200 with a body that is not JSON.
    NotJson(NotJson),
    /// The body arrives in 64-byte pieces with this much real time before each.
    SlowBody(Duration),
    /// HTTP 500 of BMW's API gateway. A device code in the request is consumed: its next poll is
    /// `access_denied`.
    Gateway,
    /// All access tokens count as expired from now on (CU-102).
    ExpireTokens,
    /// All access tokens are refused though not expired (403 `invalid_token`); only a refresh helps.
    RevokeTokens,
    /// All refresh tokens are dead, as when the owner un-subscribes in the portal or another client
    /// refreshed.
    DropRefreshToken,
    /// All containers of the account are deleted, as in the portal.
    DeleteContainer,
    /// The `Date` of the answer is so far ahead of the simulator's time, as where the client's clock is behind.
    Date(SignedDuration),
}

/// What stands where JSON is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotJson {
    Html,
    Xml,
    Empty,
    /// Bytes that are not even text.
    Garbage,
}

/// Faults that strike at random, from the configured seed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultRate {
    /// The probability for each request, 0 to 1.
    pub probability: f64,
    /// Which faults, each as likely as the other.
    pub faults: Vec<Fault>,
    /// Only requests whose path contains this text. Faults on the login can end it for good.
    pub path: Option<String>,
}

/// Faults that wait for the next matching requests, in the order in which they were ordered.
#[derive(Debug, Default)]
pub(crate) struct FaultQueue(Vec<Ordered>);

#[derive(Debug)]
struct Ordered {
    fault: Fault,
    times: u32,
    path: Option<String>,
}

impl FaultQueue {
    pub fn order(&mut self, fault: Fault, times: u32, path: Option<String>) {
        if times > 0 {
            self.0.push(Ordered { fault, times, path });
        }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that strikes a request; `path` is its method and path, `GET /customers/containers`: an ordered one first, else one at random.
    pub fn strike(&mut self, path: &str, rate: &FaultRate, rng: &mut StdRng) -> Option<Fault> {
        let matches = |filter: &Option<String>| filter.as_deref().is_none_or(|part| path.contains(part));
        if let Some(index) = self.0.iter().position(|ordered| matches(&ordered.path)) {
            let ordered = &mut self.0[index];
            ordered.times -= 1;
            let fault = ordered.fault.clone();
            if ordered.times == 0 {
                self.0.remove(index);
            }
            return Some(fault);
        }
        if rate.faults.is_empty() || rate.probability <= 0.0 || !matches(&rate.path) {
            return None;
        }
        let strikes = rng.random_bool(rate.probability.min(1.0));
        strikes.then(|| rate.faults[rng.random_range(0..rate.faults.len())].clone())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn ordered_faults_strike_matching_requests_and_no_others() {
        let mut queue = FaultQueue::default();
        let mut rng = StdRng::seed_from_u64(1);
        let none = FaultRate::default();
        queue.order(Fault::Reset, 2, Some("containers".into()));
        queue.order(Fault::Quota, 1, None);
        assert_eq!(
            queue.strike("/customers/containers", &none, &mut rng),
            Some(Fault::Reset)
        );
        assert_eq!(
            queue.strike("/gcdm/oauth/token", &none, &mut rng),
            Some(Fault::Quota)
        );
        assert_eq!(queue.strike("/gcdm/oauth/token", &none, &mut rng), None);
        assert_eq!(
            queue.strike("/customers/containers", &none, &mut rng),
            Some(Fault::Reset)
        );
        assert_eq!(queue.strike("/customers/containers", &none, &mut rng), None);
    }

    #[test]
    fn random_faults_follow_the_rate_and_the_seed() {
        let rate = FaultRate {
            probability: 0.25,
            faults: vec![Fault::Reset, Fault::Quota],
            path: None,
        };
        let draw = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut queue = FaultQueue::default();
            (0..1000)
                .map(|_| queue.strike("/", &rate, &mut rng))
                .collect::<Vec<_>>()
        };
        let struck = draw(7).iter().flatten().count();
        assert!((200..300).contains(&struck), "{struck} of 1000");
        assert_eq!(draw(7), draw(7));
    }
}
