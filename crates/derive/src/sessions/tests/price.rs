//! Rule S5: what it costs, against sums made by hand.

use jiff::civil::{Time, Weekday, date, time};
use jiff::tz::TimeZone;

use super::super::price::{Block, Charge, Cost, CostState, price};
use super::*;
use crate::rules::{CurrentType, Price, Tariff};

const DAY_PRICE: f64 = 0.30;
const NIGHT_PRICE: f64 = 0.20;

fn tariff() -> Tariff {
    Tariff {
        name: "home".to_owned(),
        places: vec!["home".to_owned()],
        current_type: None,
        from: None,
        until: None,
        currency: "EUR".to_owned(),
        prices: vec![cheap(time(22, 0, 0, 0), time(6, 0, 0, 0)), all_day(DAY_PRICE)],
        per_session: None,
        per_minute: None,
        per_idle_minute: None,
        idle_grace_minutes: 0.0,
    }
}

fn cheap(from: Time, until: Time) -> Price {
    Price {
        per_kwh: NIGHT_PRICE,
        hours: Some((from, until)),
        weekdays: Vec::new(),
        season: None,
    }
}

fn all_day(per_kwh: f64) -> Price {
    Price {
        per_kwh,
        hours: None,
        weekdays: Vec::new(),
        season: None,
    }
}

fn berlin(tariffs: Vec<Tariff>) -> Rules {
    Rules {
        timezone: TimeZone::get("Europe/Berlin").unwrap(),
        tariffs,
        ..Rules::default()
    }
}

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// One block at home.
fn cost(from: &str, until: &str, kwh: f64, rules: &Rules) -> Cost {
    let (start, end) = (ms(from), ms(until));
    let blocks = [Block {
        start,
        end,
        charging_ms: end - start,
        kwh,
    }];
    charge(&blocks, Some("home"), None, rules)
}

fn charge(blocks: &[Block], place: Option<&str>, unplugged_at: Option<i64>, rules: &Rules) -> Cost {
    let charge = Charge {
        blocks,
        has_energy: true,
        is_metered: true,
        place,
        current: Some(CurrentType::Ac),
        unplugged_at,
    };
    price(&charge, rules)
}

fn cents(cost: &Cost) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a handful of euros")]
    cost.amount.map(|amount| (amount * 1e4).round() as i64)
}

#[test]
fn a_block_is_cut_where_the_price_changes() {
    // (from, until, kWh, hundredths of a cent); Berlin is an hour ahead of UTC in winter, two in summer.
    let cases = [
        ("2026-01-05T12:00:00Z", "2026-01-05T13:00:00Z", 10.0, 30_000),
        // 20:00 to 24:00: two hours dear, two cheap.
        ("2026-01-05T19:00:00Z", "2026-01-05T23:00:00Z", 8.0, 20_000),
        // Over midnight and into the day: 23:00 to 07:00, one of eight hours dear.
        ("2026-01-05T22:00:00Z", "2026-01-06T06:00:00Z", 8.0, 17_000),
        // The clock goes forward: from 01:00 to 07:00 are five hours, four of them cheap.
        ("2026-03-29T00:00:00Z", "2026-03-29T05:00:00Z", 5.0, 11_000),
        // The clock goes back: from 01:00 to 07:00 are seven hours, six of them cheap.
        ("2026-10-24T23:00:00Z", "2026-10-25T06:00:00Z", 7.0, 15_000),
    ];
    for (from, until, kwh, expected) in cases {
        let told = cost(from, until, kwh, &berlin(vec![tariff()]));
        assert_eq!(
            (cents(&told), told.state),
            (Some(expected), CostState::Known),
            "{from}"
        );
    }
}

