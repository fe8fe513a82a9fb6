//! What changed, to every open page: server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

/// At once; a browser needs one for each open page.
pub const MOST: usize = 8;
/// A page that is further behind asks for everything anew.
const BEHIND: usize = 64;
/// Often enough for every proxy to leave the connection open.
const ALIVE: Duration = Duration::from_secs(15);

/// Where changes are told; clones tell to the same pages.
#[derive(Debug, Clone)]
pub struct Events {
    sender: broadcast::Sender<Arc<Change>>,
    last: Arc<AtomicU64>,
}

/// What changed, once.
#[derive(Debug)]
struct Change {
    sequence: u64,
    data: String,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(BEHIND),
            last: Arc::default(),
        }
    }
}

impl Events {
    /// Tells every open page that these vehicles have new values, and which: `values` is any JSON that the page
    /// understands. Returns the number of the change, from 1. Costs nothing where no page is open.
    pub fn publish(&self, vehicles: &[&str], values: &Value) -> u64 {
        let sequence = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        if self.sender.receiver_count() > 0 {
            let data = json!({ "sequence": sequence, "vehicles": vehicles, "values": values }).to_string();
            // An error is that the last page was closed meanwhile.
            let _ = self.sender.send(Arc::new(Change { sequence, data }));
        }
        sequence
    }

    /// The number of the newest change: a page that tells it with its values knows from the first event whether it missed
    /// one meanwhile.
    pub fn sequence(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
    }

    /// How many pages are open.
    pub fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }

    /// `/events`, until `stop`.
    pub fn routes(self, stop: &CancellationToken) -> Router {
        let desk = Desk {
            events: self,
            seats: Arc::new(Semaphore::new(MOST)),
            stop: stop.clone(),
        };
        Router::new().route("/events", get(listen)).with_state(desk)
    }
}

#[derive(Clone)]
struct Desk {
    events: Events,
    seats: Arc<Semaphore>,
    stop: CancellationToken,
}

/// One open page.
struct Listener {
    changes: broadcast::Receiver<Arc<Change>>,
    /// The first word: where the page begins.
    first: Option<Event>,
    stop: CancellationToken,
    _seat: OwnedSemaphorePermit,
}

async fn listen(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let Ok(seat) = desk.seats.try_acquire_owned() else {
        let text = format!("There are {MOST} live pages open already: close one, and load this one again.\n");
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "30")],
            text,
        )
            .into_response();
    };
    // First the line, then its number: what changes between is told, and not missed.
    let changes = desk.events.sender.subscribe();
    let last = desk.events.sequence();
    let seen = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse::<u64>().ok());
    let has_missed = seen.is_some_and(|seen| seen != last);
    let listener = Listener {
        changes,
        first: Some(begin(if has_missed { "missed" } else { "hello" }, last)),
        stop: desk.stop,
        _seat: seat,
    };
    let alive = KeepAlive::new().interval(ALIVE);
    let headers = [("x-accel-buffering", "no")];
    (headers, Sse::new(stream_of(listener)).keep_alive(alive)).into_response()
}

/// An event that says where the page stands; with `missed` it has to ask for everything anew.
fn begin(name: &str, last: u64) -> Event {
    let data = json!({ "sequence": last }).to_string();
    Event::default().event(name).id(last.to_string()).data(data)
}

fn stream_of(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(listener, |mut listener| async move {
        let event = match listener.first.take() {
            Some(first) => first,
            None => listener.next().await?,
        };
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// `None` at the stop.
    async fn next(&mut self) -> Option<Event> {
        match self.stop.run_until_cancelled(self.changes.recv()).await? {
            Ok(change) => Some(
                Event::default()
                    .event("change")
                    .id(change.sequence.to_string())
                    .data(&change.data),
            ),
            Err(RecvError::Lagged(_)) => {
                self.changes = self.changes.resubscribe();
                Some(Event::default().event("missed").data("{}"))
            }
            Err(RecvError::Closed) => None,
        }
    }
}
