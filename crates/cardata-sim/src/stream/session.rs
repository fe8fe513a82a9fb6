//! One login's subscriptions and the messages on their way to it.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use rumqttc::mqttbytes::v4::{Packet, Publish, SubscribeFilter};
use rumqttc::mqttbytes::{QoS, matches};

use super::config::Delivery;
use super::record::Stray;

/// The most bytes that are written at once.
const WRITE: usize = 64 * 1_024;

/// Something that is published.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub topic: String,
    pub payload: Bytes,
    pub stray: Option<Stray>,
}

impl Message {
    /// One about a vehicle.
    pub fn new(gcid: &str, vin: &str, payload: impl Into<Bytes>) -> Self {
        Self {
            topic: format!("{gcid}/{vin}"),
            payload: payload.into(),
            stray: None,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Session {
    pub client_id: String,
    /// Whether the client wants to find it again.
    pub persistent: bool,
    /// When the login ends.
    pub expires: Timestamp,
    pub keep_alive: Duration,
    pub kept: Kept,
    unacknowledged: VecDeque<Flight>,
    /// The numbers of those.
    taken: HashSet<u16>,
    last_id: u16,
}

#[derive(Debug, Clone)]
struct Waiting {
    message: Message,
    qos: QoS,
    again: bool,
}

#[derive(Debug)]
struct Flight {
    id: u16,
    what: Waiting,
    record: Option<usize>,
}

/// What a client has subscribed to and not been sent: what it finds when it comes back.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub filters: Vec<SubscribeFilter>,
    waiting: VecDeque<Waiting>,
}

impl Session {
    pub fn new(
        client_id: String,
        persistent: bool,
        expires: Timestamp,
        keep_alive: Duration,
        kept: Option<Kept>,
    ) -> Self {
        Self {
            client_id,
            persistent,
            expires,
            keep_alive,
            kept: kept.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Adds a subscription in place of an earlier one of the same topic.
    pub fn subscribe(&mut self, filter: SubscribeFilter) {
        self.kept.filters.retain(|known| known.path != filter.path);
        self.kept.filters.push(filter);
    }

    /// Writes what waits, as much as one write takes. `record` is told of each message and gives its number in the
    /// record of all.
    pub fn write(&mut self, bytes: &mut BytesMut, mut record: impl FnMut(&Message) -> Option<usize>) {
        while bytes.len() < WRITE
            && let Some(next) = self.kept.waiting.front()
        {
            let id = match next.qos {
                QoS::AtMostOnce => 0,
                // All numbers are taken: on with the next acknowledgement.
                _ if self.unacknowledged.len() >= usize::from(u16::MAX) => return,
                _ => self.free_id(),
            };
            let Some(what) = self.kept.waiting.pop_front() else {
                return;
            };
            let Message { topic, payload, .. } = what.message.clone();
            let mut publish = Publish::from_bytes(topic, what.qos, payload);
            publish.pkid = id;
            publish.dup = what.again;
            if let Err(error) = Packet::Publish(publish).write(bytes, usize::MAX) {
                // A topic or a length that MQTT does not have: by `Control::publish` alone.
                tracing::warn!(%error, "a message cannot be sent");
                self.taken.remove(&id);
                continue;
            }
            let record = record(&what.message);
            if id != 0 {
                self.unacknowledged.push_back(Flight { id, what, record });
            }
        }
    }

    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if self.taken.insert(self.last_id) {
                return self.last_id;
            }
        }
    }

    /// Ends the wait for an acknowledgement; its record. `Err` when nobody waits for it.
    pub fn acknowledge(&mut self, id: u16) -> Result<Option<usize>, ()> {
        let position = self.unacknowledged.iter().position(|flight| flight.id == id);
        let flight = position.and_then(|position| self.unacknowledged.remove(position));
        self.taken.remove(&id);
        flight.map(|flight| flight.record).ok_or(())
    }

    /// What is left for the next connection: what was not acknowledged first.
    pub fn keep(&self) -> Kept {
        let again = self.unacknowledged.iter().map(|flight| Waiting {
            again: true,
            ..flight.what.clone()
        });
        Kept {
            filters: self.kept.filters.clone(),
            waiting: again.chain(self.kept.waiting.iter().cloned()).collect(),
        }
    }
}

impl Kept {
    /// Queues a message if it was subscribed to; says whether it was.
    pub fn offer(&mut self, message: &Message, delivery: Delivery) -> bool {
        let filters = self.filters.iter();
        let fitting = filters.filter(|filter| matches(&message.topic, &filter.path));
        let Some(qos) = fitting.map(|filter| filter.qos).max_by_key(|qos| *qos as u8) else {
            return false;
        };
        self.waiting.push_back(Waiting {
            message: message.clone(),
            qos: match delivery {
                Delivery::AtMostOnce => QoS::AtMostOnce,
                Delivery::Granted => qos,
            },
            again: false,
        });
        true
    }
}
