//! `cardata vehicles`: the vehicles of each account, without a call where they are known.

use collector::VehicleDetails;
use collector::poller::Mapping;
use collector_core::{SourceError, Vin};
use jiff::SignedDuration;
use serde_json::{Value, json};
use source::Handles;
use status::table::{or, table};

use crate::args::VehiclesArgs;
use crate::{CommandResult, Failure, OrFail, context, terminal};

pub async fn run(options: VehiclesArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let age = if options.refresh {
        SignedDuration::ZERO
    } else {
        SignedDuration::MAX
    };
    let mut rows = Vec::new();
    for account in context::accounts(&pipeline)? {
        let name = &account.login.account;
        let vehicles = Mapping(&account).mapped(age).await;
        for vehicle in vehicles.map_err(|error| failure(name, &error))? {
            // Only a primary user may ask for it.
            let (mapping, model) = if vehicle.primary {
                let model = model(&account, &vehicle.vin, options.refresh).await?;
                ("primary", model)
            } else {
                ("secondary", None)
            };
            let called = account.names.of(&vehicle.vin).to_string();
            let vin = vehicle.vin.to_string();
            rows.push((name.to_string(), called, vin, mapping.to_owned(), model));
        }
    }
    if options.json {
        let vehicles = rows.into_iter().map(|(account, called, vin, mapping, model)| {
            json!({ "account": account, "vehicle": called, "vin": vin, "mapping": mapping, "model": model })
        });
        return terminal::answer(1, &json!({ "vehicles": vehicles.collect::<Value>() }));
    }
    let rows = rows
        .into_iter()
        .map(|(account, called, vin, mapping, model)| vec![account, called, vin, mapping, or(model, "-")]);
    terminal::say(&table("account | vehicle | vin | mapping | model", rows));
    Ok(())
}

/// The model, from what basicData said once; asked for when it is not known.
async fn model(account: &Handles, vin: &Vin, refresh: bool) -> Result<Option<String>, Failure> {
    let ledger = &account.ledger;
    if !refresh && let Some(details) = ledger.details(vin.clone()).await.or_fail(2)? {
        let details = VehicleDetails::from_json(&details);
        if details.is_answer() {
            return Ok(described(details));
        }
    }
    let data = account.client.basic_data(vin).await;
    let data = data.map_err(|error| {
        let failure = context::api_failure(account, &error);
        Failure::new(
            failure.code,
            format!("{}: {}", account.names.of(vin), failure.message),
        )
    })?;
    let details = VehicleDetails::answered(data);
    let remembered = ledger.remember_details(vin.clone(), details.to_json());
    remembered.await.or_fail(2)?;
    Ok(described(details))
}

fn described(details: VehicleDetails) -> Option<String> {
    let parts = [details.brand, details.model_name, details.propulsion_type];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

fn failure(account: &str, error: &SourceError) -> Failure {
    let is_login = matches!(error, SourceError::Login { .. });
    let code = if is_login { 3 } else { 4 };
    Failure::new(code, format!("{account}: {error}"))
}
