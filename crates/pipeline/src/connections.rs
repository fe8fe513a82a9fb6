//! Whether sources would take each other's connection.

use collector_core::Cadence;

use super::accounts::Account;
use super::problems::Problems;
use super::section::Section;
use super::sources::SourceSpec;

/// BMW allows an account one connection: a second source of a type that streams would be thrown out and throw out in
/// turn.
pub(super) fn check(accounts: &Section<Account>, sources: &Section<SourceSpec>, problems: &mut Problems) {
    let streams = sources
        .items
        .iter()
        .filter(|source| source.value.plugin.cadence == Cadence::Continuous);
    let streams: Vec<_> = streams.collect();
    for (index, second) in streams.iter().enumerate() {
        let clash = streams[..index].iter().find_map(|first| {
            let same = first.value.plugin.type_name == second.value.plugin.type_name;
            let shared =
                |account: &&Account| first.value.is_for(&account.name) && second.value.is_for(&account.name);
            let account = accounts.values().find(shared).filter(|_| same)?;
            Some((first, account))
        });
        let Some((first, account)) = clash else { continue };
        problems
            .add(
                &second.node.locate("type"),
                format!(
                    "a second source of type `{}` for the account `{}`",
                    second.value.plugin.type_name, account.name
                ),
            )
            .help("BMW allows an account one connection: remove one of the two, or give each an `account` of its own")
            .also(&first.node.locate("type"), "the first one");
    }
}
