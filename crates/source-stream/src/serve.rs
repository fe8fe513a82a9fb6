//! A connection at work, and the next one that takes over from it before its password ends.
//!
//! The broker allows one connection and drops the older one when a newer login arrives. So the next connection is built
//! up to that point while the old one is received from; the login then leaves in one write with the subscription, and
//! what the broker had sent on the old connection is received to its end, beside the new one.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cardata_api::stream::{MqttConnector, MqttSession, StreamError};
use collector_core::StreamOutput;
use jiff::{SignedDuration, Timestamp};
use ledger::{GapCause, StreamFact};
use runtime::clock::{later, until};
use runtime::{Chain, Clock};
use source::Pace;
use tokio_util::sync::CancellationToken;

use super::breaker::{Now, QUIET, STEADY, Trouble};
use super::credential::Credential;
use super::driver::{Connected, Driver, in_time, log_in, wait_for_place};
use super::reception::{End, Reception};
use super::renewal::Renewal;

/// How long the broker may take to end a connection that was taken over; in real time.
const GRACE: Duration = Duration::from_secs(5);

/// A broker has been silent for so long when the connection is given up: it may have been dead all the time.
pub(super) const SILENCE: SignedDuration = SignedDuration::from_secs(45);

type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a connection ended, and since when it may be over.
type Over = (End, Timestamp);

type Takeover<'a> = Work<'a, Result<Connected, Failed>>;

/// When a connection proves something by lasting.
const MILESTONES: [Duration; 2] = [STEADY, QUIET];

/// A takeover that failed, before or after the login was sent.
struct Failed {
    error: StreamError,
    credential: Credential,
}

/// What is under way while a stream is served.
struct Serving<'a> {
    since: Timestamp,
    /// How many of [`MILESTONES`] it has passed.
    milestones: usize,
    used: Credential,
    current: Option<Work<'a, Over>>,
    closing: CancellationToken,
    /// How the connection ended, if that may be because of the takeover that is under way.
    ended: Option<Over>,
    /// Connections that were taken over and are received to their end.
    retiring: Option<Work<'a, ()>>,
    renewal: Option<Work<'a, Credential>>,
    takeover: Option<Takeover<'a>>,
    /// The login of the takeover is on its way: the broker ends the old connection when it reads it.
    login_sent: Arc<AtomicBool>,
}

