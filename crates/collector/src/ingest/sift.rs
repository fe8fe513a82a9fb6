//! A snapshot that makes the journal panic, parted: into what can be stored, and what is kept as a stray.
//!
//! The journal is asked without anything being stored: a poll is one entry, however often it is tried.

use collector_core::{RawReading, RawSnapshot, Stray};
use journal::Appended;
use serde::{Serialize, Serializer};

use super::{Door, Stopped};

/// So often a snapshot is tried: enough for five culprits among eighty readings. What is untried then is kept with them.
const TRIES: u32 = 64;

impl Door {
    /// Stores a snapshot without the readings on which the journal panics, and keeps those as a stray; the whole where
    /// nothing can be stored without a panic.
    pub(super) async fn take_sifted(&self, snapshot: &RawSnapshot) -> Result<Vec<Appended>, Stopped> {
        let (sound, culprits) = self.sifted(snapshot).await?;
        let stored = match sound.is_empty() {
            true => None,
            false => self.take_one(&with(snapshot, sound)).await?,
        };
        let kept = match stored {
            Some(_) if culprits.is_empty() => return Ok(stored.unwrap_or_default()),
            Some(_) => with(snapshot, culprits),
            None => snapshot.clone(),
        };
        tracing::error!(account = %self.account, source = %self.source, readings = kept.readings.len(), of = snapshot.readings.len(), "what a snapshot says made the journal panic, which is a bug; it is kept as a stray");
        self.take_strays(vec![as_stray(&kept)]).await?;
        Ok(stored.unwrap_or_default())
    }

    /// The readings that the journal takes together, and those on which it panics. Parts that it does not take are halved.
    async fn sifted(&self, snapshot: &RawSnapshot) -> Result<(Vec<RawReading>, Vec<RawReading>), Stopped> {
        let (mut sound, mut culprits) = (Vec::new(), Vec::new());
        let mut tries = 0..TRIES;
        // Without readings it would be none of them.
        let mut untried = match self.is_taken(&with(snapshot, Vec::new())).await? {
            true => vec![&*snapshot.readings],
            false => Vec::new(),
        };
        while let Some(part) = untried.pop() {
            if tries.next().is_none() {
                culprits.extend_from_slice(part);
            } else if self.is_taken(&with(snapshot, [&*sound, part].concat())).await? {
                sound.extend_from_slice(part);
            } else if part.len() == 1 {
                culprits.extend_from_slice(part);
            } else {
                let (first, second) = part.split_at(part.len() / 2);
                untried.extend([second, first]);
            }
        }
        Ok((sound, culprits))
    }

    async fn is_taken(&self, snapshot: &RawSnapshot) -> Result<bool, Stopped> {
        let tried = self.until_stored(|| self.intake.try_out(&self.account, &self.source, snapshot.clone()));
        Ok(tried.await?.is_some())
    }
}

/// The same poll or message with these readings.
fn with(snapshot: &RawSnapshot, readings: Vec<RawReading>) -> RawSnapshot {
    RawSnapshot {
        readings,
        ..snapshot.clone()
    }
}

/// A snapshot in the form of a message, its bodies byte by byte.
fn as_stray(snapshot: &RawSnapshot) -> Stray {
    struct Data<'a>(&'a [RawReading]);
    impl Serialize for Data<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|reading| (&reading.descriptor, &reading.body)))
        }
    }
    #[derive(Serialize)]
    struct Message<'a> {
        vin: &'a str,
        timestamp: Option<&'a str>,
        data: Data<'a>,
    }
    let message = Message {
        vin: snapshot.vin.as_str(),
        timestamp: snapshot.sent_at.as_deref(),
        data: Data(&snapshot.readings),
    };
    Stray {
        received_at: snapshot.received_at,
        topic: snapshot.vin.as_str().to_owned(),
        // Text and JSON that was read before cannot fail to be written.
        payload: serde_json::to_vec(&message).unwrap_or_default(),
        reason: "storing it is a bug of this program".to_owned(),
    }
}
