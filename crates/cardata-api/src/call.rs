//! The calls that count against BMW's quota, and the gate that each of them passes before it leaves.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// One kind of request to the API. Each costs one call of the daily quota, whether it succeeds or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    Mappings,
    BasicData,
    /// The list of containers.
    Containers,
    CreateContainer,
    DeleteContainer,
    TelematicData,
    /// The basic data, as the document that a source keeps.
    Vehicle,
    /// One page of sessions.
    ChargingHistory,
    Tyres,
    /// One page of locations.
    ChargingSettings,
    Image,
}

/// What a call is for, which decides what of the quota it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The schedule makes it; it leaves the reserve alone.
    Poll,
    /// Without it no poll is possible.
    Upkeep,
    /// It tells the owner something, once.
    Owner,
}

impl Call {
    /// A stable word for a ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mappings => "mappings",
            Self::BasicData => "basic_data",
            Self::Containers => "containers",
            Self::CreateContainer => "create_container",
            Self::DeleteContainer => "delete_container",
            Self::TelematicData => "telematic_data",
            Self::Vehicle => "vehicle",
            Self::ChargingHistory => "charging_history",
            Self::Tyres => "tyres",
            Self::ChargingSettings => "charging_settings",
            Self::Image => "image",
        }
    }

    pub fn class(self) -> Class {
        match self {
            Self::Mappings | Self::Containers | Self::CreateContainer | Self::DeleteContainer => {
                Class::Upkeep
            }
            Self::BasicData => Class::Owner,
            Self::TelematicData
            | Self::Vehicle
            | Self::ChargingHistory
            | Self::Tyres
            | Self::ChargingSettings
            | Self::Image => Class::Poll,
        }
    }
}

/// What the call does, for messages: `list the containers`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mappings => "list the vehicles",
            Self::BasicData | Self::Vehicle => "read the basic data",
            Self::Containers => "list the containers",
            Self::CreateContainer => "create a container",
            Self::DeleteContainer => "delete a container",
            Self::TelematicData => "read the telematic data",
            Self::ChargingHistory => "read the charging history",
            Self::Tyres => "read the tyre diagnosis",
            Self::ChargingSettings => "read the charging settings",
            Self::Image => "read the image",
        })
    }
}

/// Decides whether a call may leave, and learns how it ended. The ledger stands behind it.
#[async_trait]
pub trait CallGate: Send + Sync {
    /// Awaited before every request, the repeat after a refused token included. `Ok` spends the call: BMW
    /// counts it even if it fails, and [`settle`](Self::settle) does not come when the future of the call is
    /// dropped.
    async fn admit(&self, call: Call) -> Result<(), Refusal>;

    /// Told once for each admitted request that ended.
    async fn settle(&self, call: Call, outcome: Outcome);
}

/// Why a call may not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}{}", retry_at.map(|time| format!("; next try at {time:.0}")).unwrap_or_default())]
pub struct Refusal {
    /// A lower-case fragment.
    pub reason: String,
    pub retry_at: Option<Timestamp>,
}

/// How an admitted request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The answer could be used.
    Ok,
    /// Anything else but the quota: no answer, an error, an answer that makes no sense.
    Failed,
    /// BMW says that no call is left. Another program on the same account spends calls too.
    QuotaExceeded { retry_after: Option<Duration> },
    /// Calls come too fast; the next may leave after this.
    Slowed { retry_after: Duration },
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_call_has_a_name_of_its_own() {
        let calls = [
            Call::Mappings,
            Call::BasicData,
            Call::Containers,
            Call::CreateContainer,
            Call::DeleteContainer,
            Call::TelematicData,
            Call::Vehicle,
            Call::ChargingHistory,
            Call::Tyres,
            Call::ChargingSettings,
            Call::Image,
        ];
        let names: HashSet<_> = calls.map(Call::as_str).into();
        assert_eq!(names.len(), calls.len());
    }
}
