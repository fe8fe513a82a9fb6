//! Finding the readings that a server refuses, so that their neighbours are stored.
//!
//! InfluxDB names one cause per answer, in words that differ between versions, and depending on the version
//! and the cause it stores the other lines or drops them all. So the words decide at most how a refused request is
//! taken apart; what is refused is proved by sending the parts. Lines that were stored before are overwritten
//! with the same.
//!
//! The words are trusted in one case: a server that counts as many dropped lines as a request has refuses these
//! lines, and all their readings unless the words are about a field.

use std::collections::VecDeque;

use collector_core::{Rejection, SinkError, Written};
use jiff::Timestamp;

use crate::answer::{Answer, Refusal};
use crate::body::{Batch, Limits, Request};
use crate::client::Client;
use crate::plan::ReadingIndex;

/// How many requests one write may spend on taking refused requests apart, so that it ends within the engine's
/// time-out on a slow line too. A field whose type does not fit costs two; a dozen readings scattered among
/// 5,000 that are refused without a word about the field cost some 230. What is still refused as a whole then
/// is rejected as a whole.
const PATIENCE: usize = 256;

/// Bodies are not made smaller than this for good, in bytes: one long text that is refused for its own size
/// must not make every later request small.
const SMALLEST_BODY: usize = 128 * 1024;

/// One write: what was stored and what was refused so far.
pub struct Delivery<'a> {
    client: &'a mut Client,
    batch: &'a Batch,
    /// First in, first out: the largest are taken apart first, so little is left whole when patience ends.
    waiting: VecDeque<Request>,
    patience: usize,
    probed: bool,
    stored_something: bool,
    /// The words of the first refusal, as long as all others are like it.
    only_refusal: Option<Refusal>,
    refusals_differ: bool,
    rejected: Vec<Rejection>,
    /// The newest time that the server keeps nothing of.
    too_old: Option<Timestamp>,
    /// How many readings were dropped because they are not newer.
    outlived: usize,
    /// The largest body, in bytes before compression, that may still be accepted.
    largest: usize,
}

impl<'a> Delivery<'a> {
    pub fn new(client: &'a mut Client, batch: &'a Batch, largest: usize) -> Self {
        Self {
            client,
            batch,
            waiting: VecDeque::new(),
            patience: PATIENCE,
            probed: false,
            stored_something: false,
            only_refusal: None,
            refusals_differ: false,
            rejected: Vec::new(),
            too_old: None,
            outlived: 0,
            largest,
        }
    }

    /// Sends a request; when it is refused, its parts, until every reading is stored or rejected.
    pub async fn deliver(&mut self, request: Request) -> Result<(), SinkError> {
        self.waiting.push_back(request);
        while let Some(mut request) = self.waiting.pop_front() {
            if self.too_old.is_some() && self.newest(&request.places) <= self.too_old {
                self.outlived += request.places.len();
                continue;
            }
            match self.client.post(&mut request).await? {
                Answer::Stored => self.stored_something = true,
                Answer::TooLarge => self.halve(&request),
                Answer::Refused(refusal) => self.take_apart(&request, &refusal).await?,
            }
        }
        Ok(())
    }

    /// What became of the batch and the largest body that the server takes. An error when all words together
    /// say that the server refuses everything and not these readings.
    pub fn finish(self) -> Result<(Written, usize), SinkError> {
        if let Some(refusal) = self.only_refusal
            && !self.stored_something
            && !self.refusals_differ
            && self.rejected.len() > 1
            && !refusal.is_about_readings()
        {
            return Err(refuses_everything(self.client, &refusal));
        }
        let mut written = Written::without(self.rejected);
        written.outlived = self.outlived;
        Ok((written, self.largest))
    }

    fn halve(&mut self, request: &Request) {
        if let [place] = request.places[..] {
            let rejection = self.batch.rejection(place, "larger than the server takes (413)");
            return self.rejected.push(rejection);
        }
        self.largest = self.largest.min((request.size / 2).max(SMALLEST_BODY));
        self.send_later(request, halves(&request.places));
    }

