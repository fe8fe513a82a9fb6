//! What BMW says of a vehicle that never changes: brand and model. It costs a call, so it is asked for once.

use std::time::Duration;

use cardata_api::BasicData;
use collector_core::{Name, Vin};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use runtime::Chain;
use source::Handles;

/// A vehicle of which nothing was learned is asked for again after this.
const AGAIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is remembered of an answer.
pub fn summary(data: &BasicData) -> String {
    json!({
        "brand": data.brand,
        "modelName": data.model_name,
        "propulsionType": data.propulsion_type,
        "constructionDate": data.construction_date,
    })
    .to_string()
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
            Ok(known) if known.as_deref().is_none_or(|known| is_due(known, now)) => {}
            _ => return,
        }
        if self.0.budget.spare_calls(now).await == 0 {
            return;
        }
        let tried = json!({ "asked_at": now.as_millisecond() }).to_string();
        if self.0.ledger.remember_details(vin.clone(), tried).await.is_err() {
            return;
        }
        let problem = match self.0.client.basic_data(vin).await {
            Ok(data) => match self.0.ledger.remember_details(vin.clone(), summary(&data)).await {
                Ok(()) => return,
                Err(error) => Chain(&error).to_string(),
            },
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

/// Nothing was learned, and that was long ago.
fn is_due(known: &str, now: Timestamp) -> bool {
    let asked_at = serde_json::from_str::<Value>(known)
        .ok()
        .and_then(|known| known.get("asked_at")?.as_i64());
    asked_at
        .and_then(|at| Timestamp::from_millisecond(at).ok())
        .is_some_and(|at| now.duration_since(at).abs() >= AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_for_ever_and_a_failure_for_a_week() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let tried = |days: i64| {
            let at = now - SignedDuration::from_hours(24 * days);
            json!({ "asked_at": at.as_millisecond() }).to_string()
        };
        assert!(!is_due(&tried(6), now));
        assert!(is_due(&tried(7), now));
        assert!(!is_due(r#"{"brand":"BMW","modelName":"i4"}"#, now));
        assert!(!is_due("not JSON", now));
    }
}
