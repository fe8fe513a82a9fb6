//! The way of a stream into a real journal.

mod damage;
mod gaps;
mod poison;
mod trouble;

use std::sync::atomic::Ordering;

use collector_core::{Origin, RawReading, Received, StreamOutput};
use jiff::Timestamp;
use runtime::SystemClock;
use serde_json::value::RawValue;
use store::StoreError;
use store::sql::Access;

use super::streams::StreamDoor;
use super::*;
use crate::http;

pub(super) const SOC: &str = "vehicle.drivetrain.batteryManagement.header";
const VINS: [&str; 2] = ["WBY8P210X07A12345", "WBA11AA0001234567"];

/// A journal in which one value makes a transaction panic, and so does a message with that time.
#[derive(Debug)]
struct Poisoned(OpenState);

const POISON: &str = "666.60e-1";

impl Poisoned {
    /// Panics in the middle of it.
    async fn panic_at(
        &self,
        account: &Name,
        source: &Name,
        snapshots: &[RawSnapshot],
    ) -> Result<(), JournalError> {
        let panics = |snapshot: &RawSnapshot| {
            let mut bodies = snapshot.readings.iter().map(|reading| reading.body.get());
            snapshot.sent_at.as_deref() == Some(POISON) || bodies.any(|body| body.contains(POISON))
        };
        if !snapshots.iter().any(panics) {
            return Ok(());
        }
        let (account, source, journal) = (account.clone(), source.clone(), self.0.journal.clone());
        let snapshots = snapshots.to_vec();
        let panicked = self.0.store.transact(move |tx| {
            let appended = journal.append_within(tx, &account, &source, &snapshots)?;
            assert!(appended.is_empty(), "poison");
            Ok(())
        });
        panicked.await
    }
}

#[async_trait]
impl Intake for Poisoned {
    async fn append(
        &self,
        account: &Name,
        source: &Name,
        snapshots: Arc<[RawSnapshot]>,
        facts: Arc<[Fact]>,
    ) -> Result<Stored, JournalError> {
        self.panic_at(account, source, &snapshots).await?;
        self.0.append(account, source, snapshots, facts).await
    }

    async fn try_out(
        &self,
        account: &Name,
        source: &Name,
        snapshot: RawSnapshot,
    ) -> Result<(), JournalError> {
        self.panic_at(account, source, std::slice::from_ref(&snapshot))
            .await?;
        self.0.try_out(account, source, snapshot).await
    }

    async fn keep_strays(
        &self,
        account: &Name,
        source: &Name,
        strays: Vec<Stray>,
    ) -> Result<(), JournalError> {
        self.0.keep_strays(account, source, strays).await
    }
}

struct Rig {
    _folder: tempfile::TempDir,
    state: OpenState,
    account: Handles,
    output: StreamDoor,
    stop: CancellationToken,
}

fn pipeline(text: &str) -> pipeline::Pipeline {
    struct Nothing;
    impl pipeline::Environment for Nothing {
        fn variable(&self, _: &str) -> Result<String, std::env::VarError> {
            Err(std::env::VarError::NotPresent)
        }
    }
    let text = format!(
        "accounts: [{{ name: home, client_id: 4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f }}]\nsinks: [{{ type: stdout }}]\n{text}"
    );
    pipeline::parse("pipeline.yaml", &text, std::path::Path::new("/"), &Nothing).unwrap()
}

fn rig(text: &str) -> Rig {
    rig_with(text, Hearing::default())
}

fn rig_with(text: &str, hearing: Hearing) -> Rig {
    http::install_crypto();
    let pipeline = pipeline(text);
    let folder = tempfile::tempdir().unwrap();
    let state = OpenState::open(folder.path()).unwrap();
    let clock: Arc<dyn runtime::Clock> = Arc::new(SystemClock);
    let nowhere = "http://127.0.0.1:9".parse().unwrap();
    let http = http::client().unwrap();
    let mut account = source::testing::account(&http, &nowhere, folder.path(), &clock).handles;
    account.hearing = Arc::new(hearing);
    account.names = pipeline.vehicles.names(Vec::new());
    account.ledger = state.ledger.clone();
    let stop = CancellationToken::new();
    let patterns = pipeline.sources[0].vehicles.clone();
    let intake = Poisoned(state.clone());
    let mut door = Door::new(&account, "stream".into(), Arc::new(intake), stop.clone());
    door.retry = Duration::ZERO;
    let output = StreamDoor::new(door, &pipeline.vehicles, patterns);
    Rig {
        _folder: folder,
        state,
        account,
        output,
        stop,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + second).unwrap()
}

fn message(vehicle: usize, second: i64) -> Received {
    let body = format!(
        r#"{{"timestamp":"{}","value":{},"unit":"percent"}}"#,
        at(second),
        second % 100
    );
    Received::Snapshot(RawSnapshot {
        vin: VINS[vehicle].parse().unwrap(),
        sent_at: Some(at(second).to_string()),
        received_at: at(second + 3),
        ..snapshot(SOC, &body)
    })
}

