//! What a diagnosis is made of, beside what `status` knows: the network, the logins, and what BMW answered.

use std::net::IpAddr;
use std::time::Duration;

use cardata_auth::AuthError;
use jiff::{SignedDuration, Timestamp};

/// All that was looked at.
#[derive(Debug, Default)]
pub struct Looked {
    /// `None` where a simulator stands for BMW.
    pub network: Option<Network>,
    /// In the order of the pipeline file.
    pub accounts: Vec<AccountLook>,
    /// How many values of each vehicle, as it is shown, have ended and not come again.
    pub ended: Vec<(String, usize)>,
}

/// What BMW's servers showed before anybody was asked who they are.
#[derive(Debug)]
pub struct Network {
    /// This machine's time.
    pub now: Timestamp,
    /// `None` where no server told its time.
    pub clock: Option<ClockLook>,
    pub hosts: Vec<HostLook>,
}

#[derive(Debug)]
pub struct ClockLook {
    pub server: String,
    /// How far this machine's clock is ahead of the server's.
    pub ahead: SignedDuration,
}

/// One server.
#[derive(Debug)]
pub struct HostLook {
    pub host: String,
    pub port: u16,
    /// Whether it is to speak TLS.
    pub encrypted: bool,
    /// What its name leads to, or why to nothing.
    pub addresses: Result<Vec<IpAddr>, String>,
    /// What became of a connection on which nothing was said; `None` where there was nothing to connect to.
    pub reached: Option<Result<(), Hindrance>>,
}

impl HostLook {
    /// Whether it was reached, and is who it is to be.
    pub fn is_well(&self) -> bool {
        self.reached == Some(Ok(()))
    }

    /// Whether its name leads to an address that can be its own. A name of BMW's leads out of this network.
    pub fn leads_somewhere(&self) -> bool {
        let is_bmws = self.host.ends_with(".bmwgroup.com");
        let is_wrong = |address: &IpAddr| is_nobody(address) || is_bmws && is_at_home(address);
        let addresses = self.addresses.as_deref().unwrap_or_default();
        !addresses.iter().all(is_wrong)
    }
}

/// 0.0.0.0 and ::.
fn is_nobody(address: &IpAddr) -> bool {
    address.to_canonical().is_unspecified()
}

/// This machine, or one of its own network.
fn is_at_home(address: &IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// Somebody says that nobody takes connections there.
    Refused,
    /// Nobody answered for so long.
    Silent(Duration),
    /// What the system says.
    Network(String),
    Certificate {
        /// Who signed it, as it says itself.
        issuer: Option<String>,
        fault: Fault,
    },
    /// It speaks no TLS: what it did instead.
    NoTls(String),
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Signed by nobody whom this machine trusts.
    Untrusted,
    OtherName,
    /// It begins later or has ended, by this machine's clock.
    NotOfNow,
    Other(String),
}

/// What was seen of an account.
#[derive(Debug)]
pub struct AccountLook {
    /// `None` where nobody logged in yet.
    pub login: Option<LoginLook>,
    /// Whether BMW was asked for the vehicles; the answer is in the ledger.
    pub vehicles: Asked<()>,
    /// The ids of the containers that BMW has and that are not deleted.
    pub containers: Asked<Vec<String>>,
}

#[derive(Debug, Default)]
pub struct LoginLook {
    /// Why it is no good, or why its refresh, which is due, came to nothing.
    pub error: Option<AuthError>,
    /// Whether its access token is over, so that without a refresh BMW can be asked nothing.
    pub is_over: bool,
    /// What was asked for and not granted.
    pub missing: Vec<String>,
    /// What a stream would need to log in and is not there.
    pub stream_lacks: Option<&'static str>,
}

/// A call of the API, which counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked<T> {
    /// It was not made, for this reason.
    Not(&'static str),
    Answered(T),
    Failed(Failed),
}

/// A call that brought an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub trouble: Trouble,
    /// In full.
    pub words: String,
}

/// What an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The access token is refused, a fresh one too.
    Token,
    /// The login does not cover the API, says the API.
    Scope,
    /// No call is left.
    Quota,
    /// Anything else, BMW's outages before all.
    Other,
}

impl<T> Asked<T> {
    /// The error that it brought.
    pub(super) fn failed(&self) -> Option<&Failed> {
        match self {
            Self::Failed(failed) => Some(failed),
            _ => None,
        }
    }
}