#[test]
fn a_border_inside_the_hour_that_comes_twice_counts_twice() {
    let mut own = tariff();
    own.prices = vec![cheap(time(2, 30, 0, 0), time(3, 0, 0, 0)), all_day(DAY_PRICE)];
    // 02:00 to 03:00 twice: half an hour of each is cheap.
    let told = cost(
        "2026-10-25T00:00:00Z",
        "2026-10-25T02:00:00Z",
        4.0,
        &berlin(vec![own]),
    );
    assert_eq!(cents(&told), Some(10_000));
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let mut own = tariff();
    own.prices[0].weekdays = vec![Weekday::Monday];
    let rules = berlin(vec![own]);
    // Monday the fifth to Tuesday; then Sunday the fourth to Monday.
    let monday = cost("2026-01-05T23:00:00Z", "2026-01-06T01:00:00Z", 2.0, &rules);
    let sunday = cost("2026-01-04T23:00:00Z", "2026-01-05T01:00:00Z", 2.0, &rules);
    assert_eq!((cents(&monday), cents(&sunday)), (Some(4_000), Some(6_000)));
}

#[test]
fn seasons_may_go_over_the_new_year() {
    let mut own = tariff();
    own.prices = vec![all_day(NIGHT_PRICE), all_day(DAY_PRICE)];
    own.prices[0].season = Some(((11, 1), (2, 28)));
    let rules = berlin(vec![own]);
    let winter = cost("2026-01-05T12:00:00Z", "2026-01-05T13:00:00Z", 1.0, &rules);
    let spring = cost("2026-03-05T12:00:00Z", "2026-03-05T13:00:00Z", 1.0, &rules);
    assert_eq!((cents(&winter), cents(&spring)), (Some(2_000), Some(3_000)));
}

#[test]
fn a_price_that_changes_with_a_date_cuts_at_midnight() {
    let (mut old, mut new) = (tariff(), tariff());
    old.until = Some(date(2025, 12, 31));
    old.prices = vec![all_day(0.25)];
    new.from = Some(date(2026, 1, 1));
    new.prices = vec![all_day(0.35)];
    let told = cost(
        "2025-12-31T22:00:00Z",
        "2026-01-01T00:00:00Z",
        2.0,
        &berlin(vec![old, new]),
    );
    assert_eq!(cents(&told), Some(6_000));
}

#[test]
fn free_is_zero_and_unknown_is_unknown() {
    let mut free = tariff();
    free.prices = vec![all_day(0.0)];
    let blocks = [Block {
        start: ms("2026-01-05T12:00:00Z"),
        end: ms("2026-01-05T13:00:00Z"),
        charging_ms: 3_600_000,
        kwh: 10.0,
    }];
    let rules = berlin(vec![free]);
    let home = charge(&blocks, Some("home"), None, &rules);
    assert_eq!(
        (home.amount, home.state, home.unpriced_share),
        (Some(0.0), CostState::Known, Some(0.0))
    );
    for place in [None, Some("work")] {
        let away = charge(&blocks, place, None, &rules);
        assert_eq!(
            (away.amount, away.state, away.unpriced_share),
            (None, CostState::Unknown, Some(1.0))
        );
        assert_eq!((away.currency, away.blocks), (None, vec![None]));
    }
}

#[test]
fn what_has_no_price_is_a_share_of_the_energy() {
    let mut night = tariff();
    night.prices.pop();
    // 20:00 to 24:00: nobody knows the price before ten.
    let told = cost(
        "2026-01-05T19:00:00Z",
        "2026-01-05T23:00:00Z",
        8.0,
        &berlin(vec![night]),
    );
    assert_eq!(
        (cents(&told), told.state, told.unpriced_share),
        (Some(8_000), CostState::Partial, Some(0.5))
    );
    assert_eq!(told.blocks, [None]);
}

#[test]
fn sessions_minutes_and_idling_cost_too() {
    let mut own = tariff();
    own.prices = vec![all_day(0.5)];
    own.per_session = Some(1.0);
    own.per_minute = Some(0.01);
    own.per_idle_minute = Some(0.1);
    own.idle_grace_minutes = 30.0;
    let start = ms("2026-01-05T12:00:00Z");
    let block = |from: i64| Block {
        start: start + from * MINUTE,
        end: start + (from + 60) * MINUTE,
        charging_ms: 30 * MINUTE,
        kwh: 4.0,
    };
    let rules = berlin(vec![own]);
    let blocks = [block(0), block(120)];
    // Plugged in for 45 minutes behind the end, 30 of them free.
    let told = charge(&blocks, Some("home"), Some(start + 225 * MINUTE), &rules);
    assert_eq!(
        told.parts.map(|part| (part * 1e6).round() / 1e6),
        [4.0, 1.0, 0.6, 1.5]
    );
    assert_eq!(cents(&told), Some(71_000));
    let at_once = charge(&blocks, Some("home"), Some(start + 190 * MINUTE), &rules);
    assert_eq!(cents(&at_once), Some(56_000));
}

