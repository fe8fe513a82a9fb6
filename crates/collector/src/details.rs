//! What BMW says of a vehicle that never changes: brand and model. It costs a call, so it is asked for once.

use std::time::Duration;

use cardata_api::BasicData;
use collector_core::{Name, Vin};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use runtime::Chain;
use source::Handles;

/// A vehicle of which nothing was learned is asked for again after this.
const AGAIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What the ledger remembers of a vehicle: an answer of BMW's, or only when it was asked.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VehicleDetails {
    pub brand: Option<String>,
    pub model_name: Option<String>,
    pub propulsion_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drive_train: Option<String>,
    construction_date: Option<String>,
    /// Milliseconds since the epoch; none of an answer.
    #[serde(rename = "asked_at", skip_serializing_if = "Option::is_none")]
    asked_at: Option<i64>,
}

impl VehicleDetails {
    pub fn answered(data: BasicData) -> Self {
        Self {
            brand: data.brand,
            model_name: data.model_name,
            propulsion_type: data.propulsion_type,
            drive_train: data
                .other
                .get("driveTrain")
                .and_then(Value::as_str)
                .map(str::to_owned),
            construction_date: data.construction_date,
            asked_at: None,
        }
    }

    fn tried(at: Timestamp) -> Self {
        Self {
            asked_at: Some(at.as_millisecond()),
            ..Self::default()
        }
    }

    /// What cannot be read says nothing, and is not asked for again.
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub fn to_json(&self) -> String {
        json!(self).to_string()
    }

    /// Whether it is BMW's answer, which never changes.
    pub fn is_answer(&self) -> bool {
        self.asked_at.is_none()
    }

    /// Nothing was learned, and that was long ago.
    fn is_due(&self, now: Timestamp) -> bool {
        let asked_at = self.asked_at.and_then(|at| Timestamp::from_millisecond(at).ok());
        asked_at.is_some_and(|at| now.duration_since(at).abs() >= AGAIN)
    }
}

/// Whoever can be asked about the vehicles of one account.
#[derive(Debug, Clone)]
pub struct Details(Handles);

impl Details {
    pub fn new(handles: &Handles) -> Self {
        Self(handles.clone())
    }

    pub fn account(&self) -> &Name {
        &self.0.login.account
    }

    /// Asks BMW for a vehicle that nobody has asked for, if a call can be spared, and remembers the answer. That it
    /// was tried is written down before the call leaves: neither failures nor restarts make it two.
    async fn ask_once(&self, vin: &Vin) {
        let now = self.0.clock.now();
        let Ok(known) = self.0.ledger.details(vin.clone()).await else {
            return;
        };
        let known = known.as_deref().map(VehicleDetails::from_json);
        if known.as_ref().is_some_and(|known| !known.is_due(now))
            || self.is_barred(vin).await
            || !self.can_spare(known.is_none(), now).await
        {
            return;
        }
        let tried = VehicleDetails::tried(now).to_json();
        if self.0.ledger.remember_details(vin.clone(), tried).await.is_err() {
            return;
        }
        let problem = match self.0.client.basic_data(vin).await {
            Ok(data) => {
                let details = VehicleDetails::answered(data).to_json();
                match self.0.ledger.remember_details(vin.clone(), details).await {
                    Ok(()) => return,
                    Err(error) => Chain(&error).to_string(),
                }
            }
            Err(error) => Chain(&error).to_string(),
        };
        tracing::debug!(account = %self.account(), vehicle = %self.0.names.of(vin), error = problem, "could not learn brand and model of a vehicle; asking again in a week");
    }

    /// Whether BMW would refuse it, as far as is known.
    async fn is_barred(&self, vin: &Vin) -> bool {
        let (ledger, account) = (&self.0.ledger, Some(self.account()));
        let (known, refusals) = (ledger.known_vehicles().await, ledger.refusals().await);
        let (known, refusals) = (known.unwrap_or_default(), refusals.unwrap_or_default());
        let mut refusals = refusals.iter();
        refusals.any(|one| one.vin == *vin && Some(&one.account) == account)
            || known
                .iter()
                .any(|one| one.vin == *vin && one.account.as_ref() == account && one.primary == Some(false))
    }

    /// Whether a call can leave. Where all of them are promised to polls none can ever be spared; so the first one for a
    /// vehicle may take the place of a poll, as long as the reserve is whole.
    async fn can_spare(&self, is_first: bool, now: Timestamp) -> bool {
        let budget = &self.0.budget;
        budget.spare_calls(now).await > 0
            || is_first && budget.left_beside_reserve(now).await.is_ok_and(|left| left > 0)
    }

    /// The same on its own, waited for no longer than this: what is learned later is known to whoever asks next.
    /// `under_way` is held as long as it takes.
    pub async fn ask_once_within(self, vin: Vin, patience: Duration, under_way: impl Send + 'static) {
        let asked = tokio::spawn(async move {
            self.ask_once(&vin).await;
            drop(under_way);
        });
        // Neither a bug in it nor a slow answer is of any concern to who waits.
        let _ = tokio::time::timeout(patience, asked).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use planner::quota::Allowance;
    use runtime::{Clock, SystemClock};
    use source::testing;

    use super::*;
    use crate::http;

    #[tokio::test]
    async fn the_first_question_takes_the_place_of_a_poll_where_all_calls_are_promised() {
        http::install_crypto();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let tokens = tempfile::tempdir().unwrap();
        let nowhere = "http://127.0.0.1:9".parse().unwrap();
        let account = testing::account(&http::client().unwrap(), &nowhere, tokens.path(), &clock);
        let (details, budget) = (Details::new(&account.handles), &account.handles.budget);
        let now = clock.now();
        let spend = async |call| {
            let allowance = Allowance::for_necessities(50);
            budget.spend(call, now, allowance).await.unwrap().unwrap();
        };
        // The first day of `every: 30m`: mapping and containers have used up the reserve, polls want the rest.
        for _ in 0..3 {
            spend("createContainer").await;
        }
        budget.publish(0, now);
        assert!(details.can_spare(true, now).await);
        assert!(!details.can_spare(false, now).await, "a second question waits");
        for _ in 3..48 {
            spend(ledger::POLL).await;
        }
        assert!(!details.can_spare(true, now).await, "what is left is the reserve");
    }

    #[test]
    fn an_answer_is_for_ever_and_a_failure_for_a_week() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let tried = |days: i64| {
            let at = now - SignedDuration::from_hours(24 * days);
            VehicleDetails::from_json(&format!(r#"{{"asked_at":{}}}"#, at.as_millisecond()))
        };
        assert!(!tried(6).is_due(now) && !tried(6).is_answer());
        assert!(tried(7).is_due(now));
        let written = VehicleDetails::tried(now).to_json();
        assert!(!VehicleDetails::from_json(&written).is_answer());
        let answer = VehicleDetails::from_json(r#"{"brand":"BMW","modelName":"i4"}"#);
        assert!(answer.is_answer() && !answer.is_due(now));
        assert!(!VehicleDetails::from_json("not JSON").is_due(now));
    }
}