impl Driver {
    /// Receives until nothing is connected any more, or until stopped; then everything that came is stored.
    pub(super) async fn serve(
        &mut self,
        connected: Connected,
        output: &dyn StreamOutput,
        stop: &CancellationToken,
    ) {
        let mut serving = self.begin(connected, output).await;
        let clock = self.clock.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                end = work(&mut serving.current) => {
                    if serving.takeover.is_some() && serving.login_sent.load(Ordering::Relaxed) {
                        serving.ended = Some(end);
                    } else {
                        self.ended(&mut serving, &end).await;
                    }
                }
                () = work(&mut serving.retiring) => {}
                next = work(&mut serving.renewal) => self.take_over(&mut serving, next),
                taken = work(&mut serving.takeover) => match taken {
                    Ok(connected) => self.rotated(&mut serving, connected, output).await,
                    Err(failed) => self.takeover_failed(&mut serving, failed).await,
                },
                () = lasted(clock.as_ref(), serving.since, MILESTONES.get(serving.milestones)) => {
                    serving.milestones += 1;
                    self.has_lasted(serving.since).await;
                }
            }
            if serving.current.is_none() && serving.takeover.is_none() {
                break;
            }
        }
        self.finish(serving, output).await;
    }

    /// Stores what has come and says goodbye.
    async fn finish<'a>(&mut self, mut serving: Serving<'a>, output: &'a dyn StreamOutput) {
        // What a login that was sent has brought must not be lost.
        if serving.login_sent.load(Ordering::Relaxed)
            && let Some(takeover) = serving.takeover.take()
            && let Ok(Ok(connected)) = tokio::time::timeout(GRACE, takeover).await
        {
            self.rotated(&mut serving, connected, output).await;
        }
        serving.closing.cancel();
        let over = match serving.current.take() {
            Some(current) => Some(current.await),
            None => serving.ended.take(),
        };
        if let Some((_, since)) = over {
            self.interrupted(since, GapCause::Restart).await;
        }
        if serving.retiring.is_some() {
            work(&mut serving.retiring).await;
        }
    }

    async fn begin<'a>(&mut self, connected: Connected, output: &'a dyn StreamOutput) -> Serving<'a> {
        let (at, credential) = (connected.at, connected.credential);
        self.logged_in(at).await;
        let closing = CancellationToken::new();
        Serving {
            since: at,
            milestones: 0,
            ended: None,
            login_sent: Arc::default(),
            current: Some(self.reception(connected.session, &credential, closing.clone(), output)),
            closing,
            retiring: None,
            renewal: Some(self.renewal(&credential, later(at, credential.shortest_use()))),
            takeover: None,
            used: credential,
        }
    }

    async fn logged_in(&mut self, at: Timestamp) {
        self.hearing.connected(&self.source, at);
        self.remember_breaker(vec![StreamFact::LoggedIn { at }]).await;
        self.teller.streaming().await;
    }

    fn reception<'a>(
        &self,
        session: Box<dyn MqttSession>,
        credential: &Credential,
        closing: CancellationToken,
        output: &'a dyn StreamOutput,
    ) -> Work<'a, Over> {
        let reception = Reception {
            gcid: credential.gcid.clone(),
            read: self.read,
            clock: self.clock.clone(),
            window: self.window,
            output,
            heard: self.heard.clone(),
            unstored: self.unstored.clone(),
            closing,
        };
        Box::pin(reception.run(session))
    }

    /// Finds another password in time, not before this time.
    fn renewal<'a>(&mut self, used: &Credential, not_before: Timestamp) -> Work<'a, Credential> {
        let renewal = Renewal {
            credentials: self.credentials.clone(),
            clock: self.clock.clone(),
            used: used.clone(),
            refused: self.refused.take(),
        };
        Box::pin(renewal.run(not_before))
    }

    fn take_over(&self, serving: &mut Serving<'_>, credential: Credential) {
        serving.login_sent = Arc::default();
        let takeover = take_over(
            (self.connector.clone(), self.pace.clone()),
            self.clock.clone(),
            credential,
            self.mqtt_client_id.clone(),
            serving.login_sent.clone(),
        );
        serving.takeover = Some(Box::pin(takeover));
    }

    /// The new connection works. The old one is received to its end, or for as long as the broker may take.
    async fn rotated<'a>(
        &mut self,
        serving: &mut Serving<'a>,
        connected: Connected,
        output: &'a dyn StreamOutput,
    ) {
        tracing::debug!(account = %self.account, source = %self.source, "the connection was taken over with a new login");
        let (at, credential) = (connected.at, connected.credential);
        self.breaker.connected_at(at);
        let closing = CancellationToken::new();
        let current = self.reception(connected.session, &credential, closing.clone(), output);
        let old_closing = std::mem::replace(&mut serving.closing, closing);
        let old = serving.current.replace(current);
        let ended = serving.ended.take();
        let was_connected = old.is_some() || ended.is_some();
        // What is held for longer than its window holds reading up: nobody knows whether the old one was over.
        let held = later(self.unstored.stored_until(at), self.window);
        let heard = ended.map_or(held, |(_, since)| held.min(since));
        let deaf = heard < at - SILENCE;
        if was_connected {
            // Takeovers that failed before are over: what they counted must not hold against the next one.
            self.has_lasted(serving.since).await;
        }
        if was_connected && !deaf {
            self.remember_breaker(vec![StreamFact::LoggedIn { at }]).await;
        } else {
            if was_connected {
                self.interrupted(heard, GapCause::ConnectionLost).await;
            }
            (serving.since, serving.milestones) = (at, 0);
            self.logged_in(at).await;
        }
        if let Some(old) = old {
            let before = serving.retiring.take();
            serving.retiring = Some(Box::pin(retire(old, old_closing, before)));
        }
        serving.renewal = Some(self.renewal(&credential, later(at, credential.shortest_use())));
        serving.used = credential;
    }

    /// The old connection goes on, and it is tried again. Unlike one that works, this is held against the limits.
    async fn takeover_failed(&mut self, serving: &mut Serving<'_>, failed: Failed) {
        let now = Now::of(self.clock.as_ref());
        self.breaker.connecting(now);
        let trouble = self.hold_against(&failed.error, &failed.credential);
        if let Some(end) = serving.ended.take() {
            self.ended(serving, &end).await;
        }
        if serving.current.is_none() {
            self.teller
                .failed(&failed.error, trouble, failed.credential.covers_stream)
                .await;
            return self.remember_breaker(Vec::new()).await;
        }
        tracing::warn!(account = %self.account, source = %self.source, error = %Chain(&failed.error), "the connection could not be taken over with a new login; the old one goes on until it ends");
        self.remember_breaker(Vec::new()).await;
        let held = self.breaker.held(now);
        let pause = self.breaker.delay(&mut rand::rng()).max(held);
        let used = serving.used.clone();
        serving.renewal = Some(self.renewal(&used, later(now.shown, pause)));
    }

    /// The connection is over, and no takeover of ours is the reason.
    async fn ended(&mut self, serving: &mut Serving<'_>, (end, since): &Over) {
        let now = self.clock.now();
        let lasted = until(serving.since, now);
        let good = !serving.used.may_have_expired(now);
        let mut evictions = 0;
        match end {
            End::Over(StreamError::Closed { .. }) => {
                evictions = self.breaker.dropped(lasted, good);
                if evictions == 0 {
                    self.teller.no_rival();
                }
            }
            _ => {
                self.breaker.lasted(lasted);
                self.breaker.failed(Trouble::Outage);
            }
        }
        if let End::Over(error) = end {
            let trouble = if evictions > 0 {
                Trouble::Duel
            } else {
                Trouble::Outage
            };
            if good {
                self.teller
                    .failed(error, trouble, serving.used.covers_stream)
                    .await;
            } else {
                tracing::debug!(account = %self.account, source = %self.source, error = %error, "the connection ended with its login");
            }
        }
        if evictions > 0 {
            self.remember_breaker(vec![StreamFact::Evicted { times: evictions }])
                .await;
        }
        let cause = match end {
            End::Closed | End::Unstored => GapCause::Restart,
            End::Over(_) if evictions > 0 => GapCause::OtherProgram,
            End::Over(_) if !good => GapCause::Login,
            End::Over(_) => GapCause::ConnectionLost,
        };
        self.interrupted((*since).max(serving.since), cause).await;
    }

    async fn has_lasted(&mut self, since: Timestamp) {
        if self.breaker.lasted(until(since, self.clock.now())) {
            self.teller.duel_is_over().await;
        }
        self.remember_breaker(Vec::new()).await;
    }
}

