//! A broker, a login and a journal that do as they are told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use cardata_api::stream::{Message, MqttConnector, MqttLine, MqttSession, StreamError, StreamLogin};
use cardata_auth::{AuthError, Scopes, TokenSet};
use collector_core::{Origin, RawSnapshot, Received, SourceError, Stray, StreamOutput};
use jiff::{SignedDuration, Timestamp};
use runtime::Clock;
use runtime::testing::ManualClock;
use secrecy::ExposeSecret;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::credential::{Credential, Credentials};
use source::LoginId;

/// Login number `number`, which lives for so many seconds.
pub fn credential(number: u32, obtained_at: Timestamp, life: i64) -> Credential {
    let expires_at = obtained_at + SignedDuration::from_secs(life);
    Credential::of(TokenSet {
        client_id: "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse().unwrap(),
        access_token: format!("access-{number}").into(),
        refresh_token: format!("refresh-{number}").into(),
        id_token: Some(format!("password-{number}").into()),
        id_obtained_at: obtained_at,
        gcid: Some("gcid".to_owned()),
        scope: Scopes::wanted(),
        logged_in_at: None,
        obtained_at,
        access_expires_at: expires_at,
        refresh_expires_at: Timestamp::MAX,
    })
    .unwrap()
}

/// What a message with this text says.
pub fn read(message: &Message, _: &str, received_at: Timestamp) -> Received {
    match &*message.payload {
        b"panic" => panic!("asked for"),
        b"stray" => Received::Stray(Stray {
            received_at,
            topic: message.topic.clone(),
            payload: message.payload.to_vec(),
            reason: "a stray".to_owned(),
        }),
        _ => Received::Snapshot(RawSnapshot {
            vin: "WBY8P210X07A12345".parse().unwrap(),
            origin: Origin::Stream,
            requested_at: None,
            sent_at: Some(String::from_utf8(message.payload.to_vec()).unwrap()),
            received_at,
            readings: Vec::new(),
        }),
    }
}

/// One login at the broker, as the test holds it.
struct Connection {
    messages: Option<mpsc::Sender<Message>>,
    acknowledged: Arc<Mutex<Vec<u16>>>,
    closed: Arc<AtomicBool>,
}

#[derive(Default)]
struct Orders {
    connections: Vec<Connection>,
    logins: Vec<(Timestamp, String)>,
    reached: Vec<Timestamp>,
    /// Errors of the next connections and logins; without one they succeed.
    unreachable: VecDeque<StreamError>,
    refused: VecDeque<StreamError>,
    /// What happens whenever no order is left.
    always_unreachable: Option<StreamError>,
    always_refused: Option<StreamError>,
    always_drops: bool,
    /// The end of the test.
    ends_at: Option<Timestamp>,
    sent: u16,
}

/// Allows one connection and evicts the older one, like BMW's. Clones are one broker.
#[derive(Clone)]
pub struct Broker {
    clock: Arc<ManualClock>,
    stop: Arc<Mutex<CancellationToken>>,
    orders: Arc<Mutex<Orders>>,
    /// A connection is built up, and then logged in, when the test lets it.
    pub gate: Arc<Semaphore>,
}

impl Broker {
    pub fn new(clock: Arc<ManualClock>, stop: CancellationToken) -> Self {
        Self {
            clock,
            stop: Arc::new(Mutex::new(stop)),
            orders: Arc::default(),
            gate: Arc::new(Semaphore::new(100_000)),
        }
    }

    pub fn fail_to_reach(&self, times: usize) {
        let error = unreachable();
        self.orders.lock().unwrap().unreachable = vec![error; times].into();
    }

    pub fn refuse(&self, errors: &[StreamError]) {
        self.orders.lock().unwrap().refused = errors.to_vec().into();
    }

    pub fn always_unreachable(&self) {
        self.orders.lock().unwrap().always_unreachable = Some(unreachable());
    }

    pub fn always_refuse(&self, error: StreamError) {
        self.orders.lock().unwrap().always_refused = Some(error);
    }

    pub fn always_drop(&self) {
        self.orders.lock().unwrap().always_drops = true;
    }

