//! Records of sessions that stay as they are, so that listing them again costs next to nothing: a look at the records comes
//! with every few messages, and finds the sessions of two days each time.

use std::sync::{Arc, Mutex, PoisonError};

use collector_core::{Record, Vehicle};

use super::identity::Session;
use super::record;
use crate::Rules;

/// Shared by the checkpoints of one vehicle. Each record is known by the very parts that it was made of, which lie in it
/// and so stay what they are. What comes from memory is without evidence: it was told with it. The rules are those of the whole life of a [`crate::Deriver`].
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<(Session, Record)>>>);

impl Memory {
    /// The record of each session, from memory where its parts are the same. Others are forgotten.
    pub fn tell<'a>(
        &self,
        sessions: impl Iterator<Item = &'a Session>,
        vehicle: &Vehicle,
        rules: &Rules,
    ) -> Vec<Record> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *memory);
        let known = |session: &Session| {
            let mut same = before.iter().filter(|(own, _)| is_same(own, session));
            same.find(|(_, record)| record.vehicle == *vehicle)
                .map(|(_, record)| record.clone())
        };
        let mut records = Vec::new();
        for session in sessions {
            let Some(mut record) = known(session).or_else(|| record::told(session, vehicle, rules)) else {
                continue;
            };
            if session.is_open() {
                records.push(record);
                continue;
            }
            let evidence = std::mem::take(&mut record.evidence);
            memory.push((session.clone(), record.clone()));
            record.evidence = evidence;
            records.push(record);
        }
        records
    }
}

/// Nothing is remembered that does not follow from the rest.
impl PartialEq for Memory {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

fn is_same(a: &Session, b: &Session) -> bool {
    same(&a.plug_ins, &b.plug_ins) && same(&a.listed, &b.listed)
}

fn same<T>(a: &[Arc<T>], b: &[Arc<T>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}
