//! The page beside a run: where it listens, what it asks of the program, and what it tells the pages that are open.

mod login;
mod look;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use collector::{Engine, page_store};
use dashboard::events::Events;
use dashboard::{Look, Server, Site, live};
use pipeline::{DashboardAuth, Pipeline};
use runtime::Clock;
use status::values::Values;
use tokio_util::sync::CancellationToken;

use login::Logins;
use look::Beside;

use crate::{Failure, OrFail};

/// How often it is looked whether something changed, while a page is open.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// A page that is ready to be served.
pub struct Page {
    server: Server,
    site: Site,
    logins: Arc<Logins>,
    /// For the address line of a browser on this machine.
    pub link: String,
    /// What somebody needs beside the link.
    pub note: Option<String>,
}

/// The page that the pipeline file asks for; `None` where it asks for none.
///
/// # Errors
/// Its address cannot be used, or its token not be kept.
pub async fn prepare(pipeline: Pipeline, engine: &Engine) -> Result<Option<Page>, Failure> {
    let Some(section) = &pipeline.dashboard else {
        return Ok(None);
    };
    let server = Server::bind(section.listen).await.or_fail(2)?;
    let note = note(&section.auth, &pipeline.state);
    let Some(settings) = dashboard::Settings::of(&pipeline).or_fail(2)? else {
        return Ok(None);
    };
    let address = server.local_addr();
    let host = match address.ip() {
        ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
        ip if ip.is_ipv6() => format!("[{ip}]"),
        ip => ip.to_string(),
    };
    let database = page_store::place(&pipeline);
    let pipeline = Arc::new(pipeline);
    let logins = Arc::new(Logins::new(pipeline.clone(), engine.clock()));
    let site = Site {
        settings,
        database,
        look: Arc::new(Beside::new(pipeline, engine.demand(), logins.clone())),
        events: Events::default(),
        assets: dashboard::files::FILES,
        clock: engine.clock(),
    };
    Ok(Some(Page {
        server,
        site,
        logins,
        link: format!("http://{host}:{}/", address.port()),
        note,
    }))
}

/// What has to be said of who is let in.
fn note(auth: &DashboardAuth, state: &Path) -> Option<String> {
    let place = match auth {
        DashboardAuth::Loopback | DashboardAuth::Ingress => return None,
        DashboardAuth::Token(Some(_)) => "of the pipeline file".to_owned(),
        DashboardAuth::Token(None) => format!("in {}", dashboard::token::file(state).display()),
    };
    Some(format!("it asks for the token {place}: add ?token=…"))
}

impl Page {
    /// Serves until `stop`. A login that was approved by then is stored when this returns.
    pub async fn run(self, stop: CancellationToken) {
        let told = tokio::spawn(tell(
            self.site.look.clone(),
            self.site.events.clone(),
            self.site.settings.options.clone(),
            self.site.clock.clone(),
            stop.clone(),
        ));
        self.server.run(self.site, stop).await;
        self.logins.end().await;
        let _ = told.await;
    }
}

/// Tells open pages what changed. Looks at nothing while none is open.
async fn tell(
    look: Arc<dyn Look>,
    events: Events,
    options: dashboard::Options,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut before = Values::default();
    while stop
        .run_until_cancelled(tokio::time::sleep(BETWEEN_LOOKS))
        .await
        .is_some()
    {
        if events.listeners() == 0 {
            continue;
        }
        let look = look.clone();
        let Ok(Ok(Some(now))) = tokio::task::spawn_blocking(move || look.values()).await else {
            continue;
        };
        if let Some((vehicles, news)) = live::news(&before, &now, clock.now(), &options) {
            let vehicles: Vec<&str> = vehicles.iter().map(String::as_str).collect();
            events.publish(&vehicles, &news);
        }
        before = now;
    }
}
