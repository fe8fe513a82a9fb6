//! `cardata vehicles`.

use collector::poller::Mapping;
use collector_core::{SourceError, Vin};
use jiff::SignedDuration;
use source::Handles;

use status::table::table;

use crate::args::VehiclesArgs;
use crate::{CommandResult, Failure, context, terminal};

pub async fn run(options: VehiclesArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let mut rows = vec![["account", "vin", "mapping", "model"].map(str::to_owned).to_vec()];
    for account in context::accounts(&pipeline)? {
        let age = if options.refresh {
            SignedDuration::ZERO
        } else {
            SignedDuration::MAX
        };
        let name = account.login.account.clone();
        let vehicles = Mapping(&account)
            .mapped(age)
            .await
            .map_err(|error| failure(&name, &error))?;
        for vehicle in vehicles {
            // Only a primary user may ask for it.
            let model = if vehicle.primary {
                model(&account, &vehicle.vin, options.refresh).await?
            } else {
                None
            };
            rows.push(vec![
                name.to_string(),
                vehicle.vin.to_string(),
                if vehicle.primary { "primary" } else { "secondary" }.to_owned(),
                model.unwrap_or_else(|| "-".to_owned()),
            ]);
        }
    }
    terminal::say(&table(&rows));
    Ok(())
}

/// The model, from what basicData said once; asked for when it is not known.
async fn model(account: &Handles, vin: &Vin, refresh: bool) -> Result<Option<String>, Failure> {
    let failed = |error: ledger::StoreError| Failure::new(2, context::chain(&error));
    if !refresh && let Some(details) = account.ledger.details(vin.clone()).await.map_err(failed)? {
        return Ok(described(&details));
    }
    let details = match account.client.basic_data(vin).await {
        Ok(data) => collector::summary(&data),
        Err(error) => return Err(context::api_failure(&account.login.account, &error)),
    };
    account
        .ledger
        .remember_details(vin.clone(), details.clone())
        .await
        .map_err(failed)?;
    Ok(described(&details))
}

fn described(details: &str) -> Option<String> {
    let details: serde_json::Value = serde_json::from_str(details).ok()?;
    let keys = ["brand", "modelName", "propulsionType"];
    let parts = keys.iter().filter_map(|key| details.get(key)?.as_str());
    let text = parts.collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

fn failure(account: &str, error: &SourceError) -> Failure {
    let code = if matches!(error, SourceError::Login { .. }) {
        3
    } else {
        4
    };
    Failure::new(code, format!("{account}: {error}"))
}
