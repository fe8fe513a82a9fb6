//! `prices` of a tariff: by hour, day of the week and season.

use collector_core::scalar::Wrong;
use collector_core::written_as_text;
use facts::rules::{Price, Tariff};
use jiff::civil::{Date, Time, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::Amount;

/// The price of a kWh at some times.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "price")]
pub(super) struct PriceTable {
    /// 0 is free.
    per_kwh: Amount,
    /// From and until which time of day, over midnight too: `22:00-06:00`.
    hours: Option<Hours>,
    /// Days of the week; every day if left out. A night belongs to the day on which it begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weekdays: Vec<Day>,
    /// The first and the last day of a season, month and day, over the new year too: `11-01..03-31`.
    season: Option<Season>,
}

#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

struct Hours(Time, Time);
struct Season((i8, i8), (i8, i8));

written_as_text!(Hours, hours, |hours| format!("{}-{}", hours.0.strftime("%H:%M"), hours.1.strftime("%H:%M")), {
    "type": "string"
});
written_as_text!(Season, season, season_text, { "type": "string" });

impl From<PriceTable> for Price {
    fn from(table: PriceTable) -> Self {
        Self {
            per_kwh: table.per_kwh.0,
            hours: table.hours.map(|hours| (hours.0, hours.1)),
            weekdays: table.weekdays.into_iter().map(Weekday::from).collect(),
            season: table.season.map(|season| (season.0, season.1)),
        }
    }
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Self {
        match day {
            Day::Mon => Self::Monday,
            Day::Tue => Self::Tuesday,
            Day::Wed => Self::Wednesday,
            Day::Thu => Self::Thursday,
            Day::Fri => Self::Friday,
            Day::Sat => Self::Saturday,
            Day::Sun => Self::Sunday,
        }
    }
}

/// One price for every moment.
pub(super) fn always(amount: Amount) -> Price {
    Price {
        per_kwh: amount.0,
        hours: None,
        weekdays: Vec::new(),
        season: None,
    }
}

fn hours(text: &str) -> Result<Hours, Wrong> {
    let wrong = |message: &str| {
        let message = format!("`{}` {message}", text.trim());
        Err(Wrong::new(message).help("write for example `22:00-06:00`; leave it out for the whole day"))
    };
    let ends = text.split_once('-');
    if ends.is_some_and(|(from, _)| from.trim().starts_with("24")) {
        return wrong("begin when the day is over: write `00:00`");
    }
    let Some((from, until)) = ends.and_then(|(from, until)| Some((time(from)?, time(until)?))) else {
        return wrong("are no hours of the day");
    };
    if from == until {
        return wrong("are either none or all hours of the day");
    }
    Ok(Hours(from, until))
}

/// `22:00`, `6:30`, or `24:00` for the midnight at the end of a day.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    match (hour, minute) {
        (24, 0) => Some(Time::midnight()),
        _ => Time::new(hour, minute, 0, 0).ok(),
    }
}

/// One or two of them.
fn digits(text: &str) -> Option<i8> {
    let are_digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok())?
}

fn season(text: &str) -> Result<Season, Wrong> {
    let ends = text.split_once("..");
    let ends = ends.and_then(|(first, last)| Some(Season(month_day(first)?, month_day(last)?)));
    ends.ok_or_else(|| {
        let wrong = Wrong::new(format!("`{}` is no season", text.trim()));
        wrong.help("write its first and its last day, month first: `11-01..03-31`")
    })
}

fn month_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.trim().split_once('-')?;
    let (month, day) = (digits(month)?, digits(day)?);
    // A leap year: the 29th of February is a day.
    Date::new(2024, month, day).ok().map(|_| (month, day))
}

fn season_text(season: &Season) -> String {
    let (first, last) = (season.0, season.1);
    format!("{:02}-{:02}..{:02}-{:02}", first.0, first.1, last.0, last.1)
}

/// Prices behind one that holds every moment.
pub(super) fn remarks(tariff: &Tariff) -> Option<String> {
    let always = |price: &Price| price.hours.is_none() && price.weekdays.is_empty() && price.season.is_none();
    let at = tariff.prices.iter().position(always)?;
    let behind = tariff.prices.len() - at - 1;
    (behind > 0).then(|| {
        format!(
            "prices of the tariff `{}` never count: the first that fits does, and one without times stands before {behind} others; put it last",
            tariff.name
        )
    })
}
