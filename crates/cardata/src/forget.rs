//! `cardata forget`: a vehicle, such as one that was sold, taken out of the state directory.
//!
//! All of it in one transaction; then the file is written anew, so that nothing of it is left between its pages. Should that
//! be interrupted, the same command does the rest.

use std::collections::BTreeSet;
use std::path::Path;

use collector::page_store;
use collector::state::{OWNERS, OpenState, StateDirectory};
use collector_core::{Name, Names, Vehicle, Vin};
use journal::JournalError;
use journal::care::forget::Forgotten;
use ledger::overview::Overview;
use pipeline::{Pipeline, Vehicles};
use runtime::{Clock, SystemClock};
use serde_json::json;
use status::vehicle;
use store::Compacted;

use crate::args::ForgetArgs;
use crate::journal::{count, damages, failure, size, state};
use crate::{CommandResult, Failure, OrFail, context, terminal};

pub async fn run(options: ForgetArgs) -> CommandResult {
    let path = state(&options.pipeline)?;
    let pipeline = context::load(&options.pipeline)?;
    let directory = StateDirectory::create(&path)?;
    let _lock = directory.lock()?;
    let open = OpenState::open(directory.path()).map_err(failure)?;
    let ledger = Overview::open_file(open.store.path()).map_err(JournalError::from)?;
    let names = open.names(&pipeline.vehicles)?;
    let known = known(&open, &ledger)?;
    let wrong = |why| Failure::new(2, why);
    let meant = vehicle::meant(&options.vehicle, &known, &names).map_err(wrong)?;
    let mut document = json!({
        "vehicle": options.vehicle.trim(),
        "was_forgotten": meant.is_none(),
        "entries": null,
        "readings": null,
        "dead_letters": null,
        "unreadable": null,
    });
    let vehicle = match meant.map(|vin| names.vehicle(vin)) {
        Some(vehicle) => {
            agreed(&open, &vehicle, &options)?;
            let forgotten = open.forget(&vehicle.vin, SystemClock.now()).await;
            let forgotten = forgotten.map_err(failure)?;
            page_store::remove(&pipeline.sinks).or_fail(4)?;
            if !options.json {
                tell(&vehicle, &forgotten);
            }
            document["vehicle"] = json!(&*vehicle.name);
            document["entries"] = json!(forgotten.entries);
            document["readings"] = json!(forgotten.readings);
            document["dead_letters"] = json!(forgotten.dead_letters);
            document["unreadable"] = damages(&forgotten.unreadable);
            Some(vehicle)
        }
        None => {
            let forgotten = ledger.forgotten().map_err(JournalError::from)?;
            let again = again(&options, &forgotten, &names);
            again.ok_or_else(|| wrong(vehicle::unknown(&options.vehicle, &known, &names)))?
        }
    };
    open.store.checkpoint().await;
    drop((open, ledger));
    let compacted = compact(&path)?;
    if options.json {
        document["bytes_before"] = json!(compacted.before);
        document["bytes_after"] = json!(compacted.after);
        return terminal::answer(1, &document);
    }
    terminal::say(&format!(
        "The journal took {} and takes {} now.",
        size(compacted.before),
        size(compacted.after)
    ));
    if let Some(vehicle) = vehicle {
        terminal::say(&elsewhere(&pipeline, &vehicle));
    }
    Ok(())
}

/// Every vehicle of which the state directory knows anything.
fn known(open: &OpenState, ledger: &Overview) -> Result<BTreeSet<Vin>, Failure> {
    let stored = open.journal.overview()?.vehicles()?;
    let mut known: BTreeSet<Vin> = stored.iter().filter_map(|one| one.vin.parse().ok()).collect();
    let (mapped, refused, unlisted) = (ledger.vehicles(), ledger.refusals(), ledger.unlisted());
    known.extend(mapped.map_err(JournalError::from)?.into_iter().map(|one| one.vin));
    known.extend(
        refused
            .map_err(JournalError::from)?
            .into_iter()
            .map(|one| one.vin),
    );
    known.extend(
        unlisted
            .map_err(JournalError::from)?
            .into_iter()
            .map(|one| one.vin),
    );
    Ok(known)
}

