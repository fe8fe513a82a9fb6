//! `tariffs`: what charging costs, by place, current, day and hour.

use std::time::Duration;

use collector_core::duration;
use collector_core::scalar::Wrong;
use collector_core::table::{Node, suggest};
use collector_core::written_as_text;
use facts::rules::{CurrentType, Place, Price, Tariff};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::{self, FreeName, Taken};
use super::prices::{self, PriceTable};
use super::problems::Problems;
use super::quantity::Amount;
use super::section::{self, Section};
use super::show;

const EXAMPLE: &str = "tariffs:\n  - name: home\n    places: [home]\n    currency: EUR\n    per_kwh: 0.31";

/// What charging costs at some places. The first tariff that fits the place, the current and the day counts.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "tariff")]
pub(super) struct TariffTable {
    /// What you call it.
    name: FreeName,
    /// Names of `places`; if left out, everywhere, and where nobody knows the place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    places: Vec<FreeName>,
    /// For one kind of current alone.
    current: Option<Current>,
    /// The first day on which it is valid, such as `2026-01-01`.
    from: Option<Day>,
    /// The last day on which it is valid.
    until: Option<Day>,
    /// Its three letters, such as `EUR`.
    currency: Currency,
    /// The price of a kWh at every hour. 0 is free; a price that is not given is unknown.
    per_kwh: Option<Amount>,
    /// The prices of a kWh by hour, day of the week and season, instead of `per_kwh`: the first that fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    prices: Vec<PriceTable>,
    /// Once for each session.
    per_session: Option<Amount>,
    /// For each minute of charging.
    per_minute: Option<Amount>,
    /// For the time plugged in after the end of charging.
    idle: Option<IdleTable>,
}

/// What it costs to stay plugged in when charging has ended.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "idle")]
struct IdleTable {
    /// For each minute.
    per_minute: Amount,
    /// How long it is free: `4h`.
    #[serde(default, with = "duration::any")]
    #[schemars(schema_with = "duration::schema")]
    after: Duration,
}

/// One kind of current.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Current {
    Ac,
    Dc,
}

struct Day(Date);
struct Currency(String);

written_as_text!(Day, day, |day| day.0.to_string(), { "type": "string" });
written_as_text!(Currency, currency, |currency| currency.0.clone(), {
    "type": "string", "pattern": r"^[A-Z]{3}$|\$\{.+\}"
});

fn day(text: &str) -> Result<Day, Wrong> {
    let wrong = |_| Wrong::new(format!("`{}` is no day", text.trim())).help("write it as `2026-01-31`");
    text.trim().parse().map(Day).map_err(wrong)
}

fn currency(text: &str) -> Result<Currency, Wrong> {
    let text = text.trim();
    if text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(Currency(text.to_owned()));
    }
    let wrong = Wrong::new(format!("`{text}` is no currency"));
    Err(wrong.help("write its three letters, such as `EUR`"))
}

/// What the file says of its tariffs.
pub(super) fn shown(root: &Node) -> Value {
    show::typed::<Vec<TariffTable>>(root.get("tariffs"))
}

/// Those that can be read.
pub(super) fn read(root: &Node, places: &Section<Place>, problems: &mut Problems) -> Vec<Tariff> {
    let items = section::optional(root, "tariffs", EXAMPLE, problems);
    let mut taken = Taken::default();
    let mut read = |item: &Node| {
        if !section::is_table(item, "a tariff", problems) {
            return None;
        }
        check_places(item, places, problems);
        check_lists(item, problems);
        let table: TariffTable = problems.read(&mut item.clone())?;
        taken.take(&table.name.0, &names::place(item), "tariffs", problems);
        check_days(item, &table, problems);
        tariff(item, table, problems)
    };
    items.iter().filter_map(&mut read).collect()
}

/// Names of places that are not there. Where a place could not be read, its name may be one of them.
fn check_places(item: &Node, places: &Section<Place>, problems: &mut Problems) {
    let named = item.get("places").and_then(Node::items).unwrap_or_default();
    let known: Vec<&str> = places.values().map(|place| place.name.as_str()).collect();
    let named = named.iter().filter(|_| places.complete);
    let named = named.filter_map(|node| Some((node, node.as_text()?.trim())));
    for (node, name) in named.filter(|(_, name)| !known.contains(name)) {
        let help = match known.is_empty() {
            true => "add it to `places` with its position".to_owned(),
            false => suggest(name, &known),
        };
        let message = format!("there is no place `{name}`");
        problems.add(&node.span, message).help(help);
    }
}

