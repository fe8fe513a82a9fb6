//! The source `stream`: every change at once, over one connection that lasts.
//!
//! * [`driver`]: logs in and finds out what to do when a connection ends. [`serve`]: a connection at work, and the one
//!   that takes over from it. [`reception`]: read, store, acknowledge.
//! * [`credential`]: the password; [`renewal`]: another one in time. [`breaker`]: how soon and how often may be tried: pure.
//! * [`unstored`]: what a kill would lose. [`tell`]: what the owner learns.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod breaker;
mod credential;
mod driver;
mod reception;
mod renewal;
mod serve;
mod tell;
#[cfg(test)]
mod tests;
mod unstored;

use std::sync::Arc;

use cardata_api::stream::BrokerConnector;
use collector_core::{Cadence, Invalid, Source, SourceConfig, SourceError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use source::{Build, SourceContext};

use credential::Stored;
use driver::Driver;

/// Receives every change that BMW streams, as soon as the vehicle sends it. Costs no calls. BMW allows one connection an
/// account.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {}

source::register_source!(StreamConfig);

impl SourceConfig for StreamConfig {
    const TYPE: &'static str = "stream";
    const SUMMARY: &'static str = "Receives every change at once over BMW's MQTT stream; costs no calls.";
    const SAMPLE: &'static str = include_str!("stream.sample.yaml");
    const CADENCE: Cadence = Cadence::Continuous;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        Ok(())
    }
}

impl Build for StreamConfig {
    fn build(self, context: SourceContext) -> Result<Source, SourceError> {
        let handles = &context.handles;
        let credentials = Stored {
            login: handles.login.clone(),
            clock: handles.clock.clone(),
        };
        let driver = Driver::new(
            context.name,
            handles,
            Arc::new(credentials),
            Arc::new(BrokerConnector::new(handles.stream.clone(), &handles.trust)),
            reception::read,
        );
        Ok(Source::Stream(Box::new(driver)))
    }
}
