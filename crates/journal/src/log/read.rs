//! Batches for the sinks, decoded once for those that read at the same place.
//!
//! One thread and one reading connection serve all sinks. Decoding costs about as much as a quick sink's
//! write, so the last few batches are kept, and sinks that catch up side by side are kept side by side: who
//! is ahead waits a moment for those who follow closely. Who does not read for that moment is not waited for,
//! so a sink that is down delays nobody.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use collector_core::{Descriptor, Entry, Name, Vehicle, VehicleSettings, Vin};
use jiff::Timestamp;
use store::StoreError;
use tokio::sync::{oneshot, watch};

use super::decoder::Decoder;
use super::deliver::Rejected;
use super::scan::Damage;
use crate::{Journal, Read, Result};

/// How many decoded batches are kept for sinks that follow.
const KEPT: usize = 8;
/// An hour: nothing has to be done then.
const FOR_EVER: Duration = Duration::from_secs(3600);
/// Who has not read for so long is not counted on.
const PRESENT: Duration = Duration::from_secs(600);
/// How long a sink that is ahead waits for one that follows.
const PATIENCE: Duration = Duration::from_millis(100);

/// Entries in the order of their numbers.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Entries that can be read, also those with nothing for a sink: with documents alone, or with nothing that was new, which
    /// still say that time has passed.
    pub entries: Arc<[Entry]>,
    /// What is no reading any more; none, unless descriptors have changed their types.
    pub outgrown: Arc<[Outgrown]>,
    /// The readings in all of them.
    pub readings: usize,
    /// The number that a sink has reached once it has stored all of it.
    pub last: u64,
    /// What could not be read up to there.
    pub damaged: Arc<[Damage]>,
}

impl Batch {
    /// The lines among the dead letters for what could not be read: one for an entry or a range of them.
    pub fn dead_letters(&self) -> Vec<Rejected> {
        let letter =
            |damage: &Damage| Rejected::entry(damage.first, format!("damaged in the journal: {damage}"));
        self.damaged.iter().map(letter).collect()
    }
}

/// A value that was a reading when it was stored and is none for this version of the program.
#[derive(Debug, Clone)]
pub struct Outgrown {
    pub seq: u64,
    pub vehicle: Vehicle,
    pub source: Name,
    pub descriptor: Descriptor,
    /// When it was measured.
    pub at: Timestamp,
    pub reason: String,
}

/// Reads and decodes entries. Clones share the thread; it ends when the last is dropped.
#[derive(Debug, Clone)]
pub struct Reader {
    requests: Sender<Message>,
}

/// Runs on the reader's thread.
type Question = Box<dyn FnOnce(&mut Decoder) + Send>;

enum Message {
    Read(Request),
    Ask(Question),
}

#[derive(Debug)]
struct Request {
    sink: Name,
    after: u64,
    readings: usize,
    at: Instant,
    answer: oneshot::Sender<Result<Option<Batch>>>,
}

impl Journal {
    /// A reader that knows of vehicles what the pipeline file says; others are called by their production number.
    pub fn reader(&self, settings: HashMap<Vin, VehicleSettings>) -> Result<Reader> {
        let (requests, queue) = channel();
        let server = Server {
            decoder: Decoder::open(self.path(), settings, self.known.clone())?,
            newest: self.newest.subscribe(),
            kept: VecDeque::new(),
            followers: HashMap::new(),
            waiting: Vec::new(),
            ahead: None,
        };
        let spawned = thread::Builder::new()
            .name("journal-reader".to_owned())
            .spawn(move || server.run(&queue));
        spawned.map_err(|_| StoreError::Stopped)?;
        Ok(Reader { requests })
    }
}

impl Reader {
    /// Answers a question beside the batches.
    pub(super) async fn ask<T, F>(&self, question: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Decoder) -> Result<T> + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        self.send(Message::Ask(Box::new(move |decoder| {
            // Whoever asked may have gone.
            let _ = answer.send(question(decoder));
        })))?;
        receiver.await.map_err(|_| StoreError::Stopped)?
    }

    fn send(&self, message: Message) -> Result<()> {
        self.requests
            .send(message)
            .map_err(|_| StoreError::Stopped.into())
    }
}

#[async_trait]
impl Read for Reader {
    async fn read(&self, sink: &Name, after: u64, readings: usize) -> Result<Option<Batch>> {
        let (answer, receiver) = oneshot::channel();
        let request = Request {
            sink: sink.clone(),
            after,
            readings,
            at: Instant::now(),
            answer,
        };
        self.send(Message::Read(request))?;
        receiver.await.map_err(|_| StoreError::Stopped)?
    }
}

