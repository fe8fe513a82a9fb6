//! What a source is given, and what the sources of one account share.
//!
//! A source is a crate of its own: it implements [`SourceConfig`](collector_core::SourceConfig) and [`Build`], and one
//! line, [`register_source!`], makes it known. It is built once for each account, from the account's [`Handles`]: a
//! login, a client whose gate is the ledger, a budget, and what streams told.
//!
//! * [`gate`]: every call is written down before it leaves. [`budget`]: what may be spent beside the plan.
//! * [`login`]: waiting for the owner. [`sets`]: which descriptors are wanted.
//! * [`hearing`]: what streams tell of the vehicles, [`coverage`]: what they leave out, [`line`]: how they fare. [`pace`]: how often they connect.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod budget;
mod coverage;
mod error;
mod gate;
pub mod hearing;
mod line;
mod login;
mod pace;
mod registry;
mod sets;
#[cfg(feature = "testing")]
pub mod testing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cardata_api::Client;
use collector_core::{BrokerAddress, LogId, Name, Names, Trust, Vin};
use ledger::Ledger;
use runtime::Clock;

pub use budget::Budget;
pub use error::source_error;
pub use gate::LedgerGate;
pub use hearing::Hearing;
pub use login::{Login, LoginId};
pub use pace::Pace;
pub use registry::{Build, SourceBuilder, builder};
pub use sets::{DescriptorSet, WantedSets, fingerprint};

/// What the registration macro expands to; not part of the contract.
#[doc(hidden)]
pub mod private {
    pub use collector_core;
    pub use inventory;
}

/// What a source is given of one account. Clones share everything.
#[derive(Debug, Clone)]
pub struct Handles {
    pub login: Login,
    /// Writes every call into the ledger before it leaves.
    pub client: Client,
    pub clock: Arc<dyn Clock>,
    pub ledger: Arc<dyn Ledger>,
    pub budget: Budget,
    /// What its stream tells.
    pub hearing: Arc<Hearing>,
    /// The sets of descriptors that its sources ask for.
    pub sets: Arc<WantedSets>,
    /// Where its stream is.
    pub stream: BrokerAddress,
    /// How often streams may connect; all accounts share it.
    pub pace: Arc<Pace>,
    /// Whom its stream trusts.
    pub trust: Trust,
    /// How long messages that follow one that was stored are gathered, to be stored together; by the account's clock.
    pub window: Duration,
    /// Tells this installation from others.
    pub log_id: LogId,
    /// What vehicles are called.
    pub names: Names,
    /// The folder of the vehicles' pictures.
    pub images: Arc<Path>,
}

/// What the engine tells a source about its place.
#[derive(Debug, Clone)]
pub struct SourceContext {
    /// The source's name in the pipeline file; unique.
    pub name: Name,
    pub handles: Handles,
}

/// The files in which the picture of a vehicle may lie in such a folder: as PNG and as JPEG.
pub fn image_files(images: &Path, vin: &Vin) -> [PathBuf; 2] {
    ["png", "jpg"].map(|end| images.join(format!("{}.{end}", vin.key_name())))
}
