//! What owners had: creations at which BMW's server fails, and deleted containers that keep their places.

use std::time::Duration;

use cardata_sim::{DescriptorRefusal, Fault, SimConfig};
use jiff::SignedDuration;

use super::simulated::{Bench, HEADER, MOVING, ODOMETER, everything};
use crate::container::keeper::Keeper;
use crate::container::{self, ContainerError, sync};
use crate::presets;

const LEVEL: &str = "vehicle.drivetrain.electricEngine.charging.level";
const HV_STATUS: &str = "vehicle.drivetrain.electricEngine.charging.hvStatus";
const CREATION: &str = "POST /customers/containers";

fn battery() -> Vec<&'static str> {
    let preset = presets::preset("battery").unwrap();
    catalogue::CATALOGUE
        .iter()
        .map(|entry| entry.descriptor)
        .filter(|one| preset.iter().any(|it| it == one))
        .collect()
}

impl Bench {
    /// Polls for so long, every five minutes, after failures too, as the shortest interval has it; how many had a container.
    async fn polls(&self, set: &source::DescriptorSet, minutes: u64) -> usize {
        let mut polled = 0;
        for _ in 0..minutes / 5 {
            container::grow(&self.account, set, &mut None).await;
            polled += usize::from(self.container(set).await.is_ok());
            self.clock.advance(Duration::from_secs(300));
        }
        assert!(self.bmw.violations().is_empty(), "{:?}", self.bmw.violations());
        polled
    }

    /// The places that were taken: what was created, deleted or not.
    pub(super) fn created(&self) -> usize {
        let requests = self.bmw.requests();
        let created = requests
            .iter()
            .filter(|one| one.method == "POST" && one.status == 201);
        created.filter(|one| one.path.contains("/containers")).count()
    }

    pub(super) async fn refused(&self, set: &source::DescriptorSet) -> Vec<String> {
        let keeper = Keeper::load(&self.account, set).await.unwrap();
        let refused = keeper.state.search.refused().iter();
        let mut refused: Vec<_> = refused.map(|one| one.descriptor.clone()).collect();
        refused.sort();
        refused
    }
}

#[tokio::test]
async fn a_descriptor_at_which_the_server_fails_is_found_within_two_hours_and_four_places() {
    let few = [
        HEADER,
        LEVEL,
        ODOMETER,
        MOVING,
        HV_STATUS,
        "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
        "vehicle.drivetrain.electricEngine.charging.status",
        "vehicle.body.chargingPort.status",
    ];
    let battery = battery();
    for (wanted, bad) in [
        (&few[..], vec![LEVEL]),
        (&few[..], vec![LEVEL, HV_STATUS]),
        (&few[..], vec![MOVING, HEADER]),
        (&battery[..], vec![LEVEL]),
    ] {
        let bench = Bench::new(SimConfig {
            refused_descriptors: bad.iter().map(|&one| one.to_owned()).collect(),
            descriptor_refusal: DescriptorRefusal::ServerError,
            ..SimConfig::default()
        })
        .await;
        let set = bench.set(wanted);
        let polled = bench.polls(&set, 120).await;
        assert!(polled >= 12, "{bad:?}: {polled} of 24 polls");
        let mut rest: Vec<_> = wanted.iter().filter(|one| !bad.contains(one)).collect();
        rest.sort();
        assert_eq!(bench.only().iter().collect::<Vec<_>>(), rest, "{bad:?}");
        let mut bad = bad.clone();
        bad.sort_unstable();
        assert_eq!(bench.refused(&set).await, bad);
        assert!(bench.created() <= 4, "{bad:?}: {} places", bench.created());
        assert!(bench.calls() <= 40, "{bad:?}: {} calls", bench.calls());

        let calls = bench.calls();
        bench.days(&set, 20).await;
        assert_eq!(
            bench.calls(),
            calls,
            "what is known to fail is not tried again soon"
        );
        bench.bmw.refuse(&[], None);
        bench.days(&set, 25).await;
        assert_eq!(bench.only().len(), wanted.len(), "BMW changed its mind");
    }
}

