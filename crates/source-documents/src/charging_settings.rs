//! The source `charging_settings`: what the owner set for the places where a vehicle charges.

use async_trait::async_trait;
use collector_core::document::CHARGING_SETTINGS;
use collector_core::{Poll, RawReading, RawSnapshot, SourceError, Vehicle};
use source::SourceContext;

use crate::asking::{Asking, bounded, document, document_source};

/// More places nobody has; a list without an end is none.
const MOST_PAGES: usize = 10;

document_source!(
    /// Asks for the settings of the places where each vehicle charges. Costs one call a vehicle and week, and one more for
    /// each further page of places.
    ChargingSettingsConfig, "charging_settings", every 7 days, ChargingSettings,
    "Asks for what is set for the places where each vehicle charges once a week."
);

struct ChargingSettings(Asking);

impl ChargingSettings {
    fn new(context: SourceContext) -> Self {
        Self(Asking::new(context))
    }

    /// All of them, each as it was sent; half a list would say that the others are gone.
    async fn all(&self, vehicle: &Vehicle) -> Result<Vec<String>, SourceError> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let client = &self.0.handles.client;
            let page = client.charging_settings(&vehicle.vin, next.as_deref()).await;
            let page = bounded(page.map_err(|error| self.0.failed(vehicle, &error))?)?;
            all.extend(page.items.iter().map(|item| item.get().to_owned()));
            if page.next.is_none() || page.next == next {
                break;
            }
            next = page.next;
        }
        Ok(all)
    }
}

#[async_trait]
impl Poll for ChargingSettings {
    async fn poll(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, SourceError> {
        let asked_at = self.0.now();
        let all = self.all(vehicle).await?;
        let documents = listed(&all).into_iter().collect();
        Ok(self.0.brought(vehicle, asked_at, documents))
    }
}

/// All of them as one document.
pub fn listed(all: &[String]) -> Option<RawReading> {
    let list = format!("[{}]", all.join(","));
    document(CHARGING_SETTINGS, &list, None)
}
