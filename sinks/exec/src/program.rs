//! A conversation with a program: hello, batches, the end.

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use collector_core::{Entry, Rejection, Scope};
use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::watch;

use crate::answer::{self, Answer};
use crate::encode::{self, Mode};
use crate::lines::Lines;
use crate::patience::within;
use crate::process::{Ending, Launch, Pipes, Process};
use crate::words::{self, Words};

/// How long a program may take until it is ready.
const HELLO: Duration = Duration::from_secs(10);
/// How long it may take to end by itself when its standard input has ended; what it has said until then is heard.
const GRACE: Duration = Duration::from_secs(1);
/// How long it may take after SIGTERM. Together less than the engine gives a sink to close.
const TERM: Duration = Duration::from_millis(500);
/// So many bytes are written at once, or one entry where that has more.
const CHUNK: usize = 64 * 1024;
/// The longest line of an answer, in bytes.
const LONGEST: usize = 16 * 1024;

/// A program that is ready.
pub struct Program {
    launch: Arc<Launch>,
    process: Process,
    input: Sender,
    answers: Lines<Receiver>,
    words: Words,
    can_erase: bool,
    /// Of the last batch.
    number: u64,
}

/// What a program is asked.
pub enum Order<'a> {
    /// `again`: its owner wants it delivered again.
    Store {
        batch: &'a [Entry],
        again: bool,
    },
    Erase(&'a Scope),
}

/// Why a conversation cannot go on.
#[derive(Debug)]
pub enum Trouble {
    /// It ended, or closed a pipe.
    Over,
    /// It was not ready in time.
    Late,
    /// It said what the protocol does not have; a fragment that begins with a verb.
    Wrong(String),
    Wait {
        pause: Duration,
        reason: String,
    },
    Stop(String),
}

/// How a program went.
pub struct Farewell {
    /// None where it had to be stopped.
    pub ending: Ending,
    /// [`Words::last`].
    pub words: String,
}

impl Program {
    /// Says hello and waits until it is ready. Where that fails it has ended.
    ///
    /// # Errors
    /// With how it went.
    pub async fn greeted(
        launch: &Arc<Launch>,
        process: Process,
        pipes: Pipes,
        mode: Mode,
    ) -> Result<Self, (Trouble, Farewell)> {
        let mut program = Self {
            launch: Arc::clone(launch),
            process,
            input: pipes.input,
            answers: Lines::new(pipes.output, LONGEST),
            words: Words::listen(pipes.errors, Arc::clone(launch)),
            can_erase: false,
            number: 0,
        };
        match within(HELLO, program.greet(mode))
            .await
            .unwrap_or(Err(Trouble::Late))
        {
            Ok(()) => Ok(program),
            Err(trouble) => Err((trouble, program.end().await)),
        }
    }

    async fn greet(&mut self, mode: Mode) -> Result<(), Trouble> {
        let hello = encode::hello(mode, &self.launch.sink, self.launch.log_id.as_str());
        let send = async { self.input.write_all(&hello?).await };
        let answer = talk(self.process.ending(), send, next(&mut self.answers, &self.launch)).await?;
        match answer {
            Answer::Ready {
                version: encode::VERSION,
                can_erase,
            } => {
                self.can_erase = can_erase;
                Ok(())
            }
            Answer::Ready { version, .. } => Err(Trouble::Wrong(format!(
                "speaks version {version} of the protocol, and this is version {}",
                encode::VERSION
            ))),
            Answer::Wait { pause, reason } => Err(Trouble::Wait { pause, reason }),
            Answer::Stop(reason) => Err(Trouble::Stop(reason)),
            Answer::Ack(_) | Answer::Refuse { .. } => Err(Trouble::Wrong(
                "answered something before it said that it is ready".to_owned(),
            )),
        }
    }

    pub fn can_erase(&self) -> bool {
        self.can_erase
    }

    /// How it ended, if it has.
    pub fn ending(&self) -> watch::Receiver<Ending> {
        self.process.ending()
    }

    /// Returns when the program says that it is done, with what it refused for good.
    pub async fn carry_out(&mut self, order: &Order<'_>) -> Result<Vec<Rejection>, Trouble> {
        self.words.renew(&self.launch);
        self.number += 1;
        let (number, is_sent) = (self.number, AtomicBool::new(false));
        let send = async {
            send(&mut self.input, order, number).await?;
            is_sent.store(true, Ordering::Relaxed);
            Ok(())
        };
        let (answers, launch) = (&mut self.answers, &self.launch);
        let hear = async {
            let mut refused = BTreeMap::new();
            loop {
                match next(answers, launch).await? {
                    Answer::Ack(ack) if ack == number && is_sent.load(Ordering::Relaxed) => break,
                    Answer::Ack(ack) if ack == number => {
                        return Err(Trouble::Wrong(format!(
                            "acknowledged batch {ack} before it had all of it"
                        )));
                    }
                    Answer::Ack(ack) => {
                        return Err(Trouble::Wrong(format!(
                            "acknowledged batch {ack} in batch {number}"
                        )));
                    }
                    Answer::Refuse {
                        entry,
                        reading,
                        reason,
                    } => {
                        let reason = words::quoted(&reason, launch);
                        refuse(&mut refused, order, (entry, reading), &reason)?;
                    }
                    Answer::Wait { pause, reason } => return Err(Trouble::Wait { pause, reason }),
                    Answer::Stop(reason) => return Err(Trouble::Stop(reason)),
                    Answer::Ready { .. } => {
                        return Err(Trouble::Wrong("said once more that it is ready".to_owned()));
                    }
                }
            }
            Ok(refused
                .into_iter()
                .map(|((seq, position), reason)| match position {
                    Some(position) => Rejection::reading(seq, position, reason),
                    None => Rejection::record(seq, reason),
                })
                .collect())
        };
        talk(self.process.ending(), send, hear).await
    }