    async fn take_apart(&mut self, request: &Request, refusal: &Refusal) -> Result<(), SinkError> {
        if refusal.is_beyond_retention() {
            self.find_the_oldest(request, refusal);
            return Ok(());
        }
        self.prove_that_lines_are_to_blame(refusal).await?;
        let parts = self.parts(request, refusal);
        if parts.is_empty() {
            self.reject(request, refusal, "");
            return Ok(());
        }
        if self.patience < parts.len() {
            self.reject(request, refusal, "refused together with others: ");
            return Ok(());
        }
        self.patience -= parts.len();
        self.send_later(request, parts);
        Ok(())
    }

    /// Time alone decides what a server keeps, so the older half of what is refused waits until the newer one is through:
    /// it is sent only where that was taken. So a dozen requests find the oldest line that is kept among 5,000.
    fn find_the_oldest(&mut self, request: &Request, refusal: &Refusal) {
        let mut places = request.places.clone();
        places.sort_by_key(|place| self.batch.reading(*place).measured_at);
        let newest = self.newest(&places);
        let parts = halves(&places);
        if parts.is_empty() || refusal.dropped_all(request.lines) || self.newest(&places[..1]) == newest {
            self.too_old = self.too_old.max(newest);
            self.outlived += places.len();
            return;
        }
        for places in parts {
            let part = self.batch.request(request.precision, &places, Limits::NONE);
            self.waiting.push_front(part);
        }
    }

    fn newest(&self, places: &[ReadingIndex]) -> Option<Timestamp> {
        let times = places.iter().map(|place| self.batch.reading(*place).measured_at);
        times.max()
    }

    /// A server that says the same to a request without lines is not to be pleased by other lines.
    async fn prove_that_lines_are_to_blame(&mut self, refusal: &Refusal) -> Result<(), SinkError> {
        if self.probed || self.stored_something {
            return Ok(());
        }
        self.probed = true;
        match self.client.post(&mut Request::default()).await? {
            Answer::Refused(probe) if probe.says(&refusal.words) => {
                Err(refuses_everything(self.client, refusal))
            }
            _ => Ok(()),
        }
    }

    /// The parts of a refused request; none when all of it is refused.
    fn parts(&self, request: &Request, refusal: &Refusal) -> Vec<Vec<ReadingIndex>> {
        let places = &request.places;
        let (named, others): (Vec<_>, Vec<_>) = places
            .iter()
            .partition(|place| names(&refusal.words, &self.batch.key(**place)));
        if !named.is_empty() && !others.is_empty() {
            return vec![named, others];
        }
        let whole_lines = request.lines == places.len() || !refusal.is_about_a_field();
        if refusal.dropped_all(request.lines) && whole_lines {
            return Vec::new();
        }
        halves(places)
    }

    fn reject(&mut self, request: &Request, refusal: &Refusal, prefix: &str) {
        let same = self.only_refusal.get_or_insert_with(|| refusal.clone());
        self.refusals_differ |= !same.says(&refusal.words);
        let reason = format!("{prefix}{}", refusal.words);
        let places = request.places.iter();
        let rejections = places.map(|place| self.batch.rejection(*place, &reason));
        self.rejected.extend(rejections);
    }

    fn send_later(&mut self, request: &Request, parts: Vec<Vec<ReadingIndex>>) {
        let part = |places: Vec<_>| self.batch.request(request.precision, &places, Limits::NONE);
        self.waiting.extend(parts.into_iter().map(part));
    }
}

/// Two halves in the order of time; none of a single reading.
fn halves(places: &[ReadingIndex]) -> Vec<Vec<ReadingIndex>> {
    let (first, second) = places.split_at(places.len() / 2);
    if first.is_empty() {
        return Vec::new();
    }
    vec![first.to_vec(), second.to_vec()]
}

/// Whether the words name the field, as a whole word.
fn names(words: &str, key: &str) -> bool {
    let of_a_key = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    words.match_indices(key).any(|(start, _)| {
        let before = words[..start].chars().next_back();
        let after = words[start + key.len()..].chars().next();
        !before.is_some_and(of_a_key) && !after.is_some_and(of_a_key)
    })
}

pub fn refuses_everything(client: &Client, refusal: &Refusal) -> SinkError {
    SinkError::misconfigured(format!(
        "{} refuses everything, whatever is sent, with {}: check the options and the server",
        client.target().address(),
        refusal.words
    ))
}
