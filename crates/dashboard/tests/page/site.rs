//! A page that runs while a test does.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use collector_core::{PollRefused, Polled, UnitSystem, Vin};
use dashboard::door::Auth;
use dashboard::events::Events;
use dashboard::files::Asset;
use dashboard::{Limits, Login, Look, LookError, Options, Server, Settings, Site};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::{Client, RequestBuilder};
use runtime::{Clock, SystemClock};
use serde_json::json;
use status::Status;
use status::doctor::Finding;
use status::values::Values;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const SCRIPT: &str = include_str!("site.rs");

pub const ASSETS: &[Asset] = &[
    Asset {
        name: "app.js",
        bytes: SCRIPT.as_bytes(),
        content_type: "text/javascript; charset=utf-8",
    },
    Asset {
        name: "pictures/dot.svg",
        bytes: b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        content_type: "image/svg+xml",
    },
];

/// A program that tells what the test wants.
#[derive(Default)]
pub struct Program {
    pub status: Mutex<Option<Status>>,
    pub findings: Mutex<Vec<Finding>>,
    pub log: Mutex<Vec<String>>,
    /// The status whenever none is in `status`.
    pub fares: Option<fn() -> Status>,
    pub values: Mutex<Option<Values>>,
    pub refuses: Mutex<Option<PollRefused>>,
    pub polled: Mutex<Vec<Vin>>,
    /// Every record is told with no value, where `why` tells none.
    pub tells_any: bool,
    /// What is told of the record of that kind and start.
    pub why: Mutex<Option<(String, String, serde_json::Value)>>,
    pub pictures: Vec<PathBuf>,
    /// How the login fares that was begun last.
    pub login: Mutex<Option<Login>>,
    /// The accounts whose login was begun, and what comes of it; none where nobody can log in.
    pub begun: Mutex<Vec<String>>,
    pub comes: Mutex<Option<Login>>,
    pub units: UnitSystem,
    /// UTC where none is named.
    pub timezone: Option<TimeZone>,
}

#[async_trait]
impl Look for Program {
    fn status(&self) -> Result<Status, LookError> {
        let told = self.status.lock().unwrap().take();
        let told = told.or_else(|| self.fares.map(|fares| fares()));
        told.ok_or_else(|| LookError("the journal cannot be read: mend the disk".to_owned()))
    }

    fn values(&self) -> Result<Option<Values>, LookError> {
        Ok(self.values.lock().unwrap().clone())
    }

    fn doctor(&self) -> Result<Vec<Finding>, LookError> {
        Ok(self.findings.lock().unwrap().clone())
    }

    fn why(
        &self,
        kind: &str,
        _: &Vin,
        start: &str,
        entry: Option<u64>,
    ) -> Result<Option<serde_json::Value>, LookError> {
        let told = self.why.lock().unwrap().clone();
        if self.tells_any {
            let record =
                json!({ "kind": kind, "start": start, "state": "final", "revision": 1, "values": [] });
            return Ok(Some(json!({ "record": record })));
        }
        Ok(told
            .filter(|told| (&*told.0, &*told.1) == (kind, start) && entry.is_some())
            .map(|told| told.2))
    }

    fn picture_files(&self, _: &Vin) -> Vec<PathBuf> {
        self.pictures.clone()
    }

    fn log_tail(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    async fn poll(&self, vin: &Vin) -> Result<Polled, PollRefused> {
        match self.refuses.lock().unwrap().clone() {
            Some(refused) => Err(refused),
            None => {
                self.polled.lock().unwrap().push(vin.clone());
                Ok(Polled::at(Timestamp::from_second(1_772_366_400).unwrap()))
            }
        }
    }

    fn login(&self, _: &str) -> Option<Login> {
        self.login.lock().unwrap().clone()
    }

    async fn begin_login(&self, account: &str) -> Result<(), LookError> {
        self.begun.lock().unwrap().push(account.to_owned());
        let comes = self.comes.lock().unwrap().clone();
        let comes = comes.ok_or_else(|| LookError("a simulator logs in by itself".to_owned()))?;
        *self.login.lock().unwrap() = Some(comes);
        Ok(())
    }
}

/// Stopped when it is dropped.
pub struct Page {
    pub address: SocketAddr,
    pub events: Events,
    pub program: Arc<Program>,
    pub client: Client,
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Page {
    pub async fn open() -> Self {
        Self::with(
            Auth::Loopback,
            Limits::default(),
            PathBuf::from("none.db"),
            Program::default(),
        )
        .await
    }

    pub async fn with(auth: Auth, limits: Limits, database: PathBuf, program: Program) -> Self {
        let units = program.units;
        Self::told_in(units, auth, limits, database, program).await
    }

    pub async fn told_in(
        units: UnitSystem,
        auth: Auth,
        limits: Limits,
        database: PathBuf,
        program: Program,
    ) -> Self {
        let settings = Settings {
            auth,
            hosts: Vec::new(),
            options: Options {
                units,
                timezone: program.timezone.clone().unwrap_or(TimeZone::UTC),
            },
        };
        Self::like(settings, limits, database, program, Arc::new(SystemClock)).await
    }

    pub async fn like(
        settings: Settings,
        limits: Limits,
        database: PathBuf,
        program: Program,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = server.local_addr();
        let (events, program) = (Events::default(), Arc::new(program));
        let site = Site {
            settings,
            database,
            look: program.clone(),
            events: events.clone(),
            assets: ASSETS,
            clock,
        };
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.limited(limits).run(site, stop.clone()));
        // Of several tests the first one installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .no_gzip()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            address,
            events,
            program,
            client,
            stop,
            running: Some(running),
        }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}/{path}", self.address))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}/{path}", self.address))
    }

    /// Returns when it has ended.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            running.await.unwrap();
        }
    }
}
