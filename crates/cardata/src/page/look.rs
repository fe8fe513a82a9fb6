//! What the page asks of the running program: the answers of `status`, `values`, `doctor` and `why`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use collector::Demand;
use collector::state::StateDirectory;
use collector_core::{PollRefused, Polled, Vin};
use dashboard::{Login, Look, LookError};
use pipeline::Pipeline;
use serde_json::Value;
use status::Status;
use status::doctor::{Finding, diagnose};
use status::values::{Look as Present, Values};
use status::why::choice::{self, Found};
use status::why::document;
use tokio::runtime::Handle;

use super::login::Logins;
use crate::logging::tail;
use crate::{Failure, context, doctor, status as command};

/// Reads beside the engine, as a command does.
pub struct Beside {
    pipeline: Arc<Pipeline>,
    demand: Demand,
    runtime: Handle,
    logins: Arc<Logins>,
    /// The last values with what reads them; `None` as long as there is no journal.
    present: Mutex<Option<(Present, Values)>>,
}

impl Beside {
    pub fn new(pipeline: Arc<Pipeline>, demand: Demand, logins: Arc<Logins>) -> Self {
        Self {
            pipeline,
            logins,
            demand,
            runtime: Handle::current(),
            present: Mutex::default(),
        }
    }
}

fn told(failure: Failure) -> LookError {
    LookError(failure.message)
}

#[async_trait]
impl Look for Beside {
    fn status(&self) -> Result<Status, LookError> {
        self.runtime
            .block_on(command::gather(&self.pipeline))
            .map_err(told)
    }

    fn values(&self) -> Result<Option<Values>, LookError> {
        let unreadable = |error: journal::JournalError| LookError(error.to_string());
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if present.is_none() {
            let opened = Present::open(&self.pipeline, &self.pipeline.state).map_err(unreadable)?;
            *present = opened.map(|look| (look, Values::default()));
        }
        let Some((look, values)) = &mut *present else {
            return Ok(None);
        };
        if let Some(newer) = look.values().map_err(unreadable)? {
            *values = newer;
        }
        Ok(Some(values.clone()))
    }

    fn doctor(&self) -> Result<Vec<Finding>, LookError> {
        let seen = self
            .runtime
            .block_on(doctor::seen(&self.pipeline))
            .map_err(told)?;
        Ok(diagnose(&seen.0, &seen.1))
    }

    fn why(
        &self,
        kind: &str,
        vin: &Vin,
        start: &str,
        entry: Option<u64>,
    ) -> Result<Option<Value>, LookError> {
        let unreadable = |error: journal::JournalError| LookError(error.to_string());
        let names = context::names(&self.pipeline).map_err(told)?;
        let journal = self.pipeline.state.join(store::FILE);
        let is_it = |one: &Found| one.kind == kind && one.vehicle.vin == *vin && one.start == start;
        let at_once = entry.map(|seq| choice::record_in(&journal, seq, &names));
        let mut found = at_once.transpose().map_err(unreadable)?.flatten().filter(is_it);
        if found.is_none() {
            let all = choice::records(&journal, &names).map_err(unreadable)?;
            found = all.into_iter().find(is_it);
        }
        let Some(one) = found else {
            return Ok(None);
        };
        let record = one.record().map_err(|error| LookError(error.to_string()))?;
        Ok(record.map(|record| document::document(Some((&record, &one)), std::slice::from_ref(&one))))
    }

    fn picture_files(&self, vin: &Vin) -> Vec<PathBuf> {
        let folder = StateDirectory::at(&self.pipeline.state).images();
        source::image_files(&folder, vin).into()
    }

    fn log_tail(&self) -> Vec<String> {
        tail::lines()
    }

    async fn poll(&self, vin: &Vin) -> Result<Polled, PollRefused> {
        self.demand.poll(vin).await
    }

    fn login(&self, account: &str) -> Option<Login> {
        self.logins.last(account)
    }

    async fn begin_login(&self, account: &str) -> Result<(), LookError> {
        self.logins.begin(account).await
    }
}
