//! What every handler has at hand.

use std::sync::Arc;

use dashboard_content::Options;
use history::read::VehicleRow;
use jiff::Timestamp;
use runtime::Clock;

use crate::events::Events;
use crate::model::{Model, NotRead};
use crate::problem::Problem;
use crate::site::{Look, LookError, Site};

pub(crate) type Shared = Arc<App>;

pub(crate) struct App {
    pub model: Model,
    pub options: Options,
    pub look: Arc<dyn Look>,
    pub events: Events,
    clock: Arc<dyn Clock>,
}

impl App {
    pub fn of(site: &Site) -> Self {
        Self {
            model: Model::new(site.database.clone()),
            options: site.settings.options.clone(),
            look: site.look.clone(),
            events: site.events.clone(),
            clock: site.clock.clone(),
        }
    }

    /// The time of the program.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks the program what takes a while.
    ///
    /// # Errors
    /// It cannot tell.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Look) -> Result<T, LookError> + Send + 'static,
    ) -> Result<T, LookError> {
        let look = self.look.clone();
        let told = tokio::task::spawn_blocking(move || question(&*look)).await;
        told.unwrap_or_else(|error| {
            tracing::error!(%error, "a question to the program was not answered");
            Err(LookError(
                "the program could not tell: the reason stands in the log".to_owned(),
            ))
        })
    }

    /// Every vehicle that told something; none where nothing has come yet.
    ///
    /// # Errors
    /// The database of the page cannot be read.
    pub async fn vehicles(&self) -> Result<Vec<VehicleRow>, Problem> {
        match self.model.read(|reader| reader.vehicles()).await {
            Err(NotRead::Empty) => Ok(Vec::new()),
            read => Ok(read?),
        }
    }

    /// The vehicle of that name, in any case of letters where only one has it so.
    ///
    /// # Errors
    /// There is none: the known ones are named.
    pub async fn vehicle(&self, name: &str) -> Result<VehicleRow, Problem> {
        let vehicles = self.model.read(|reader| reader.vehicles()).await?;
        if let Some(found) = vehicles.iter().find(|vehicle| vehicle.name == name) {
            return Ok(found.clone());
        }
        let mut alike = vehicles
            .iter()
            .filter(|vehicle| vehicle.name.to_lowercase() == name.to_lowercase());
        match (alike.next(), alike.next()) {
            (Some(found), None) => Ok(found.clone()),
            _ => {
                let known: Vec<&str> = vehicles.iter().map(|vehicle| vehicle.name.as_str()).collect();
                Err(Problem::not_found(format!(
                    "there is no vehicle of that name: known are {}",
                    known.join(", ")
                )))
            }
        }
    }
}
