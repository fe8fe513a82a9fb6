//! Finds the next entry behind pages of the database that cannot be read.

use rusqlite::{Connection, OptionalExtension};

use store::sql::Damage as _;

use crate::Result;

/// So many numbers are tried one by one: more than a page and its neighbours hold. Behind them, the steps grow.
const ONE_BY_ONE: u64 = 4_096;

/// A table whose key is a number, and how to find the first behind another, read without its row.
pub(crate) struct Probe {
    look: &'static str,
}

pub(crate) const LOG: Probe = Probe {
    look: "select seq from log where seq > ?1 order by seq limit 1",
};
pub(crate) const PACKED: Probe = Probe {
    look: "select first_seq from packed where first_seq > ?1 order by first_seq limit 1",
};

impl Probe {
    /// Behind which number the reading goes on after `after`; `None` where nothing can be read up to `newest`.
    pub(crate) fn next(&self, connection: &Connection, after: u64, newest: u64) -> Result<Option<u64>> {
        let look = |at: u64| self.look(connection, at);
        match look(after)? {
            // Its number can be read, the rest of it cannot.
            Look::Found(key) => return Ok(Some(key)),
            Look::End => return Ok(None),
            Look::Damaged => {}
        }
        let mut damaged = after;
        let mut step = 1;
        let (mut low, mut high) = loop {
            let at = damaged.saturating_add(step);
            if at >= newest {
                return Ok(None);
            }
            match look(at)? {
                Look::Found(_) => break (damaged, at),
                Look::End => return Ok(None),
                Look::Damaged => {
                    damaged = at;
                    if at - after > ONE_BY_ONE {
                        step = step.saturating_mul(2);
                    }
                }
            }
        };
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match look(middle)? {
                Look::Damaged => low = middle,
                _ => high = middle,
            }
        }
        Ok(match look(high)? {
            Look::Found(key) => Some(key - 1),
            _ => None,
        })
    }

    /// The first number after `at`.
    fn look(&self, connection: &Connection, at: u64) -> Result<Look> {
        let found = connection
            .prepare_cached(self.look)?
            .query_row([at], |row| row.get::<_, u64>(0))
            .optional();
        match found {
            Ok(Some(key)) if key > at => Ok(Look::Found(key)),
            Ok(None) => Ok(Look::End),
            Ok(Some(_)) => Ok(Look::Damaged),
            Err(error) if error.is_damage() => Ok(Look::Damaged),
            Err(error) => Err(error.into()),
        }
    }
}

enum Look {
    Found(u64),
    End,
    Damaged,
}
