//! What stands in a table or a chart, for spreadsheets.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use url::Url;

use super::computed;
use super::garage::{Filled, consumption_of};
use super::history::{MANY, filled, name};
use super::site::Program;
use super::walk::walk;

#[tokio::test]
async fn every_table_and_chart_is_a_file() {
    let filled = filled().await;
    let get = async |file: &str| {
        let path = format!("v/{}/{file}", name());
        let answer = filled.page.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
        let disposition = answer.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            disposition.starts_with("attachment; filename=\""),
            "{disposition}"
        );
        answer.text().await.unwrap()
    };
    let trips = get("trips.csv").await;
    let mut lines = trips.lines();
    let head = lines.next().unwrap();
    assert!(
        head.starts_with("start_at,") && head.contains(",distance_km,"),
        "{head}"
    );
    assert!(lines.next().unwrap().starts_with("2026-03-01T12:02:00.000Z,"));
    assert_eq!(lines.count(), 1);
    let none = get("trips.csv?to=2026-02-01").await;
    assert_eq!(none.lines().count(), 1);
    let sessions = get("sessions.csv").await;
    assert!(sessions.contains(",'=EUR,"), "{sessions}");
    let now = get("now.csv").await;
    assert!(
        now.contains("\nevil,vehicle.x.text,'=cmd(),,2026-03-01T12:00:00.000Z,"),
        "{now}"
    );
    let series = get("series.csv?key=charge&from=2026-03-01&to=2026-03-01").await;
    assert_eq!(
        series,
        "measured_at,charge (%)\n2026-03-01T12:00:00.000Z,50\n2026-03-01T12:10:00.000Z,60.5\n2026-03-01T12:20:00.000Z,61\n"
    );
}

#[tokio::test]
async fn a_file_holds_every_reading_unless_fewer_points_are_wanted() {
    let filled = filled().await;
    let lines = async |query: &str| {
        let range = "from=2026-03-01&to=2026-03-02";
        let path = format!("v/{}/series.csv?{query}&{range}", name());
        let text = filled.page.get(&path).send().await.unwrap().text().await.unwrap();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let all = lines("key=many").await;
    let value = |second: i64| {
        all[usize::try_from(second).unwrap()]
            .split(',')
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(all.len(), usize::try_from(MANY).unwrap());
    assert!((0..MANY).all(|second| value(second) == second.to_string()));
    let few = lines("key=many&points=100").await;
    assert!(few.len() <= 100 && few[0].split(',').count() == 4, "{few:?}");
    let changes = lines("key=switch").await;
    assert_eq!(changes.len(), usize::try_from(MANY / 2).unwrap());
}

#[tokio::test]
async fn every_table_of_every_page_has_its_file_with_the_rows_that_are_shown() {
    let car = computed::filled().await;
    let met = walk(&car.page, &[String::new()]).await;
    let (mut tables, mut shown) = (0, 0);
    for (address, answer) in met.iter().filter(|(_, answer)| answer.text.starts_with("<!")) {
        for table in answer.text.split("<table").skip(1) {
            let (table, behind) = table.split_once("</table>").unwrap();
            let links = computed::parts(behind, "class=\"csv\" href=\"", "\"");
            let link = links.first().unwrap_or_else(|| panic!("{address}: {table}"));
            let link = link.replace("&#38;", "&");
            let file = Url::parse(address).unwrap().join(&link).unwrap();
            let Some(file) = met.get(file.as_str()) else {
                panic!("{address} leads nowhere with {link}")
            };
            assert_eq!(file.status, StatusCode::OK, "{address}: {link}");
            let rows = table.matches("<tr>").count() - 1;
            let told = file.text.lines().count() - 1;
            assert!(told > 0, "{address}: {link}: {}", file.text);
            if link.starts_with("?csv=") {
                assert_eq!(told, rows, "{address}: {link}: {}", file.text);
                shown += 1;
            }
            tables += 1;
        }
    }
    assert!(tables > 30 && shown > 15, "{tables} {shown}");
}

#[tokio::test]
async fn a_table_is_a_file_of_numbers_with_their_units() {
    let car = computed::filled().await;
    let of = async |path: &str| car.get(&format!("v/{}/{path}", name())).await;
    let months = of("charging?range=year&csv=months").await;
    let head = "Month,Charges,From the grid (kWh),\"From the grid, note\",";
    assert!(months.starts_with(head), "{months}");
    assert!(
        months.contains("\nFebruary 2026,4,20,known of 1 of 4,18,"),
        "{months}"
    );
    let totals = of("charging?range=year&csv=totals").await;
    assert!(
        totals.contains("\nFrom the grid,20.0,known of 1 of 4,kWh\n"),
        "{totals}"
    );
    let page = of("charging?range=year").await;
    assert!(page.contains("href=\"?csv=totals&#38;range=year\""), "{page}");
    let power = of("series.json?key=charging_power&from=2026-02-27&to=2026-02-27").await;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&power).unwrap(),
        serde_json::json!({ "unit": "kW", "points": [[1_772_194_200_000_i64, 11.0], [1_772_194_800_000_i64, 10.0]] })
    );
    let none = car.page.get(&format!("v/{}/charging?csv=nothing", name()));
    assert_eq!(none.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

/// What a file holds does not depend on how many stand at one moment.
#[tokio::test]
async fn a_file_holds_every_record_also_where_many_have_one_start() {
    let many = (0..1_500).map(|number| consumption_of(&format!("m{number}")));
    let filled = Filled::with(Vec::new(), many.collect(), Program::default()).await;
    let path = format!("v/{}/consumption.csv", name());
    let text = filled.page.get(&path).send().await.unwrap().text().await.unwrap();
    let months: BTreeSet<_> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!((text.lines().count(), months.len()), (1_501, 1_500));
}

#[tokio::test]
async fn what_is_no_file_is_said_so() {
    let filled = filled().await;
    for file in ["trip.txt", "nothings.csv", ".csv", "%22%0d%0a.csv"] {
        let answer = filled
            .page
            .get(&format!("v/{}/{file}", name()))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{file}");
    }
}
