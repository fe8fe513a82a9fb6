//! The source `vehicle`: what BMW knows of a vehicle that does not change, or seldom.

use async_trait::async_trait;
use collector_core::document::VEHICLE;
use collector_core::{Poll, RawSnapshot, SourceError, Vehicle};
use source::SourceContext;

use crate::asking::{Asking, document, document_source};

document_source!(
    /// Asks for the basic data of each vehicle: model, equipment, battery. Costs one call a vehicle and week.
    VehicleConfig, "vehicle", every 7 days, BasicData,
    "Asks for the basic data of each vehicle once a week."
);

struct BasicData(Asking);

impl BasicData {
    fn new(context: SourceContext) -> Self {
        Self(Asking::new(context))
    }
}

#[async_trait]
impl Poll for BasicData {
    async fn poll(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, SourceError> {
        let asked_at = self.0.now();
        let answer = self.0.handles.client.vehicle(&vehicle.vin).await;
        let json = answer.map_err(|error| self.0.failed(vehicle, &error))?;
        let documents = document(VEHICLE, json.get(), None).into_iter().collect();
        Ok(self.0.brought(vehicle, asked_at, documents))
    }
}
