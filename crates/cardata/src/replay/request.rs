//! From the options of `cardata replay` to a request that can be carried out.

use collector_core::table::suggest;
use collector_core::{Names, Select, Vehicle, Vin};
use jiff::Timestamp;
use journal::log::overview::Overview;
use journal::log::replay::ReplayRequest;
use pipeline::{Pipeline, descriptor_doubt};
use runtime::Chain;
use serde_json::json;

use super::ReplayArgs;
use super::moment::{self, End};
use crate::Failure;

pub fn read(
    options: &ReplayArgs,
    pipeline: &Pipeline,
    overview: &Overview,
    names: &Names,
    now: Timestamp,
) -> Result<ReplayRequest, Failure> {
    let sink = options.sink.clone().unwrap_or_default();
    sink_of(pipeline, &sink)?;
    if !overview.sinks()?.iter().any(|totals| totals.sink == sink) {
        return Err(nothing_yet(&sink));
    }
    let at = |option: &str, text: &Option<String>, end| {
        let parsed = text.as_ref().map(|text| moment::parse(text, end, now));
        let wrong = |problem| Failure::new(2, format!("--{option}: {problem}"));
        parsed.transpose().map_err(wrong)
    };
    let since = at("since", &options.since, End::First)?;
    let until = at("until", &options.until, End::Last)?;
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        return Err(Failure::new(
            2,
            format!("--since {since} is later than --until {until}: exchange them"),
        ));
    }
    if let Some(since) = since.filter(|since| *since > now) {
        return Err(Failure::new(
            2,
            format!("--since {since} is in the future: nothing was measured then"),
        ));
    }
    Ok(ReplayRequest {
        sink,
        since,
        until,
        selection: selection(options, overview, names)?,
        rewrite: options.rewrite,
    })
}

/// The sink of a pipeline file that has this name.
pub fn sink_of(pipeline: &Pipeline, name: &str) -> Result<(), Failure> {
    if pipeline.sinks.iter().any(|sink| &*sink.name == name) {
        return Ok(());
    }
    let names: Vec<String> = pipeline.sinks.iter().map(|sink| sink.name.to_string()).collect();
    Err(Failure::new(
        2,
        format!(
            "{} has no sink `{name}`: {}",
            pipeline.path.display(),
            suggest(name, &names)
        ),
    ))
}

pub fn nothing_yet(sink: &str) -> Failure {
    Failure::new(
        4,
        format!("`{sink}` has not received anything yet: `cardata run` fills it by itself"),
    )
}

fn selection(options: &ReplayArgs, overview: &Overview, names: &Names) -> Result<Option<String>, Failure> {
    if options.select.is_empty() && options.vehicle.is_empty() {
        return Ok(None);
    }
    let mut patterns = options.select.iter();
    if let Some(doubt) = patterns.find_map(|pattern| descriptor_doubt(pattern)) {
        return Err(Failure::new(2, format!("--select: {doubt}")));
    }
    let json = json!({ "descriptors": options.select, "vehicles": options.vehicle }).to_string();
    let select: Select = serde_json::from_str(&json).map_err(|error| {
        let problem = Chain(&error).to_string().replace('\n', "; ");
        Failure::new(2, format!("--select, --vehicle: {problem}"))
    })?;
    if !options.vehicle.is_empty() {
        let known = vehicles(overview, names)?;
        if !known.iter().any(|vehicle| select.matches_vehicle(vehicle)) {
            let names: Vec<String> = known.iter().map(|vehicle| vehicle.name.to_string()).collect();
            return Err(Failure::new(
                2,
                format!(
                    "--vehicle: the journal has no such vehicle; it has {}",
                    names.join(", ")
                ),
            ));
        }
    }
    Ok(Some(json))
}

/// The vehicles of the journal under the names that they go by.
fn vehicles(overview: &Overview, names: &Names) -> Result<Vec<Vehicle>, Failure> {
    let totals = overview.vehicles()?;
    let vins = totals.iter().filter_map(|totals| totals.vin.parse::<Vin>().ok());
    Ok(vins.map(|vin| names.vehicle(&vin)).collect())
}
