//! What BMW says of a vehicle that never changes: brand and model. It costs a call, so it is asked for once.

use std::time::Duration;

use cardata_api::BasicData;
use collector_core::{Name, Vin};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

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

    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Asks BMW for a vehicle that nobody has asked for, if a call can be spared, and remembers the answer. That it
    /// was tried is written down before the call leaves: neither failures nor restarts make it two.
    async fn ask_once(&self, vin: &Vin) {
        let now = self.0.clock.now();
        match self.0.ledger.details(vin.clone()).await {
            Ok(known)
                if known
                    .as_deref()
                    .is_none_or(|known| VehicleDetails::from_json(known).is_due(now)) => {}
            _ => return,
        }
        if self.0.budget.spare_calls(now).await == 0 {
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
        tracing::debug!(account = %self.account(), vehicle = vin.short(), error = problem, "could not learn brand and model of a vehicle; asking again in a week");
    }

    /// The same on its own, waited for no longer than this: what is learned later is known to whoever asks next.
    pub async fn ask_once_within(self, vin: Vin, patience: Duration) {
        let asked = tokio::spawn(async move { self.ask_once(&vin).await });
        // Neither a bug in it nor a slow answer is of any concern to who waits.
        let _ = tokio::time::timeout(patience, asked).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
