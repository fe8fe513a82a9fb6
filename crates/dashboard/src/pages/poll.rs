//! Asking BMW for a vehicle by the button of its page.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use collector_core::PollRefused;
use dashboard_content::Options;
use url::form_urlencoded;

use super::Page;
use crate::app::Shared;
use crate::shown::moment;
use crate::view::frame::Notice;
use crate::view::parts::Level;
use crate::view::texts;

/// Back to the page, which says by words in its URL what became of it: it shows no text that a link brings.
pub(super) async fn ask(State(app): State<Shared>, Path(name): Path<String>) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (word, at) = match app.look.poll(&vehicle.vin).await {
        Ok(_) => ("asked", None),
        Err(PollRefused::Unknown) => ("unknown", None),
        Err(PollRefused::Barred) => ("barred", None),
        Err(PollRefused::NoSource) => ("no_source", None),
        Err(PollRefused::LoginNeeded) => ("login", None),
        Err(PollRefused::UnderWay) => ("under_way", None),
        Err(PollRefused::BudgetSpent { free_at }) => ("no_call", Some(free_at)),
        Err(refused) => {
            tracing::info!(reason = %refused, "a poll on demand brought nothing");
            ("failed", None)
        }
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("poll", word);
    if let Some(at) = at {
        query.append_pair("at", &format!("{at:.0}"));
    }
    let to = format!("now?{}", query.finish());
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

/// What became of it, for the page.
pub(super) fn notice(query: &HashMap<String, String>, options: &Options) -> Option<Notice> {
    let at = || {
        let at = query.get("at")?.parse().ok()?;
        Some(moment(at, options))
    };
    let later = |key| Some(texts::t(key).replace("{at}", &at()?));
    let refused = match query.get("poll")?.as_str() {
        "asked" => {
            return Some(Notice {
                level: Level::Good,
                text: texts::t("now.asked").to_owned(),
                link: None,
            });
        }
        "unknown" => PollRefused::Unknown.to_string(),
        "barred" => PollRefused::Barred.to_string(),
        "no_source" => PollRefused::NoSource.to_string(),
        "login" => PollRefused::LoginNeeded.to_string(),
        "under_way" => PollRefused::UnderWay.to_string(),
        "no_call" => later("now.no_call")?,
        "failed" => texts::t("now.busy").to_owned(),
        _ => return None,
    };
    Some(Notice {
        level: Level::Warn,
        text: texts::t("now.refused").replace("{reason}", &refused),
        link: None,
    })
}
