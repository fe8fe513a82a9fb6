//! What BMW tells beside telematic data: asked for seldom and page by page, kept as it came, and no reading of any sink.

use std::collections::HashSet;
use std::time::Duration;

use cardata_sim::{Documents, Fault, Picture, SimConfig};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::scene::{Plan, Scene, stop, until};
use crate::stores;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const VIN: &str = "WBY71AW050FP12345";

/// A document of the journal: its name and its JSON.
type Kept = (String, String);

/// BMW with logins that outlast days in seconds.
fn bmw(documents: Documents) -> SimConfig {
    SimConfig {
        token_lifetime: Duration::from_secs(365 * 86_400),
        refresh_lifetime: Duration::from_secs(365 * 86_400),
        documents,
        ..SimConfig::default()
    }
}

/// A pipeline that asks for these documents too.
async fn scene(plan: &Plan<'_>, documents: Documents, sources: &str) -> Scene {
    let scene = Scene::with(bmw(documents), plan).await;
    scene.edit(|text| text.replacen("sources:\n", &format!("sources:\n{sources}"), 1));
    scene.login().await;
    scene
}

/// The documents of the journal, as they are exported.
async fn kept(scene: &Scene) -> Vec<Kept> {
    #[derive(Deserialize)]
    struct Line {
        payload: Payload,
    }
    #[derive(Deserialize)]
    struct Payload {
        readings: Vec<Vec<Box<RawValue>>>,
    }
    #[derive(Deserialize)]
    struct Body {
        value: Box<RawValue>,
    }
    let said = scene.call(&["journal", "export"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    let lines = said.out.lines();
    let lines = lines.filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let readings = lines.flat_map(|line| line.payload.readings);
    let named = readings.map(|parts| {
        let name: String = serde_json::from_str(parts[0].get()).unwrap();
        (name, parts[1].get().to_owned())
    });
    let documents = named.filter(|(name, _)| name.starts_with("cardata:") && name != "cardata:record");
    documents
        .map(|(name, body)| {
            let body: Body = serde_json::from_str(&body).unwrap();
            (name, body.value.get().to_owned())
        })
        .collect()
}

fn of<'a>(kept: &'a [Kept], name: &str) -> Vec<&'a str> {
    let name = format!("cardata:{name}");
    let of_it = kept.iter().filter(|(of, _)| *of == name);
    of_it.map(|(_, json)| json.as_str()).collect()
}

/// When a session began, by what it says itself.
fn start(session: &str) -> i64 {
    let session: serde_json::Value = serde_json::from_str(session).unwrap();
    let told = &session["startTime"];
    let number = told.as_f64().or_else(|| told.as_str()?.parse().ok());
    number.unwrap() as i64
}

/// When the charges of the car began between two times.
fn charges(scene: &Scene, from: Timestamp, to: Timestamp) -> Vec<i64> {
    let plug_ins = scene.bmw.plug_ins(VIN).into_iter();
    let starts = plug_ins
        .flat_map(|plug_in| plug_in.charges)
        .map(|charge| charge.start);
    starts
        .filter(|start| (from..=to).contains(start))
        .map(Timestamp::as_second)
        .collect()
}

fn no_sink_knows_of_documents(scene: &Scene) {
    for rows in [
        stores::csv(&scene.path("csv")),
        stores::sqlite(&scene.path("cardata.db")),
    ] {
        assert!(!rows.is_empty());
        assert!(!format!("{rows:?}").contains("cardata:"));
    }
}

#[tokio::test]
async fn a_history_of_many_pages_goes_on_on_other_days_where_calls_are_few() {
    let plan = Plan {
        speed: 30_000.0,
        calls_per_day: 12,
        every: "3h",
        ..Plan::default()
    };
    let scene = scene(&plan, Documents::default(), "  - type: charging_history\n").await;
    let run = scene.run().await;
    let asked = || scene.requests("chargingHistory");
    let first = |asked: &[cardata_sim::RequestRecord]| asked.first().map(|request| request.at);
    until(&run, "eight days of the history", || {
        let asked = asked();
        first(&asked).is_some_and(|first| asked.last().unwrap().at.duration_since(first) > 8 * DAY)
    })
    .await;
    stop(run).await;

    let asked = asked();
    let first = first(&asked).unwrap();
    let on_the_first_day = asked
        .iter()
        .filter(|request| request.at < first + DAY / 2)
        .count();
    let all = charges(&scene, first - 45 * DAY, first).len();
    assert!(
        on_the_first_day < all.div_ceil(10),
        "{on_the_first_day} pages for {all} charges"
    );
    assert!(asked.iter().all(|request| request.status != 403), "{asked:?}");
    let kept = kept(&scene).await;
    let sessions = of(&kept, "charging_session");
    let once: HashSet<_> = sessions.iter().collect();
    assert_eq!(once.len(), sessions.len(), "each content once");
    let listed: HashSet<i64> = sessions.iter().map(|session| start(session)).collect();
    // What was 45 days old on the first day was out of reach before its page came.
    let wanted = charges(&scene, first - 37 * DAY, asked.last().unwrap().at - 2 * DAY);
    let missing: Vec<_> = wanted.iter().filter(|start| !listed.contains(start)).collect();
    assert!(
        missing.is_empty(),
        "{} of {} are missing",
        missing.len(),
        wanted.len()
    );
    no_sink_knows_of_documents(&scene);
    scene.assert_lawful();
}

