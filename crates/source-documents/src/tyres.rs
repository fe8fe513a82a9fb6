//! The source `tyres`: what BMW knows of the tyres.

use async_trait::async_trait;
use collector_core::document::TYRES;
use collector_core::{Poll, RawSnapshot, SourceError, Vehicle};
use source::SourceContext;

use crate::asking::{Asking, document, document_source};

document_source!(
    /// Asks for the diagnosis of the tyres of each vehicle. Costs one call a vehicle and week.
    TyresConfig, "tyres", every 7 days, Tyres,
    "Asks for the state of the tyres of each vehicle once a week."
);

struct Tyres(Asking);

impl Tyres {
    fn new(context: SourceContext) -> Self {
        Self(Asking::new(context))
    }
}

#[async_trait]
impl Poll for Tyres {
    async fn poll(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, SourceError> {
        let asked_at = self.0.now();
        let answer = self.0.handles.client.tyres(&vehicle.vin).await;
        let json = answer.map_err(|error| self.0.failed(vehicle, &error))?;
        let documents = document(TYRES, json.get(), None).into_iter().collect();
        Ok(self.0.brought(vehicle, asked_at, documents))
    }
}
