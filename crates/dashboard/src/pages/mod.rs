//! The pages: what is read, put into the words and the units of its reader.

mod battery;
mod charge;
mod charging;
mod data;
mod failed;
mod files;
mod frame;
mod key;
mod login;
mod now;
mod poll;
mod ranged;
mod system;
mod trip;
mod trips;
mod why;

use askama::Template;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use dashboard_content::{
    cells, curve, full, gaps, health, keys, labels, level, openings, range, standing, sums, told,
};

pub(crate) use failed::{failed, is_page, locked, show_failures};

use crate::app::Shared;
use crate::problem::Problem;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .merge(battery::routes())
        .merge(charge::routes())
        .merge(charging::routes())
        .merge(data::routes())
        .merge(key::routes())
        .merge(login::routes())
        .merge(now::routes())
        .merge(system::routes())
        .merge(trip::routes())
        .merge(trips::routes())
        .merge(why::routes())
        .layer(from_fn(files::give_files))
}

/// A page, or why there is none.
type Page = Result<Response, Problem>;

/// A page that was made a moment ago and is another one in the next.
fn shown(template: &impl Template) -> Page {
    let html = template
        .render()
        .map_err(|error| Problem::broken(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((StatusCode::OK, headers, html).into_response())
}
