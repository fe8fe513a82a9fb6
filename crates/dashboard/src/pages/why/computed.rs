//! Why a number that a page computes is as it is: of which records, or of which keys, by which rule.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use collector_core::Vin;
use dashboard_content::why::{Computed, keys, records};

use super::ROOT;
use crate::app::{App, Shared};
use crate::pages::cells::Reading;
use crate::pages::files::with_tables;
use crate::pages::told::Present;
use crate::pages::{Page, frame, full};
use crate::problem::Problem;
use crate::view::frame::{Page as Way, segment};
use crate::view::parts::Link;
use crate::view::texts;
use crate::view::why::Why;

pub fn routes() -> Router<Shared> {
    Router::new().route("/why/page/{name}/{what}", get(page))
}

async fn page(
    State(app): State<Shared>,
    Path((name, what)): Path<(String, String)>,
    Query(asked): Query<records::Asked>,
) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let reading = Reading {
        options: &app.options,
        now: app.now(),
    };
    let name = vehicle.name.as_str();
    let computed = match records::find(&what) {
        Some(sum) => {
            let (vin, range) = (vehicle.vin.clone(), asked.span.all(&app.options.timezone)?);
            let read = move |reader: &history::read::Reader| sum.read(reader, &vin, range);
            Some(sum.computed(reading, ROOT, name, &asked, app.model.read(read).await?))
        }
        None => by_keys(&app, &vehicle.vin, reading, name, &what).await?,
    };
    let computed = computed.ok_or_else(|| Problem::not_found(texts::t("why.none")))?;
    let title = texts::t("why.title");
    with_tables(&Why {
        frame: frame::of(&app, ROOT, Way::Other, "now", Some(&vehicle), title).await?,
        title: computed.value.label.clone(),
        about: computed.about,
        back: Some(Link {
            label: texts::t("why.back").to_owned(),
            href: format!("{ROOT}v/{}/{}", segment(name), computed.page),
        }),
        values: vec![computed.value],
    })
}

/// A number of what the car says now; `None` where it does not tell it.
async fn by_keys(
    app: &App,
    vin: &Vin,
    reading: Reading<'_>,
    name: &str,
    what: &str,
) -> Result<Option<Computed>, Problem> {
    let values = app.ask(|look| look.values()).await.ok().flatten();
    let vin = vin.clone();
    let read = app.model.read(move |reader| {
        let present = Present::new(reader.latest(&vin)?, values.as_ref(), &vin);
        let full = full::read(reader, &vin, &present)?;
        Ok((present, full))
    });
    let (present, full) = read.await?;
    Ok(match what {
        full::NAME => full.map(|full| full.computed(&reading)),
        what => keys::computed(&reading, name, &present, what),
    })
}