#[test]
fn the_first_tariff_that_fits_counts() {
    let (mut dc, mut anywhere) = (tariff(), tariff());
    dc.current_type = Some(CurrentType::Dc);
    dc.prices = vec![all_day(0.7)];
    anywhere.places.clear();
    anywhere.prices = vec![all_day(0.4)];
    let told = cost(
        "2026-01-05T12:00:00Z",
        "2026-01-05T13:00:00Z",
        1.0,
        &berlin(vec![dc, anywhere, tariff()]),
    );
    assert_eq!(cents(&told), Some(4_000));
}

#[test]
fn two_currencies_are_not_added() {
    let (mut old, mut new) = (tariff(), tariff());
    old.until = Some(date(2025, 12, 31));
    old.currency = "BGN".to_owned();
    new.prices = vec![all_day(1.0)];
    old.prices = vec![all_day(2.0)];
    let told = cost(
        "2025-12-31T22:00:00Z",
        "2026-01-01T00:00:00Z",
        2.0,
        &berlin(vec![old, new]),
    );
    assert_eq!(
        (cents(&told), told.currency.as_deref(), told.unpriced_share),
        (Some(20_000), Some("BGN"), Some(0.5))
    );
}

#[test]
fn what_was_seen_is_priced_by_its_windows_and_the_blocks_add_up() {
    let mut own = tariff();
    own.places.clear();
    let mut car = Car::with(berlin(vec![own]));
    car.say(-1, What::MaxEnergy(80.0))
        .say(0, soc(40.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(61, soc(50.0))
        .say(61, WAITING);
    car.say(240, ACTIVE)
        .say(300, soc(60.0))
        .say(300, ENDED)
        .say(400, OUT);
    let row = car.one();
    let sum: f64 = row
        .0
        .children
        .iter()
        .filter_map(|block| match block.values[2] {
            Some(Value::Number(kwh)) => Some(kwh),
            _ => None,
        })
        .sum();
    assert_eq!(
        (row.number("energy_kwh"), (sum * 1e6).round() / 1e6),
        (Some(16.005), 16.005)
    );
    // The first window is at 19:00 in Berlin, the second at 23:00.
    assert_eq!(
        row.number("cost"),
        Some(8.0025 * DAY_PRICE + 8.0025 * NIGHT_PRICE)
    );
    assert_eq!(
        (row.text("currency"), row.text("cost_state")),
        ("EUR".to_owned(), "partial".to_owned())
    );
}

#[test]
fn energy_that_was_not_measured_at_the_grid_is_never_all_of_the_cost() {
    let free = [all_day(0.0)];
    // (what BMW lists, the price, the state, how much of the energy has no price); the charge rose by 20 % of 80 kWh.
    let cases = [
        (
            r#","energyConsumedFromPowerGridKwh":18"#,
            &[][..],
            "known",
            Some(0.0),
        ),
        (r#","energyIncreaseHvbKwh":16"#, &[], "partial", None),
        ("", &[], "partial", None),
        // What is free is free whatever it is.
        (r#","energyIncreaseHvbKwh":16"#, &free, "known", Some(0.0)),
    ];
    for (energy, prices, state, unpriced) in cases {
        let mut own = tariff();
        own.places.clear();
        if !prices.is_empty() {
            own.prices = prices.to_vec();
        }
        let mut car = Car::with(berlin(vec![own]));
        car.say(-1, What::MaxEnergy(80.0)).say(0, soc(40.0)).say(0, IN);
        car.say(1, ACTIVE).say(61, soc(60.0)).say(61, ENDED).say(90, OUT);
        let times = r#"{"startTime":$(1),"endTime":$(61)"#;
        car.list(100, &format!("{times}{energy}}}"));
        let row = car.one();
        let found = (row.text("cost_state"), row.number("unpriced_share"));
        assert_eq!(found, (state.to_owned(), unpriced), "{energy}");
        assert!(row.number("cost").is_some(), "{energy}");
    }
}
