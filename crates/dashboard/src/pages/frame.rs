//! What is around every page, as it is at this moment.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use collector_core::mask::readable;
use history::read::VehicleRow;
use status::Status;

use super::login;
use crate::app::App;
use crate::assets::version;
use crate::files::FILES;
use crate::problem::Problem;
use crate::site::LookError;
use crate::view::frame::{Frame, Notice, Page, VehicleLink, segment};
use crate::view::parts::Level;
use crate::view::texts;

static VERSIONS: LazyLock<Arc<BTreeMap<&'static str, String>>> = LazyLock::new(|| {
    let all = FILES.iter().map(|file| (file.name, version(file.bytes)));
    Arc::new(all.collect())
});

/// The frame of a page that asks nothing of the program itself: see [`around`].
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
    let status = app.ask(|look| look.status()).await;
    around(app, root, page, word, vehicle, title, &status).await
}

/// A frame that tells of no vehicle.
pub fn bare(root: &str, page: Page, title: &str) -> Frame {
    Frame {
        root: root.to_owned(),
        page,
        title: title.to_owned(),
        versions: VERSIONS.clone(),
        ..Frame::default()
    }
}

/// The frame of a page, which shows what `status` says too. `root` leads from its URL to the root, `word` is the last part of the URL by which another
/// vehicle has the same page.
///
/// # Errors
/// The database of the page cannot be read.
pub async fn around(
    app: &App,
    root: &str,
    page: Page,
    word: &str,
    vehicle: Option<&VehicleRow>,
    title: &str,
    status: &Result<Status, LookError>,
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
        vehicles: vehicles.iter().map(link).collect(),
        vehicle: vehicle.map(|vehicle| segment(&vehicle.name)).unwrap_or_default(),
        notices: notices(status, root),
        now_ms: app.now().as_millisecond(),
        zone: app.options.timezone.iana_name().unwrap_or("UTC").to_owned(),
        sequence: Some(sequence),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..bare(root, page, &title)
    })
}

/// The same on a page that tells what is wrong, which is shown where the database of the page is what is wrong, too.
pub async fn of_program(
    app: &App,
    root: &str,
    page: Page,
    title: &str,
    status: &Result<Status, LookError>,
) -> Frame {
    let vehicles = app.vehicles().await;
    let first = vehicles.as_ref().ok().and_then(|vehicles| vehicles.first());
    match around(app, root, page, "now", first, title, status).await {
        Ok(frame) => Frame {
            title: title.to_owned(),
            ..frame
        },
        Err(problem) => Frame {
            notices: vec![bad(problem.to_string())],
            ..bare(root, page, title)
        },
    }
}

fn bad(text: String) -> Notice {
    Notice {
        level: Level::Bad,
        text,
        link: None,
    }
}

/// What its owner must know on every page: that nothing can be stored, or nobody is logged in, or soon will be.
fn notices(status: &Result<Status, LookError>, root: &str) -> Vec<Notice> {
    let status = match status {
        Ok(status) => status,
        Err(error) => return vec![bad(error.0.clone())],
    };
    let journal = status
        .journal_problem
        .iter()
        .map(|problem| bad(texts::t("notice.journal").replace("{problem}", problem)));
    let logins = status.accounts.iter().filter_map(|account| {
        let (level, problem) = login::trouble(account)?;
        Some(Notice {
            level,
            text: readable(&format!("{}: {problem}", account.name)),
            link: Some(login::way(root, account)),
        })
    });
    journal.chain(logins).collect()
}
