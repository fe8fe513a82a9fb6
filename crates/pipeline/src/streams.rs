//! Which streams a pipeline has, and whether they would take each other's connection.

use collector_core::{Cadence, Name};

use super::Pipeline;
use super::accounts::Account;
use super::problems::Problems;
use super::section::Section;
use super::sources::SourceSpec;

/// A stream source at one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStream {
    pub account: Name,
    pub source: Name,
}

impl Pipeline {
    /// Every source that speaks by itself, once for each account that it is for.
    pub fn streams(&self) -> Vec<AccountStream> {
        let streams = self.sources.iter().filter(|source| is_stream(source));
        let streams = streams.flat_map(|source| {
            let accounts = self.accounts.iter();
            let accounts = accounts.filter(|account| source.is_for(&account.name));
            accounts.map(|account| AccountStream {
                account: account.name.clone(),
                source: source.name.clone(),
            })
        });
        streams.collect()
    }
}

fn is_stream(source: &SourceSpec) -> bool {
    source.plugin.cadence == Cadence::Continuous
}

/// Whether a source listens to this account's stream.
pub(super) fn is_heard(account: &Account, sources: &Section<SourceSpec>) -> bool {
    let mut streams = sources.values().filter(|source| is_stream(source));
    streams.any(|source| source.is_for(&account.name))
}

/// BMW allows an account one connection: a second source of a type that streams would be thrown out and throw out in
/// turn.
pub(super) fn check(accounts: &Section<Account>, sources: &Section<SourceSpec>, problems: &mut Problems) {
    let streams = sources.items.iter().filter(|source| is_stream(&source.value));
    let streams: Vec<_> = streams.collect();
    for (index, second) in streams.iter().enumerate() {
        let type_name = second.value.plugin.type_name;
        let clash = streams[..index].iter().find_map(|first| {
            let both = |name| first.value.is_for(name) && second.value.is_for(name);
            let shared = accounts.values().find(|account| both(&account.name))?;
            (first.value.plugin.type_name == type_name).then_some((first, &shared.name))
        });
        let Some((first, account)) = clash else { continue };
        let message = format!("a second source of type `{type_name}` for the account `{account}`");
        problems
            .add(&second.node.locate("type"), message)
            .help("BMW allows an account one connection: remove one of the two, or give each an `account` of its own")
            .also(&first.node.locate("type"), "the first one");
    }
}
