//! The source `charging_settings`: what the owner set for the places where a vehicle charges.

use async_trait::async_trait;
use cardata_api::Page;
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

    /// All of them; half a list would say that the others are gone.
    async fn all(&self, vehicle: &Vehicle) -> Result<Vec<Page>, SourceError> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let client = &self.0.handles.client;
            let page = client.charging_settings(&vehicle.vin, next.as_deref()).await;
            let page = bounded(page.map_err(|error| self.0.failed(vehicle, &error))?)?;
            let following = page.next.clone();
            all.push(page);
            if following.is_none() || following == next {
                break;
            }
            next = following;
        }
        Ok(all)
    }
}

/// The places of all pages, each as it was sent. `None` where a page says nothing, for that is no news of any place.
fn list(pages: &[Page]) -> Option<String> {
    let items = pages.iter().flat_map(|page| &page.items);
    let items: Vec<&str> = items.map(|item| item.get()).collect();
    let is_told = !pages.iter().any(|page| page.is_silent);
    is_told.then(|| format!("[{}]", items.join(",")))
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
pub fn listed(pages: &[Page]) -> Option<RawReading> {
    list(pages).and_then(|list| document(CHARGING_SETTINGS, &list, None))
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn a_page_that_says_nothing_ends_no_setting() {
        let page = |json: &str| Page {
            items: vec![RawValue::from_string(json.to_owned()).unwrap()],
            ..Page::default()
        };
        let silent = || Page {
            is_silent: true,
            ..Page::default()
        };
        let two = [page(r#"{"id" : 1}"#), page("2")];
        assert_eq!(list(&two).as_deref(), Some(r#"[{"id" : 1},2]"#));
        assert_eq!(
            list(&[Page::default()]).as_deref(),
            Some("[]"),
            "known to be none"
        );
        assert_eq!(list(&[silent()]), None);
        assert_eq!(list(&[page("1"), silent()]), None);
    }
}
