//! Finds the next entry behind pages of the database that cannot be read.

use std::ops::ControlFlow;

use rusqlite::{Error, OptionalExtension, Row};

use crate::StoreError;
use crate::sql::{Access, Damage as _};

/// So many numbers are tried one by one: more than a page and its neighbours hold. Behind them, the steps grow.
const ONE_BY_ONE: u64 = 4_096;

/// A table whose key is a number, by a query for the first number behind another that reads nothing else of its row. SQLite
/// goes to the page of the number in the query: so it should say `key >= ?1 + 1`, which may stand at the beginning of a page
/// that can be read.
pub struct Probe(pub &'static str);

impl Probe {
    /// Hands the rows of `query` with a key behind `place` (`?1`) to `each`, in order and past pages that cannot be read, until
    /// it breaks. It moves `place` along as far as it believes the keys. `bound` is the `?2` of the query, and there is nothing
    /// behind `newest`. Whether the end was reached.
    ///
    /// # Errors
    /// That of `each`, or the database cannot be asked, for another reason than damage.
    pub fn read<E: From<Error> + From<StoreError>>(
        &self,
        of: &impl Access,
        query: &str,
        place: &mut u64,
        bound: u64,
        newest: u64,
        mut each: impl FnMut(&Row<'_>, &mut u64) -> Result<ControlFlow<()>, E>,
    ) -> Result<bool, E> {
        loop {
            let (from, mut is_enough) = (*place, false);
            let ended = of.readable(query, [from, bound], |row| {
                let flow = each(row, place)?;
                is_enough = flow.is_break();
                Ok::<_, E>(flow)
            })?;
            if ended || is_enough {
                return Ok(ended);
            }
            if *place > from {
                continue;
            }
            match self.next(of, from, newest)? {
                None => return Ok(true),
                Some(next) => *place = next,
            }
        }
    }

    /// Behind which number the reading goes on after `after`; `None` where nothing can be read up to `newest`.
    ///
    /// # Errors
    /// The database cannot be asked, for another reason than damage.
    pub fn next(&self, of: &impl Access, after: u64, newest: u64) -> Result<Option<u64>, StoreError> {
        let look = |at: u64| self.look(of, at);
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
    fn look(&self, of: &impl Access, at: u64) -> Result<Look, StoreError> {
        let found = of
            .connection()
            .prepare_cached(self.0)?
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