#[tokio::test]
async fn an_outage_is_no_verdict_on_a_descriptor() {
    let page = Fault::Status {
        status: 503,
        body: "<html>later</html>".to_owned(),
    };
    // Of creations alone, and of everything: at the first container, and while one grows.
    for path in [CREATION, "/customers/"] {
        for grows in [false, true] {
            let bench = Bench::new(SimConfig {
                max_descriptors: grows.then_some(4),
                ..SimConfig::default()
            })
            .await;
            let battery = battery();
            let set = bench.set(&battery);
            if grows {
                bench.container(&set).await.unwrap();
                bench.bmw.refuse(&[], None);
            }
            bench.bmw.inject_on(path, u32::MAX, page.clone());
            let polled = bench.polls(&set, 180).await;
            assert_eq!(polled > 0, grows, "{path}");
            assert!(
                bench.bmw.spent_today() <= 40,
                "{path}: {}",
                bench.bmw.spent_today()
            );
            assert_eq!(bench.refused(&set).await, Vec::<String>::new(), "{path}");
            bench.bmw.clear_faults();
            bench.days(&set, 45).await;
            bench.container(&set).await.unwrap();
            assert_eq!(bench.only().len(), battery.len(), "{path}, grows: {grows}");
        }
    }
}

#[tokio::test]
async fn deleted_containers_count_and_nothing_is_given_up_for_them() {
    let bench = Bench::new(SimConfig::default()).await;
    for number in 0..9 {
        let purpose = format!("program {number}");
        let id = bench.bmw.create_container("hers", &purpose, &[HEADER]);
        bench.bmw.delete_container(&id);
    }
    let tenth = {
        // Another pipeline file: no source of this one uses it.
        let old = source::DescriptorSet::new("custom", vec![HEADER.to_owned()]);
        bench.container(&old).await.unwrap()
    };
    let set = bench.set(&[ODOMETER, MOVING]);
    let before = bench.calls();
    for _ in 0..3 {
        let polled = bench.container(&set).await.unwrap();
        assert_eq!(polled, tenth, "what works is polled meanwhile");
        assert!(bench.calls() - before <= 3, "{} calls", bench.calls() - before);
    }
    let told = Keeper::load(&bench.account, &set).await.unwrap().state.full;
    let said = told.unwrap();
    for part in [
        "9 of them by deleted ones",
        "29 days",
        "by 2026-03-30 at the latest",
        &tenth,
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let listed = bench.account.client.containers().await.unwrap();
    let plan = sync::plan(&bench.account, &listed).await.unwrap();
    assert!(!plan.fits());
    let error = sync::carry_out(&bench.account, plan, &listed).await.unwrap_err();
    assert!(matches!(error, ContainerError::Full { .. }), "{error}");
    let kept: Vec<_> = bench.bmw.containers().into_iter().map(|one| one.id).collect();
    assert_eq!(
        kept,
        [tenth.as_str()],
        "a working container stands until its successor does"
    );

    bench.clock.advance(Duration::from_secs(29 * 86_400));
    assert_ne!(bench.container(&set).await.unwrap(), tenth);
    let state = Keeper::load(&bench.account, &set).await.unwrap().state;
    assert_eq!((state.full, state.stand_in), (None, None));
}

#[tokio::test]
async fn ten_active_containers_cost_one_of_ours_at_most() {
    let bench = Bench::new(SimConfig::default()).await;
    let mut newest = String::new();
    for one in [HEADER, MOVING] {
        let old = source::DescriptorSet::new("custom", vec![one.to_owned()]);
        newest = bench.container(&old).await.unwrap();
        bench.clock.advance(Duration::from_secs(60));
    }
    for number in 0..8 {
        bench
            .bmw
            .create_container("hers", &format!("program {number}"), &[HEADER]);
    }
    let set = bench.set(&[ODOMETER]);
    for _ in 0..3 {
        assert_eq!(bench.container(&set).await.unwrap(), newest);
        let told = Keeper::load(&bench.account, &set).await.unwrap().state.full;
        assert!(told.unwrap().contains("1 of them by deleted ones"));
        assert_eq!(bench.bmw.containers().len(), 9);
        bench.clock.advance(Duration::from_secs(86_400));
    }
    bench.clock.advance(Duration::from_secs(30 * 86_400));
    assert_ne!(bench.container(&set).await.unwrap(), newest);
}

#[tokio::test]
async fn a_container_grows_only_while_a_place_stays_free() {
    let bench = Bench::new(SimConfig {
        max_descriptors: Some(4),
        ..SimConfig::default()
    })
    .await;
    for number in 0..8 {
        bench
            .bmw
            .create_container("hers", &format!("program {number}"), &[HEADER]);
    }
    let battery = battery();
    let set = bench.set(&battery);
    bench.container(&set).await.unwrap();
    bench.bmw.refuse(&[], None);
    bench.days(&set, 3).await;
    assert_eq!(bench.bmw.containers().len(), 9, "the tenth is for what is needed");
    let told = Keeper::load(&bench.account, &set)
        .await
        .unwrap()
        .state
        .full
        .unwrap();
    assert!(told.contains("9 of BMW's 10 places"), "{told}");
    let hers = bench.bmw.containers()[0].id.clone();
    bench.bmw.delete_container(&hers);
    bench
        .clock
        .advance(SignedDuration::from_hours(30 * 24).try_into().unwrap());
    bench.days(&set, 3).await;
    let grown = bench
        .bmw
        .containers()
        .into_iter()
        .map(|one| one.descriptors.len())
        .max();
    assert!(grown > Some(4), "{grown:?}");
}

#[tokio::test]
async fn several_at_which_the_server_fails_are_found_among_everything() {
    let everything = everything();
    let bad = [everything[40], everything[150], everything[260]];
    let bench = Bench::new(SimConfig {
        refused_descriptors: bad.map(str::to_owned).to_vec(),
        descriptor_refusal: DescriptorRefusal::ServerError,
        ..SimConfig::default()
    })
    .await;
    let set = bench.set(&everything);
    let polled = bench.polls(&set, 240).await;
    assert!(polled >= 40, "{polled} of 48 polls");
    assert!(bench.calls() <= 40, "{} calls", bench.calls());
    bench.days(&set, 27).await;
    let held = bench.only().len();
    assert!(held >= 260, "{held} after a month");
    assert!(bench.created() <= 9, "{} places", bench.created());
    bench.days(&set, 60).await;
    let mut bad = bad.to_vec();
    bad.sort_unstable();
    assert_eq!(bench.refused(&set).await, bad);
    assert_eq!(bench.only().len(), everything.len() - bad.len());
}

/// BMW goes on to list a container that is gone.
#[tokio::test]
async fn what_is_listed_and_refused_for_an_hour_is_replaced_once() {
    let bench = Bench::new(SimConfig::default()).await;
    let set = bench.set(&[HEADER]);
    let first = bench.container(&set).await.unwrap();
    let refused = async |after: SignedDuration| {
        bench.clock.advance(after.try_into().unwrap());
        container::lost(&bench.account, &set).await.unwrap();
        bench.container(&set).await.unwrap()
    };
    for minutes in [0, 12] {
        let again = refused(SignedDuration::from_mins(minutes)).await;
        assert_eq!(again, first, "a list may be late");
    }
    let hour = SignedDuration::from_hours(1);
    let second = refused(hour).await;
    assert_ne!(second, first);
    // A day on which BMW refuses whatever it is asked for.
    for _ in 0..24 {
        refused(hour).await;
    }
    assert_eq!(bench.bmw.containers().len(), 2);
    // Refusals that have nothing to do with each other.
    let held = refused(SignedDuration::from_hours(100)).await;
    assert_eq!(refused(SignedDuration::from_hours(100)).await, held);
}
