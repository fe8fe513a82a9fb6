//! What a sink may ask of the present: answered out of the journal, beside its writer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cardata_auth::TokenStore;
use collector_core::{Name, Names, Present, Select, SinkError, Snapshot, Vehicle, VehicleFacts, Vin};
use jiff::Timestamp;
use journal::{JournalError, Reader};
use ledger::{KnownVehicle, Ledger};
use pipeline::Pipeline;
use runtime::{Chain, Clock};
use source::Handles;

use crate::account::token_store;
use crate::details::{Details, VehicleDetails};
use crate::state::StateDirectory;

/// How long a sink waits for brand and model of one vehicle.
const PATIENCE: Duration = Duration::from_secs(5);

/// The present of every sink of a pipeline. Clones share everything.
#[derive(Clone)]
pub struct Presents {
    reader: Reader,
    ledger: Arc<dyn Ledger>,
    names: Names,
    logins: Arc<HashMap<Name, TokenStore>>,
    clock: Arc<dyn Clock>,
    asking: Asking,
}

impl Presents {
    pub fn new(
        reader: &Reader,
        ledger: &Arc<dyn Ledger>,
        names: &Names,
        pipeline: &Pipeline,
        state: &StateDirectory,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let logins = pipeline
            .accounts
            .iter()
            .map(|account| (account.name.clone(), token_store(account, state)));
        Self {
            reader: reader.clone(),
            ledger: ledger.clone(),
            names: names.clone(),
            logins: Arc::new(logins.collect()),
            clock: Arc::clone(clock),
            asking: Asking::default(),
        }
    }

    /// From now on BMW is asked for brand and model of a vehicle, once, when a sink wants to know them.
    #[must_use]
    pub fn asking(self, accounts: &[Handles]) -> Self {
        Self {
            asking: Asking {
                accounts: accounts.iter().map(Details::new).collect(),
                under_way: Arc::default(),
            },
            ..self
        }
    }

    /// The present as far as `select` lets it through.
    pub fn selected(&self, select: &Select) -> Arc<dyn Present> {
        Arc::new(Selected {
            presents: self.clone(),
            select: select.clone(),
        })
    }
}

struct Selected {
    presents: Presents,
    select: Select,
}

/// Who can be asked for brand and model, and the vehicles of which that is being done.
#[derive(Clone, Default)]
struct Asking {
    accounts: Arc<[Details]>,
    under_way: Arc<Mutex<HashSet<Vin>>>,
}

/// One question: no second one is asked beside it.
struct UnderWay {
    all: Arc<Mutex<HashSet<Vin>>>,
    vin: Vin,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.vin);
    }
}

impl Asking {
    /// Whose vehicle it is, unless somebody asks already.
    fn owner(&self, facts: &VehicleFacts) -> Option<(Details, UnderWay)> {
        let owner = self
            .accounts
            .iter()
            .find(|account| facts.account.as_ref() == Some(account.account()))?;
        let vin = facts.vehicle.vin.clone();
        let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let all_of_them = Arc::clone(&self.under_way);
        all.insert(vin.clone()).then(|| {
            (
                owner.clone(),
                UnderWay {
                    all: all_of_them,
                    vin,
                },
            )
        })
    }
}

impl Selected {
    /// What is known of the vehicles that the sink may see: those of which something came, and those of a mapping.
    async fn known(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        let came = self.presents.reader.vehicles().await.map_err(unreadable)?;
        let known = self.presents.ledger.known_vehicles().await;
        let known = known.map_err(|error| unreadable(error.into()))?;
        let mut vehicles = together(came, known, &self.presents.names);
        vehicles.retain(|facts| self.select.matches_vehicle(&facts.vehicle));
        Ok(vehicles)
    }

    /// Asks for what is not known of them. Says whether anything was asked for.
    async fn learn(&self, vehicles: &[VehicleFacts]) -> bool {
        let mut asked = false;
        for facts in vehicles.iter().filter(|facts| facts.model.is_none()) {
            if let Some((owner, under_way)) = self.presents.asking.owner(facts) {
                let vin = facts.vehicle.vin.clone();
                owner.ask_once_within(vin, PATIENCE, under_way).await;
                asked = true;
            }
        }
        asked
    }
}

impl fmt::Debug for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selected({} logins)", self.presents.logins.len())
    }
}

#[async_trait]
impl Present for Selected {
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError> {
        let mut snapshots = self.presents.reader.latest().await.map_err(unreadable)?;
        snapshots.retain_mut(|snapshot| {
            let select = &self.select;
            let (readings, ended) = (&mut snapshot.readings, &mut snapshot.ended);
            readings.retain(|reading| select.matches_descriptor(&reading.descriptor));
            ended.retain(|ended| select.matches_descriptor(&ended.descriptor));
            !snapshot.is_empty()
                && select.matches_vehicle(&snapshot.vehicle)
                && select.matches_source(&snapshot.source)
        });
        Ok(snapshots)
    }

    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        let mut vehicles = self.known().await?;
        if self.learn(&vehicles).await {
            vehicles = self.known().await?;
        }
        let logins = self.presents.logins.clone();
        // A file is read for each account, and decrypted where it has changed.
        let known = tokio::task::spawn_blocking(move || {
            for facts in &mut vehicles {
                let login = facts.account.as_ref().and_then(|account| logins.get(account));
                let tokens = login.and_then(|login| login.load().ok().flatten());
                facts.gcid = tokens.and_then(|tokens| tokens.gcid);
            }
            vehicles
        });
        known
            .await
            .map_err(|_| SinkError::transient("the logins could not be read"))
    }

    fn now(&self) -> Timestamp {
        self.presents.clock.now()
    }
}

