//! What the scheduler writes down about polls and says of an account.

use collector_core::Vehicle;
use jiff::Timestamp;

use crate::account::{Account, Chain};
use crate::journal::polls::{ComponentState, PollRecord};

impl Account {
    pub(super) async fn note_attempt(
        &self,
        source: &str,
        vehicle: &Vehicle,
        at: Timestamp,
        failures: u32,
        problem: Option<&str>,
    ) {
        let problem = problem.map(str::to_owned);
        self.note(
            source,
            vehicle,
            PollRecord {
                last_at: at,
                last_success_at: None,
                failures,
                problem,
                activity: None,
            },
        )
        .await;
    }

    pub(super) async fn note_success(
        &self,
        source: &str,
        vehicle: &Vehicle,
        at: Timestamp,
        activity: Option<String>,
    ) {
        let record = PollRecord {
            last_at: at,
            last_success_at: Some(at),
            failures: 0,
            problem: None,
            activity,
        };
        self.note(source, vehicle, record).await;
    }

    /// What cannot be noted costs at most an earlier poll after a restart, which the ledger still bounds.
    async fn note(&self, source: &str, vehicle: &Vehicle, record: PollRecord) {
        if let Err(error) = self
            .journal
            .remember_poll(&self.name, source, &vehicle.vin, record)
            .await
        {
            tracing::warn!(account = %self.name, error = %Chain(&error), "could not note when a vehicle was polled");
        }
    }

    /// Tells `cardata status` how the account fares.
    pub async fn publish(&self, state: &'static str, message: Option<String>) {
        let component = ComponentState {
            kind: "account",
            name: self.name.to_string(),
            state,
            message,
            since: self.clock.now(),
        };
        if let Err(error) = self.journal.publish(component).await {
            tracing::debug!(account = %self.name, error = %Chain(&error), "could not publish a state");
        }
    }
}
