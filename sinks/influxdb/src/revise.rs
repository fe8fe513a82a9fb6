//! Records: the highest revision of each stands there alone, whatever order revisions come in.
//!
//! The sink keeps no memory of its own, so it asks the server what it holds of a record. What a higher revision leaves
//! out goes before that one is written, and the point of the record itself is written last: where it stands with a
//! revision, everything of that revision does, so a write that broke off is done again.

use std::collections::{BTreeMap, HashMap};

use collector_core::{Entry, Record, Rejection, SinkError, Value};

use crate::answer::Answer;
use crate::body::Request;
use crate::client::Client;
use crate::encode::Encoder;
use crate::held::{Held, held};
use crate::isolate::refuses_everything;
use crate::points::{Place, Point};
use crate::reply::{Removal, Reply, VICTORIA};
use crate::target::Precision;

/// How many records are asked for and written together.
const TOGETHER: usize = 25;

/// A record that is to be written.
struct Told<'a> {
    seq: u64,
    record: &'a Record,
    /// The record itself last.
    points: Vec<Point>,
}

/// One write of records.
pub struct Revision<'a> {
    client: &'a mut Client,
    encoder: &'a Encoder,
    removes: bool,
    refused: Refused,
}

/// What of a batch is not stored.
#[derive(Default)]
pub struct Refused {
    pub rejected: Vec<Rejection>,
    /// Records that are older than what the server keeps.
    pub outlived: usize,
    /// Records that are left out, for the server keeps none, whatever is done about it.
    pub left_out: usize,
}

/// Why the server does not take records.
enum Refusal {
    TooOld,
    Words(String),
}

impl<'a> Revision<'a> {
    pub fn new(client: &'a mut Client, encoder: &'a Encoder) -> Self {
        Self {
            client,
            encoder,
            removes: true,
            refused: Refused::default(),
        }
    }

    /// Stores the records of a batch; what is refused for good.
    pub async fn write(mut self, batch: &[Entry]) -> Result<Refused, SinkError> {
        let mut told = self.highest(batch);
        while !told.is_empty() {
            let rest = told.split_off(told.len().min(TOGETHER));
            self.revise(told).await?;
            told = rest;
        }
        Ok(self.refused)
    }