/// What the journal and the ledger know of vehicles, ordered by VIN. One that no mapping named belongs to the account
/// that brought it last.
fn together(
    came: Vec<(Vehicle, Option<Name>)>,
    known: Vec<KnownVehicle>,
    names: &Names,
) -> Vec<VehicleFacts> {
    let facts = |vehicle: Vehicle, account| VehicleFacts {
        vehicle,
        account,
        gcid: None,
        brand: None,
        model: None,
    };
    let mut all: BTreeMap<Vin, VehicleFacts> = came
        .into_iter()
        .map(|(vehicle, account)| (vehicle.vin.clone(), facts(vehicle, account)))
        .collect();
    for known in known {
        let found = all
            .entry(known.vin.clone())
            .or_insert_with(|| facts(names.vehicle(&known.vin), None));
        let details = known.details.as_deref().map(VehicleDetails::from_json);
        let details = details.unwrap_or_default();
        found.account = known.account.or(found.account.take());
        (found.brand, found.model) = (details.brand, details.model_name);
    }
    all.into_values().collect()
}

fn unreadable(error: JournalError) -> SinkError {
    SinkError::transient(format!("the journal cannot be read: {}", Chain(&error)))
}

#[cfg(test)]
mod tests {
    use cardata_auth::{Scopes, TokenSet};
    use collector_core::{Origin, RawReading, RawSnapshot};
    use jiff::Timestamp;
    use journal::{Journal, Log};
    use pipeline::ProcessEnvironment;

    use runtime::SystemClock;

    use super::*;
    use crate::state::OpenState;

    const CLIENT_ID: &str = "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f";
    const GCID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    const PIPELINE: &str = "
accounts:
  - name: home
    client_id: 4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f
  - name: other
    client_id: 5f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f
vehicles:
  - { vin: WBY8P210X07A12345, name: i3, account: home }
  - { vin: WBA11AA0001234567, name: x1, account: other }
sources:
  - type: telematics
sinks:
  - { type: stdout, name: all }
  - { type: stdout, name: part, select: { vehicles: [i3], descriptors: [\"!**.header\"] } }
  - { type: stdout, name: elsewhere, select: { sources: [\"!telematics\"] } }
";

    fn log_in(state: &StateDirectory, account: &str, gcid: Option<&str>) {
        let now = Timestamp::UNIX_EPOCH;
        let tokens = TokenSet {
            client_id: CLIENT_ID.parse().unwrap(),
            access_token: "access".into(),
            refresh_token: "refresh".into(),
            id_token: None,
            id_obtained_at: now,
            gcid: gcid.map(str::to_owned),
            scope: Scopes::wanted(),
            logged_in_at: Some(now),
            obtained_at: now,
            access_expires_at: now,
            refresh_expires_at: now,
        };
        TokenStore::new(state.tokens(), account).save(&tokens).unwrap();
    }

    async fn poll(journal: &Journal, account: &str, vin: &str) {
        let readings = [
            "vehicle.drivetrain.batteryManagement.header",
            "vehicle.vehicle.travelledDistance",
        ]
        .map(|descriptor| RawReading {
            descriptor: descriptor.to_owned(),
            body: serde_json::value::RawValue::from_string(
                r#"{"value":"7","timestamp":"2026-03-01T12:00:00.000Z"}"#.to_owned(),
            )
            .unwrap(),
        });
        let snapshot = RawSnapshot {
            vin: vin.parse().unwrap(),
            origin: Origin::Poll,
            requested_at: Some(Timestamp::UNIX_EPOCH),
            sent_at: None,
            received_at: Timestamp::UNIX_EPOCH,
            readings: readings.into(),
        };
        journal
            .append(account.into(), "telematics".into(), [snapshot].into())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn each_sink_knows_what_it_selects() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline =
            pipeline::parse("pipeline.yaml", PIPELINE, folder.path(), &ProcessEnvironment).unwrap();
        let state = StateDirectory::create(&pipeline.state).unwrap();
        let OpenState { journal, ledger, .. } = OpenState::open(state.path()).unwrap();
        log_in(&state, "home", Some(GCID));
        log_in(&state, "other", None);
        poll(&journal, "home", "WBY8P210X07A12345").await;
        poll(&journal, "other", "WBA11AA0001234567").await;
        let names = pipeline.vehicles.names(Vec::new());
        let reader = journal.reader(names.settings()).unwrap();
        let presents = Presents::new(
            &reader,
            &ledger,
            &names,
            &pipeline,
            &state,
            &(Arc::new(SystemClock) as Arc<dyn Clock>),
        );
        let mut told = Vec::new();
        for sink in &pipeline.sinks {
            let present = presents.selected(&sink.select);
            let latest = present.latest().await.unwrap();
            let readings: Vec<_> = latest
                .iter()
                .map(|snapshot| (snapshot.vehicle.name.to_string(), snapshot.readings.len()))
                .collect();
            let vehicles = present.vehicles().await.unwrap();
            let vehicles: Vec<_> = vehicles
                .into_iter()
                .map(|facts| (facts.vehicle.name.to_string(), facts.gcid))
                .collect();
            told.push((readings, vehicles));
        }
        let (i3, x1) = ("i3".to_owned(), "x1".to_owned());
        let gcid = Some(GCID.to_owned());
        let everyone = vec![(x1.clone(), None), (i3.clone(), gcid.clone())];
        assert_eq!(
            told,
            [
                (vec![(x1, 2), (i3.clone(), 2)], everyone.clone()),
                (vec![(i3.clone(), 1)], vec![(i3, gcid)]),
                (vec![], everyone),
            ]
        );
    }
}
