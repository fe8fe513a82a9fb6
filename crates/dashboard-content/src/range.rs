//! How far back a page looks: a choice of ranges, a month or a year of the calendar, or `from` and `to` in its URL.

use history::read::Range;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::view::parts::Choice;
use crate::view::texts;

/// A range that is offered: its word in the URL and its days.
pub const OFFERED: [(&str, &str, i64); 5] = [
    ("day", "range.day", 1),
    ("week", "range.week", 7),
    ("month", "range.month", 31),
    ("year", "range.year", 366),
    ("all", "range.all", 36_525),
];

/// The range of that word, up to now; `usual` where it is none.
pub fn of(word: Option<&str>, usual: &'static str, now: Timestamp) -> (&'static str, Range) {
    let find = |word: &str| OFFERED.iter().find(|(known, ..)| *known == word);
    let chosen = word.and_then(find).or_else(|| find(usual)).unwrap_or(&OFFERED[4]);
    let from = now.checked_sub(SignedDuration::from_hours(24 * chosen.2));
    let from = from.unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH);
    (chosen.0, Range { from, to: now })
}

/// The ways to the ranges from a page whose URL ends with `page`.
pub fn choices(page: &str, current: &str) -> Vec<Choice> {
    let choice = |&(word, key, _): &(&'static str, &'static str, i64)| Choice {
        label: texts::t(key).to_owned(),
        href: format!("{page}?range={word}"),
        is_current: word == current,
    };
    OFFERED.iter().map(choice).collect()
}

/// What a page of records looks at: an offered range up to now, or a part of the calendar.
pub struct Chosen {
    /// As URLs have it: `year`, `2026-11` or `2026`.
    pub word: String,
    pub range: Range,
    calendar: Option<Calendar>,
}

/// A month or a year where the owner lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Calendar {
    first: Date,
    months: i32,
}

impl Chosen {
    /// The range of that word; `usual` where it is none.
    pub fn of(word: Option<&str>, usual: &'static str, now: Timestamp, timezone: &TimeZone) -> Self {
        let calendar = word.and_then(Calendar::read);
        if let Some((calendar, range)) = calendar.and_then(|it| Some((it, it.range(timezone)?))) {
            return Self {
                word: calendar.word(),
                range,
                calendar: Some(calendar),
            };
        }
        let (word, range) = of(word, usual, now);
        Self {
            word: word.to_owned(),
            range,
            calendar: None,
        }
    }

    /// The ways to the other ranges, and to the months or years beside this one up to now. `also` is what else the URL says.
    pub fn choices(&self, page: &str, also: &str, now: Timestamp, timezone: &TimeZone) -> Vec<Choice> {
        let mut choices = choices(page, &self.word);
        let today = now.to_zoned(timezone.clone()).date();
        let near = self.calendar.into_iter().flat_map(|it| {
            let beside = [it.moved(-1), Some(it), it.moved(1).filter(|it| it.first <= today)];
            let is_current = move |one: &Calendar| *one == it;
            beside.into_iter().flatten().map(move |one| Choice {
                label: one.label(),
                href: format!("{page}?range={}", one.word()),
                is_current: is_current(&one),
            })
        });
        choices.extend(near);
        choices.iter_mut().for_each(|choice| choice.href += also);
        choices
    }
}

impl Calendar {
    fn read(word: &str) -> Option<Self> {
        let (day, months) = match word.len() {
            4 => (format!("{word}-01-01"), 12),
            7 => (format!("{word}-01"), 1),
            _ => return None,
        };
        let first: Date = day.parse().ok()?;
        (first.year() >= 1970).then_some(Self { first, months })
    }

    fn word(self) -> String {
        let form = if self.months == 1 { "%Y-%m" } else { "%Y" };
        self.first.strftime(form).to_string()
    }

    fn label(self) -> String {
        let form = if self.months == 1 { "%b %Y" } else { "%Y" };
        self.first.strftime(form).to_string()
    }

    fn moved(self, by: i32) -> Option<Self> {
        let first = self
            .first
            .checked_add(jiff::Span::new().try_months(by * self.months).ok()?);
        Some(Self {
            first: first.ok()?,
            ..self
        })
    }

    fn range(self, timezone: &TimeZone) -> Option<Range> {
        let begin = |day: Date| Some(day.to_zoned(timezone.clone()).ok()?.timestamp());
        Some(Range {
            from: begin(self.first)?,
            to: begin(self.moved(1)?.first)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(word: &str) -> Chosen {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-12-31T23:30:00Z".parse().unwrap();
        Chosen::of(Some(word), "week", now, &berlin)
    }

    #[test]
    fn a_month_and_a_year_are_those_of_the_owner() {
        for (word, from, to) in [
            ("2026-11", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"),
            ("2026", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z"),
            ("2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        ] {
            let chosen = chosen(word);
            assert_eq!(chosen.word, word);
            assert_eq!(
                [chosen.range.from.to_string(), chosen.range.to.to_string()],
                [from, to]
            );
        }
    }

    #[test]
    fn what_is_no_part_of_the_calendar_is_the_usual_range() {
        for word in [
            "2026-13", "1969", "-026", "2026-1x", "9999-99", "20261", "", "zzzz", "+026-01",
        ] {
            assert_eq!(chosen(word).word, "week", "{word}");
        }
        // The last year has no end that can be told.
        assert_eq!(chosen("9999").word, "week");
    }

    #[test]
    fn the_months_beside_are_offered_up_to_now_with_what_else_was_chosen() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-12-31T23:30:00Z".parse().unwrap();
        let told = |word: &str| {
            let choices = chosen(word).choices("charging", "&place=home", now, &berlin);
            let told = choices.into_iter().skip(OFFERED.len());
            told.map(|one| (one.label, one.href, one.is_current))
                .collect::<Vec<_>>()
        };
        let way = |label: &str, word: &str, is_current| {
            (
                label.to_owned(),
                format!("charging?range={word}&place=home"),
                is_current,
            )
        };
        let months = [
            way("Nov 2026", "2026-11", false),
            way("Dec 2026", "2026-12", true),
            way("Jan 2027", "2027-01", false),
        ];
        assert_eq!(told("2026-12"), months);
        assert_eq!(
            told("2027"),
            [way("2026", "2026", false), way("2027", "2027", true)]
        );
        assert_eq!(told("year"), []);
    }
}