async fn take_over(
    (connector, pace): (Arc<dyn MqttConnector>, Arc<Pace>),
    clock: Arc<dyn Clock>,
    credential: Credential,
    mqtt_client_id: Arc<str>,
    login_sent: Arc<AtomicBool>,
) -> Result<Connected, Failed> {
    let failed = |error| Failed {
        error,
        credential: credential.clone(),
    };
    wait_for_place(&pace, clock.as_ref()).await;
    let line = in_time(connector.reach()).await.map_err(failed)?;
    login_sent.store(true, Ordering::Relaxed);
    let session = log_in(line, &credential, &mqtt_client_id).await.map_err(failed)?;
    Ok(Connected {
        session,
        at: clock.now(),
        credential,
    })
}

/// Receives a connection to its end, which its broker brings about; else we do.
async fn retire(mut old: Work<'_, Over>, closing: CancellationToken, before: Option<Work<'_, ()>>) {
    let end = async {
        tokio::select! {
            _ = &mut old => return,
            () = tokio::time::sleep(GRACE) => closing.cancel(),
        }
        old.await;
    };
    match before {
        Some(before) => drop(tokio::join!(end, before)),
        None => end.await,
    }
}

/// Waits for what is under way and takes it off; for ever where nothing is. May be dropped at any time.
async fn work<T>(slot: &mut Option<Work<'_, T>>) -> T {
    let Some(under_way) = slot else {
        return std::future::pending().await;
    };
    let done = under_way.await;
    *slot = None;
    done
}

/// Returns when a connection since then has lasted so long; never without a milestone.
async fn lasted(clock: &dyn Clock, since: Timestamp, milestone: Option<&Duration>) {
    let Some(milestone) = milestone else {
        return std::future::pending().await;
    };
    clock
        .sleep(milestone.saturating_sub(until(since, clock.now())))
        .await;
}
