//! Why a number that a page computes is as it is: of which records, or of which keys, by which rule.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use status::why::rules;

use super::{ROOT, keys, records};
use crate::app::Shared;
use crate::pages::cells::Reading;
use crate::pages::files::with_tables;
use crate::pages::{Page, frame, full};
use crate::problem::Problem;
use crate::view::frame::{Page as Way, segment};
use crate::view::parts::Link;
use crate::view::texts;
use crate::view::why::{Rule, Why, WhyValue};

pub fn routes() -> Router<Shared> {
    Router::new().route("/why/page/{name}/{what}", get(page))
}

/// A number with its reasons, and where it stands.
pub struct Computed {
    pub value: WhyValue,
    /// The page of the vehicle that shows it.
    pub page: &'static str,
    pub about: String,
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
            Some(sum.computed(reading, name, &asked, app.model.read(read).await?))
        }
        None => {
            let told = keys::present(&app, &vehicle.vin).await?;
            match &*what {
                full::NAME => told.full.as_ref().map(|full| full.computed(&reading)),
                what => keys::computed(&reading, name, &told.present, what),
            }
        }
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

/// A rule of the page, with all that RULES.md says of it.
pub fn rule(number: &'static str) -> Vec<Rule> {
    let title = rules::title(number).unwrap_or_default();
    let text = rules::text(number).unwrap_or_default();
    vec![Rule {
        number: number.to_owned(),
        text: format!("{title}. {text}"),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_page_stands_among_the_rules() {
        let used: Vec<_> = records::SUMS
            .iter()
            .map(|sum| sum.rule)
            .chain(keys::RULES)
            .chain([full::RULE])
            .collect();
        for number in &used {
            assert!(
                rules::title(number).is_some() && rules::text(number).is_some(),
                "{number}"
            );
        }
        let stated = (1..).map(|number| format!("P{number}"));
        for number in stated.take_while(|number| rules::title(number).is_some()) {
            assert!(used.contains(&&*number), "{number} is of no number");
        }
    }
}
