//! A poll on demand.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::api::shape;
use crate::app::Shared;
use crate::problem::Problem;

/// The program decides within its budget.
pub(super) async fn poll(
    State(app): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let vehicle = app.vehicle(&name).await?;
    match app.look.poll(&vehicle.vin).await {
        Ok(polled) => Ok(Json(
            json!({ "vehicle": vehicle.name, "polled_at": shape::time(polled.at) }),
        )),
        Err(refused) => Err(Problem::refused(&refused, app.now())),
    }
}
