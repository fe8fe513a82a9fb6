//! Keeps one account connected: logs in, hands over to [`serve`](super::serve), and finds out what to do when that ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cardata_api::stream::{MqttConnector, MqttLine, MqttSession, StreamError};
use cardata_auth::AuthError;
use collector_core::{Name, Stream, StreamOutput};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::breaker::{Breaker, Now, Trouble};
use super::credential::{Credential, Credentials};
use super::reception::Read;
use super::serve::SILENCE;
use super::tell::Teller;
use super::unstored::Unstored;
use ledger::{GapCause, StreamFact, StreamMemory, Streams};
use runtime::{Chain, Clock, contained};
use source::{Handles, Hearing, Pace};

/// No step of a connection takes longer, whatever the network does; in real time.
const LONGEST_STEP: Duration = Duration::from_secs(60);
/// A shorter wait is not cut short by a new login.
const SHORT: Duration = Duration::from_secs(5);

/// The stream of one account.
pub struct Driver {
    pub(super) source: Name,
    pub(super) account: Name,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ledger: Arc<dyn Streams>,
    pub(super) hearing: Arc<Hearing>,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) connector: Arc<dyn MqttConnector>,
    pub(super) read: Read,
    pub(super) window: Duration,
    pub(super) pace: Arc<Pace>,
    /// When the newest message that is stored arrived, in milliseconds; 0 before the first.
    pub(super) heard: Arc<AtomicI64>,
    pub(super) unstored: Unstored,
    /// Whatever is noted of an earlier time, another run noted.
    made_at: Timestamp,
    pub(super) mqtt_client_id: Arc<str>,
    pub(super) breaker: Breaker,
    pub(super) teller: Teller,
    /// It was refused and another one is to be asked for before the next try.
    pub(super) refused: Option<Credential>,
    /// The last that was tried, whatever became of it.
    tried: Option<Credential>,
    /// It has expired, and a refresh brought no other.
    renewed_in_vain: Option<Credential>,
}

/// A connection that is logged in and subscribed.
pub struct Connected {
    pub session: Box<dyn MqttSession>,
    pub credential: Credential,
    pub at: Timestamp,
}

/// What the next run must know.
#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    /// A connection that lasts was alive then, and what had come before was stored.
    #[serde(default)]
    alive_at: Option<Timestamp>,
    #[serde(flatten)]
    breaker: Breaker,
}

/// The program is being stopped.
pub(super) struct Stopped;

#[async_trait]
impl Stream for Driver {
    async fn run(&mut self, output: &dyn StreamOutput, stop: &CancellationToken) {
        let before = self.recall().await.breaker;
        let before = before.and_then(|text| serde_json::from_str::<Remembered>(&text).ok());
        let before = before.unwrap_or_default();
        self.breaker = before.breaker;
        self.pace.recall(self.breaker.recent());
        let (at, alive) = (self.made_at, before.alive_at);
        self.remember(vec![StreamFact::Started { at, alive }]).await;
        let known = self.recall().await;
        self.hearing
            .recall_gaps(&self.source, known.missed, known.gap_since);
        while !stop.is_cancelled() {
            let Err(panic) = contained(self.stay_connected(output, stop)).await else {
                break;
            };
            self.breaker.failed(Trouble::Outage);
            self.teller.bug(&panic).await;
            self.interrupted(self.clock.now(), GapCause::ConnectionLost).await;
        }
        self.teller.stopped().await;
    }
}

impl Driver {
    pub fn new(
        source: Name,
        handles: &Handles,
        credentials: Arc<dyn Credentials>,
        connector: Arc<dyn MqttConnector>,
        read: Read,
    ) -> Self {
        Self {
            teller: Teller::new(handles, source.clone()),
            mqtt_client_id: mqtt_client_id(handles.log_id.as_str(), &handles.login.account).into(),
            source,
            account: handles.login.account.clone(),
            clock: handles.clock.clone(),
            ledger: handles.ledger.clone(),
            hearing: handles.hearing.clone(),
            credentials,
            connector,
            read,
            window: handles.window,
            pace: handles.pace.clone(),
            heard: Arc::default(),
            unstored: Unstored::default(),
            made_at: handles.clock.now(),
            breaker: Breaker::default(),
            refused: None,
            tried: None,
            renewed_in_vain: None,
        }
    }

