//! Who is connected, and what each connection still has to write. All of it is data: the sockets are in
//! [`super::connection`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::BytesMut;
use jiff::Timestamp;
use rumqttc::mqttbytes::v4::Packet;
use tokio::sync::{Notify, watch};

use super::config::Delivery;
use super::programme::{Programme, Terms};
use super::record::{StreamLog, Streamed};
use super::session::{Kept, Message, Session};
use super::window::Window;
use crate::world::World;

/// The broker's side of the account. There is one login, so there is one subscriber at a time.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    lines: BTreeMap<u64, Line>,
    last_line: u64,
    /// The line that is logged in.
    live: Option<u64>,
    kept: HashMap<String, Kept>,
    programme: Programme,
    pub(super) log: StreamLog,
    pub(super) refusals: Refusals,
    pub(super) window: Window,
    /// Whether no connections are taken.
    pub(super) closed: watch::Sender<bool>,
    /// Told when somebody logs in.
    pub(super) news: Arc<Notify>,
    /// Before this second, in seconds since 1970, lie the stamps of the next burst.
    pub(super) burst: Option<i64>,
}

/// Logins that are refused though their tokens have not expired.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    pub left: u32,
    /// Tokens with a higher number are taken.
    pub last_token: u64,
}

/// One connection.
#[derive(Debug, Default)]
struct Line {
    /// What goes out before any message.
    answers: BytesMut,
    signals: Arc<Signals>,
    session: Option<Session>,
}

/// What the socket of a line waits for.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub ending: watch::Sender<Option<Ending>>,
    /// There is something to write, or the line ends.
    pub wake: Notify,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As TLS has it.
    Orderly,
    /// Without a word, as when the network is gone.
    Abrupt,
}

/// What the socket of a line has to do next.
pub(super) enum Work {
    /// Write this; it holds the messages with these numbers in the record.
    Write(BytesMut, std::ops::Range<usize>),
    End(Ending),
    Wait,
}

impl Broker {
    /// The number of a new connection, on which nobody has logged in; `None` when none are taken.
    pub(super) fn open_line(&mut self) -> Option<(u64, Arc<Signals>)> {
        if *self.closed.borrow() {
            return None;
        }
        self.last_line += 1;
        let line = Line::default();
        let signals = line.signals.clone();
        self.lines.insert(self.last_line, line);
        Some((self.last_line, signals))
    }

    /// Forgets a connection that is closed.
    pub(super) fn forget(&mut self, number: u64) {
        self.lines.remove(&number);
    }

    /// Whether somebody is logged in.
    pub(super) fn is_live(&self) -> bool {
        self.live.is_some()
    }

    pub(super) fn session(&mut self, number: u64) -> Option<&mut Session> {
        self.lines.get_mut(&number)?.session.as_mut()
    }

    pub(super) fn answer(&mut self, number: u64, packet: &Packet) {
        let Some(line) = self.lines.get_mut(&number) else {
            return;
        };
        if let Err(error) = packet.write(&mut line.answers, usize::MAX) {
            tracing::warn!(%error, "an answer cannot be sent");
        }
        line.signals.wake.notify_one();
    }

    /// The login on a line was granted, and the one before it has ended.
    pub(super) fn log_in(&mut self, number: u64, session: Session) {
        if let Some(line) = self.lines.get_mut(&number) {
            line.session = Some(session);
            self.live = Some(number);
        }
        self.news.notify_one();
    }

    /// Takes what is kept for a client; a clean session finds nothing and leaves nothing.
    pub(super) fn take_kept(&mut self, client_id: &str, persistent: bool) -> Option<Kept> {
        self.kept.remove(client_id).filter(|_| persistent)
    }

    /// Ends the connection that is logged in. Says whether there was one.
    pub(super) fn end_live(&mut self, ending: Ending) -> bool {
        let Some(number) = self.live else {
            return false;
        };
        self.end(number, ending);
        true
    }