    /// Ends its standard input, and stops it where it does not end by itself.
    pub async fn end(self) -> Farewell {
        drop(self.input);
        let mut ended = self.process.ending();
        let ending = within(GRACE, over(&mut ended)).await;
        if ending.is_none() {
            self.process.signal(Signal::TERM);
            let _ = within(TERM, over(&mut ended)).await;
        }
        // Kills what is left of it.
        drop(self.process);
        Farewell {
            ending,
            words: self.words.last().await,
        }
    }
}

/// Waits for the end of a program.
pub async fn over(ending: &mut watch::Receiver<Ending>) -> String {
    let told = ending.wait_for(Option::is_some).await;
    told.ok().and_then(|told| told.clone()).unwrap_or_default()
}

/// Sends and hears at once, since a program may answer before it has read everything. When it has ended or reads no more,
/// what it had said is still heard.
async fn talk<T>(
    mut ending: watch::Receiver<Ending>,
    send: impl Future<Output = io::Result<()>>,
    hear: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let mut hear = pin!(hear);
    let mut reads_on = ending.clone();
    let end = async {
        let sent = async {
            if send.await.is_ok() {
                over(&mut reads_on).await;
            }
        };
        tokio::select! {
            () = sent => {}
            _ = over(&mut ending) => {}
        }
    };
    tokio::select! {
        biased;
        heard = &mut hear => return heard,
        () = end => {}
    }
    within(GRACE, hear).await.unwrap_or(Err(Trouble::Over))
}

async fn send(input: &mut Sender, order: &Order<'_>, number: u64) -> io::Result<()> {
    let mut lines = Vec::new();
    match order {
        Order::Store { batch, again } => {
            for entry in *batch {
                encode::entry(&mut lines, entry, *again)?;
                if lines.len() >= CHUNK {
                    input.write_all(&lines).await?;
                    lines.clear();
                }
            }
        }
        Order::Erase(scope) => encode::erase(&mut lines, scope)?,
    }
    encode::flush(&mut lines, number)?;
    input.write_all(&lines).await
}

async fn next(answers: &mut Lines<Receiver>, launch: &Launch) -> Result<Answer, Trouble> {
    let line = answers.next().await.ok().flatten().ok_or(Trouble::Over)?;
    if line.is_cut {
        return Err(Trouble::Wrong(format!(
            "wrote a line of more than {LONGEST} bytes"
        )));
    }
    answer::parsed(line.bytes).map_err(|error| {
        let text = words::quoted(&String::from_utf8_lossy(line.bytes), launch);
        // May repeat what the line has.
        let error = words::quoted(&error, launch);
        Trouble::Wrong(format!(
            "wrote to its standard output what is no answer, `{text}`: {error}"
        ))
    })
}

/// Notes a refusal: of a reading, of a record, or of every reading of an entry.
fn refuse(
    refused: &mut BTreeMap<(u64, Option<usize>), String>,
    order: &Order<'_>,
    (seq, reading): (u64, Option<usize>),
    reason: &str,
) -> Result<(), Trouble> {
    let batch = match order {
        Order::Store { batch, .. } => *batch,
        Order::Erase(_) => &[],
    };
    let Some(entry) = batch.iter().find(|entry| entry.seq == seq) else {
        return Err(Trouble::Wrong(format!(
            "refused entry {seq}, which is not in the batch"
        )));
    };
    let reason = match reason.is_empty() {
        true => "the program gave no reason",
        false => reason,
    };
    let count = entry.readings().len();
    match reading {
        _ if entry.record().is_some() => {
            refused.insert((seq, None), reason.to_owned());
        }
        Some(reading) if reading >= count => {
            return Err(Trouble::Wrong(format!(
                "refused reading {reading} of entry {seq}, which has {count}, the first being 0"
            )));
        }
        Some(reading) => {
            refused.insert((seq, Some(reading)), reason.to_owned());
        }
        None => refused.extend((0..count).map(|reading| ((seq, Some(reading)), reason.to_owned()))),
    }
    Ok(())
}
