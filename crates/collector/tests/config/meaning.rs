//! What a right file means: defaults, names, references, plans, `show`.

use std::path::Path;
use std::time::Duration;

use collector_core::{BatchOptions, Every, Retry, Start, ValueType, Vehicle};
use pipeline::{Keep, SimulatedKind, SimulatedVehicle, Vehicles, show};

use super::{Variables, file, parse, pipeline};

#[test]
fn what_is_not_written_has_a_default() {
    let pipeline = pipeline("");
    assert_eq!(pipeline.state, Path::new("/etc/cardata/state"));
    assert_eq!(pipeline.base_dir, Path::new("/etc/cardata"));
    assert_eq!(pipeline.vehicles, Vehicles::Auto);
    assert_eq!(pipeline.journal.keep, Keep::Forever);
    assert_eq!(pipeline.clock.speed, 1.0);
    assert_eq!(pipeline.simulator, None);
    let account = &pipeline.accounts[0];
    assert_eq!((&*account.name, account.calls_per_day), ("home", 50));
    assert_eq!(account.auth.as_str(), "https://customer.bmwgroup.com/");
    assert_eq!(account.api.as_str(), "https://api-cardata.bmwgroup.com/");
    let sink = &pipeline.sinks[0];
    assert_eq!(&*sink.name, "shelf");
    assert!(sink.select.is_all());
    assert_eq!(sink.start, Start::Earliest);
    assert_eq!(
        sink.batch,
        BatchOptions {
            readings: 10_000,
            wait: Some(Duration::from_secs(10))
        }
    );
    let retry = Retry {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(300),
        timeout: Duration::from_secs(30),
    };
    assert_eq!(sink.retry, retry);
}

