//! Sums of records of which some may be unknown: unknown is never 0, and what is free costs 0.

use std::collections::BTreeMap;

use collector_core::mask::readable;
use history::read::RecordRow;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cells::{UNKNOWN, decimal, fact};
use crate::view::parts::Fact;
use crate::view::texts;

/// What came by one kind of current, as URLs have it.
pub const AC: &str = "ac";
pub const DC: &str = "dc";
/// So many records are summed: one every day for a quarter of a century, ten a day for years.
pub const MOST: usize = 10_000;
/// Of one trip.
pub const CONSUMPTION: &str = "trip_consumption";

/// A number of a record: a column, what came by one kind of current, or a consumption. A charge of the other kind of current
/// adds nothing.
pub fn number(record: &RecordRow, what: &str) -> Option<f64> {
    match what {
        AC | DC if !is_of_current(record, what) => Some(0.0),
        AC | DC => record
            .number("energy_kwh")
            .filter(|_| current_type(record).is_some()),
        CONSUMPTION => {
            let km = record.number("distance_km").filter(|km| *km > 0.0)?;
            Some(record.number("energy_kwh")? / km * 100.0)
        }
        column => record.number(column),
    }
}

/// Whether a charge was, or may have been, one of that current.
pub fn is_of_current(charge: &RecordRow, current: &str) -> bool {
    current_type(charge).is_none_or(|its| its.eq_ignore_ascii_case(current))
}

pub fn current_type(charge: &RecordRow) -> Option<&str> {
    charge
        .text("current_type")
        .filter(|current| ["AC", "DC"].contains(current))
}

/// Numbers of several records.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    total: f64,
    known: usize,
    unknown: usize,
}

impl Sum {
    pub fn of(numbers: impl IntoIterator<Item = Option<f64>>) -> Self {
        let mut sum = Self::default();
        for number in numbers {
            match number {
                Some(number) => (sum.total, sum.known) = (sum.total + number, sum.known + 1),
                None => sum.unknown += 1,
            }
        }
        sum
    }

    /// Of those that are known; `None` where none is.
    pub fn total(self) -> Option<f64> {
        (self.known > 0).then_some(self.total)
    }

    /// Of how many it is, where it is not of all.
    pub fn note(self) -> String {
        if self.known == 0 || self.unknown == 0 {
            return String::new();
        }
        let all = (self.known + self.unknown).to_string();
        texts::count("sum.known", self.known).replace("{of}", &all)
    }
}

/// What charges cost, by currency, and how much of their energy has no price.
#[derive(Debug, Default)]
pub struct Money {
    sums: BTreeMap<String, f64>,
    unpriced_kwh: f64,
    kwh: f64,
    /// Charges of which nobody knows how much has no price.
    unsure: usize,
}

impl Money {
    pub fn of<'a>(charges: impl IntoIterator<Item = &'a RecordRow>) -> Self {
        let mut money = Self::default();
        for charge in charges {
            money.add(charge);
        }
        money
    }

    fn add(&mut self, charge: &RecordRow) {
        if let Some(cost) = charge.number("cost") {
            let currency = charge.text("currency").map(readable).unwrap_or_default();
            *self.sums.entry(currency.to_string()).or_default() += cost;
        }
        match (charge.number("energy_kwh"), charge.number("unpriced_share")) {
            (Some(kwh), Some(share)) => {
                self.kwh += kwh;
                self.unpriced_kwh += kwh * share;
            }
            _ => self.unsure += 1,
        }
    }

    /// `12.07 EUR`, several joined; a dash where no price is known.
    pub fn text(&self) -> String {
        let each = self.sums.iter().map(|(currency, sum)| amount(*sum, currency));
        let each: Vec<_> = each.collect();
        match each.is_empty() {
            true => UNKNOWN.to_owned(),
            false => each.join(" + "),
        }
    }

    /// To sort by; `None` where there is not one currency alone.
    pub fn alone(&self) -> Option<f64> {
        let mut sums = self.sums.values();
        sums.next().copied().filter(|_| sums.next().is_none())
    }

    /// Of the energy, in percent; `None` where it is unknown of all.
    pub fn unpriced(&self) -> Option<f64> {
        (self.kwh > 0.0).then(|| self.unpriced_kwh / self.kwh * 100.0)
    }

    pub fn unpriced_text(&self) -> String {
        self.unpriced().map_or_else(|| UNKNOWN.to_owned(), share)
    }

    /// Of how many charges it is unknown how much has no price; empty where of none.
    pub fn unsure(&self) -> String {
        match self.unsure {
            0 => String::new(),
            unsure => texts::count("sum.unsure", unsure),
        }
    }

    /// The share in a sentence.
    pub fn note(&self) -> String {
        let share = self.unpriced().map(share);
        let share = share.map(|share| texts::count("sum.unpriced", share));
        let parts: Vec<_> = share.into_iter().chain([self.unsure()]).collect();
        parts.join("; ").trim_end_matches("; ").to_owned()
    }
}