    /// The highest revision of each record that a line can hold.
    fn highest<'b>(&mut self, batch: &'b [Entry]) -> Vec<Told<'b>> {
        let mut highest: HashMap<_, Told<'b>> = HashMap::new();
        for (seq, record) in batch
            .iter()
            .filter_map(|entry| Some((entry.seq, entry.record()?)))
        {
            let points = match self.encoder.points(record) {
                Ok(points) => points,
                Err(reason) => {
                    self.refused.rejected.push(Rejection::record(seq, reason));
                    continue;
                }
            };
            let key: Vec<String> = record.key.iter().map(Value::to_string).collect();
            let place = (record.kind.name, record.vehicle.vin.as_str(), key);
            let is_newer = |known: &Told<'_>| known.record.revision < record.revision;
            if highest.get(&place).is_none_or(is_newer) {
                let told = Told { seq, record, points };
                highest.insert(place, told);
            }
        }
        let mut told: Vec<Told<'b>> = highest.into_values().collect();
        told.sort_by_key(|told| told.seq);
        told
    }

    async fn revise(&mut self, told: Vec<Told<'_>>) -> Result<(), SinkError> {
        let questions: Vec<Vec<String>> = told
            .iter()
            .map(|told| self.encoder.questions(told.record))
            .collect();
        let mut answers = match self.ask(&questions.concat()).await? {
            Reply::Answered(answers) => answers.into_iter(),
            Reply::Unable(words) if words == VICTORIA => {
                self.refused.left_out += told.len();
                return Ok(());
            }
            Reply::Unable(words) => {
                let reason = format!(
                    "records are kept only where the server can be asked which revision it holds; this one answers {words}"
                );
                let rejections = told.iter().map(|told| Rejection::record(told.seq, &*reason));
                self.refused.rejected.extend(rejections);
                return Ok(());
            }
        };
        let mut due = Vec::new();
        for (mut told, questions) in told.into_iter().zip(&questions) {
            let mut answers = answers.by_ref().take(questions.len());
            let own = [answers.next(), answers.next()].into_iter().flatten();
            let mut there: Vec<Held> = own.flat_map(|series| held(&series)).collect();
            let is_there = |held: &Held| held.revision >= f64::from(told.record.revision);
            let is_past = there.iter().any(is_there);
            there.extend(answers.flat_map(|series| held(&series)));
            if is_past {
                continue;
            }
            self.clear(&mut told, there).await?;
            due.push(told);
        }
        self.store(&due).await
    }

    /// What the server answers. One that refused everything until a moment ago is asked again.
    async fn ask(&mut self, questions: &[String]) -> Result<Reply, SinkError> {
        let reply = self.client.ask(questions).await?;
        match &reply {
            Reply::Unable(words) if words != VICTORIA => self.prove_that_it_takes_something(words).await?,
            _ => return Ok(reply),
        }
        self.client.ask(questions).await
    }

    /// Removes what this revision would not write over. Where the server removes nothing, points that are none any more
    /// are marked.
    async fn clear(&mut self, told: &mut Told<'_>, there: Vec<Held>) -> Result<(), SinkError> {
        let written: BTreeMap<&Place, &Point> =
            told.points.iter().map(|point| (&point.place, point)).collect();
        let mut marks = Vec::new();
        for held in there {
            let point = written.get(&held.place);
            let is_covered =
                |point: &&Point| held.fields.iter().all(|field| point.fields.contains_key(field));
            if point.is_some_and(is_covered) {
                continue;
            }
            if self.removes
                && let Removal::Unable(_) = self.client.remove(&held.place.meant()).await?
            {
                self.removes = false;
            }
            if !self.removes && point.is_none() {
                marks.push(Point::withdrawn(held.place, told.record.revision));
            }
        }
        told.points.splice(0..0, marks);
        Ok(())
    }

    async fn store(&mut self, due: &[Told<'_>]) -> Result<(), SinkError> {
        if due.len() > 1 && self.put(due).await?.is_none() {
            return Ok(());
        }
        for told in due {
            let told_alone = std::slice::from_ref(told);
            let refused = match self.put(told_alone).await? {
                // One that refused everything until a moment ago takes it now.
                Some(Refusal::Words(_)) => self.put(told_alone).await?,
                refused => refused,
            };
            match refused {
                None => {}
                Some(Refusal::TooOld) => self.refused.outlived += 1,
                Some(Refusal::Words(words)) => {
                    self.refused.rejected.push(Rejection::record(told.seq, words));
                }
            }
        }
        Ok(())
    }

    /// Writes parts, then wholes. Why the server refuses some of it.
    async fn put(&mut self, due: &[Told<'_>]) -> Result<Option<Refusal>, SinkError> {
        let (mut parts, mut wholes) = (Request::default(), Request::default());
        for told in due {
            let Some((whole, rest)) = told.points.split_last() else {
                continue;
            };
            rest.iter().for_each(|part| part.line(&mut parts.body));
            whole.line(&mut wholes.body);
        }
        for mut request in [parts, wholes] {
            if request.body.is_empty() {
                continue;
            }
            request.precision = Precision::Nanoseconds;
            match self.client.post(&mut request).await? {
                Answer::Stored => {}
                Answer::TooLarge => {
                    let words = "larger than the server takes (413)".to_owned();
                    return Ok(Some(Refusal::Words(words)));
                }
                Answer::Refused(refusal) if refusal.is_beyond_retention() => {
                    return Ok(Some(Refusal::TooOld));
                }
                Answer::Refused(refusal) => {
                    self.prove_that_it_takes_something(&refusal.words).await?;
                    return Ok(Some(Refusal::Words(refusal.words)));
                }
            }
        }
        Ok(None)
    }

    /// A server that says the same to a request without lines refuses everything, and not these records.
    async fn prove_that_it_takes_something(&mut self, words: &str) -> Result<(), SinkError> {
        match self.client.post(&mut Request::default()).await? {
            Answer::Refused(probe) if probe.says(words) => Err(refuses_everything(self.client, &probe)),
            _ => Ok(()),
        }
    }
}
