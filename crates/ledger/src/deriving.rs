//! How far records are derived from the journal, the state of what derives them, and the owner's wish to have all anew.

use jiff::Timestamp;
use rusqlite::params;
use store::sql::Access;
use store::{Tx, timestamp};

use crate::Result;
use crate::overview::Overview;

/// What stands in the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// Records of what is behind this entry are not in the journal yet. Between `state` and this one folding tells again
    /// what was told. Where the two numbers cannot be, this is the largest there is, and that of `state` is 0: nobody can go
    /// on from there, and nothing is pruned up to there.
    pub told_through: u64,
    /// The entry behind which it was so, and the state in the words of who derives; `None` where it is to begin with the
    /// first entry, and to compare what it finds with the records that are there.
    pub state: Option<(u64, String)>,
    /// When all was asked for anew, and what came of it: `None` while that is waited for.
    pub asked: Option<(Timestamp, Option<String>)>,
}

impl Derived {
    /// When all was asked for anew, as long as that is not done.
    pub fn wanted(&self) -> Option<Timestamp> {
        let asked = self.asked.as_ref().filter(|(_, outcome)| outcome.is_none());
        asked.map(|(at, _)| *at)
    }
}

/// The records up to entry `seq` are in the journal with this transaction.
///
/// # Errors
/// As with all of these, the database refuses it.
pub fn told_through(tx: &mut Tx<'_>, seq: u64) -> Result<()> {
    tx.run("update deriving set told_through = max(told_through, ?1)", [seq])?;
    Ok(())
}

/// Behind entry `seq` the state is this one.
pub fn keep_derived(tx: &mut Tx<'_>, seq: u64, state: &str) -> Result<()> {
    tx.run("update deriving set seq = ?1, state = ?2", params![seq, state])?;
    Ok(())
}

/// What is known is no more to be gone on from: everything is derived anew and compared. For whoever changes what was
/// folded: an import, a vehicle that is forgotten.
pub fn forget_derived(tx: &mut Tx<'_>) -> Result<()> {
    tx.run(
        "update deriving set told_through = 0, seq = null, state = null",
        [],
    )?;
    Ok(())
}

/// All is to be derived anew. The moment tells this wish from others.
pub fn ask_anew(tx: &mut Tx<'_>, at: Timestamp) -> Result<()> {
    tx.run(
        "update deriving set asked_at = ?1, outcome = null",
        [at.as_millisecond()],
    )?;
    Ok(())
}

/// What came of the wish of that moment.
pub fn answer_anew(tx: &mut Tx<'_>, asked_at: Timestamp, outcome: &str) -> Result<()> {
    let answer = "update deriving set outcome = ?2 where asked_at = ?1";
    tx.run(answer, params![asked_at.as_millisecond(), outcome])?;
    Ok(())
}

impl Overview {
    /// How far records are derived.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn derived(&self) -> Result<Derived> {
        let query = "select told_through, seq, state, asked_at, outcome from deriving";
        let derived = self.database.first(query, [], |row| {
            let (told_through, seq): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
            let can_be = told_through >= 0 && seq.is_none_or(|seq| (0..=told_through).contains(&seq));
            let number = |number| u64::try_from(number).unwrap_or_default();
            let (state, asked_at): (Option<String>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let outcome: Option<String> = row.get(4)?;
            Ok(Derived {
                told_through: if can_be { number(told_through) } else { u64::MAX },
                state: seq.map(|seq| if can_be { number(seq) } else { 0 }).zip(state),
                asked: asked_at.map(|at| (timestamp(at), outcome)),
            })
        })?;
        Ok(derived.unwrap_or_default())
    }
}