    /// What the next program is stopped by.
    pub fn stop_by(&self, stop: CancellationToken) {
        *self.stop.lock().unwrap() = stop;
    }

    /// The program is stopped by the first try behind this.
    pub fn end_after(&self, time: SignedDuration) {
        self.orders.lock().unwrap().ends_at = Some(self.clock.now() + time);
    }

    /// When logins came, and with which password.
    pub fn logins(&self) -> Vec<(Timestamp, String)> {
        self.orders.lock().unwrap().logins.clone()
    }

    /// The passwords of all logins.
    pub fn passwords(&self) -> Vec<String> {
        self.logins().into_iter().map(|(_, password)| password).collect()
    }

    pub fn reached(&self) -> Vec<Timestamp> {
        self.orders.lock().unwrap().reached.clone()
    }

    /// Sends a message on a connection, or falls silent; returns its number.
    pub fn send(&self, connection: usize, text: &str) -> u16 {
        let mut orders = self.orders.lock().unwrap();
        orders.sent += 1;
        let id = orders.sent;
        let message = Message {
            topic: "gcid/vin".to_owned(),
            payload: text.to_owned().into(),
            id: Some(id),
        };
        let messages = orders.connections[connection].messages.as_ref().unwrap();
        messages.try_send(message).unwrap();
        id
    }

    /// Ends a connection; what was sent can still be read.
    pub fn drop_connection(&self, connection: usize) {
        self.orders.lock().unwrap().connections[connection].messages = None;
    }

    pub fn acknowledged(&self, connection: usize) -> Vec<u16> {
        let orders = self.orders.lock().unwrap();
        orders.connections[connection]
            .acknowledged
            .lock()
            .unwrap()
            .clone()
    }

    pub fn was_closed(&self, connection: usize) -> bool {
        let orders = self.orders.lock().unwrap();
        orders.connections[connection].closed.load(Ordering::Relaxed)
    }
}

pub fn unreachable() -> StreamError {
    StreamError::Unreachable {
        address: "broker".to_owned(),
        reason: "away".to_owned(),
        connected: false,
    }
}

#[async_trait]
impl MqttConnector for Broker {
    async fn reach(&self) -> Result<Box<dyn MqttLine>, StreamError> {
        let now = self.clock.now();
        let error = {
            let mut orders = self.orders.lock().unwrap();
            orders.reached.push(now);
            if orders.ends_at.is_some_and(|end| now >= end) {
                self.stop.lock().unwrap().cancel();
            }
            let ordered = orders.unreachable.pop_front();
            ordered.or_else(|| orders.always_unreachable.clone())
        };
        if let Some(error) = error {
            return Err(error);
        }
        self.gate.acquire().await.unwrap().forget();
        Ok(Box::new(Line(self.clone())))
    }
}

struct Line(Broker);

#[async_trait]
impl MqttLine for Line {
    async fn log_in(self: Box<Self>, login: &StreamLogin) -> Result<Box<dyn MqttSession>, StreamError> {
        self.0.gate.acquire().await.unwrap().forget();
        let mut orders = self.0.orders.lock().unwrap();
        let password = login.id_token.expose_secret().to_owned();
        orders.logins.push((self.0.clock.now(), password));
        let ordered = orders.refused.pop_front();
        if let Some(error) = ordered.or_else(|| orders.always_refused.clone()) {
            return Err(error);
        }
        for connection in &mut orders.connections {
            connection.messages = None;
        }
        let (messages, arrived) = mpsc::channel(100);
        let session = Session {
            arrived,
            acknowledged: Arc::default(),
            closed: Arc::default(),
        };
        let drops = orders.always_drops;
        orders.connections.push(Connection {
            messages: (!drops).then_some(messages),
            acknowledged: session.acknowledged.clone(),
            closed: session.closed.clone(),
        });
        Ok(Box::new(session))
    }
}

struct Session {
    arrived: mpsc::Receiver<Message>,
    acknowledged: Arc<Mutex<Vec<u16>>>,
    closed: Arc<AtomicBool>,
}