/// An empty list could mean everywhere and nowhere, always and never.
fn check_lists(item: &Node, problems: &mut Problems) {
    let prices = item.get("prices").and_then(Node::items).unwrap_or_default();
    let lists = prices.iter().map(|price| (price, "weekdays", "for every day"));
    for (node, key, meant) in lists.chain([(item, "places", "for every place")]) {
        let written = node.entry(key);
        let empty = written.filter(|(_, list)| list.items().is_some_and(<[Node]>::is_empty));
        if let Some((name, _)) = empty {
            let problem = problems.add(&name.span, format!("`{key}` is an empty list"));
            problem.help(format!("leave it out {meant}"));
        }
    }
}

fn check_days(item: &Node, table: &TariffTable, problems: &mut Problems) {
    let days = table.from.as_ref().zip(table.until.as_ref());
    if let Some((from, until)) = days.filter(|(from, until)| from.0 > until.0) {
        let message = format!("this tariff ends on {} before it begins", until.0);
        let problem = problems.add(&item.locate("until"), message);
        problem.help("`from` and `until` are its first and its last day");
        problem.also(&item.locate("from"), format!("it begins on {}", from.0));
    }
}

fn tariff(item: &Node, table: TariffTable, problems: &mut Problems) -> Option<Tariff> {
    let prices = prices_of(item, table.per_kwh, table.prices, problems)?;
    let grace = table
        .idle
        .as_ref()
        .map_or(0.0, |idle| idle.after.as_secs_f64() / 60.0);
    Some(Tariff {
        name: table.name.0,
        places: table.places.into_iter().map(|place| place.0).collect(),
        current_type: table.current.map(|current| match current {
            Current::Ac => CurrentType::Ac,
            Current::Dc => CurrentType::Dc,
        }),
        from: table.from.map(|day| day.0),
        until: table.until.map(|day| day.0),
        currency: table.currency.0,
        prices,
        per_session: table.per_session.map(|amount| amount.0),
        per_minute: table.per_minute.map(|amount| amount.0),
        per_idle_minute: table.idle.map(|idle| idle.per_minute.0),
        idle_grace_minutes: grace,
    })
}

/// From `per_kwh` or from `prices`.
fn prices_of(
    item: &Node,
    per_kwh: Option<Amount>,
    prices: Vec<PriceTable>,
    problems: &mut Problems,
) -> Option<Vec<Price>> {
    let written = |key| item.entry(key).filter(|(_, value)| !value.is_null());
    match (per_kwh, written("per_kwh"), written("prices")) {
        (_, Some((key, _)), Some((other, _))) => {
            let problem = problems.add(&key.span, "`per_kwh` and `prices` both stand here");
            problem.help("write it as the last of `prices`: `- per_kwh: …`");
            problem.also(&other.span, "the others");
            None
        }
        (Some(amount), ..) => Some(vec![prices::always(amount)]),
        (None, Some(_), None) => None,
        (None, None, Some(_)) if !prices.is_empty() => Some(prices.into_iter().map(Price::from).collect()),
        (None, None, Some((key, node))) if node.items().is_some_and(<[Node]>::is_empty) => {
            let help =
                "write for example:\n\nprices:\n  - { per_kwh: 0.22, hours: 22:00-06:00 }\n  - per_kwh: 0.31";
            problems.refuse(&key.span, "`prices` is an empty list", help)
        }
        (None, None, Some(_)) => None,
        (None, None, None) => {
            let help = "add `per_kwh: …`; 0 where only minutes or sessions cost";
            problems.refuse(&names::place(item), "this tariff has no price of a kWh", help)
        }
    }
}

/// Tariffs and prices that can never count, because what stands before them always does: one sentence each.
pub(super) fn remarks(tariffs: &[Tariff]) -> impl Iterator<Item = String> {
    let hidden = tariffs.iter().enumerate().filter_map(|(at, tariff)| {
        let first = tariffs[..at].iter().find(|first| covers(first, tariff))?;
        Some(format!(
            "the tariff `{}` never counts: `{}` stands before it and fits wherever and whenever it does; put it first",
            tariff.name, first.name
        ))
    });
    hidden.chain(tariffs.iter().flat_map(prices::remarks))
}

/// Whether `first` fits everywhere and always where `second` does.
fn covers(first: &Tariff, second: &Tariff) -> bool {
    let named = |place: &String| first.places.contains(place);
    let everywhere = first.places.is_empty();
    let places = everywhere || (!second.places.is_empty() && second.places.iter().all(named));
    let current = first.current_type.is_none() || first.current_type == second.current_type;
    let from = first
        .from
        .is_none_or(|from| second.from.is_some_and(|second| from <= second));
    let until = first
        .until
        .is_none_or(|until| second.until.is_some_and(|second| second <= until));
    places && current && from && until
}