/// A batch that is kept, and the request that it answers.
struct Kept {
    after: u64,
    readings: usize,
    batch: Batch,
    /// One that is not full may be longer once this is not the newest entry any more.
    newest: Option<u64>,
}

/// Where a sink will read next, and when it was last heard of.
struct Follower {
    next: u64,
    seen: Instant,
}

struct Server {
    decoder: Decoder,
    newest: watch::Receiver<u64>,
    /// The oldest first.
    kept: VecDeque<Kept>,
    followers: HashMap<Name, Follower>,
    waiting: Vec<Request>,
    /// Behind what number so many readings will be asked for next.
    ahead: Option<(u64, usize)>,
}

impl Server {
    fn run(mut self, queue: &Receiver<Message>) {
        loop {
            let wait = match (self.ahead, self.waiting.is_empty()) {
                (Some(_), _) => Duration::ZERO,
                (None, true) => FOR_EVER,
                (None, false) => PATIENCE / 4,
            };
            match queue.recv_timeout(wait) {
                Ok(Message::Read(request)) => self.waiting.push(request),
                Ok(Message::Ask(question)) => question(&mut self.decoder),
                Err(RecvTimeoutError::Timeout) => self.read_ahead(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Whoever can be served may let others go on.
            while let Some(position) = self.waiting.iter().position(|request| !self.must_wait(request)) {
                let request = self.waiting.swap_remove(position);
                self.serve(request);
            }
        }
    }

    /// Whether answering would push out a batch that another sink is about to read.
    fn must_wait(&self, request: &Request) -> bool {
        let Some(oldest) = self.kept.front().filter(|_| self.kept.len() >= KEPT) else {
            return false;
        };
        if request.at.elapsed() > PATIENCE || self.find(request.after, request.readings).is_some() {
            return false;
        }
        self.followers.iter().any(|(name, follower)| {
            *name != request.sink && follower.next == oldest.after && follower.seen.elapsed() < PATIENCE
        })
    }

    fn serve(&mut self, request: Request) {
        let result = match self.find(request.after, request.readings) {
            Some(kept) => Ok(Some(kept.batch.clone())),
            None => self.decode(request.after, request.readings),
        };
        let (next, is_full) = match &result {
            Ok(Some(batch)) => (batch.last, batch.readings >= request.readings),
            _ => (request.after, false),
        };
        self.ahead = is_full.then_some((next, request.readings));
        let seen = Instant::now();
        self.followers.insert(request.sink, Follower { next, seen });
        self.forget_passed();
        // A sink that was stopped meanwhile does not wait for its batch any more.
        let _ = request.answer.send(result);
    }

    /// What everybody has passed is not needed: memory is short on small machines.
    fn forget_passed(&mut self) {
        let here = self.followers.values().filter(|one| one.seen.elapsed() < PRESENT);
        let last = here.map(|one| one.next).min();
        self.kept
            .retain(|kept| last.is_none_or(|next| kept.after >= next));
    }

    fn find(&self, after: u64, readings: usize) -> Option<&Kept> {
        let newest = *self.newest.borrow();
        // What reaches to the end answers whoever wants at least as much.
        let is_enough = |kept: &Kept| match kept.newest {
            Some(then) => then == newest && kept.batch.readings < readings,
            None => kept.readings == readings,
        };
        let mut kept = self.kept.iter();
        kept.find(|kept| kept.after == after && is_enough(kept))
    }

    /// While a sink writes, what it will ask for next is decoded.
    fn read_ahead(&mut self) {
        let oldest = self.kept.front().filter(|_| self.kept.len() >= KEPT);
        let is_next = |oldest: &Kept| self.followers.values().any(|one| one.next == oldest.after);
        let has_room = !oldest.is_some_and(is_next);
        if let Some((after, readings)) = self.ahead.take().filter(|_| has_room)
            && self.find(after, readings).is_none()
        {
            // What cannot be read is told to whoever asks for it.
            let _ = self.decode(after, readings);
        }
    }

    fn decode(&mut self, after: u64, readings: usize) -> Result<Option<Batch>> {
        let newest = *self.newest.borrow();
        let Some(batch) = self.decoder.batch(after, readings)? else {
            // Everyone is up to date, or will soon be: the memory is not needed.
            self.kept.clear();
            return Ok(None);
        };
        let is_full = batch.readings >= readings;
        if !is_full {
            self.kept.retain(|kept| kept.newest.is_none());
        }
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Kept {
            after,
            readings,
            batch: batch.clone(),
            newest: (!is_full).then_some(newest),
        });
        Ok(Some(batch))
    }
}
