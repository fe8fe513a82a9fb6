//! Whether the polls of the file fit into the quota.

use std::time::Duration;

use collector_core::table::Node;
use collector_core::{Every, duration};

use super::accounts::{Account, RESERVED_CALLS};
use super::problems::Problems;
use super::section::Section;
use super::sources::SourceSpec;
use super::vehicles::Vehicles;

const DAY: Duration = Duration::from_secs(86_400);

/// What one source needs of one account.
struct Demand<'a> {
    node: &'a Node,
    every: Every,
    /// Calls of one round over its vehicles.
    round: u64,
}

impl Demand<'_> {
    /// Calls of a thousand days; a source that takes what there is needs one round a day.
    fn calls(&self) -> u64 {
        match self.every {
            Every::Auto => self.round.saturating_mul(1_000),
            Every::Fixed(every) => {
                let rounds = (1_000 * DAY.as_millis()).div_ceil(every.as_millis().max(1));
                u64::try_from(rounds)
                    .unwrap_or(u64::MAX)
                    .saturating_mul(self.round)
            }
        }
    }
}

/// Every source that is polled asks for its calls; the sum must leave the reserve alone. How fast the clock runs
/// changes nothing: the quota is counted in days of that clock.
pub(super) fn check(
    accounts: &Section<Account>,
    sources: &Section<SourceSpec>,
    vehicles: &Vehicles,
    problems: &mut Problems,
) {
    for account in accounts.values() {
        let sources = sources.items.iter();
        let sources = sources.filter(|source| source.value.is_for(&account.name));
        let demands = sources.filter_map(|source| demand(&source.value, &source.node, account, vehicles));
        let demands: Vec<_> = demands.collect();
        check_account(account, &demands, accounts.items.len() > 1, problems);
    }
}

fn demand<'a>(
    source: &SourceSpec,
    node: &'a Node,
    account: &Account,
    vehicles: &Vehicles,
) -> Option<Demand<'a>> {
    let calls = source.plugin.cadence.calls()?;
    let count = match vehicles {
        Vehicles::Auto => 1,
        Vehicles::List(list) => list
            .iter()
            .filter(|spec| spec.is_of(&account.name) && source.vehicles.matches_vehicle(&spec.vehicle()))
            .count(),
    };
    Some(Demand {
        node,
        every: source.every,
        round: u64::from(calls) * count as u64,
    })
}

fn check_account(account: &Account, demands: &[Demand<'_>], several: bool, problems: &mut Problems) {
    let all: u64 = demands.iter().map(Demand::calls).fold(0, u64::saturating_add);
    let needed = all.div_ceil(1_000);
    let plannable = u64::from(account.plannable_calls());
    let Some(largest) = demands.iter().max_by_key(|demand| demand.calls()) else {
        return;
    };
    if needed <= plannable || plannable == 0 {
        return;
    }
    let of_account = several.then(|| format!(" from account `{}`", account.name));
    let of_account = of_account.unwrap_or_default();
    let together = match demands.len() {
        1 => "this needs",
        _ => "together, the sources need",
    };
    let message = format!(
        "{together} {needed} calls a day{of_account}, but {plannable} of {} can be planned ({RESERVED_CALLS} stay reserved)",
        account.calls_per_day
    );
    let others = (all - largest.calls()).div_ceil(1_000);
    let place = match largest.node.get("every") {
        Some(every) => every.span.clone(),
        None => largest.node.locate("type"),
    };
    let help = advice(largest, plannable.saturating_sub(others));
    problems.add(&place, message).help(help);
}

/// The shortest `every` that fits, in whole minutes.
fn advice(demand: &Demand<'_>, left: u64) -> String {
    let rounds = left / demand.round.max(1);
    if rounds == 0 || matches!(demand.every, Every::Auto) {
        return "poll fewer vehicles, or let the other sources poll less often".to_owned();
    }
    let minutes = (DAY.as_secs() / 60).div_ceil(rounds);
    let every = duration::format(Duration::from_secs(minutes * 60));
    format!("write `every: {every}` or more, or `every: auto`")
}