pub(super) fn snapshot(descriptor: &str, json: &str) -> RawSnapshot {
    RawSnapshot {
        vin: VINS[0].parse().unwrap(),
        origin: Origin::Stream,
        requested_at: None,
        sent_at: None,
        received_at: at(0),
        readings: vec![RawReading {
            descriptor: descriptor.to_owned(),
            body: RawValue::from_string(json.to_owned()).unwrap(),
        }],
    }
}

fn stray(payload: &str) -> Received {
    Received::Stray(Stray {
        received_at: at(0),
        topic: "gcid/vin".to_owned(),
        payload: payload.as_bytes().to_vec(),
        reason: "no JSON".to_owned(),
    })
}

impl Rig {
    fn stored(&self) -> Vec<(String, u64)> {
        let overview = self.state.journal.overview().unwrap();
        let vehicles = overview.vehicles().unwrap().into_iter();
        vehicles.map(|vehicle| (vehicle.vin, vehicle.readings)).collect()
    }

    fn ledger(&self) -> ledger::overview::Overview {
        ledger::overview::Overview::open_file(self.state.store.path()).unwrap()
    }

    async fn limit_pages(&self, pages: u32) {
        let limited = self.state.store.transact(move |tx| {
            let query = format!("pragma max_page_count = {pages}");
            Ok::<_, StoreError>(tx.connection().query_row(&query, [], |_| Ok(()))?)
        });
        // Behind a job that found the disk full it may share a transaction whose commit fails; a limit needs no commit.
        let _ = limited.await;
    }
}

#[tokio::test]
async fn a_batch_is_stored_with_its_strays_and_its_time() {
    let rig = rig("sources: [{ type: stream }]\n");
    let batch = vec![
        message(0, 1),
        stray("{"),
        message(1, 2),
        message(0, 1),
        stray("{"),
    ];
    rig.output.push(batch).await.unwrap();
    assert_eq!(rig.stored(), [(VINS[0].to_owned(), 1), (VINS[1].to_owned(), 1)]);
    let overview = rig.state.journal.overview().unwrap();
    let stream = rig.ledger().streams().unwrap().remove(0);
    assert_eq!(
        (stream.last_message_at, stream.logins),
        (Some(at(5)), 0),
        "the newest of the batch"
    );
    let strays = overview.stray_entries().unwrap();
    assert_eq!((strays.len(), strays[0].times), (1, 2));
}

#[tokio::test]
async fn that_a_stream_is_heard_is_noted_now_and_then() {
    let rig = rig("sources: [{ type: stream }]\n");
    for (second, noted) in [(0, 3), (29, 3), (30, 33), (31, 33)] {
        rig.output.push(vec![message(0, second)]).await.unwrap();
        let heard = rig.ledger().streams().unwrap()[0].last_message_at;
        assert_eq!(heard, Some(at(noted)), "{second}");
    }
    assert_eq!(rig.stored(), [(VINS[0].to_owned(), 4)]);
}

