//! Gaps on the page of a real run: when nothing came, why, and what of it is hatched behind the charge.
//!
//! The car stands for more than a day unless a test says otherwise: what it told before is all there is, and every gap is cut out
//! of one silence.

mod look;

use std::time::Duration;

use cardata_sim::{Fault, Selection, SimConfig};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use tests::process::Signal;

use self::look::{ASLEEP, Page, UNKNOWN, wait, within};
use crate::containers::patient;
use crate::scene::{DEADLINE, Plan, Scene, stop, until};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// So many hours a cause lasts, at least.
const LONG: SignedDuration = SignedDuration::from_hours(4);
/// From the beginning of a car's life, a Monday afternoon, to a Sunday's first hours. It stands until Monday morning.
const TO_SUNDAY: SignedDuration = SignedDuration::from_hours(5 * 24 + 9);

/// What the car of the other account is called.
const OTHER_CAR: &str = "vfp12352";

/// A car that stands.
fn parked() -> SimConfig {
    SimConfig {
        born: Some(Timestamp::now() - TO_SUNDAY),
        ..patient()
    }
}

fn plan(speed: f64) -> Plan<'static> {
    Plan {
        speed,
        every: "30m",
        ..Plan::default()
    }
}

/// A scene with a page, and a login.
async fn scene(config: SimConfig, plan: &Plan<'_>) -> Scene {
    let scene = Scene::with(config, plan).await;
    scene.edit(|text| format!("{text}dashboard: {{ listen: \"127.0.0.1:0\" }}\n"));
    scene.login().await;
    scene
}

/// The same with BMW's stream.
async fn streaming(config: SimConfig, plan: &Plan<'_>) -> Scene {
    let scene = scene(config, plan).await;
    std::fs::write(scene.path("bmw.pem"), scene.stream_ca()).unwrap();
    let stream = format!(
        ", stream: \"{}\", ca: bmw.pem }}\nsources:\n  - type: stream\n",
        scene.stream_url()
    );
    scene.edit(|text| text.replacen(" }\nsources:\n", &stream, 1));
    scene
}

/// Lets hours pass in which the account of the scene is in no run: another one is, for time goes on in runs alone.
async fn without(scene: &Scene) {
    let pipeline = std::fs::read_to_string(scene.path("pipeline.yaml")).unwrap();
    scene.edit(|text| {
        let (before, rest) = text.split_once("  - name: home\n").unwrap();
        let (_, behind) = rest.split_once("  - name: work\n").unwrap();
        format!("{before}  - name: work\n{behind}")
    });
    let run = scene.run().await;
    run.wait_for_line("polled account=work", DEADLINE).await;
    Page::of_car(&run, OTHER_CAR).await.later(LONG).await;
    stop(run).await;
    scene.edit(|_| pipeline);
}

