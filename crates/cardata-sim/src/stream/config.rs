//! What can be set of the stream.

/// How the simulated stream behaves. The shares are between 0 and 1, and what they decide depends on the seed alone.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamConfig {
    /// The share of all messages that say again what an earlier one said: 39 % in the field.
    pub duplicates: f64,
    /// Whether what was measured at one time arrives in any order.
    pub disorder: bool,
    /// The share of the states of charge with which an older one, an hour or more, comes again.
    pub late: f64,
    /// Whether a key that has lost its value is streamed as `null`, or not at all.
    pub nulls: bool,
    /// The share of the positions of a drive that come with a jump of 198 km and back within twelve seconds.
    pub position_jumps: f64,
    /// What the account's owner has selected in the portal. Nobody is told when it changes.
    pub selection: Selection,
    /// How a message reaches a client that was granted QoS 1.
    pub delivery: Delivery,
    /// Whether a session that its client did not call clean outlives its connection, with what it missed. BMW's do
    /// not: what nobody was connected for is gone.
    pub kept_sessions: bool,
    /// Whether the broker ignores what arrives together with the login, before it was granted.
    pub drops_early_packets: bool,
    /// Whether the broker closes, without an answer, on whoever wants a session kept or says anything before the login was
    /// granted: nearly all other clients do neither.
    pub only_plain_logins: bool,
    /// How many connections a source address may open in a minute of the simulator's time; what is beyond is closed. No limit
    /// if absent.
    pub connections_per_minute: Option<u32>,
    /// Whether everything that was sent is remembered for `Control::streamed`. It is never forgotten: turn it off
    /// where a simulator runs for days.
    pub log: bool,
}

/// With which quality of service a message is delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Delivery {
    /// At QoS 0, whatever was asked for and granted, as BMW's broker does: nothing is sent again.
    #[default]
    AtMostOnce,
    /// At the granted one, as a broker of one's own does: what is not acknowledged is sent again to a session that is kept.
    Granted,
}

/// The keys that are streamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that BMW can stream.
    All,
    /// None, as when the portal has reset itself.
    Nothing,
    Only(Vec<String>),
}

impl Selection {
    pub(super) fn has(&self, descriptor: &str) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Only(selected) => selected.iter().any(|one| one == descriptor),
        }
    }
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            duplicates: 0.39,
            disorder: true,
            late: 0.02,
            nulls: true,
            position_jumps: 0.01,
            selection: Selection::All,
            delivery: Delivery::default(),
            kept_sessions: false,
            drops_early_packets: false,
            only_plain_logins: false,
            connections_per_minute: None,
            log: true,
        }
    }
}