    async fn stay_connected(&mut self, output: &dyn StreamOutput, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let Ok(connected) = self.connect(stop).await else {
                return;
            };
            self.serve(connected, output, stop).await;
        }
    }

    /// Tries until it is logged in.
    async fn connect(&mut self, stop: &CancellationToken) -> Result<Connected, Stopped> {
        loop {
            self.wait(stop).await?;
            let Some(credential) = self.credential(stop).await? else {
                continue;
            };
            self.tried = Some(credential.clone());
            self.teller.connecting().await;
            let session = tokio::select! {
                session = self.attempt(&credential) => session,
                () = stop.cancelled() => return Err(Stopped),
            };
            match session {
                Ok(session) => {
                    let at = self.clock.now();
                    return Ok(Connected {
                        session,
                        credential,
                        at,
                    });
                }
                Err(error) => self.failed(&error, &credential).await,
            }
        }
    }

    /// First for what went wrong, unless somebody logs in meanwhile; then as long as the breaker does not allow a try.
    async fn wait(&mut self, stop: &CancellationToken) -> Result<(), Stopped> {
        let delay = self.breaker.delay(&mut rand::rng());
        tokio::select! {
            () = self.clock.sleep(delay) => {}
            () = self.somebody_logs_in(), if delay > SHORT => {}
            () = stop.cancelled() => return Err(Stopped),
        }
        loop {
            let held = self.breaker.held(Now::of(self.clock.as_ref()));
            if held.is_zero() {
                return Ok(());
            }
            tokio::select! {
                () = self.clock.sleep(held) => {}
                () = stop.cancelled() => return Err(Stopped),
            }
        }
    }

    async fn somebody_logs_in(&self) {
        loop {
            self.credentials.look().await;
            let (Some(tried), Ok(stored)) = (&self.tried, self.credentials.stored().await) else {
                continue;
            };
            if !stored.is_of_same_login(tried) {
                return;
            }
        }
    }

    /// What to log in with; `None` where there is nothing now.
    async fn credential(&mut self, stop: &CancellationToken) -> Result<Option<Credential>, Stopped> {
        let dead = self.credentials.login_id().await;
        // A refresh that is under way goes on by itself.
        let found = tokio::select! {
            found = self.fresh_credential() => found,
            () = stop.cancelled() => return Err(Stopped),
        };
        let error = match found {
            Ok(credential) => return Ok(Some(credential)),
            Err(error) => error,
        };
        let reason = Chain(&error).to_string();
        if error.needs_login() {
            self.teller.login_needed(&reason).await;
            self.credentials.login_returned(dead, stop).await;
            return if stop.is_cancelled() {
                Err(Stopped)
            } else {
                Ok(None)
            };
        }
        self.breaker.failed(Trouble::Outage);
        self.teller.outage(&reason).await;
        Ok(None)
    }

    async fn fresh_credential(&mut self) -> Result<Credential, AuthError> {
        if let Some(refused) = self.refused.take() {
            match self.credentials.replaced(&refused).await {
                // Asked for once; from now on as ever.
                Err(error) if !error.needs_login() => {
                    tracing::debug!(account = %self.account, error = %Chain(&error), "could not replace a login that the broker refused");
                }
                result => return result,
            }
        }
        let current = self.credentials.current().await?;
        let in_vain = self
            .renewed_in_vain
            .as_ref()
            .is_some_and(|vain| vain.is(&current));
        if in_vain || !current.has_expired(self.clock.now()) {
            return Ok(current);
        }
        // Where it cannot be replaced, it may still be good by the broker's clock.
        match self.credentials.renewed(&current).await {
            Ok(renewed) if !renewed.is(&current) => Ok(renewed),
            Ok(_) => {
                self.renewed_in_vain = Some(current.clone());
                Ok(current)
            }
            Err(error) if error.needs_login() => Err(error),
            Err(_) => Ok(current),
        }
    }

    async fn attempt(&mut self, credential: &Credential) -> Result<Box<dyn MqttSession>, StreamError> {
        wait_for_place(&self.pace, self.clock.as_ref()).await;
        self.breaker.connecting(Now::of(self.clock.as_ref()));
        self.remember_breaker(Vec::new()).await;
        let line = in_time(self.connector.reach()).await?;
        log_in(line, credential, &self.mqtt_client_id).await
    }

    /// A try failed that nothing depended on.
    async fn failed(&mut self, error: &StreamError, credential: &Credential) {
        let trouble = self.hold_against(error, credential);
        // With another password it works as a rule: nobody must act yet.
        let told = if self.refused.is_some() {
            Trouble::Outage
        } else {
            trouble
        };
        self.teller.failed(error, told, credential.covers_stream).await;
        self.remember_breaker(Vec::new()).await;
    }

    /// Counts a try that failed, and says what it means for the next one.
    pub(super) fn hold_against(&mut self, error: &StreamError, credential: &Credential) -> Trouble {
        let trouble = match error {
            StreamError::Refused { .. } if credential.covers_stream => Trouble::Refused,
            StreamError::Refused { .. } | StreamError::NoSubscription => Trouble::NotSubscribed,
            _ => Trouble::Outage,
        };
        self.breaker.failed(trouble);
        if !error.was_connected() {
            self.breaker.not_connected();
            self.pace.not_connected();
        }
        // The first refusal in a row of a password that has not expired asks for another one; the next ones do not.
        let is_first = trouble == Trouble::Refused && self.breaker.refusals() == 1;
        if is_first && !credential.has_expired(self.clock.now()) {
            self.refused = Some(credential.clone());
        }
        trouble
    }

    /// Nothing is connected any more, since then. What is held and not stored will not be: the gap begins with it.
    pub(super) async fn interrupted(&mut self, at: Timestamp, cause: GapCause) {
        let at = self.unstored.lose(at);
        self.hearing.disconnected(&self.source, at);
        let heard = self.heard.load(Ordering::Relaxed);
        let heard = Timestamp::from_millisecond(heard).ok().filter(|_| heard > 0);
        let heard = heard.map(|at| StreamFact::Heard { at });
        let ended = StreamFact::Ended { at, cause };
        self.remember_breaker(heard.into_iter().chain([ended]).collect())
            .await;
    }

    /// Written down with the breaker, which is when something else is too: that a connection is alive costs no write.
    pub(super) async fn remember_breaker(&self, mut facts: Vec<StreamFact>) {
        // One that fell silent may have been dead for so long.
        let alive = self.clock.now() - SILENCE;
        let remembered = Remembered {
            alive_at: Some(self.unstored.stored_until(alive)),
            breaker: self.breaker.clone(),
        };
        facts.push(StreamFact::Breaker(
            serde_json::to_string(&remembered).unwrap_or_default(),
        ));
        self.remember(facts).await;
    }

    async fn recall(&self) -> StreamMemory {
        let known = self
            .ledger
            .recall_stream(&self.account, &self.source, self.clock.now())
            .await;
        known.unwrap_or_default()
    }

    /// What cannot be written down now is known to this process.
    async fn remember(&self, facts: Vec<StreamFact>) {
        if let Err(error) = self
            .ledger
            .remember_stream(&self.account, &self.source, facts)
            .await
        {
            tracing::debug!(account = %self.account, error = %Chain(&error), "could not note how the stream fares");
        }
    }
}

