//! A poll on demand.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::app::Shared;
use crate::problem::Problem;

/// The program decides within its budget.
pub(super) async fn poll(
    State(app): State<Shared>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let vehicle = app.vehicle(&name).await?;
    match app.look.poll(&vehicle.vin).await {
        Ok(()) => Ok((StatusCode::ACCEPTED, Json(json!({ "vehicle": vehicle.name })))),
        Err(refused) => Err(Problem::refused(&refused, app.now())),
    }
}