/// `12.07 EUR`.
pub fn amount(sum: f64, currency: &str) -> String {
    format!("{} {currency}", decimal(sum, 2)).trim_end().to_owned()
}

/// A number of percent. A little is not told as nothing.
pub fn share(percent: f64) -> String {
    match percent {
        0.0 => "0 %".to_owned(),
        ..0.1 => "< 0.1 %".to_owned(),
        ..1.0 => format!("{} %", decimal(percent, 1)),
        _ => format!("{} %", decimal(percent, 0)),
    }
}

/// Between grid and battery, of the charges where both are measured.
pub fn loss(all: &[&RecordRow]) -> Fact {
    let both = all.iter().filter_map(|charge| {
        let grid = charge.number("energy_grid_kwh")?;
        Some((grid, grid * charge.number("loss_share")?))
    });
    let (count, grid, lost) = both.fold((0, 0.0, 0.0), |(count, grid, lost), (its, away)| {
        (count + 1, grid + its, lost + away)
    });
    if grid <= 0.0 {
        return fact("column.loss", UNKNOWN.to_owned(), "");
    }
    Fact {
        interval: texts::count("charging.loss_of", count),
        ..fact("column.loss", decimal(lost / grid * 100.0, 1), "%")
    }
}

/// The first day of the month in which a record began, where the owner lives.
pub fn month(record: &RecordRow, timezone: &TimeZone) -> Date {
    let day = record.start.to_zoned(timezone.clone()).date();
    day.first_of_month()
}

/// Records by the month in which they began.
pub fn by_month<'a>(
    records: impl IntoIterator<Item = &'a RecordRow>,
    timezone: &TimeZone,
) -> BTreeMap<Date, Vec<&'a RecordRow>> {
    let mut months: BTreeMap<Date, Vec<&RecordRow>> = BTreeMap::new();
    for record in records {
        months.entry(month(record, timezone)).or_default().push(record);
    }
    months
}

/// So many months as bars have room for, up to the last one; those with nothing in them too.
pub fn last_months(months: impl Iterator<Item = Date> + Clone) -> Vec<Date> {
    let (Some(first), Some(last)) = (months.clone().min(), months.max()) else {
        return Vec::new();
    };
    let back = (0..12).map_while(|back| last.checked_sub(jiff::Span::new().months(back)).ok());
    let mut shown: Vec<_> = back.take_while(|month| *month >= first).collect();
    shown.reverse();
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_never_nothing() {
        assert_eq!(Sum::of([None, None]).total(), None);
        assert_eq!(Sum::of([]).total(), None);
        assert_eq!(Sum::of([Some(0.0)]).total(), Some(0.0));
        let some = Sum::of([Some(2.0), None, Some(3.0)]);
        assert_eq!(some.total(), Some(5.0));
        assert_eq!(some.note(), "known of 2 of 3");
        assert_eq!(Sum::of([Some(1.0)]).note(), "");
        for (percent, told) in [(0.0, "0 %"), (0.02, "< 0.1 %"), (0.5, "0.5 %"), (12.4, "12 %")] {
            assert_eq!(share(percent), told);
        }
    }

    #[test]
    fn bars_are_of_every_month_up_to_a_year() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let few = [day("2026-01-01"), day("2025-11-01")];
        let all = [day("2025-11-01"), day("2025-12-01"), day("2026-01-01")];
        assert_eq!(last_months(few.into_iter()), all);
        let many = [day("2020-01-01"), day("2026-01-01")];
        assert_eq!(last_months(many.into_iter()).len(), 12);
        assert!(last_months([].into_iter()).is_empty());
    }
}