#[tokio::test]
async fn documents_are_kept_byte_by_byte_whatever_is_in_them() {
    let documents = Documents {
        are_ragged: true,
        places_a_page: 1,
        picture: Picture::Missing,
        ..Documents::default()
    };
    let sources = "  - type: charging_history\n  - type: vehicle\n  - type: tyres\n  - type: charging_settings\n  - type: image\n";
    let scene = scene(&Plan::default(), documents, sources).await;
    let run = scene.run().await;
    until(&run, "all documents", || {
        ["image", "Settings", "Tyre", "basicData"]
            .iter()
            .all(|part| !scene.requests(part).is_empty())
    })
    .await;
    scene.more_answers(&run, 3).await;
    stop(run).await;

    let kept = kept(&scene).await;
    assert!(of(&kept, "image").is_empty());
    let served = scene.bmw.documents();
    let bodies = |part: &str| -> Vec<String> {
        let of_it = served.iter().filter(|one| one.path.contains(part));
        of_it
            .map(|one| String::from_utf8(one.body.clone()).unwrap())
            .collect()
    };
    assert_eq!(of(&kept, "vehicle")[0], bodies("basicData").last().unwrap());
    assert_eq!(of(&kept, "tyres"), [bodies("Tyre").last().unwrap()]);
    let places: Vec<String> = bodies("Settings")
        .iter()
        .map(|body| {
            body.split_once(r#""data":["#)
                .unwrap()
                .1
                .split_once("],")
                .unwrap()
                .0
                .to_owned()
        })
        .collect();
    let settings = of(&kept, "charging_settings");
    assert_eq!(settings.len(), 1);
    for place in places {
        assert!(settings[0].contains(place.as_str()), "{place}");
    }
    let (pages, sessions) = (bodies("chargingHistory").concat(), of(&kept, "charging_session"));
    assert!(sessions.iter().all(|session| pages.contains(session)));
    let asked = scene.requests("chargingHistory")[0].at;
    let listed: HashSet<i64> = sessions.iter().map(|session| start(session)).collect();
    let mut wanted = charges(&scene, asked - 45 * DAY, asked);
    wanted.retain(|start| !listed.contains(start));
    assert!(wanted.is_empty(), "{wanted:?}");
    no_sink_knows_of_documents(&scene);
    scene.assert_lawful();
}

#[tokio::test]
async fn a_failure_waits_a_day_and_a_picture_is_kept_once_a_change() {
    let plan = Plan {
        speed: 30_000.0,
        every: "1h",
        ..Plan::default()
    };
    let documents = Documents {
        picture: Picture::Jpeg,
        ..Documents::default()
    };
    let sources = "  - type: tyres\n  - type: image\n    every: 6h\n";
    let scene = scene(&plan, documents, sources).await;
    let fault = Fault::Status {
        status: 500,
        body: "{}".to_owned(),
    };
    scene.bmw.inject_on("smartMaintenanceTyreDiagnosis", 1, fault);
    let run = scene.run().await;
    let (tyres, image) = (|| scene.requests("Tyre"), || scene.requests("image").len());
    until(&run, "the tyres after a failure", || {
        tyres().len() > 1 && image() > 4
    })
    .await;
    let asked = tyres();
    assert_eq!((asked[0].status, asked[1].status), (500, 200));
    // The day begins with the poll, which a busy machine may hold up on its way.
    assert!(asked[1].at.duration_since(asked[0].at) > DAY * 3 / 4, "{asked:?}");
    let file = |end: &str| scene.path(&format!("state/images/vfp12345.{end}"));
    assert!(std::fs::read(file("jpg")).unwrap().starts_with(b"\xff\xd8\xff"));

    scene.bmw.show(Picture::Png);
    let before = image();
    until(&run, "the other picture", || image() > before + 2).await;
    stop(run).await;
    let kept = kept(&scene).await;
    let types = of(&kept, "image").into_iter().map(|json| {
        let image: serde_json::Value = serde_json::from_str(json).unwrap();
        image["media_type"].as_str().unwrap().to_owned()
    });
    assert_eq!(types.collect::<Vec<_>>(), ["image/jpeg", "image/png"]);
    assert!(file("png").is_file() && !file("jpg").exists());
    assert_eq!(of(&kept, "tyres").len(), 1);
    let said = scene.call(&["forget", "--yes", "--vehicle", VIN]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!file("png").exists(), "the picture is forgotten with the vehicle");
    no_sink_knows_of_documents(&scene);
    scene.assert_lawful();
}
