//! What a stream says of itself: to the log once, to `cardata status` whenever it changes.

use cardata_api::stream::StreamError;
use collector_core::Name;
use collector_core::state::{State, StreamState};
use ledger::Publisher;
use runtime::Chain;
use source::Handles;

use super::breaker::Trouble;

const DUEL: &str = "another program uses the stream with this account, and BMW allows one connection: stop the other \
                    one, or let it read from a broker of your own that the sink `mqtt` publishes to";
const GOING_ON: &str = "trying every minute. If it goes on for hours, run `cardata login`";
const SUBSCRIBE: &str = "in BMW's portal, subscribe the client to CarData Stream and select data for streaming, wait \
                         two minutes and run `cardata login`";

/// Says things once.
pub struct Teller {
    account: Name,
    source: Name,
    publisher: Publisher,
    /// What was told since the stream was last well.
    told: Vec<Topic>,
    was_connected: bool,
    /// The duel that was told of is not over.
    duel: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Trouble(Trouble),
    Login,
    Bug,
}

impl Teller {
    pub fn new(handles: &Handles, source: Name) -> Self {
        let account = handles.login.account.clone();
        let publisher = Publisher::new(account.clone(), handles.ledger.clone(), handles.clock.clone());
        Self {
            account,
            source,
            publisher,
            told: Vec::new(),
            was_connected: false,
            duel: false,
        }
    }

    /// The first try. What goes wrong is a better answer than this to how it fares.
    pub async fn connecting(&mut self) {
        if self.told.is_empty() && !self.duel {
            self.publish(StreamState::Connecting, None).await;
        }
    }

    pub async fn streaming(&mut self) {
        let (account, source) = (&self.account, &self.source);
        match (self.was_connected, self.told.is_empty(), self.duel) {
            (_, _, true) => tracing::debug!(%account, %source, "the stream is connected"),
            (true, false, _) => tracing::info!(%account, %source, "the stream is back"),
            _ => tracing::info!(%account, %source, "the stream is connected"),
        }
        self.was_connected = true;
        self.told.clear();
        let message = self
            .duel
            .then(|| format!("the connection was taken again and again: {DUEL}"));
        self.publish(StreamState::Streaming, message).await;
    }

    /// A connection was lost, or could not be made.
    pub async fn failed(&mut self, error: &StreamError, trouble: Trouble, covers_stream: bool) {
        let reason = Chain(error).to_string();
        match trouble {
            Trouble::Outage => self.outage(&reason).await,
            Trouble::Duel => self.evicted().await,
            Trouble::Refused | Trouble::NotSubscribed => {
                let (state, next) = match trouble {
                    Trouble::Refused => (StreamState::Refused, GOING_ON),
                    _ => (StreamState::NotSubscribed, "trying again every few minutes"),
                };
                let message = match covers_stream {
                    true => format!("{reason}; {next}"),
                    false => format!("{reason}, and the login does not cover the stream: {SUBSCRIBE}"),
                };
                self.person(Topic::Trouble(trouble), &message);
                self.publish(state, Some(message)).await;
            }
        }
    }

    /// Nothing can be done for now, and it passes by itself.
    pub async fn outage(&mut self, reason: &str) {
        if self.duel {
            tracing::debug!(account = %self.account, source = %self.source, reason, "the stream is interrupted");
            return;
        }
        if self.is_news(Topic::Trouble(Trouble::Outage)) {
            tracing::warn!(account = %self.account, source = %self.source, error = reason, "the stream is interrupted; trying until it works");
        } else {
            tracing::debug!(account = %self.account, source = %self.source, error = reason, "the stream could not be reached");
        }
        self.publish(StreamState::Waiting, Some(format!("{reason}; trying again")))
            .await;
    }

    pub async fn login_needed(&mut self, reason: &str) {
        self.person(Topic::Login, reason);
        self.publish(StreamState::LoginNeeded, Some(reason.to_owned()))
            .await;
    }

    async fn evicted(&mut self) {
        if !self.duel {
            self.duel = true;
            tracing::warn!(account = %self.account, source = %self.source, "{DUEL}; connecting less and less often until then");
        }
        self.publish(StreamState::Evicted, Some(DUEL.to_owned())).await;
    }

    /// A connection ended in a way that is no other program's.
    pub fn no_rival(&mut self) {
        self.duel = false;
    }

    /// A connection has lasted; nobody takes it any more.
    pub async fn duel_is_over(&mut self) {
        if std::mem::take(&mut self.duel) {
            tracing::info!(account = %self.account, source = %self.source, "the stream is ours alone again");
            self.publish(StreamState::Streaming, None).await;
        }
    }

    pub async fn bug(&mut self, text: &str) {
        if self.is_news(Topic::Bug) {
            tracing::error!(account = %self.account, source = %self.source, panic = text, "the stream panicked, which is a bug; connecting anew");
        }
        self.publish(
            StreamState::Waiting,
            Some("the stream stumbled over a bug; connecting anew".to_owned()),
        )
        .await;
    }

    pub async fn stopped(&mut self) {
        self.publish(StreamState::Stopped, None).await;
    }

    /// ERROR, because somebody must act.
    fn person(&mut self, topic: Topic, message: &str) {
        if self.is_news(topic) {
            tracing::error!(account = %self.account, source = %self.source, "no stream: {message}");
        }
    }

    fn is_news(&mut self, topic: Topic) -> bool {
        let news = !self.told.contains(&topic);
        if news {
            self.told.push(topic);
        }
        news
    }

    async fn publish(&self, state: StreamState, message: Option<String>) {
        self.publisher.publish(State::Stream(state), message).await;
    }
}