    pub(super) fn end_all(&mut self, ending: Ending) {
        let numbers: Vec<u64> = self.lines.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.end(number, ending));
    }

    /// Tells a line to end; what has not been written to it is left to the kept session or gone.
    pub(super) fn end(&mut self, number: u64, ending: Ending) {
        let Some(line) = self.lines.get(&number) else {
            return;
        };
        if line.signals.ending.borrow().is_none() {
            line.signals.ending.send_replace(Some(ending));
            line.signals.wake.notify_one();
        }
        if self.live == Some(number) {
            self.live = None;
            if let Some(session) = line.session.as_ref().filter(|session| session.persistent) {
                self.kept.insert(session.client_id.clone(), session.keep());
            }
        }
    }

    /// What the socket of a line has to do next. Messages count as sent when they are taken here.
    pub(super) fn take(&mut self, number: u64, log: bool, now: Timestamp) -> Work {
        let Some(line) = self.lines.get_mut(&number) else {
            return Work::End(Ending::Orderly);
        };
        let mut bytes = line.answers.split();
        let ending = *line.signals.ending.borrow();
        let streamed = &mut self.log.streamed;
        let first = streamed.len();
        if let Some(session) = line.session.as_mut().filter(|_| ending.is_none()) {
            session.write(&mut bytes, |message| {
                let number = streamed.len();
                if log {
                    streamed.push(Streamed {
                        at: now,
                        topic: message.topic.clone(),
                        payload: message.payload.to_vec(),
                        stray: message.stray,
                        acknowledged: false,
                        cut: false,
                    });
                }
                log.then_some(number)
            });
        }
        match ending {
            _ if !bytes.is_empty() => Work::Write(bytes, first..streamed.len()),
            Some(ending) => Work::End(ending),
            None => Work::Wait,
        }
    }

    /// The connection broke while these were written.
    pub(super) fn cut(&mut self, messages: std::ops::Range<usize>) {
        for streamed in self.log.streamed.get_mut(messages).unwrap_or_default() {
            streamed.cut = true;
        }
    }

    /// The client has a message. `Err` when it was not asked to say so.
    pub(super) fn acknowledge(&mut self, number: u64, id: u16) -> Result<(), ()> {
        let line = self.lines.get_mut(&number).ok_or(())?;
        let record = line.session.as_mut().ok_or(())?.acknowledge(id)?;
        // Numbers may have been waited for.
        line.signals.wake.notify_one();
        if let Some(streamed) = record.and_then(|record| self.log.streamed.get_mut(record)) {
            streamed.acknowledged = true;
        }
        Ok(())
    }

    /// Publishes a message. Nobody hears it who is not subscribed just then.
    pub(super) fn publish(&mut self, message: &Message, delivery: Delivery) -> bool {
        let mut heard = false;
        if let Some(line) = self.live.and_then(|number| self.lines.get_mut(&number))
            && let Some(session) = &mut line.session
            && session.kept.offer(message, delivery)
        {
            line.signals.wake.notify_one();
            heard = true;
        }
        for kept in self.kept.values_mut() {
            heard |= kept.offer(message, delivery);
        }
        if !heard {
            self.log.unheard += 1;
        }
        heard
    }
}

/// Brings the stream up to the clock: publishes what the cars have said since, and ends the login whose token has
/// expired.
pub(crate) fn advance(world: &mut World, now: Timestamp) {
    let gcid = &world.login.gcid;
    let terms = Terms {
        gcid,
        seed: world.config.seed,
        config: &world.config.stream,
    };
    let live = world.stream.live;
    let expires = live.and_then(|number| world.stream.session(number).map(|session| session.expires));
    for emission in world.stream.programme.due(&world.cars, terms, now) {
        if expires.is_some_and(|expires| emission.sent >= expires.as_millisecond()) {
            world.stream.end_live(Ending::Orderly);
        }
        if world.config.stream.selection.has(emission.descriptor) {
            let message = Message::new(gcid, &emission.vin, emission.payload);
            world.stream.publish(&message, world.config.stream.delivery);
        }
    }
    if expires.is_some_and(|expires| now >= expires) {
        world.stream.end_live(Ending::Orderly);
    }
}
