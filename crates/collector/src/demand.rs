//! Has a vehicle polled while the engine runs, for whoever serves people.

use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{Cadence, Demands, PollRefused, Polled, Vin};
use pipeline::SourceSpec;
use runtime::Clock;

use crate::poller::Polling;
use crate::poller::desk::Bell;

/// The way to the pollers of all accounts. Clones share it.
#[derive(Debug, Clone)]
pub struct Demand {
    bells: Arc<[Bell]>,
    /// Whether the pipeline has a source that is polled often.
    are_taken: bool,
    clock: Arc<dyn Clock>,
}

impl Demand {
    pub(crate) fn of(pollers: &[Polling], sources: &[SourceSpec], clock: &Arc<dyn Clock>) -> Self {
        let taking = pollers.iter().filter(|(poller, _)| poller.takes_demands());
        Self {
            bells: taking.map(|(poller, _)| poller.bell()).collect(),
            ..Self::closed(sources, clock)
        }
    }

    /// Of a process that polls nothing, of a pipeline that may.
    pub(crate) fn closed(sources: &[SourceSpec], clock: &Arc<dyn Clock>) -> Self {
        let is_taken = |source: &SourceSpec| matches!(source.plugin.cadence, Cadence::Polled { .. });
        Self {
            bells: Arc::default(),
            are_taken: sources.iter().any(is_taken),
            clock: clock.clone(),
        }
    }

    /// Has a vehicle polled now, by the first account that has it, and returns when what that brought is in the journal. Costs
    /// one call for each source that polls the vehicle, none where it was polled within the last minute.
    ///
    /// # Errors
    /// Why it was not polled, or that the poll failed.
    pub async fn poll(&self, vin: &Vin) -> Result<Polled, PollRefused> {
        let mut refused = match self.are_taken {
            true => PollRefused::Stopped,
            false => PollRefused::NoSource,
        };
        for (nth, bell) in self.bells.iter().enumerate() {
            let answer = bell.ask(vin, self.clock.now()).await;
            match answer {
                // What an account says without a look at the vehicle need not be true of the vehicle's own.
                Err(error) if !is_of_the_vehicle(&error) => {
                    if nth == 0 || refused == PollRefused::Unknown {
                        refused = error;
                    }
                }
                answer => return answer,
            }
        }
        Err(refused)
    }
}

/// Whether no other account needs to be asked.
fn is_of_the_vehicle(refused: &PollRefused) -> bool {
    matches!(
        refused,
        PollRefused::BudgetSpent { .. } | PollRefused::Failed { .. }
    )
}

#[async_trait]
impl Demands for Demand {
    fn are_taken(&self) -> bool {
        self.are_taken
    }

    async fn poll(&self, vin: &Vin) -> Result<Polled, PollRefused> {
        Self::poll(self, vin).await
    }
}