#[async_trait]
impl MqttSession for Session {
    async fn receive(&mut self) -> Result<Vec<Message>, StreamError> {
        let mut messages = Vec::new();
        match self.arrived.recv_many(&mut messages, 10).await {
            0 => Err(StreamError::Closed("dropped".to_owned())),
            _ if *messages[0].payload == *b"silence" => Err(StreamError::Silent),
            _ => Ok(messages),
        }
    }

    async fn acknowledge(&mut self, messages: &[Message]) {
        let ids = messages.iter().filter_map(|message| message.id);
        self.acknowledged.lock().unwrap().extend(ids);
    }

    async fn close(self: Box<Self>) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

/// A login that is refreshed when the test gives it another one.
pub struct Login {
    pub stored: Mutex<Result<Credential, AuthError>>,
    /// What a refresh brings.
    pub next: Mutex<VecDeque<Credential>>,
    pub replaced: AtomicU32,
    /// While this is set, a refresh is under way.
    pub hangs: AtomicBool,
    /// Somebody waits for it.
    pub is_awaited: AtomicBool,
    /// It is worth a look.
    pub changed: Notify,
}

impl Login {
    pub fn new(stored: Credential) -> Self {
        Self {
            stored: Mutex::new(Ok(stored)),
            next: Mutex::default(),
            replaced: AtomicU32::new(0),
            hangs: AtomicBool::new(false),
            is_awaited: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    fn refresh(&self) -> Result<Credential, AuthError> {
        let mut stored = self.stored.lock().unwrap();
        if let Some(next) = self.next.lock().unwrap().pop_front() {
            *stored = Ok(next);
        }
        stored.clone()
    }
}

#[async_trait]
impl Credentials for Login {
    async fn current(&self) -> Result<Credential, AuthError> {
        if self.hangs.load(Ordering::Relaxed) {
            self.is_awaited.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await;
        }
        self.stored.lock().unwrap().clone()
    }

    async fn stored(&self) -> Result<Credential, AuthError> {
        self.stored.lock().unwrap().clone()
    }

    async fn renewed(&self, _: &Credential) -> Result<Credential, AuthError> {
        self.refresh()
    }

    async fn replaced(&self, _: &Credential) -> Result<Credential, AuthError> {
        self.replaced.fetch_add(1, Ordering::Relaxed);
        self.refresh()
    }

    async fn look(&self) {
        self.changed.notified().await;
    }

    async fn login_id(&self) -> Option<LoginId> {
        None
    }

    async fn login_returned(&self, _: Option<LoginId>, stop: &CancellationToken) {
        tokio::select! {
            () = self.changed.notified() => {}
            () = stop.cancelled() => {}
        }
    }
}

/// A journal in memory.
#[derive(Default)]
pub struct Output {
    pub stored: Mutex<Vec<String>>,
    /// When what is stored arrived.
    pub arrived: Mutex<Vec<Timestamp>>,
    /// How many were stored together, each time.
    pushes: Mutex<Vec<usize>>,
    pub strays: Mutex<Vec<Stray>>,
    /// While this is set, it takes nothing.
    pub full: AtomicBool,
    /// While this is set, it takes nothing and gives up.
    pub broken: AtomicBool,
}

#[async_trait]
impl StreamOutput for Output {
    async fn push(&self, received: Vec<Received>) -> Result<(), SourceError> {
        while self.full.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        if self.broken.load(Ordering::Relaxed) {
            return Err(SourceError::Transient {
                reason: "full".to_owned(),
                retry_after: None,
            });
        }
        self.pushes.lock().unwrap().push(received.len());
        for one in received {
            match one {
                Received::Snapshot(snapshot) => {
                    self.arrived.lock().unwrap().push(snapshot.received_at);
                    self.stored.lock().unwrap().push(snapshot.sent_at.unwrap());
                }
                Received::Stray(stray) => self.strays.lock().unwrap().push(stray),
            }
        }
        Ok(())
    }
}

impl Output {
    pub fn pushes(&self) -> Vec<usize> {
        self.pushes.lock().unwrap().clone()
    }

    pub fn stored(&self) -> Vec<String> {
        self.stored.lock().unwrap().clone()
    }
}
