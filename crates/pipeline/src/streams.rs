//! Which streams a pipeline has.

use collector_core::{Cadence, Name};

use super::Pipeline;

/// A stream source at one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPlace {
    pub account: Name,
    pub source: Name,
}

impl Pipeline {
    /// Every source that speaks by itself, once for each account that it is for.
    pub fn streams(&self) -> Vec<StreamPlace> {
        let continuous = self
            .sources
            .iter()
            .filter(|source| source.plugin.cadence == Cadence::Continuous);
        let places = continuous.flat_map(|source| {
            let accounts = self.accounts.iter();
            let accounts = accounts.filter(|account| source.is_for(&account.name));
            accounts.map(|account| StreamPlace {
                account: account.name.clone(),
                source: source.name.clone(),
            })
        });
        places.collect()
    }
}