#[tokio::test]
async fn vehicles_that_the_pipeline_leaves_out_are_not_stored() {
    let listed = format!(
        "vehicles: [{{ vin: {}, name: i3 }}]\nsources: [{{ type: stream }}]\n",
        VINS[0]
    );
    let excluded = "sources: [{ type: stream, vehicles: ['!*4567'] }]\n".to_owned();
    let named = format!(
        "vehicles: [{{ vin: {}, name: i3 }}, {{ vin: {}, name: x }}]\nsources: [{{ type: stream, vehicles: [i3] }}]\n",
        VINS[0], VINS[1]
    );
    for text in [listed, excluded, named] {
        let rig = rig(&text);
        rig.output.push(vec![message(0, 1), message(1, 2)]).await.unwrap();
        assert_eq!(rig.stored(), [(VINS[0].to_owned(), 1)], "{text}");
        assert_eq!(rig.output.left_out.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_vehicle_that_is_not_listed_is_counted_and_one_that_is_left_out_by_a_source_is_not() {
    let listed = format!(
        "vehicles: [{{ vin: {} }}]\nsources: [{{ type: stream }}]\n",
        VINS[0]
    );
    let rig = rig(&listed);
    for (second, noted) in [(0, 1), (1, 1), (29, 1), (30, 4), (31, 4)] {
        rig.output
            .push(vec![message(1, second), message(0, second)])
            .await
            .unwrap();
        let counted: Vec<_> = rig.ledger().unlisted().unwrap();
        let counted: Vec<_> = counted
            .iter()
            .map(|one| (one.vin.as_str(), one.messages))
            .collect();
        assert_eq!(counted, [(VINS[1], noted)], "{second}");
    }
    let named = format!(
        "vehicles: [{{ vin: {} }}, {{ vin: {}, name: x }}]\nsources: [{{ type: stream, vehicles: ['!x'] }}]\n",
        VINS[0], VINS[1]
    );
    for text in [named.as_str(), "sources: [{ type: stream }]\n"] {
        let rig = rig_with(text, Hearing::default());
        rig.output.push(vec![message(1, 0)]).await.unwrap();
        assert_eq!(rig.ledger().unlisted().unwrap(), [], "{text}");
    }
}

#[tokio::test]
async fn of_a_forgotten_vehicle_nothing_is_stored_or_counted() {
    let sources = "sources: [{ type: stream }]\n".to_owned();
    for text in [
        sources.clone(),
        format!("{sources}vehicles: [{{ vin: {} }}]\n", VINS[1]),
    ] {
        let mut rig = rig(&text);
        let forgotten = VINS[0].parse::<collector_core::Vin>().unwrap().key_name();
        rig.output.door.names = rig.account.names.clone().without([forgotten.into()]);
        rig.output.push(vec![message(0, 1), message(1, 2)]).await.unwrap();
        assert_eq!(rig.stored(), [(VINS[1].to_owned(), 1)]);
        assert_eq!(rig.ledger().unlisted().unwrap(), []);
    }
}

#[tokio::test]
async fn a_full_disk_is_waited_for_and_nothing_is_lost() {
    let rig = rig("sources: [{ type: stream }]\n");
    rig.limit_pages(1).await;
    let batch = (0..3_000).map(|second| message(0, second)).collect();
    let pushed = rig.output.push(batch);
    tokio::pin!(pushed);
    tokio::select! {
        _ = &mut pushed => panic!("there is no room"),
        // Asked for behind the first try, and answered behind it.
        () = rig.limit_pages(1) => {}
    }
    assert_eq!(rig.stored(), []);
    rig.limit_pages(1_000_000).await;
    pushed.await.unwrap();
    assert_eq!(rig.stored(), [(VINS[0].to_owned(), 3_000)]);
}

#[tokio::test]
async fn a_stop_gives_a_full_disk_up() {
    let rig = rig("sources: [{ type: stream }]\n");
    rig.limit_pages(1).await;
    rig.stop.cancel();
    let batch = (0..3_000).map(|second| message(0, second)).collect();
    assert!(rig.output.push(batch).await.is_err());
    assert_eq!(rig.stored(), []);
}

/// A journal that has room as soon as the program stops, which it does.
#[derive(Debug)]
struct FullUntilStopped(OpenState, CancellationToken);

#[async_trait]
impl Intake for FullUntilStopped {
    async fn append(
        &self,
        account: &Name,
        source: &Name,
        snapshots: Arc<[RawSnapshot]>,
        facts: Arc<[Fact]>,
    ) -> Result<Stored, JournalError> {
        if self.1.is_cancelled() {
            return self.0.append(account, source, snapshots, facts).await;
        }
        self.1.cancel();
        Err(StoreError::Stopped.into())
    }

    async fn try_out(&self, _: &Name, _: &Name, _: RawSnapshot) -> Result<(), JournalError> {
        Ok(())
    }

    async fn keep_strays(&self, _: &Name, _: &Name, _: Vec<Stray>) -> Result<(), JournalError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_stop_gives_the_journal_one_more_try() {
    let rig = rig("sources: [{ type: stream }]\n");
    let intake = FullUntilStopped(rig.state.clone(), rig.stop.clone());
    let door = Door::new(&rig.account, "stream".into(), Arc::new(intake), rig.stop.clone());
    let Received::Snapshot(snapshot) = message(0, 1) else {
        unreachable!("a message is a snapshot")
    };
    door.take([snapshot].into(), Vec::new()).await.unwrap();
    assert_eq!(rig.stored(), [(VINS[0].to_owned(), 1)]);
}

#[tokio::test]
async fn what_could_not_be_noted_with_a_poll_is_told_and_keeps_nothing_from_being_stored() {
    let rig = rig("sources: [{ type: stream }]\n");
    let dropped = rig.state.store.transact(|tx| {
        tx.connection().execute_batch("drop table quota")?;
        Ok::<_, StoreError>(())
    });
    dropped.await.unwrap();
    let intake = Arc::new(rig.state.clone());
    let door = Door::new(&rig.account, "telematics".into(), intake, rig.stop.clone());
    let Received::Snapshot(snapshot) = message(0, 1) else {
        unreachable!("a message is a snapshot")
    };
    let settled = Fact::Settled { id: 1, outcome: "ok" };
    let (appended, noted) = door.take_poll(snapshot, vec![settled]).await.unwrap();
    assert_eq!((appended.new, noted), (1, false));
    assert_eq!(rig.stored(), [(VINS[0].to_owned(), 1)]);
}
