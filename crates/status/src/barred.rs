//! Vehicles that an account does not poll because BMW would refuse it, in words for their owner.

use collector_core::{Names, Vin};
use journal::JournalError;
use pipeline::{Pipeline, Vehicles};

use crate::streams::StreamStatus;
use crate::table::called;
use crate::{Look, Tokens, plan};

/// A vehicle that is not polled.
pub struct Barred {
    pub account: String,
    pub vin: String,
    why: Why,
    /// Whether its account's stream brings messages of it.
    pub is_streamed: bool,
}

enum Why {
    /// BMW answered CU-104.
    Refused,
    /// The mapping says SECONDARY.
    Secondary,
}

impl Barred {
    #[cfg(test)]
    pub(crate) fn refused(account: &str, vin: &str) -> Self {
        Self {
            account: account.to_owned(),
            vin: vin.to_owned(),
            why: Why::Refused,
            is_streamed: false,
        }
    }

    /// Whether BMW refused it, whatever the mapping says.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.why, Why::Refused)
    }

    /// Why, without the name of the vehicle.
    pub fn reason(&self) -> String {
        let why = match self.why {
            Why::Refused => {
                "polls ended: BMW says that this account may not read it (CU-104); it is asked again when the mapping \
                 changes, after `cardata login`, and once a week"
            }
            Why::Secondary => "not polled: the mapping says that somebody else is its main user (SECONDARY)",
        };
        match self.is_streamed {
            true => format!("{why}; until then it is only streamed"),
            false => why.to_owned(),
        }
    }

    /// The same as a note.
    pub fn note(&self, names: &Names) -> String {
        format!("{}: {}", called(names, &self.vin), self.reason())
    }
}

/// Those of the accounts that poll. `tokens` are the logins of the accounts in their order.
pub(crate) fn gather(
    look: &Look,
    pipeline: &Pipeline,
    tokens: &[Tokens],
    streams: &[StreamStatus],
) -> Result<Vec<Barred>, JournalError> {
    let (refusals, known) = (look.ledger.refusals()?, look.ledger.vehicles()?);
    let mut all = Vec::new();
    for (account, tokens) in pipeline.accounts.iter().zip(tokens) {
        if !plan::is_polled(pipeline, &account.name) {
            continue;
        }
        let mut barred = |vin: &Vin, why| {
            let is_streamed = streams.iter().any(|stream| {
                let mut vehicles = stream.vehicles.iter();
                stream.account == *account.name
                    && vehicles.any(|one| one.vin == vin.as_str() && one.messages > 0)
            });
            all.push(Barred {
                account: account.name.to_string(),
                vin: vin.to_string(),
                why,
                is_streamed,
            });
        };
        let login = tokens.as_ref().ok().and_then(Option::as_ref);
        let counts = |refused: &&ledger::Refusal| {
            refused.account == account.name && login.is_none_or(|login| refused.is_of(login.logged_in_at))
        };
        for refusal in refusals.iter().filter(counts) {
            barred(&refusal.vin, Why::Refused);
        }
        let others = known
            .iter()
            .filter(|known| known.account.as_ref() == Some(&account.name) && known.primary == Some(false));
        for known in others.filter(|_| pipeline.vehicles == Vehicles::Auto) {
            barred(&known.vin, Why::Secondary);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_car_that_streams_says_so() {
        let note = |why, is_streamed| {
            let barred = Barred {
                account: "home".to_owned(),
                vin: "WBY8P210X07A12345".to_owned(),
                why,
                is_streamed,
            };
            barred.note(&Names::default())
        };
        assert_eq!(
            note(Why::Refused, true),
            "v7a12345: polls ended: BMW says that this account may not read it (CU-104); it is asked again when the \
             mapping changes, after `cardata login`, and once a week; until then it is only streamed"
        );
        assert_eq!(
            note(Why::Secondary, false),
            "v7a12345: not polled: the mapping says that somebody else is its main user (SECONDARY)"
        );
    }
}