async fn two_accounts(plan: &Plan<'_>) -> Scene {
    let mut scene = scene(parked(), plan).await;
    let other = SimConfig {
        vehicles: vec![cardata_sim::SimVehicle::numbered(Default::default(), 7)],
        ..parked()
    };
    scene.add_account("work", other, plan).await;
    let said = scene.call(&["login", "--account", "work"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    scene
}

#[tokio::test]
async fn a_program_that_was_stopped_did_not_run_until_it_was_started_again() {
    let scene = two_accounts(&plan(3_600.0)).await;
    let run = scene.run().await;
    run.wait_for_line("polled account=home", DEADLINE).await;
    let before = Page::of(&run).await.now().await;
    stop(run).await;
    without(&scene).await;
    let run = scene.run().await;
    let page = Page::of(&run).await;
    page.over("The program did not run").await;
    let now = page.now().await;
    page.assert_told(
        "The program did not run",
        "as a service",
        [before, before],
        [before + LONG, now],
    )
    .await;
    stop(run).await;
}

#[tokio::test]
async fn a_program_that_died_did_not_run_from_its_last_poll_on() {
    let scene = two_accounts(&plan(3_600.0)).await;
    let mut run = scene.run().await;
    run.wait_for_line("polled account=home", DEADLINE).await;
    let before = Page::of(&run).await.now().await;
    run.signal(Signal::Kill).await;
    run.wait_exit(DEADLINE).await;
    without(&scene).await;
    let run = scene.run().await;
    let page = Page::of(&run).await;
    page.over("The program did not run").await;
    let now = page.now().await;
    page.assert_told(
        "The program did not run",
        "as a service",
        [before - HOUR, before],
        [before + LONG, now],
    )
    .await;
    stop(run).await;
}

#[tokio::test]
async fn calls_that_are_used_up_are_a_gap_until_there_are_some_again() {
    let plan = Plan {
        calls_per_day: 50,
        every: "auto",
        ..plan(10_000.0)
    };
    let scene = scene(parked(), &plan).await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    let page = Page::of(&run).await;
    // The program's clock is behind BMW's, and both have to agree on the date.
    wait(&run, "a day that has begun", async || {
        let [own, theirs] = [page.now().await, scene.bmw.now()].map(|now| Offset::UTC.to_datetime(now));
        ((1..20).contains(&own.hour()) && own.date() == theirs.date()).then_some(())
    })
    .await;
    let before = page.now().await;
    scene.bmw.spend(50);
    let line = "BMW says that the calls of the day are used up";
    run.wait_for_line(line, DEADLINE).await;
    let refused = page.now().await;
    scene.more_answers(&run, 1).await;
    page.over("The calls of the day were used up").await;
    let midnight = Offset::UTC.to_datetime(before).date().tomorrow().unwrap();
    let midnight = midnight.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let again = [midnight, page.now().await];
    page.assert_told(
        "The calls of the day were used up",
        "another program",
        [before, refused],
        again,
    )
    .await;
    stop(run).await;
}

#[tokio::test]
async fn a_stream_that_was_away_is_a_gap() {
    let scene = streaming(parked(), &plan(900.0)).await;
    let run = scene.run().await;
    run.wait_for_line("the stream is connected", DEADLINE).await;
    let page = Page::of(&run).await;
    let before = page.now().await;
    scene.bmw.stop_stream();
    until(&run, "loss of the stream", || !scene.bmw.is_streaming()).await;
    let lost = page.now().await;
    page.later(LONG).await;
    let back = page.now().await;
    scene.bmw.start_stream();
    page.over("The connection was lost").await;
    let now = page.now().await;
    page.assert_told(
        "The connection was lost",
        "connects again",
        [before, lost],
        [back, now],
    )
    .await;
    stop(run).await;
}

#[tokio::test]
async fn a_car_that_stands_is_asleep_which_is_no_gap_in_its_line() {
    let scene = scene(parked(), &plan(7_200.0)).await;
    let run = scene.run().await;
    let page = Page::of(&run).await;
    let began = page.now().await;
    scene.more_answers(&run, 20).await;
    let gaps = page.gaps().await;
    let asleep: Vec<_> = gaps.iter().filter(|gap| gap.cause == ASLEEP).collect();
    let [asleep] = asleep.as_slice() else {
        panic!("{gaps:?}");
    };
    assert!(
        within(asleep.from, [began - HOUR, began + HOUR]) && asleep.to.is_none(),
        "{asleep:?} since {began}"
    );
    assert!(asleep.todo.contains("no fault"), "{asleep:?}");
    assert!(
        gaps.iter().all(|gap| [ASLEEP, UNKNOWN].contains(&&*gap.cause)),
        "{gaps:?}"
    );
    assert_eq!(page.hatched().await, []);
    stop(run).await;
}

#[tokio::test]
async fn a_login_that_died_is_a_gap_until_somebody_logs_in() {
    let config = SimConfig {
        device_code_lifetime: Duration::from_secs(86_400),
        ..parked()
    };
    let scene = scene(config, &plan(3_600.0)).await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    let page = Page::of(&run).await;
    let before = page.now().await;
    scene.bmw.inject_on("telematicData", 1, Fault::DropRefreshToken);
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    let line = "polling stops until `cardata login` has been run";
    run.wait_for_line(line, DEADLINE).await;
    let dead = page.now().await;
    page.later(LONG).await;
    let lasting = page.gaps().await.pop().unwrap();
    assert_eq!(
        (&*lasting.cause, lasting.to),
        ("The login had ended or was refused", None)
    );
    let back = page.now().await;
    let said = scene.call(&["login"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    scene.more_answers(&run, 1).await;
    page.over("The login had ended or was refused").await;
    let now = page.now().await;
    page.assert_told(
        "The login had ended or was refused",
        "cardata login",
        [before, dead],
        [back, now],
    )
    .await;
    stop(run).await;
}

#[tokio::test]
async fn a_stream_whose_login_died_is_the_same_gap_as_its_polls() {
    let config = SimConfig {
        device_code_lifetime: Duration::from_secs(86_400),
        token_lifetime: Duration::from_secs(2 * 3_600),
        ..parked()
    };
    let scene = streaming(config, &plan(900.0)).await;
    let run = scene.run().await;
    run.wait_for_line("the stream is connected", DEADLINE).await;
    scene.more_answers(&run, 1).await;
    let page = Page::of(&run).await;
    let before = page.now().await;
    scene.bmw.inject_on("telematicData", 1, Fault::DropRefreshToken);
    scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
    let line = "polling stops until `cardata login` has been run";
    run.wait_for_line(line, DEADLINE).await;
    let dead = page.now().await;
    until(&run, "end of the stream", || !scene.bmw.is_streaming()).await;
    page.later(LONG).await;
    let back = page.now().await;
    let said = scene.call(&["login"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    scene.more_answers(&run, 1).await;
    until(&run, "stream", || scene.bmw.is_streaming()).await;
    page.over("The login had ended or was refused").await;
    let now = page.now().await;
    page.assert_told(
        "The login had ended or was refused",
        "cardata login",
        [before, dead],
        [back, now],
    )
    .await;
    stop(run).await;
}

#[tokio::test]
async fn a_container_that_bmw_refuses_is_a_gap_until_it_takes_one() {
    let scene = scene(parked(), &plan(3_600.0)).await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    let page = Page::of(&run).await;
    let before = page.now().await;
    scene.bmw.refuse(&[], Some(0));
    scene.bmw.inject_on("telematicData", 1, Fault::DeleteContainer);
    run.wait_for_line("the source cannot work like this", DEADLINE)
        .await;
    let refused = page.now().await;
    page.later(LONG).await;
    let back = page.now().await;
    scene.bmw.refuse(&[], None);
    scene.more_answers(&run, 1).await;
    page.over("BMW refused the container or the vehicle").await;
    let now = page.now().await;
    page.assert_told(
        "BMW refused the container or the vehicle",
        "cardata containers list",
        [before, refused],
        [back, now],
    )
    .await;
    stop(run).await;
}

#[tokio::test]
async fn a_stream_of_which_nothing_is_selected_is_told_and_not_hatched() {
    // It drives and charges.
    let scene = streaming(patient(), &plan(900.0)).await;
    let run = scene.run().await;
    run.wait_for_line("the stream is connected", DEADLINE).await;
    let page = Page::of(&run).await;
    until(&run, "messages", || !scene.bmw.streamed().is_empty()).await;
    scene.bmw.select(Selection::Nothing);
    let since = page.now().await;
    let cause = "The stream brings nothing of this car, though polls do";
    let gap = wait(&run, "a gap", async || {
        let mut gaps = page.gaps().await;
        gaps.retain(|gap| gap.cause == cause);
        assert!(gaps.len() < 2, "{gaps:?}");
        gaps.pop()
    })
    .await;
    assert!(
        within(gap.from, [since - HOUR, since + HOUR]) && gap.to.is_none(),
        "{gap:?} since {since}"
    );
    assert!(gap.todo.contains("still selected"), "{gap:?}");
    assert_eq!(page.hatched().await, []);
    stop(run).await;
}
