//! What the page of a run says of gaps: in its table and behind the charge.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tests::process::Cardata;
use tests::servers::client;

use crate::scene::DEADLINE;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Times are shown in whole seconds.
const SHOWN: SignedDuration = SignedDuration::from_secs(1);
/// What the car of the scene is called.
const CAR: &str = "vfp12345";

pub const ASLEEP: &str = "The car stood and told nothing";
pub const UNKNOWN: &str = "Not known";

/// What a row of the table says.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    pub from: Timestamp,
    /// `None` while it lasts.
    pub to: Option<Timestamp>,
    pub cause: String,
    pub todo: String,
}

/// The pages of a run about its car.
pub struct Page<'a> {
    run: &'a Cardata,
    /// The page's address up to the pages of the car.
    car: String,
}

impl<'a> Page<'a> {
    /// When the car is known.
    pub async fn of(run: &'a Cardata) -> Self {
        Self::of_car(run, CAR).await
    }

    pub async fn of_car(run: &'a Cardata, name: &str) -> Self {
        let lines = run.lines();
        let root = lines.iter().find_map(|line| line.text.strip_prefix("See it: "));
        let root = root.expect("a link");
        let vehicles = format!("{root}api/v1/vehicles");
        let is_known = async || {
            // There is nothing before the first poll has come.
            let known = client().get(&vehicles).send().await.unwrap();
            let known: Value = known.error_for_status().ok()?.json().await.unwrap();
            let mut known = known["vehicles"].as_array().unwrap().iter();
            known.any(|one| one["vehicle"] == name).then_some(())
        };
        wait(run, "a car on the page", is_known).await;
        let car = format!("{root}v/{name}/");
        Self { run, car }
    }

    /// The rows of the table, the oldest first.
    pub async fn gaps(&self) -> Vec<Gap> {
        let text = get(&format!("{}data?csv=gaps", self.car)).await;
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let rows = rows.records().map(|row| {
            let row = row.unwrap();
            Gap {
                from: row[0].parse().unwrap_or_else(|_| panic!("{text}")),
                to: row[1].parse().ok(),
                cause: row[3].to_owned(),
                todo: row[4].to_owned(),
            }
        });
        let mut rows: Vec<_> = rows.collect();
        rows.reverse();
        rows
    }

    /// The chart of the charge over the last week.
    async fn chart(&self) -> Value {
        let page = get(&format!("{}battery?range=week", self.car)).await;
        let (_, chart) = page
            .split_once("id=\"chart-level\" data-chart=\"")
            .expect("a chart");
        let (chart, _) = chart.split_once('"').unwrap();
        let chart = chart.replace("&#34;", "\"").replace("&#38;", "&");
        serde_json::from_str(&chart.replace("&#39;", "'")).unwrap()
    }

    /// What is hatched in it since the program first ran: before that nothing is known.
    pub async fn hatched(&self) -> Vec<(Timestamp, Timestamp, String)> {
        let chart = self.chart().await;
        let gaps = chart["gaps"].as_array().unwrap().iter();
        let hatched = gaps.map(|gap| {
            let cause = gap["cause"].as_str().unwrap().to_owned();
            (moment(&gap["from"]), moment(&gap["to"]), cause)
        });
        hatched.filter(|(.., cause)| cause != UNKNOWN).collect()
    }

    /// The program's time.
    pub async fn now(&self) -> Timestamp {
        moment(&self.chart().await["to"])
    }

    /// Waits until the program is so much older.
    pub async fn later(&self, by: SignedDuration) {
        let then = self.now().await + by;
        wait(self.run, "later", async || {
            (self.now().await >= then).then_some(())
        })
        .await;
    }

    /// The one gap that has this cause, when it is over.
    pub async fn over(&self, cause: &str) -> Gap {
        wait(self.run, "end of a gap", async || {
            let mut gaps = self.gaps().await;
            gaps.retain(|gap| gap.cause == cause);
            assert!(gaps.len() < 2, "{gaps:?}");
            gaps.pop().filter(|gap| gap.to.is_some())
        })
        .await
    }

    /// One gap that is over, and began and ended between these moments, stands in the table and is hatched, and nothing else is;
    /// before and after it the car stood.
    pub async fn assert_told(&self, cause: &str, todo: &str, began: [Timestamp; 2], ended: [Timestamp; 2]) {
        let gap = self.over(cause).await;
        let to = gap.to.unwrap();
        // Silences are known in whole hours, and what the log tells is written down a little later.
        let began = [began[0], began[1] + HOUR];
        assert!(within(gap.from, began), "{gap:?} began in {began:?}");
        assert!(within(to, ended), "{gap:?} ended in {ended:?}");
        assert!(gap.todo.contains(todo), "{gap:?}");
        let others = self.gaps().await;
        let others = others.iter().filter(|other| other.cause != cause);
        for other in others {
            assert!([ASLEEP, UNKNOWN].contains(&&*other.cause), "{other:?}");
        }
        let hatched = self.hatched().await;
        let [(from, until, told)] = hatched.as_slice() else {
            panic!("{hatched:?} instead of {gap:?}");
        };
        assert_eq!(told, cause);
        assert!(
            within(*from, [gap.from, gap.from]) && within(*until, [to, to]),
            "{hatched:?} {gap:?}"
        );
    }
}

pub fn within(at: Timestamp, [from, to]: [Timestamp; 2]) -> bool {
    (from - SHOWN..=to + SHOWN).contains(&at)
}

fn moment(milliseconds: &Value) -> Timestamp {
    Timestamp::from_millisecond(milliseconds.as_f64().unwrap() as i64).unwrap()
}

async fn get(url: &str) -> String {
    let answer = client().get(url).send().await.unwrap();
    answer.error_for_status().unwrap().text().await.unwrap()
}

/// Asks until there is an answer.
pub async fn wait<T>(run: &Cardata, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::time::timeout(DEADLINE, asking).await;
    answer.unwrap_or_else(|_| panic!("no {what} within {DEADLINE:?}:\n{}", run.transcript()))
}