#[test]
fn everything_can_be_written() {
    let pipeline = pipeline(
        "state: /var/lib/cardata
accounts:
  - name: home
    client_id: 0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0
    endpoints: { auth: http://localhost:1/oauth, api: https://localhost:2 }
    calls_per_day: 100
  - { name: office, client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1 }
vehicles:
  - { vin: wby8p210x07a12345, name: Annas i3, account: home }
  - { vin: WBY8P210X07A12346, account: office }
sources:
  - { type: meter, account: home, every: 1h30m, vehicles: [annas*], container: x }
  - { type: meter, name: others, vehicles: [\"!annas*\"] }
  - { type: wire }
sinks:
  - type: shelf
    path: a
    name: b
    select: { vehicles: [\"*345\"], sources: [meter], descriptors: [soc] }
    batch: { readings: 10, wait: 1s }
    retry: { first: 2s }
    start: latest
journal: { keep: 90d }
types: { vehicle.some.newKey: boolean, vehicle.some.other: text }
",
    );
    let types = pipeline.types.iter().map(|(descriptor, is)| (&**descriptor, *is));
    let expected = [
        ("vehicle.some.newKey", ValueType::Bool),
        ("vehicle.some.other", ValueType::Text),
    ];
    assert!(types.eq(expected));
    assert_eq!(pipeline.state, Path::new("/var/lib/cardata"));
    assert_eq!(pipeline.journal.keep, Keep::For(Duration::from_secs(90 * 86_400)));
    assert_eq!(
        pipeline.accounts[0].client_id.as_str(),
        "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    );
    assert_eq!(pipeline.accounts[0].auth.as_str(), "http://localhost:1/oauth");
    assert_eq!(pipeline.accounts[0].plannable_calls(), 98);
    let Vehicles::List(vehicles) = &pipeline.vehicles else {
        panic!("a list")
    };
    let [first, second] = [vehicles[0].vehicle(), vehicles[1].vehicle()];
    assert_eq!(
        (first.vin.as_str(), &*first.name),
        ("WBY8P210X07A12345", "Annas i3")
    );
    assert_eq!(&*second.name, "v7a12346");
    assert_eq!(vehicles[1].account.as_deref(), Some("office"));
    let source = &pipeline.sources[0];
    assert_eq!(
        (&*source.name, source.account.as_deref()),
        ("meter", Some("home"))
    );
    assert_eq!(source.every, Every::Fixed(Duration::from_secs(5_400)));
    let polled =
        |source: usize, vehicle: &Vehicle| pipeline.sources[source].vehicles.matches_vehicle(vehicle);
    assert!(polled(0, &first) && !polled(0, &second));
    assert!(!polled(1, &first) && polled(1, &second));
    assert_eq!(
        (&*pipeline.sources[1].name, pipeline.sources[1].every),
        ("others", Every::Auto)
    );
    let sink = &pipeline.sinks[0];
    assert_eq!(
        (&*sink.name, sink.start, sink.batch.readings),
        ("b", Start::Latest, 10)
    );
    assert_eq!(sink.batch.wait, Some(Duration::from_secs(1)));
    assert_eq!(sink.retry.longest, Duration::from_secs(300));
    assert!(sink.select.matches_vehicle(&first) && !sink.select.matches_vehicle(&second));
    assert!(sink.select.matches_source("meter") && !sink.select.matches_source("others"));
}

#[test]
fn the_only_account_reads_every_vehicle() {
    let pipeline = pipeline("vehicles: [{ vin: WBY8P210X07A12345 }]\n");
    let Vehicles::List(vehicles) = pipeline.vehicles else {
        panic!("a list")
    };
    assert_eq!(vehicles[0].account.as_deref(), Some("home"));
}

#[test]
fn repeated_types_are_numbered() {
    let sink = "  - { type: shelf, path: x }\n";
    let pipeline = pipeline(&format!(
        "sinks:\n{sink}  - {{ type: shelf, path: x, name: shelf-2 }}\n{sink}"
    ));
    let names: Vec<&str> = pipeline.sinks.iter().map(|sink| &*sink.name).collect();
    assert_eq!(names, ["shelf", "shelf-2", "shelf-3"]);
}

#[test]
fn the_simulator_brings_an_account_and_sets_the_clock() {
    let text = file("simulator: { speed: 900 }\n").replace(super::ACCOUNTS, "");
    let pipeline = parse(&text, &Variables::default()).unwrap();
    assert_eq!(&*pipeline.accounts[0].name, "demo");
    assert_eq!(pipeline.clock.speed, 900.0);
    let simulator = pipeline.simulator.unwrap();
    assert_eq!((simulator.speed, simulator.seed), (900.0, 1));
    assert_eq!(simulator.vehicles, [SimulatedVehicle::default()]);
    let twins = text.replace(
        "900 }",
        "900, vehicles: [{ kind: phev, life: 3 }, { kind: old_idrive }] }",
    );
    let simulator = parse(&twins, &Variables::default()).unwrap().simulator.unwrap();
    let kinds: Vec<_> = simulator
        .vehicles
        .iter()
        .map(|vehicle| (vehicle.kind, vehicle.life))
        .collect();
    assert_eq!(
        kinds,
        [(SimulatedKind::Phev, Some(3)), (SimulatedKind::OldIdrive, None)]
    );
}

#[test]
fn another_backend_may_run_at_another_speed() {
    let pipeline = pipeline(
        "clock: { speed: 60 }
accounts:
  - name: test
    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
    endpoints: { auth: http://localhost:1, api: http://localhost:1 }
",
    );
    assert_eq!(pipeline.clock.speed, 60.0);
}

#[test]
fn a_stream_runs_at_another_speed_where_its_broker_is_another() {
    // Nobody listens to the stream of `silent`, so it may stay BMW's.
    let pipeline = pipeline(
        "clock: { speed: 60 }
accounts:
  - name: heard
    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
    endpoints: { auth: http://localhost:1, api: http://localhost:1, stream: mqtts://localhost:2 }
  - name: silent
    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1
    endpoints: { auth: http://localhost:1, api: http://localhost:1 }
sources: [{ type: meter }, { type: wire, account: heard }]
",
    );
    assert_eq!(pipeline.clock.speed, 60.0);
}

#[test]
fn references_anchors_and_merged_tables_mean_what_they_stand_for() {
    let text = file(
        "state: \"${ROOT}/$${x}\"
sinks:
  - &first
    type: shelf
    path: ${PATH:-data}
    size: ${SIZE}
    batch: { readings: 7 }
  - { <<: *first, name: second, batch: { readings: 8 } }
",
    );
    let pipeline = parse(&text, &Variables::from([("ROOT", "/srv"), ("SIZE", "3")])).unwrap();
    assert_eq!(pipeline.state, Path::new("/srv/${x}"));
    let sinks: Vec<_> = pipeline
        .sinks
        .iter()
        .map(|sink| (&*sink.name, sink.batch.readings))
        .collect();
    assert_eq!(sinks, [("shelf", 7), ("second", 8)]);
}

#[test]
fn half_an_hour_fits_exactly() {
    pipeline("sources: [{ type: meter, every: 30m }]\n");
    pipeline("sources: [{ type: pair, every: 1h }]\n");
    pipeline("sources: [{ type: meter, every: 1h }, { type: meter, every: 1h }]\n");
    pipeline("sources: [{ type: meter, every: 31m }, { type: meter }, { type: wire }]\n");
    pipeline(
        "vehicles: [{ vin: WBY8P210X07A12345 }, { vin: WBY8P210X07A12346 }]\nsources: [{ type: meter, every: 1h }]\n",
    );
}

#[test]
fn what_is_asked_seldom_has_an_interval_of_its_own_and_costs_next_to_nothing() {
    let every = |text: &str| {
        pipeline(&format!("sources: [{text}]\n"))
            .sources
            .swap_remove(0)
            .every
    };
    let days = |days: u64| Every::Fixed(Duration::from_secs(days * 86_400));
    assert_eq!(every("{ type: almanac }"), days(7));
    assert_eq!(every("{ type: almanac, every: auto }"), days(7));
    assert_eq!(every("{ type: almanac, every: 30d }"), days(30));
    assert_eq!(
        every("{ type: almanac, every: 6h }"),
        Every::Fixed(Duration::from_secs(6 * 3_600))
    );
    // Seven of them are one call a day.
    let seven = "{ type: almanac },".repeat(7);
    pipeline(&format!("sources: [{{ type: meter, every: 31m }}, {seven}]\n"));
    let shown = show(&pipeline("sources: [{ type: almanac }]\n"));
    assert!(shown.contains("every: 7d"), "{shown}");
}

#[test]
fn showing_writes_defaults_out_and_is_a_file_again() {
    let variables = Variables::from([("TOKEN", "hunter2"), ("PLACE", "in the attic")]);
    let text = file(
        "vehicles: [{ vin: WBY8P210X07A12345, name: \"Anna's: i3\" }]
sinks:
  - { type: shelf, path: \"${PLACE}\", token: \"${TOKEN}\", labels: [1, 2] }
  - { type: shelf, path: a, token: hunter3, tags: { vehicle: true } }
",
    );
    let shown = show(&parse(&text, &variables).unwrap());
    insta::assert_snapshot!(shown);
    let again = show(&parse(&shown, &variables).unwrap());
    assert_eq!(again, shown);
}

#[test]
fn showing_a_demo_names_its_account() {
    let text = file("simulator: {}\n").replace(super::ACCOUNTS, "");
    insta::assert_snapshot!(show(&parse(&text, &Variables::default()).unwrap()));
}

#[test]
fn a_container_with_distances_shows_that_it_asks_for_their_unit() {
    let pipeline = pipeline(
        "sources: [{ type: telematics, every: 30m, container: [vehicle.vehicle.travelledDistance] }]\n",
    );
    let list = "    container:
      - vehicle.vehicle.travelledDistance
      - vehicle.cabin.infotainment.displayUnit.distance
      - vehicle.cabin.infotainment.hmi.distanceUnit
";
    assert!(show(&pipeline).contains(list), "{}", show(&pipeline));
}
