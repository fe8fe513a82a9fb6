//! Which vehicles an account polls.

use cardata_api::MappingType;
use collector_core::{Name, SourceError, Vehicle, Vin};
use jiff::SignedDuration;

use super::Scheduler;
use crate::account::{Account, Chain};
use crate::config::Vehicles;
use crate::journal::registry::MappedVehicle;
use crate::sources::source_error;

/// Cars are bought and sold seldom; asking costs a call.
pub(super) const MAPPING_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// An account without a vehicle is about to get one.
pub(super) const EMPTY_MAPPING_AGE: SignedDuration = SignedDuration::from_hours(24);
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_RETRY: SignedDuration = SignedDuration::from_hours(1);

impl Scheduler {
    /// The vehicles to poll; asks again until BMW has told them. `None` when cancelled.
    pub(super) async fn known_vehicles(&self) -> Option<Vec<Vehicle>> {
        let mut wait = FIRST_RETRY;
        while !self.cancelled.is_cancelled() {
            let login = self.account.login_id().await;
            let error = match self.account.vehicles(&self.vehicles).await {
                Ok(vehicles) => return Some(vehicles),
                Err(error) => error,
            };
            self.account.publish("failing", Some(error.to_string())).await;
            let now = self.account.clock.now();
            let until = match &error {
                SourceError::Login { .. } => {
                    self.account
                        .publish("login needed", Some(error.to_string()))
                        .await;
                    tracing::error!(account = %self.account.name, %error, "polling stops until `cardata login` has been run");
                    self.account.wait_for_login(login, &self.cancelled).await;
                    continue;
                }
                SourceError::Quota { .. } => self.next_call(now).await,
                _ => now + wait,
            };
            tracing::warn!(account = %self.account.name, %error, again = %until, "the vehicles of the account are not known");
            while self.account.clock.now() < until && !self.cancelled.is_cancelled() {
                self.wait_for(until).await;
            }
            wait = SignedDuration::from_secs_f64(wait.as_secs_f64() * 2.0).min(LONGEST_RETRY);
        }
        None
    }
}

impl Account {
    /// The vehicles that the pipeline file names for this account, or with `auto` every vehicle of which the
    /// account is the primary user. Spends a call only when they were not asked for within a week.
    pub async fn vehicles(&self, wanted: &Vehicles) -> Result<Vec<Vehicle>, SourceError> {
        match wanted {
            Vehicles::List(list) => {
                let here = list
                    .iter()
                    .filter(|spec| spec.account.as_ref().is_none_or(|name| *name == self.name));
                Ok(here.map(|spec| vehicle(&spec.vin, spec.name.clone())).collect())
            }
            Vehicles::Auto => {
                let mapped = self.mapping(MAPPING_AGE).await?;
                let primary = mapped.into_iter().filter(|mapped| mapped.primary);
                Ok(primary.map(|mapped| vehicle(&mapped.vin, None)).collect())
            }
        }
    }

    /// The account's vehicles, asked for again when what is remembered is older than `age`.
    pub async fn mapping(&self, age: SignedDuration) -> Result<Vec<MappedVehicle>, SourceError> {
        let now = self.clock.now();
        let remembered = self.journal.mapped_vehicles(&self.name).await.unwrap_or_else(|error| {
            tracing::warn!(account = %self.name, error = %Chain(&error), "could not read the remembered vehicles");
            None
        });
        if let Some((at, vehicles)) = &remembered
            && now.duration_since(*at)
                < if vehicles.iter().any(|v| v.primary) {
                    age
                } else {
                    age.min(EMPTY_MAPPING_AGE)
                }
        {
            return Ok(vehicles.clone());
        }
        let answer = match self.client.mappings().await {
            Ok(answer) => answer,
            // What was true last week is likelier than nothing.
            Err(error) => {
                return remembered
                    .map(|(_, vehicles)| vehicles)
                    .ok_or_else(|| source_error(&error));
            }
        };
        let vehicles: Vec<_> = answer
            .into_iter()
            .map(|mapping| MappedVehicle {
                primary: mapping.mapping_type == MappingType::Primary,
                vin: mapping.vin,
            })
            .collect();
        if !vehicles.iter().any(|vehicle| vehicle.primary) {
            tracing::warn!(account = %self.name, "the account is not the primary user of any vehicle; BMW gives data to primary users only");
        }
        if let Err(error) = self
            .journal
            .remember_mapping(&self.name, now, vehicles.clone())
            .await
        {
            tracing::warn!(account = %self.name, error = %Chain(&error), "could not remember the vehicles");
        }
        Ok(vehicles)
    }
}

fn vehicle(vin: &Vin, name: Option<Name>) -> Vehicle {
    Vehicle {
        vin: vin.clone(),
        name: name.unwrap_or_else(|| vin.production_number().into()),
    }
}
