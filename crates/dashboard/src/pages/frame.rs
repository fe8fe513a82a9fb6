//! What is around every page, as it is at this moment.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use history::read::VehicleRow;

use crate::app::App;
use crate::assets::version;
use crate::files::FILES;
use crate::problem::Problem;
use crate::view::frame::{Frame, Notice, Page, VehicleLink, segment};
use crate::view::parts::Level;
use crate::view::texts;

static VERSIONS: LazyLock<Arc<BTreeMap<&'static str, String>>> = LazyLock::new(|| {
    let all = FILES.iter().map(|file| (file.name, version(file.bytes)));
    Arc::new(all.collect())
});

/// The frame of a page. `root` leads from its URL to the root, `word` is the last part of the URL by which another
/// vehicle has the same page.
///
/// # Errors
/// The database of the page cannot be read.
pub async fn of(
    app: &App,
    root: &str,
    page: Page,
    word: &str,
    vehicle: Option<&VehicleRow>,
    title: &str,
) -> Result<Frame, Problem> {
    // What changes from here on is told to the page.
    let sequence = app.events.sequence();
    let vehicles = app.vehicles().await?;
    let link = |one: &VehicleRow| VehicleLink {
        name: one.name.clone(),
        href: format!("{root}v/{}/{word}", segment(&one.name)),
        is_current: vehicle.is_some_and(|shown| shown.vin == one.vin),
    };
    let title = match vehicle {
        Some(vehicle) if !title.is_empty() => format!("{title} · {}", vehicle.name),
        Some(vehicle) => vehicle.name.clone(),
        None => title.to_owned(),
    };
    Ok(Frame {
        root: root.to_owned(),
        page,
        title,
        versions: VERSIONS.clone(),
        vehicles: vehicles.iter().map(link).collect(),
        vehicle: vehicle.map(|vehicle| segment(&vehicle.name)).unwrap_or_default(),
        notices: notices(app).await,
        now_ms: app.now().as_millisecond(),
        zone: app.options.timezone.iana_name().unwrap_or("UTC").to_owned(),
        sequence: Some(sequence),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// What its owner must know on every page: that nothing can be stored, or nobody is logged in.
async fn notices(app: &App) -> Vec<Notice> {
    let status = match app.ask(|look| look.status()).await {
        Ok(status) => status,
        Err(error) => {
            return vec![Notice {
                level: Level::Bad,
                text: error.0,
                link: None,
            }];
        }
    };
    let bad = |text: String| Notice {
        level: Level::Bad,
        text,
        link: None,
    };
    let journal = status
        .journal_problem
        .map(|problem| bad(texts::t("notice.journal").replace("{problem}", &problem)));
    let logins = status.accounts.into_iter().filter_map(|account| {
        let problem = account.login_problem?;
        Some(bad(format!("{}: {problem}", account.name)))
    });
    journal.into_iter().chain(logins).collect()
}
