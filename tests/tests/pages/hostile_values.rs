//! Pages whose every text that comes from outside means harm: nothing of it runs, and nothing of it is wider than a phone.

use cardata_sim::{SimConfig, SimVehicle};
use serde_json::json;
use tests::browser::{Browser, Look};
use tests::scene::{DEADLINE, Plan, Scene, stop, until};
use tests::servers::client;

use crate::demo::READY;
use crate::looks::faults;

/// In 64 characters, which is what names may have.
const EVIL: &str = "<script>pwned=1</script>\"><img src=x onerror=pwned=1>\u{202e}'&amp;";
const TEXTS: [&str; 4] = [
    "vehicle.body.chargingPort.status",
    "vehicle.drivetrain.electricEngine.charging.status",
    "vehicle.body.hood.isOpen",
    "vehicle.cabin.infotainment.navigation.destinationSet.arrivalTime",
];
/// Neither an element nor an attribute was made of a text.
const IS_HARMLESS: &str = "return window.pwned === undefined && !document.querySelector('[onerror], script:not([src]), img[src=x]');";

/// With a sheet of names and values that mean harm, and a page.
async fn scene() -> Scene {
    let long = EVIL.to_owned() + &"m".repeat(4_000);
    let vehicle = SimVehicle {
        model: long,
        ..SimVehicle::default()
    };
    let plan = Plan {
        speed: 20_000.0,
        every: "1h30m",
        ..Plan::default()
    };
    let bmw = SimConfig {
        vehicles: vec![vehicle],
        ..plan.bmw()
    };
    let scene = Scene::with(bmw, &plan).await;
    let ca = scene.path("ca.pem");
    std::fs::write(&ca, scene.stream_ca()).unwrap();
    let name = json!(EVIL).to_string();
    scene.edit(|text| {
        let (stream, ca) = (scene.stream_url(), ca.display());
        text.replace(
            "endpoints: { ",
            &format!("endpoints: {{ stream: \"{stream}\", ca: \"{ca}\", "),
        )
        .replace(
            "sinks:\n",
            "  - type: stream\n  - type: vehicle\n  - type: charging_history\nsinks:\n",
        ) + &format!(
            "places:\n  - {{ name: {name}, latitude: 48.1372, longitude: 11.5761 }}\n\
                 tariffs:\n  - {{ name: {name}, currency: EUR, per_kwh: 0.3 }}\n\
                 dashboard: {{ listen: \"127.0.0.1:0\" }}\n"
        )
    });
    scene.login().await;
    scene
}

/// A message of texts that mean harm, and of a key that does.
fn say(scene: &Scene) -> bool {
    let now = format!("{:.0}", scene.bmw.now());
    let long = EVIL.to_owned() + &"m".repeat(4_000);
    let vin = SimVehicle::default().vin;
    let keys = TEXTS
        .into_iter()
        .map(str::to_owned)
        .chain([format!("vehicle.evil.{EVIL}")]);
    let told = |text: &str| json!({ "timestamp": now, "value": text, "unit": EVIL });
    let data: serde_json::Map<_, _> = keys.map(|key| (key, told(&long))).collect();
    let message = json!({ "vin": vin, "entityId": EVIL, "topic": vin, "timestamp": now, "data": data });
    scene.bmw.publish(&vin, message.to_string())
}

/// Goes where a link leads, wherever on the page it stands.
async fn follow(browser: &Browser, link: &str) {
    let href = browser
        .script(&format!("return document.querySelector({link:?}).href;"))
        .await;
    browser.goto(href.as_str().unwrap()).await;
}

async fn text_of(url: &str) -> String {
    client().get(url).send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_mean_harm_run_nowhere_and_are_wider_than_no_phone() {
    let Some(browser) = Browser::open(Look::NARROW).await else {
        return;
    };
    let scene = scene().await;
    let run = scene.run().await;
    let link = run.wait_for_line("See it: ", DEADLINE).await;
    let root = link.text.trim_start_matches("See it: ").to_owned();
    until(&run, "message that was heard", || say(&scene)).await;
    let database = scene.path("state/dashboard.db");
    let count = |what: &str| {
        let Ok(database) = rusqlite::Connection::open(&database) else {
            return 0;
        };
        database
            .query_row(what, [], |row| row.get::<_, i64>(0))
            .unwrap_or_default()
    };
    let placed = "select count(*) from charging_sessions where place like '%<script>%' and state = 'final'";
    until(&run, "charge", || count(placed) > 0).await;
    until(&run, "trip", || {
        count("select count(*) from trips where state = 'final'") > 0
    })
    .await;

    let first = client().get(&root).send().await.unwrap();
    let car = first.url().as_str().trim_end_matches("now").to_owned();
    assert!(
        text_of(&format!("{car}data")).await.contains("&#60;script&#62;"),
        "the texts are there"
    );
    for page in [
        "now?position=shown",
        "now?poll=%3Cscript%3E",
        "battery",
        "charging",
        "trips",
        "data",
        "../../system",
        "%3Cscript%3E",
        "charging/%3Cimg%20src=x%3E",
    ] {
        browser.goto(&format!("{car}{page}")).await;
        browser.until("page", READY).await;
        assert_eq!(browser.script(IS_HARMLESS).await, true, "{page}");
        let name = format!("hostile-{}", page.split(['?', '/', '%']).next_back().unwrap());
        browser.screenshot(&name).await;
        let mut wrong = faults(&browser, page).await;
        wrong.retain(|line| !line.contains("a status of 40"));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    browser.goto(&format!("{car}data")).await;
    follow(&browser, "#keys a[href*='key/vehicle.evil.']").await;
    browser.until("key", READY).await;
    assert_eq!(browser.script(IS_HARMLESS).await, true, "key");
    browser.screenshot("hostile-key").await;
    assert_eq!(faults(&browser, "key").await, Vec::<String>::new());
    for (page, link) in [
        ("charging", "#sessions a[href*='charging/']"),
        ("trips", "#trips a[href*='trips/']"),
    ] {
        browser.goto(&format!("{car}{page}")).await;
        follow(&browser, link).await;
        browser.until("page", READY).await;
        follow(&browser, "main .card > p a.why").await;
        browser
            .until(
                "reasons",
                &format!("location.pathname.includes('/why/') && {READY}"),
            )
            .await;
        assert_eq!(browser.script(IS_HARMLESS).await, true, "{page}");
        assert_eq!(faults(&browser, page).await, Vec::<String>::new());
    }
    stop(run).await;
}
