//! What sources ask for, what BMW takes of it, and what never delivers anything.

use collector_core::{Name, Names, Origin};
use jiff::{SignedDuration, Timestamp};
use journal::JournalError;
use pipeline::Pipeline;
use serde_json::{Value, json};
use source_telematics::container::state::SetState;
use source_telematics::fit;

use crate::Look;
use crate::table::{called, notes, or, table};

/// How long a descriptor may say nothing before it is listed.
const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many descriptors a line of text names.
const SHOWN: usize = 3;

/// The container of one source.
pub struct SetStatus {
    pub(crate) account: String,
    pub(crate) source: String,
    pub(crate) container: Option<String>,
    since: Timestamp,
    pub(crate) state: SetState,
    /// By vehicle that was polled, as it is shown: what it never sent a value for so far.
    pub(crate) silent: Vec<(String, Vec<String>)>,
    /// Vehicles for which the preset is none, as they are shown.
    pub(crate) unfit: Vec<String>,
}

impl SetStatus {
    pub fn is_of(&self, account: &str) -> bool {
        self.account == account && self.container.is_some()
    }

    pub fn account(&self) -> &str {
        &self.account
    }

    /// Descriptors of its container, and those that have found no place in one yet.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        let search = &self.state.search;
        search
            .accepted()
            .iter()
            .map(String::as_str)
            .chain(search.remaining())
    }

    /// Descriptors that polls asked of a vehicle, as it is shown, and that never had a value.
    pub fn never_told<'a>(&'a self, vehicle: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let its = self.silent.iter().find(|(known, _)| known == vehicle);
        its.into_iter()
            .flat_map(|(_, descriptors)| descriptors)
            .map(String::as_str)
    }

    /// Descriptors that BMW took into no container.
    pub fn refused(&self) -> impl Iterator<Item = &str> {
        let refused = self.state.search.refused().iter();
        refused.map(|one| one.descriptor.as_str())
    }

    /// What vehicles never sent a value for, once that means something.
    fn told_silent(&self, now: Timestamp) -> impl Iterator<Item = &(String, Vec<String>)> {
        let is_old = now.duration_since(self.since) >= PATIENCE;
        self.silent
            .iter()
            .filter(move |(_, descriptors)| is_old && !descriptors.is_empty())
    }
}

/// The sets of the sources that the pipeline has.
pub(crate) fn gather(
    look: &Look,
    pipeline: &Pipeline,
    names: &Names,
) -> Result<Vec<SetStatus>, JournalError> {
    let mut sets = Vec::new();
    let (known, arrivals) = (look.ledger.vehicles()?, look.journal.arrivals()?);
    let is_electric = |vin: &str| {
        let details = known.iter().find(|known| known.vin.as_str() == vin);
        let details = details.and_then(|known| known.details.as_deref());
        details.is_some_and(fit::is_electric)
    };
    for stored in look.ledger.source_sets()? {
        let account = Name::from(stored.account.as_str());
        let mut sources = pipeline.sources.iter();
        let known = sources.any(|source| *source.name == *stored.source && source.is_for(&account));
        let Some(state) = serde_json::from_str::<SetState>(&stored.set.state)
            .ok()
            .filter(|_| known)
        else {
            continue;
        };
        let mut silent = Vec::new();
        for vin in &stored.vehicles {
            let descriptors = look.journal.silent(vin, state.search.accepted())?;
            silent.push((called(names, vin), descriptors));
        }
        let polls = |vin: &str| {
            let its = arrivals.iter().filter(|one| {
                one.vin == vin
                    && one.account == stored.account
                    && one.source == stored.source
                    && one.origin == Origin::Poll.as_str()
            });
            its.map(|one| one.snapshots).sum::<u64>()
        };
        let mut unfit = Vec::new();
        let search = &state.search;
        let refused = search.refused().iter().map(|one| one.descriptor.as_str());
        let wanted = search.accepted().iter().map(String::as_str);
        // What comes of a container that stands in says nothing of the preset.
        if stored.container.is_some() && fit::is_battery(wanted.chain(refused).chain(search.remaining())) {
            let asked = stored.vehicles.iter().zip(&silent);
            for (vin, (vehicle, silent)) in asked.filter(|(vin, _)| polls(vin) >= u64::from(fit::POLLS)) {
                let mut accepted = search.accepted().iter();
                let is_mute = accepted.all(|it| fit::is_of_any_car(it) || silent.contains(it));
                if is_mute && !is_electric(vin) {
                    unfit.push(vehicle.clone());
                }
            }
        }
        sets.push(SetStatus {
            unfit,
            account: stored.account,
            source: stored.source,
            container: stored.container,
            since: stored.set.since,
            state,
            silent,
        });
    }
    Ok(sets)
}

