//! Which URL leads where, and what stands around all of them.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::app::App;
use crate::assets::Assets;
use crate::door::Door;
use crate::guard::guard;
use crate::server::Limits;
use crate::site::Site;
use crate::{api, csv, pages, picture, telemetry};

pub(crate) fn all(site: Site, door: Door, limits: &Limits, stop: &CancellationToken) -> Router {
    let assets = Assets::new(site.assets).routes();
    let events = site.events.clone().routes(stop);
    let app = Arc::new(App::of(&site));
    let telemetry = telemetry::routes(app.clone());
    let asked = api::routes()
        .merge(csv::routes())
        .merge(pages::routes())
        .merge(picture::routes())
        .with_state(app.clone());
    assets
        .merge(asked)
        .merge(events)
        .merge(telemetry)
        .fallback(|| async { (StatusCode::NOT_FOUND, "There is no such page.\n") })
        .layer(from_fn_with_state(app, pages::show_failures))
        .layer(CompressionLayer::new())
        .layer(RequestBodyTimeoutLayer::new(limits.body))
        .layer(RequestBodyLimitLayer::new(limits.body_bytes))
        .layer(from_fn_with_state(Arc::new(door), guard))
}