pub(super) async fn log_in(
    line: Box<dyn MqttLine>,
    credential: &Credential,
    mqtt_client_id: &str,
) -> Result<Box<dyn MqttSession>, StreamError> {
    in_time(line.log_in(&credential.login(mqtt_client_id))).await
}

/// Until another connection may be built up, of all accounts' together.
pub(super) async fn wait_for_place(pace: &Pace, clock: &dyn Clock) {
    while let Err(wait) = pace.connect(clock.now()) {
        clock.sleep(wait).await;
    }
}

pub(super) async fn in_time<T>(step: impl Future<Output = Result<T, StreamError>>) -> Result<T, StreamError> {
    let ended = tokio::time::timeout(LONGEST_STEP, step).await;
    ended.unwrap_or_else(|_| {
        Err(StreamError::Closed(
            "the broker did not answer in time".to_owned(),
        ))
    })
}

/// The same for ever, so that a broker that keeps sessions keeps ours; another for each account and installation.
/// At most 23 letters and digits, which every broker takes (MQTT 3.1.1, 3.1.3.1); but for the hyphen, which all take.
fn mqtt_client_id(log_id: &str, account: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{log_id}:{account}"));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("cardata-{}", &hex[..15])
}

#[cfg(test)]
mod tests {
    use super::mqtt_client_id;

    #[test]
    fn the_mqtt_client_id_tells_installations_and_accounts_apart_and_fits() {
        let first = mqtt_client_id("1f", "home");
        assert_eq!(first, mqtt_client_id("1f", "home"));
        assert_eq!(first.len(), 23);
        assert!(first != mqtt_client_id("1f", "work") && first != mqtt_client_id("2f", "home"));
    }
}
