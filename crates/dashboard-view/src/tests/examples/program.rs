//! The program, as it may fare.

use super::{HOSTILE, NOW_MS, at, derived, fact, frame, table};
use crate::alone::{Login, LoginStep};
use crate::data::{Answer, Data};
use crate::frame::{Frame, Page};
use crate::parts::{Level, Link};
use crate::picture::Qr;
use crate::system::{Account, Calls, System};

pub fn data() -> Data {
    let mut keys = table(
        "keys",
        "Every key",
        &[
            "Key",
            "#Value",
            "Last",
            "Cadence",
            "Brought by",
            "#Readings",
            "#Repeats",
            "#Implausible",
            "#Refused",
        ],
        &[
            &[
                "soc",
                "64 %",
                "",
                "5 min while charging",
                "stream",
                "12,041",
                "3,110",
                "0",
                "0",
            ],
            &[
                "door_status",
                HOSTILE,
                "",
                "on change",
                "poll",
                "210",
                "180",
                "2",
                "1",
            ],
        ],
    );
    for (minutes, row) in [(4, &mut keys.rows), (90, &mut Vec::new())]
        .into_iter()
        .flat_map(|(minutes, rows)| rows.iter_mut().map(move |row| (minutes, row)))
    {
        row[0].note = "vehicle.drivetrain.batteryManagement.header".to_owned();
        row[1].live = "i4/soc".to_owned();
        row[2].at = at(minutes);
        row[2].sort = NOW_MS.to_string();
    }
    let mut gaps = table(
        "gaps",
        "When no data came",
        &["From", "To", "How long", "Cause", "What to do"],
        &[
            &[
                "1 Mar 2026, 02:00",
                "1 Mar 2026, 06:30",
                "4 h 30 min",
                "asleep",
                "Nothing: a car that stands tells nothing.",
            ],
            &[
                "26 Feb 2026, 10:00",
                "26 Feb 2026, 11:00",
                "1 h",
                "stream down",
                "It came back by itself.",
            ],
        ],
    );
    gaps.rows[0][3].level = Some(Level::Info);
    gaps.rows[1][3].level = Some(Level::Warn);
    Data {
        frame: frame(Page::Data, "Data", 2),
        answers: vec![
            well(),
            Answer {
                level: Level::Bad,
                title: "Three keys are not selected in BMW's portal".to_owned(),
                text: HOSTILE.to_owned(),
                todo: "Open the portal, choose them under CarData, and wait for the next drive.".to_owned(),
                link: Some(Link {
                    label: "Which ones".to_owned(),
                    href: "#keys".to_owned(),
                }),
                ..Answer::default()
            },
        ],
        totals: vec![
            derived("Keys", "118", "", "104 alive"),
            derived("Readings", "1.2 million", "", "31 % repeats"),
        ],
        gaps,
        keys,
        untold: table(
            "untold",
            "Keys that never came: 2",
            &["Key", "What it is", "State"],
            &[
                &["fuel_level", "Fuel level", "not selected"],
                &["hood_open", HOSTILE, "asked for, never told"],
            ],
        ),
    }
}

fn well() -> Answer {
    Answer {
        level: Level::Good,
        title: "In order: 2".to_owned(),
        parts: vec![
            "Login of home: it holds for 11 days.".to_owned(),
            HOSTILE.to_owned(),
        ],
        ..Answer::default()
    }
}

pub fn system() -> System {
    let mut sinks = table(
        "sinks",
        "Sinks",
        &["Sink", "Type", "State", "#Lag", "#Dead letters", "Last error"],
        &[
            &["influx", "influxdb", "retrying", "1,204", "3", HOSTILE],
            &["history", "sqlite", "well", "0", "0", ""],
        ],
    );
    sinks.rows[0][2].level = Some(Level::Warn);
    sinks.rows[1][2].level = Some(Level::Good);
    let account = |name: &str, level, state: &str| Account {
        name: name.to_owned(),
        level,
        state: state.to_owned(),
        facts: vec![fact("Login", "11", "days"), fact("Vehicles", "2", "")],
        login: Some(Link {
            label: "Log in again".to_owned(),
            href: "login".to_owned(),
        }),
        calls: Calls {
            spent: 19,
            planned: 12,
            per_day: 50,
        },
        warnings: Vec::new(),
    };
    let second = Account {
        warnings: vec!["The login ends in 3 days.".to_owned()],
        ..account("partner", Level::Warn, "ends soon")
    };
    System {
        frame: frame(Page::System, "System", 0),
        accounts: vec![account("home", Level::Good, "logged in"), second],
        streams: table(
            "streams",
            "Streams",
            &["Account", "State", "Last message", "#Messages today"],
            &[&["home", "connected", "4 min ago", "1,204"]],
        ),
        sinks,
        letters: table(
            "letters",
            "Dead letters",
            &["Sink", "Reason", "#Letters"],
            &[&["influx", "the field has another type", "3"]],
        ),
        facts: vec![
            derived("Version", "0.1.0", "", ""),
            derived("Journal", "212", "MB", ""),
        ],
        log: vec![
            "2026-03-02T16:05:00Z INFO stream connected".to_owned(),
            HOSTILE.to_owned(),
        ],
    }
}

pub fn login(step: LoginStep) -> Login {
    let frame = Frame {
        vehicles: Vec::new(),
        vehicle: String::new(),
        sequence: None,
        ..frame(Page::Other, "Log in", 0)
    };
    Login {
        frame,
        account: "home".to_owned(),
        step,
    }
}

pub fn steps() -> [(&'static str, LoginStep); 5] {
    let dark = (0..29 * 29)
        .map(|at: usize| (at * 7 + at / 29 * 3) % 5 < 2)
        .collect();
    let action = || "login".to_owned();
    let waiting = LoginStep::Waiting {
        href: "https://customer.bmwgroup.com/oneid/link?user_code=AB12CD34".to_owned(),
        code: "AB12-CD34".to_owned(),
        qr: Some(Qr { dark, size: 29 }),
        until: at(-9).expect("a time"),
    };
    [
        (
            "login-begin",
            LoginStep::Begin {
                note: HOSTILE.to_owned(),
                action: action(),
            },
        ),
        ("login-waiting", waiting),
        (
            "login-done",
            LoginStep::Done {
                advice: HOSTILE.to_owned(),
                vehicles: vec!["i4".to_owned(), HOSTILE.to_owned()],
            },
        ),
        ("login-expired", LoginStep::Expired { action: action() }),
        (
            "login-failed",
            LoginStep::Failed {
                reason: HOSTILE.to_owned(),
                action: action(),
            },
        ),
    ]
}
