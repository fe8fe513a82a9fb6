//! How the components of a running program fare: what each publishes, and everybody else reads.
//!
//! A state is stored under its kind and its word, which are on users' disks: they never change.

use std::fmt;

use jiff::Timestamp;

use crate::Name;
use crate::words::words;

/// What one component last said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The account or the sink that it is about.
    pub name: Name,
    pub state: State,
    /// What happened and what to do, where there is something to say.
    pub message: Option<String>,
    pub since: Timestamp,
}

/// The state of a component; its kind says which one of an account or a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// The polls of an account.
    Polls(PollsState),
    /// The login of an account.
    Login(LoginState),
    /// What the login of an account covers.
    Scopes(ScopesState),
    /// The stream of an account.
    Stream(StreamState),
    Sink(SinkState),
    /// What the store of a sink lacks, until a replay is done.
    Store(StoreState),
    /// How many readings the store of a sink dropped as too old since the last replay.
    Outlived(u64),
    /// Up to which entry the store of a sink told to hold everything when the last run ended.
    Held(u64),
    /// The journal, of which there is one: the name is empty.
    Journal(JournalState),
    /// What derives records, of which there is one: the name is empty.
    Deriving(DerivingState),
    /// Readings that a sink has not got, or that fit no sink where the name is empty.
    DeadLetters(u64),
}

words! {
    /// How the polls of an account fare.
    PollsState {
        Polling = "polling",
        /// For calls that may leave, or for vehicles that may be asked for while a stream brings what it can.
        Waiting = "waiting",
        Failing = "failing",
        LoginNeeded = "login needed",
        Stopped = "stopped",
    }
}

words! {
    /// How long a login has without another refresh, in the steps at which its owner is told.
    LoginState {
        Needed = "needed",
        EndsWithinADay = "ends within a day",
        EndsWithin3Days = "ends within 3 days",
        EndsWithin7Days = "ends within 7 days",
        Alive = "alive",
    }
}

words! {
    /// What a login covers of what was asked for.
    ScopesState {
        Complete = "complete",
        Incomplete = "incomplete",
        WithoutApi = "without API",
    }
}

words! {
    /// How the stream of an account fares.
    StreamState {
        Connecting = "connecting",
        Streaming = "streaming",
        /// For a broker or a network that is away, or for a journal that takes nothing.
        Waiting = "waiting",
        Refused = "refused",
        NotSubscribed = "not subscribed",
        /// Another program takes the connection.
        Evicted = "evicted",
        LoginNeeded = "login needed",
        Stopped = "stopped",
    }
}

words! {
    /// How the deliveries to a sink fare.
    SinkState {
        /// Nothing was delivered yet.
        Waiting = "waiting",
        Delivering = "delivering",
        Retrying = "retrying",
        /// Until a person has mended something.
        Paused = "paused",
        Stopped = "stopped",
    }
}

words! {
    /// Whether the store of a sink holds what it was given.
    StoreState {
        Whole = "whole",
        /// It was found to hold nothing of it.
        Emptied = "emptied",
        /// It was found to lack the newest of it: an older copy, or another one, stands in its place.
        Replaced = "replaced",
    }
}

words! {
    /// Whether the journal can write down what waits in memory: sums, and how far the sinks have got.
    JournalState {
        Writing = "writing",
        Failing = "failing",
    }
}

words! {
    /// How far records are derived from the journal.
    DerivingState {
        UpToDate = "up to date",
        /// Much is still to be looked through.
        Behind = "behind",
        Failing = "failing",
    }
}

impl State {
    /// The kind and the word under which it is stored.
    pub fn stored(self) -> (&'static str, String) {
        match self {
            Self::Polls(state) => ("account", state.to_string()),
            Self::Login(state) => ("login", state.to_string()),
            Self::Scopes(state) => ("scopes", state.to_string()),
            Self::Stream(state) => ("stream", state.to_string()),
            Self::Sink(state) => ("sink", state.to_string()),
            Self::Store(state) => ("store", state.to_string()),
            Self::Outlived(count) => ("outlived", count.to_string()),
            Self::Held(seq) => ("held", seq.to_string()),
            Self::Journal(state) => ("journal", state.to_string()),
            Self::Deriving(state) => ("deriving", state.to_string()),
            Self::DeadLetters(count) => ("dead letters", count.to_string()),
        }
    }

    /// The state that was stored so; `None` for what another version wrote.
    pub fn from_stored(kind: &str, word: &str) -> Option<Self> {
        match kind {
            "account" => PollsState::parse(word).map(Self::Polls),
            "login" => LoginState::parse(word).map(Self::Login),
            "scopes" => ScopesState::parse(word).map(Self::Scopes),
            "stream" => StreamState::parse(word).map(Self::Stream),
            "sink" => SinkState::parse(word).map(Self::Sink),
            "store" => StoreState::parse(word).map(Self::Store),
            "outlived" => word.parse().ok().map(Self::Outlived),
            "held" => word.parse().ok().map(Self::Held),
            "journal" => JournalState::parse(word).map(Self::Journal),
            "deriving" => DerivingState::parse(word).map(Self::Deriving),
            "dead letters" => word.parse().ok().map(Self::DeadLetters),
            _ => None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stored().1)
    }
}

impl LoginState {
    /// Of a login that BMW still accepts, by the days that are left without another refresh.
    pub fn of_days(days: f64) -> Self {
        match days {
            days if days <= 0.0 => Self::Needed,
            days if days <= 1.0 => Self::EndsWithinADay,
            days if days <= 3.0 => Self::EndsWithin3Days,
            days if days <= 7.0 => Self::EndsWithin7Days,
            _ => Self::Alive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back_and_what_is_unknown_is_none() {
        for state in [
            State::Polls(PollsState::LoginNeeded),
            State::Login(LoginState::EndsWithin3Days),
            State::Scopes(ScopesState::WithoutApi),
            State::Stream(StreamState::NotSubscribed),
            State::Sink(SinkState::Paused),
            State::Store(StoreState::Replaced),
            State::Outlived(3),
            State::Held(7),
            State::Journal(JournalState::Failing),
            State::Deriving(DerivingState::Behind),
            State::DeadLetters(12),
        ] {
            let (kind, word) = state.stored();
            assert_eq!(State::from_stored(kind, &word), Some(state));
        }
        assert_eq!(State::from_stored("sink", "polling"), None);
        assert_eq!(State::from_stored("page", "open"), None);
    }

    #[test]
    fn a_login_is_told_by_its_days() {
        for (days, state) in [
            (0.0, LoginState::Needed),
            (0.5, LoginState::EndsWithinADay),
            (2.9, LoginState::EndsWithin3Days),
            (7.0, LoginState::EndsWithin7Days),
            (7.1, LoginState::Alive),
        ] {
            assert_eq!(LoginState::of_days(days), state);
        }
    }
}
