//! The source `stream`: every change at once, over one connection that lasts.
//!
//! * [`driver`]: logs in and finds out what to do when a connection ends. [`serve`]: a connection at work, and the one
//!   that takes over from it. [`reception`]: read, store, acknowledge.
//! * [`credential`]: the password; [`renewal`]: another one in time. [`breaker`]: how soon and how often may be tried: pure.
//! * [`tell`]: what the owner learns. [`wiring`]: where the client of the broker is put in.

mod breaker;
mod credential;
mod driver;
mod reception;
mod renewal;
mod serve;
mod tell;
#[cfg(test)]
mod tests;
mod wiring;

use collector_core::{Cadence, Invalid, Source, SourceConfig, SourceContext, SourceError, register_source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::Account;
use driver::Driver;

/// Receives every change that BMW streams, as soon as the vehicle sends it. Costs no calls. BMW allows one connection an
/// account.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {}

register_source!(StreamConfig);

impl SourceConfig for StreamConfig {
    const TYPE: &'static str = "stream";
    const SUMMARY: &'static str = "Receives every change at once over BMW's MQTT stream; costs no calls.";
    const SAMPLE: &'static str = include_str!("stream.sample.yaml");
    const CADENCE: Cadence = Cadence::Continuous;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        Ok(())
    }

    fn build(self, context: SourceContext) -> Result<Source, SourceError> {
        let account = context
            .services
            .get::<Account>()
            .ok_or_else(|| SourceError::Misconfigured {
                reason: format!("the source {} was given no account", context.name),
            })?;
        let connector = wiring::connector(&account);
        let driver = Driver::new(context.name, account.clone(), account, connector, wiring::read);
        Ok(Source::Stream(Box::new(driver)))
    }
}