/// A vehicle that was forgotten before, of which what is left to do is done: with its VIN, where that was given. `None` where
/// there never was one.
fn again(options: &ForgetArgs, forgotten: &[Name], names: &Names) -> Option<Option<Vehicle>> {
    let text = &options.vehicle;
    let vin = text.parse::<Vin>().ok();
    let name = vin.as_ref().map_or(text.trim().to_owned(), Vin::key_name);
    let is_it = |known: &Name| known.eq_ignore_ascii_case(&name);
    forgotten.iter().any(is_it).then(|| {
        if !options.json {
            terminal::say(&format!("{name} is forgotten already."));
        }
        vin.map(|vin| names.vehicle(&vin))
    })
}

fn agreed(open: &OpenState, vehicle: &Vehicle, options: &ForgetArgs) -> CommandResult {
    let overview = open.journal.overview()?;
    let totals = overview
        .vehicles()?
        .into_iter()
        .find(|one| one.vin == vehicle.vin.as_str());
    let totals = totals.unwrap_or_default();
    let letters = overview.dead_letters()?;
    let letters = letters
        .iter()
        .filter(|letter| letter.vin.as_ref() == Some(&vehicle.vin));
    let what = format!(
        "{} ({}) is removed from {}: {} with {}, {}, and all that is known of it. Only a backup or an export brings that back.",
        vehicle.name,
        vehicle.vin,
        open.store.path().display(),
        count(totals.snapshots, "entry", "entries"),
        count(totals.readings, "reading", "readings"),
        count(letters.count() as u64, "dead letter", "dead letters"),
    );
    if options.yes {
        terminal::error(&what);
        return Ok(());
    }
    match terminal::confirm(&format!("{what}\nForget it?")) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(4, "nothing was removed")),
        None => Err(Failure::new(
            4,
            format!("{what}\nnothing was removed: nobody can be asked here, so say --yes"),
        )),
    }
}

fn tell(vehicle: &Vehicle, forgotten: &Forgotten) {
    terminal::say(&format!(
        "{} is forgotten: {} with {} and {} are gone.",
        vehicle.name,
        count(forgotten.entries, "entry", "entries"),
        count(forgotten.readings, "reading", "readings"),
        count(forgotten.dead_letters, "dead letter", "dead letters"),
    ));
    for damage in &forgotten.unreadable {
        terminal::error(&format!(
            "{damage}: some of it may be in there. Bring these entries back with `cardata journal import` of an export of this \
             journal, then run this again; or leave them: nothing reads them"
        ));
    }
}

/// Writes the file without what was in it.
fn compact(state: &Path) -> Result<Compacted, Failure> {
    let spinner = terminal::spinner("writing the journal anew");
    let compacted = store::compact(state, &OWNERS);
    spinner.finish_and_clear();
    compacted.map_err(|error| {
        let Failure { code, message, .. } = failure(error.into());
        let left = "the vehicle is forgotten, but the file was not written anew, and what was removed may stand between its \
                    pages: run this again";
        Failure::new(code, format!("{left} ({message})"))
    })
}

/// What this command leaves to its owner.
fn elsewhere(pipeline: &Pipeline, vehicle: &Vehicle) -> String {
    let back = match &pipeline.vehicles {
        Vehicles::List(list) if list.iter().any(|spec| spec.vin == vehicle.vin) => {
            "`vehicles:` names it, so it comes back with the next poll or message: remove it from there first"
        }
        Vehicles::List(_) => "`vehicles:` does not name it: nothing more of it is taken",
        Vehicles::Auto => {
            "nothing more of it is taken, also while BMW still counts it to the account, until `vehicles:` names it"
        }
    };
    let mut lines = vec![back.to_owned()];
    lines.push("What was delivered and copied stays where it is:".to_owned());
    for sink in pipeline.sinks.iter().filter(|sink| !sink.is_own) {
        lines.push(format!("  {}: {}", sink.name, (sink.removal)(vehicle)));
    }
    lines.push(
        "  backups, exports, and what a restore has moved aside: delete them, and make a new backup"
            .to_owned(),
    );
    lines.join("\n")
}
