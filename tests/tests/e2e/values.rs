//! `cardata values`: what the car said last, beside the program that runs, and as it changes.

use serde_json::Value;
use tests::process::{Cardata, Signal, Stream, program};

use crate::scene::{DEADLINE, Plan, Scene, end, stop, text_of, until};

const SOC: &str = "vehicle.drivetrain.batteryManagement.header";

/// The value of a descriptor of the only car.
fn value<'a>(answer: &'a Value, descriptor: &str) -> &'a Value {
    let values = answer["vehicles"][0]["values"].as_array().unwrap();
    let its = values.iter().find(|value| value["descriptor"] == descriptor);
    its.unwrap_or_else(|| panic!("no {descriptor} in {answer}"))
}

#[tokio::test]
async fn what_the_car_said_last_is_told_beside_the_program_that_runs_and_after_it() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    let said = scene.call(&["values"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("running (process "), "{said:?}");
    let car = said.out.find("\nvfp12345\n  state_of_charge  ").expect("the car");
    assert!(said.out[car..].contains("poll, by soc\n"), "{said:?}");
    assert!(
        said.out.lines().all(|line| line.chars().count() < 80),
        "{}",
        said.out
    );
    stop(run).await;
    let said = scene.call(&["values", "--json", "--vehicle", "2345"]).await;
    let answer: Value = serde_json::from_str(&said.out).unwrap();
    let served = scene.bmw.served();
    let served = served.iter().rfind(|served| served.descriptor == SOC).unwrap();
    let last: f64 = served.value.as_ref().unwrap().parse().unwrap();
    assert_eq!(value(&answer, SOC)["value"].as_f64(), Some(last));
    assert_eq!(
        answer["vehicles"][0]["quantities"][0]["value"],
        value(&answer, SOC)["value"]
    );
    let after = scene.call(&["values", "--vehicle", "VFP12345"]).await;
    assert!(after.out.starts_with("not running"), "{after:?}");
    let unknown = scene.call(&["values", "--vehicle", "bike", "--json"]).await;
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(2), ""));
    assert!(unknown.err.contains("known are vfp12345"), "{unknown:?}");
}

#[tokio::test]
async fn where_nothing_came_it_is_said_who_knows_why() {
    let scene = Scene::set(&Plan::default()).await;
    let said = scene.call(&["values"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("`cardata doctor`"), "{said:?}");
    let said = scene.call(&["values", "--json"]).await;
    let answer: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(answer["vehicles"], Value::Array(Vec::new()));
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    stop(run).await;
    let state = rusqlite::Connection::open(scene.path("state/journal.db")).unwrap();
    state.execute_batch("pragma user_version = 999").unwrap();
    drop(state);
    let newer = scene.call(&["values", "--json"]).await;
    assert_eq!((newer.code, newer.out.as_str()), (Some(2), ""), "{newer:?}");
    assert!(newer.err.contains("journal.db"), "{newer:?}");
}

#[tokio::test]
async fn who_watches_is_told_every_change_until_he_has_seen_enough() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    let watch = scene.start(&["values", "--watch"]);
    let programs = scene.start(&["values", "--watch", "--json"]);
    watch.wait_for_line("  state_of_charge  ", DEADLINE).await;
    let times = |watch: &Cardata| {
        text_of(watch, Stream::Stdout)
            .matches("  state_of_charge  ")
            .count()
    };
    until(&run, "a change", || times(&watch) > 1).await;
    until(&run, "a change", || {
        text_of(&programs, Stream::Stdout)
            .matches("\"state_of_charge\"")
            .count()
            > 1
    })
    .await;
    for watch in [watch, programs] {
        watch.signal(Signal::Interrupt).await;
        assert_eq!(end(watch).await.code, Some(0));
    }
    stop(run).await;
    // Nothing changes any more, and still it notices that nobody reads.
    let command = format!(
        "'{}' values --watch --config '{}' | head -n 1",
        program().display(),
        scene.path("pipeline.yaml").display()
    );
    let mut pipe = Cardata::start_program("sh".as_ref(), ["-c", &command], |_| ());
    assert_eq!(pipe.wait_exit(DEADLINE).await.code(), Some(0));
    assert_eq!(
        text_of(&pipe, Stream::Stdout).lines().count(),
        1,
        "{}",
        pipe.transcript()
    );
    scene.assert_lawful();
}
