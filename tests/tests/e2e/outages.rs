//! A store that is away delays nobody and loses nothing.

use tests::servers::{InfluxDb1, V2Facade};

use crate::oracle::{assert_exactly, expected_of_all};
use crate::scene::{DEADLINE, FILES, Plan, Scene, stop, until};
use crate::store_server::StoreServer;
use crate::stores;

#[tokio::test]
async fn a_store_that_comes_back_is_filled_and_the_others_never_waited() {
    let store = StoreServer::start().await;
    let sinks = FILES.to_owned() + &store.sink();
    let scene = Scene::set(&Plan {
        sinks: &sinks,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let run = scene.run().await;
    run.wait_for_line("the sink does not accept writes", DEADLINE)
        .await;
    scene.more_answers(&run, 20).await;
    let collected = expected_of_all(&scene.bmw.served());
    let files = || {
        stores::sqlite(&scene.path("cardata.db"))
            .len()
            .min(stores::csv(&scene.path("csv")).len())
    };
    until(&run, "delivery to the files", || files() >= collected.len()).await;
    let status = scene.status().await;
    let sink = &status["sinks"][2];
    assert_eq!(sink["state"], "retrying", "{status}");
    assert_eq!(sink["delivered_readings"], 0, "{status}");
    assert!(
        sink["waiting_readings"].as_u64() >= Some(collected.len() as u64),
        "{status}"
    );
    assert!(store.refused() > 1 && store.rows().is_empty());

    store.set_open(true);
    run.wait_for_line("the sink accepts writes again", DEADLINE).await;
    until(&run, "delivery of the backlog", || {
        store.rows().len() >= collected.len()
    })
    .await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("store", store.rows(), wanted.clone());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), wanted);
}

#[tokio::test]
async fn what_could_not_be_delivered_waits_for_the_next_start() {
    let store = StoreServer::start().await;
    let sinks = FILES.to_owned() + &store.sink();
    let scene = Scene::set(&Plan {
        sinks: &sinks,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    let said = stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    let line = said
        .err
        .lines()
        .find(|line| line.trim_start().starts_with("influxdb "))
        .expect("a summary");
    let numbers: Vec<_> = line.split_whitespace().skip(1).map(str::to_owned).collect();
    assert_eq!(
        numbers,
        ["0".to_owned(), wanted.len().to_string(), "0".to_owned()],
        "{}",
        said.err
    );
    assert_eq!(scene.status().await["sinks"][2]["waiting_readings"], wanted.len());
    assert_exactly(
        "sqlite",
        stores::sqlite(&scene.path("cardata.db")),
        wanted.clone(),
    );
    store.set_open(true);
    let run = scene.run().await;
    until(&run, "delivery", || store.rows().len() >= wanted.len()).await;
    stop(run).await;
    assert_exactly("store", store.rows(), expected_of_all(&scene.bmw.served()));
}

#[tokio::test]
async fn a_store_that_is_added_later_gets_the_whole_history() {
    let store = StoreServer::start().await;
    store.set_open(true);
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 10).await;
    stop(run).await;
    let pipeline = scene.path("pipeline.yaml");
    let text = std::fs::read_to_string(&pipeline).unwrap() + &store.sink();
    std::fs::write(&pipeline, text).unwrap();
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    assert_exactly("store", store.rows(), expected_of_all(&scene.bmw.served()));
}

#[tokio::test]
async fn checks_of_a_real_server_say_what_is_wrong() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let facade = V2Facade::start(&server).await;
    let bucket = server.create_database().await;
    let cases = [
        (V2Facade::TOKEN, &*bucket, Some(0), "ok      sink influxdb"),
        (V2Facade::TOKEN, "nowhere", Some(4), "nowhere"),
        ("another-token", &*bucket, Some(4), "token"),
    ];
    for (token, bucket, code, words) in cases {
        let sinks = format!(
            "  - type: influxdb\n    fields: descriptor\n    url: {}\n    org: {}\n    bucket: {bucket}\n    token: {token}\n",
            facade.url(),
            V2Facade::ORG
        );
        let scene = Scene::set(&Plan {
            sinks: &sinks,
            ..Plan::default()
        })
        .await;
        scene.login().await;
        let said = scene.call(&["check", "--connect"]).await;
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.out.contains(words), "{said:?}");
        assert!(!said.out.contains(V2Facade::TOKEN), "{said:?}");
    }
    assert_eq!(server.points(&bucket).await, [], "a check writes nothing");
}
