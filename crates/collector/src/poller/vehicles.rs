//! Which vehicles an account polls.

use std::time::Duration;

use cardata_api::ApiError;
use collector_core::state::PollsState;
use collector_core::{PollRefused, SourceError, Vehicle};
use jiff::SignedDuration;

use ledger::MappedVehicle;
use pipeline::Vehicles;
use runtime::clock::later;
use runtime::{Backoff, Chain};
use source::{Handles, source_error};

use super::Poller;
use super::polling::keeps;

/// Cars are bought and sold seldom; asking costs a call.
pub(super) const MAPPING_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// An account without a vehicle is about to get one.
pub(super) const EMPTY_MAPPING_AGE: SignedDuration = SignedDuration::from_hours(24);
const FIRST_RETRY: Duration = Duration::from_secs(60);
const LONGEST_RETRY: Duration = Duration::from_secs(3600);

impl Poller {
    /// The vehicles to poll; asks again until BMW has told them. `None` when cancelled.
    pub(super) async fn known_vehicles(&self) -> Option<Vec<Vehicle>> {
        let mut backoff = Backoff::new(FIRST_RETRY, LONGEST_RETRY);
        while !self.plan.cancelled.is_cancelled() {
            let login = self.handles.login.id().await;
            let error = match Mapping(&self.handles).vehicles(&self.plan.vehicles).await {
                Ok(vehicles) => return Some(vehicles),
                Err(error) => error,
            };
            self.publish(PollsState::Failing, Some(error.to_string()), keeps(&error))
                .await;
            if matches!(error, SourceError::Login { .. }) {
                self.wait_for_login(login, error.to_string()).await;
                continue;
            }
            let now = self.handles.clock.now();
            let wait = backoff.next_bound();
            let until = match &error {
                SourceError::Quota { .. } => self.next_call(now).await,
                _ => later(now, wait),
            };
            tracing::warn!(account = %self.account, %error, again = %until, "the vehicles of the account are not known");
            let mut now = now;
            while now < until && !self.plan.cancelled.is_cancelled() {
                if let Some(asked) = self.wait_for(now, until).await {
                    asked.answer(Err(PollRefused::NotReady));
                }
                let before = std::mem::replace(&mut now, self.handles.clock.now());
                // Set back: nobody knows how long ago that was. A machine may begin with any time, and get its own later.
                if now < before {
                    break;
                }
            }
        }
        None
    }
}

/// Which vehicles an account has.
#[derive(Debug)]
pub struct Mapping<'a>(pub &'a Handles);

impl Mapping<'_> {
    /// The vehicles that the pipeline file names for this account, or with `auto` every vehicle of which the
    /// account is the primary user. Spends a call only when they were not asked for within a week.
    pub async fn vehicles(&self, wanted: &Vehicles) -> Result<Vec<Vehicle>, SourceError> {
        let names = &self.0.names;
        match wanted {
            Vehicles::List(list) => {
                let here = list.iter().filter(|spec| spec.is_of(&self.0.login.account));
                Ok(here.map(|spec| names.vehicle(&spec.vin)).collect())
            }
            Vehicles::Auto => {
                let mapped = self.mapped(MAPPING_AGE).await?;
                let primary = mapped.iter().filter(|mapped| mapped.primary);
                Ok(primary.map(|mapped| names.vehicle(&mapped.vin)).collect())
            }
        }
    }

    /// The account's vehicles, asked for again when what is remembered is older than `age`.
    pub async fn mapped(&self, age: SignedDuration) -> Result<Vec<MappedVehicle>, SourceError> {
        let now = self.0.clock.now();
        let remembered = self.0.ledger.mapped_vehicles(&self.0.login.account).await.unwrap_or_else(|error| {
            tracing::warn!(account = %self.0.login.account, error = %Chain(&error), "could not read the remembered vehicles");
            None
        });
        if let Some((at, vehicles)) = &remembered
            // One that lies further ahead is of a clock that was set back.
            && now.duration_since(*at).abs()
                < if vehicles.iter().any(|v| v.primary) {
                    age
                } else {
                    age.min(EMPTY_MAPPING_AGE)
                }
        {
            return Ok(vehicles.clone());
        }
        // Where BMW does not tell, what was true last week is likelier than nothing.
        let told = self.ask().await;
        told.or_else(|error| match remembered {
            Some((_, vehicles)) => Ok(vehicles),
            None => Err(source_error(&error)),
        })
    }

    /// The account's vehicles as BMW has them now, which is remembered; spends a call.
    pub async fn ask(&self) -> Result<Vec<MappedVehicle>, ApiError> {
        let now = self.0.clock.now();
        let answer = self.0.client.mappings().await?;
        if !answer.iter().any(|mapping| mapping.primary) {
            tracing::warn!(account = %self.0.login.account, "the account is not the primary user of any vehicle; BMW gives data to primary users only");
        }
        let (forgotten, kept): (Vec<_>, Vec<_>) = answer
            .into_iter()
            .partition(|mapping| self.0.names.is_forgotten(&mapping.vin));
        for mapping in forgotten {
            tracing::info!(account = %self.0.login.account, vehicle = %self.0.names.of(&mapping.vin), "nothing is taken of a vehicle that was forgotten (`cardata forget`), until `vehicles:` names it");
        }
        let vehicles: Vec<_> = kept
            .into_iter()
            .map(|mapping| MappedVehicle {
                primary: mapping.primary,
                vin: mapping.vin,
            })
            .collect();
        if let Err(error) = self
            .0
            .ledger
            .remember_mapping(&self.0.login.account, now, vehicles.clone())
            .await
        {
            tracing::warn!(account = %self.0.login.account, error = %Chain(&error), "could not remember the vehicles");
        }
        Ok(vehicles)
    }
}