/// For people; `None` where there is nothing to tell.
pub fn text(sets: &[SetStatus], now: Timestamp) -> Option<String> {
    if sets.is_empty() {
        return None;
    }
    let header = "source | account | container | descriptors | state";
    let rows = sets.iter().map(|set| {
        let search = &set.state.search;
        let accepted = search.accepted().len();
        let wanted = accepted + search.refused().len() + search.remaining().count();
        vec![
            set.source.clone(),
            set.account.clone(),
            or(set.container.as_ref().or(set.state.stand_in.as_ref()), "-"),
            format!("{accepted} of {wanted}"),
            state(set).to_owned(),
        ]
    });
    let said = sets.iter().flat_map(|set| {
        let of = |note| format!("{}: {note}", set.source);
        set_notes(set, now).into_iter().map(of)
    });
    Some(format!("\nContainers\n{}{}", table(header, rows), notes(said)))
}

fn state(set: &SetStatus) -> &'static str {
    let search = &set.state.search;
    match (&set.container, search.attempt()) {
        (None, _) if set.state.stand_in.is_some() => "another's",
        (None, _) => "missing",
        (_, Some(_)) => "trying more",
        _ if search.limit().is_some() => "full",
        _ if !search.refused().is_empty() => "without the refused",
        _ => "complete",
    }
}

fn set_notes(set: &SetStatus, now: Timestamp) -> Vec<String> {
    let search = &set.state.search;
    let mut notes = Vec::new();
    if let Some(first) = search.refused().first() {
        let refused = search.refused().iter();
        let names: Vec<_> = refused.map(|one| one.descriptor.as_str()).collect();
        notes.push(format!(
            "BMW refuses {} ({}) since {}",
            some(&names),
            first.words,
            first.at.strftime("%Y-%m-%d")
        ));
    }
    if let Some(limit) = search.limit() {
        let left_out: Vec<_> = search.remaining().collect();
        notes.push(format!(
            "BMW takes containers of up to {} descriptors here ({}); left out: {}",
            limit.descriptors,
            limit.words,
            some(&left_out)
        ));
    }
    for (vehicle, descriptors) in set.told_silent(now) {
        notes.push(format!(
            "{vehicle} sent no value in a week or more for {}",
            some(descriptors)
        ));
    }
    notes.extend(
        set.unfit
            .iter()
            .map(|vehicle| format!("{vehicle}: {}", fit::ADVICE)),
    );
    if let (None, Some(id)) = (&set.container, &set.state.stand_in) {
        notes.push(format!(
            "{id}, made here for another set, is polled until there is a container for this one"
        ));
    }
    if let Some(denied) = search.denied() {
        notes.push(format!(
            "BMW lets this account create no container ({}); it was last asked on {}",
            denied.words,
            denied.at.strftime("%Y-%m-%d")
        ));
    }
    notes.extend(set.state.notice.clone());
    notes.extend(set.state.full.clone());
    notes
}

/// The first few of many.
fn some(descriptors: &[impl AsRef<str>]) -> String {
    let names: Vec<_> = descriptors.iter().map(AsRef::as_ref).take(SHOWN).collect();
    let first = names.join(", ");
    match descriptors.len() {
        count if count > SHOWN => format!(
            "{count} descriptors: {first} and {} more (`cardata status --json` names all)",
            count - SHOWN
        ),
        _ => first,
    }
}

/// For programs.
pub fn json(sets: &[SetStatus], now: Timestamp) -> Value {
    sets.iter()
        .map(|set| {
            let search = &set.state.search;
            let refused = search.refused().iter().map(
                |refused| json!({ "descriptor": refused.descriptor, "said": refused.words, "at": refused.at }),
            );
            let silent = set
                .told_silent(now)
                .map(|(vehicle, descriptors)| json!({ "vehicle": vehicle, "descriptors": descriptors }));
            let over = search.limit().is_some();
            json!({
                "source": set.source,
                "account": set.account,
                "container": set.container,
                "stand_in": set.state.stand_in.as_ref().filter(|_| set.container.is_none()),
                "denied": search.denied().map(|denied| &denied.words),
                "state": state(set),
                "since": set.since,
                "accepted": search.accepted().len(),
                "refused": refused.collect::<Value>(),
                "limit": search.limit().map(|limit| limit.descriptors),
                "left_out": search.remaining().filter(|_| over).collect::<Vec<_>>(),
                "untried": search.remaining().filter(|_| !over).count(),
                "unfit": set.unfit,
                "silent": silent.collect::<Value>(),
                "notice": set.state.notice,
                "full": set.state.full,
            })
        })
        .collect()
}
