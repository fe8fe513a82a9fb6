//! Sets kept against the simulated BMW, on its quota and the ledger.

use std::sync::Arc;
use std::time::Duration;

use cardata_auth::{OAuthClient, TokenStore};
use cardata_sim::{Approval, Control, DescriptorRefusal, Fault, Sim, SimConfig};
use ledger::testing::MemoryLedger;
use runtime::Clock;
use runtime::testing::ManualClock;

use source::{DescriptorSet, Handles};

use crate::container::{self, ContainerError, purpose, sync};
use crate::presets;

pub(super) const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
pub(super) const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
pub(super) const MOVING: &str = "vehicle.isMoving";
const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";

pub(super) struct Bench {
    _folder: tempfile::TempDir,
    _sim: Sim,
    pub(super) bmw: Control,
    pub(super) clock: Arc<ManualClock>,
    pub(super) account: Handles,
    ledger: Arc<MemoryLedger>,
}

impl Bench {
    pub(super) async fn new(config: SimConfig) -> Self {
        // It fails only when there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::jumping("2026-03-01T06:00:00Z".parse().unwrap()));
        let shown: Arc<dyn Clock> = clock.clone();
        let config = SimConfig {
            approval: Approval::Auto {
                after: Duration::ZERO,
            },
            poll_interval: Duration::ZERO,
            token_lifetime: Duration::from_secs(90 * 86_400),
            refresh_lifetime: Duration::from_secs(365 * 86_400),
            ..config
        };
        let now = shown.clone();
        let sim = Sim::start_with_now(config, Arc::new(move || now.now()))
            .await
            .unwrap();
        let url: url::Url = sim.api_url().parse().unwrap();
        let http = cardata_api::http_client(&collector_core::Trust::default()).unwrap();
        let account = source::testing::account(&http, &url, folder.path(), &shown);
        let client_id = "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse().unwrap();
        let oauth = OAuthClient::new(http, url, shown);
        let tokens = cardata_auth::login(&oauth, &client_id, |_| {}).await.unwrap();
        TokenStore::new(folder.path().to_owned(), "home")
            .save(&tokens)
            .unwrap();
        Self {
            account: account.handles,
            ledger: account.ledger,
            bmw: sim.control(),
            _folder: folder,
            _sim: sim,
            clock,
        }
    }

    pub(super) fn set(&self, descriptors: &[&str]) -> DescriptorSet {
        let set = DescriptorSet::new("custom", descriptors.iter().map(|&one| one.to_owned()).collect());
        self.account.sets.add(&set);
        set
    }

    pub(super) async fn container(&self, set: &DescriptorSet) -> Result<String, ContainerError> {
        container::find(&self.account, set, &mut None)
            .await
            .map(|id| id.to_string())
    }

    /// Days on which the set may grow, a step an hour where calls can be spared.
    pub(super) async fn days(&self, set: &DescriptorSet, days: u32) {
        for _ in 0..days * 24 {
            self.clock.advance(Duration::from_secs(3_600));
            container::grow(&self.account, set, &mut None).await;
            let most = self.bmw.containers().len();
            assert!(most <= 10, "{most} containers");
        }
        assert!(self.bmw.violations().is_empty());
        let refused = self.bmw.requests();
        let over = refused.iter().filter(|request| request.status == 429).count();
        assert_eq!(over, 0);
    }

    /// The descriptors of the only container.
    pub(super) fn only(&self) -> Vec<String> {
        let kept = self.bmw.containers();
        assert_eq!(kept.len(), 1, "{kept:?}");
        let mut descriptors = kept[0].descriptors.clone();
        descriptors.sort();
        descriptors
    }

    pub(super) fn calls(&self) -> usize {
        self.bmw
            .requests()
            .iter()
            .filter(|request| request.counted)
            .count()
    }
}

pub(super) fn everything() -> Vec<&'static str> {
    let all: Vec<&'static str> = catalogue::CATALOGUE
        .iter()
        .filter(|entry| !entry.endpoint_bound)
        .map(|entry| entry.descriptor)
        .collect();
    assert_eq!(all.len(), presets::preset("everything").unwrap().len());
    all
}

#[tokio::test]
async fn three_refused_among_everything_are_named_and_the_rest_is_collected() {
    let refused = [
        "vehicle.cabin.door.row1.driver.isOpen",
        "vehicle.chassis.axle.row1.wheel.left.tire.pressure",
        "vehicle.vehicle.avgSpeed",
    ];
    for how in [
        DescriptorRefusal::Named,
        DescriptorRefusal::Unnamed,
        DescriptorRefusal::Forbidden,
    ] {
        let bench = Bench::new(SimConfig {
            refused_descriptors: refused.map(String::from).to_vec(),
            descriptor_refusal: how,
            ..SimConfig::default()
        })
        .await;
        let set = bench.set(&everything());
        bench.container(&set).await.unwrap();
        assert!(
            bench.calls() <= 8,
            "{how:?}: {} calls until the first poll",
            bench.calls()
        );
        bench.days(&set, 1).await;
        let first = bench.calls();
        assert!(first <= 40, "{how:?}: {first} calls on the first day");
        bench.days(&set, 27).await;
        let more = bench.calls() - first;
        assert!(more <= 27 * 2, "{how:?}: {more} calls in 27 days");
        let held = bench.only().len();
        assert!(held >= 270, "{how:?}: {held}");
        assert!(bench.created() <= 9, "{how:?}: {} places", bench.created());
        bench.days(&set, 40).await;
        let mut wanted = everything();
        wanted.retain(|one| !refused.contains(one));
        assert!(bench.only() == wanted, "{how:?}: {}", bench.only().len());
        let state = super::super::keeper::Keeper::load(&bench.account, &set)
            .await
            .unwrap()
            .state;
        let mut named: Vec<_> = state
            .search
            .refused()
            .iter()
            .map(|one| one.descriptor.as_str())
            .collect();
        named.sort_unstable();
        assert_eq!(named, refused);
        assert!(state.search.refused()[0].words.starts_with("CU-40"));
    }
}

#[tokio::test]
async fn a_limit_of_size_is_found_and_lifted() {
    let bench = Bench::new(SimConfig {
        max_descriptors: Some(75),
        ..SimConfig::default()
    })
    .await;
    let set = bench.set(&everything());
    bench.container(&set).await.unwrap();
    bench.days(&set, 15).await;
    assert_eq!(bench.only().len(), 75);
    let calls = bench.calls();
    bench.days(&set, 5).await;
    assert_eq!(bench.calls(), calls, "nothing is tried for a month");
    bench.bmw.refuse(&[], None);
    bench.days(&set, 25).await;
    assert!(bench.only() == everything(), "{}", bench.only().len());
}

#[tokio::test]
async fn what_was_deleted_is_found_again_or_created_again() {
    let bench = Bench::new(SimConfig::default()).await;
    let set = bench.set(&[HEADER, ODOMETER]);
    let first = bench.container(&set).await.unwrap();
    assert_eq!(bench.container(&set).await.unwrap(), first);
    assert_eq!(bench.calls(), 2, "a look and a creation");

    container::lost(&bench.account, &set).await.unwrap();
    bench.bmw.delete_container(&first);
    let purpose = purpose(&[ODOMETER.into(), HEADER.into()]);
    let other = bench
        .bmw
        .create_container("cardata custom", &purpose, &[HEADER, ODOMETER]);
    assert_eq!(bench.container(&set).await.unwrap(), other);
    let created = bench.account.ledger.created_containers("home").await.unwrap();
    assert!(created.iter().all(|one| one.id != other), "found is not created");

    container::lost(&bench.account, &set).await.unwrap();
    bench.bmw.delete_container(&other);
    let third = bench.container(&set).await.unwrap();
    assert!(third != first && third != other);
    assert_eq!(bench.only(), [HEADER, ODOMETER]);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_container() {
    let bench = Bench::new(SimConfig::default()).await;
    let set = bench.set(&[HEADER]);
    for fault in [Fault::LoseAnswer, Fault::Truncated] {
        bench.bmw.inject_on("POST /customers/containers", 1, fault);
        bench.container(&set).await.unwrap_err();
        assert_eq!(bench.bmw.containers().len(), 1);
        let id = bench.container(&set).await.unwrap();
        assert_eq!(bench.bmw.containers()[0].id, id);
        let created = bench.account.ledger.created_containers("home").await.unwrap();
        assert_eq!(created.last().unwrap().id, id, "it is ours to remove");
        bench.clock.advance(Duration::from_secs(60));
        container::lost(&bench.account, &set).await.unwrap();
        bench.bmw.delete_container(&id);
    }
}

#[tokio::test]
async fn with_ten_containers_only_obsolete_ones_of_ours_go() {
    let bench = Bench::new(SimConfig {
        deleted_containers_count: false,
        ..SimConfig::default()
    })
    .await;
    let mut old = Vec::new();
    for one in [MOVING, LATITUDE] {
        let set = DescriptorSet::new("custom", vec![one.into()]);
        old.push(bench.container(&set).await.unwrap());
        bench.clock.advance(Duration::from_secs(60));
    }
    let [obsolete, newer] = old.try_into().unwrap();
    let used = bench.set(&[HEADER]);
    let in_use = bench.container(&used).await.unwrap();
    for number in 0..6 {
        bench
            .bmw
            .create_container("hers", &format!("program {number}"), &[HEADER]);
    }
    let elsewhere = bench
        .bmw
        .create_container("cardata custom", "cardata/1 0123456789abcdef", &[HEADER]);
    let new = bench.set(&[ODOMETER]);
    let id = bench.container(&new).await.unwrap();
    let kept: Vec<_> = bench.bmw.containers().into_iter().map(|one| one.id).collect();
    assert_eq!(kept.len(), 10);
    assert!(
        !kept.contains(&obsolete)
            && kept.contains(&in_use)
            && kept.contains(&elsewhere)
            && kept.contains(&id)
    );

    let another = bench.set(&[ODOMETER, MOVING]);
    let before = bench.calls();
    let polled = bench.container(&another).await.unwrap();
    assert_eq!(polled, newer, "the last that works stands in");
    let keeper = super::super::keeper::Keeper::load(&bench.account, &another).await;
    let text = keeper.unwrap().state.full.unwrap();
    for part in [
        format!("{in_use} `cardata custom` (in use here)"),
        format!("{elsewhere} `cardata custom` (another installation of cardata)"),
        "`hers` (another program)".to_owned(),
        "cardata containers delete ID".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    assert!(bench.calls() - before <= 3);
    assert_eq!(bench.bmw.containers().len(), 10);
}

#[tokio::test]
async fn the_search_for_a_first_container_leaves_the_reserve() {
    let bench = Bench::new(SimConfig {
        descriptor_refusal: DescriptorRefusal::Unnamed,
        refused_descriptors: everything().iter().map(|&one| one.to_owned()).collect(),
        ..SimConfig::default()
    })
    .await;
    let set = bench.set(&everything());
    let mut errors = Vec::new();
    for _ in 0..30 {
        errors.push(bench.container(&set).await.unwrap_err());
    }
    assert!(
        matches!(errors[0], ContainerError::Refused { .. }),
        "{:?}",
        errors[0]
    );
    assert!(matches!(errors[29], ContainerError::NoCalls), "{:?}", errors[29]);
    assert!(bench.bmw.spent_today() <= 49, "{}", bench.bmw.spent_today());
    assert_eq!(bench.bmw.containers(), []);
}

#[tokio::test]
async fn a_plan_says_what_its_execution_does() {
    let bench = Bench::new(SimConfig::default()).await;
    let old = DescriptorSet::new("custom", vec![MOVING.into()]);
    let obsolete = bench.container(&old).await.unwrap();
    let used = bench.set(&[HEADER]);
    let in_use = bench.container(&used).await.unwrap();
    let foreign = bench.bmw.create_container("hers", "hers", &[HEADER]);
    let missing = bench.set(&[ODOMETER, MOVING]);
    let listed = bench.account.client.containers().await.unwrap();
    let plan = sync::plan(&bench.account, &listed).await.unwrap();
    assert_eq!(plan.kept, [(used.clone(), in_use.clone())]);
    assert_eq!(
        plan.obsolete.iter().map(|one| &one.id).collect::<Vec<_>>(),
        [&obsolete]
    );
    assert_eq!(plan.missing, [(missing.clone(), 2)]);
    assert_eq!(
        plan.others.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        [foreign.as_str()]
    );
    assert_eq!((plan.calls(), plan.taken, plan.fits()), (2, 3, true));

    let before = bench.calls();
    sync::carry_out(&bench.account, plan, &listed).await.unwrap();
    assert_eq!(bench.calls() - before, 2);
    let kept: Vec<_> = bench.bmw.containers().into_iter().map(|one| one.id).collect();
    let made = bench.container(&missing).await.unwrap();
    assert_eq!(kept, [in_use, foreign, made]);
    let listed = bench.account.client.containers().await.unwrap();
    let plan = sync::plan(&bench.account, &listed).await.unwrap();
    assert_eq!((plan.calls(), plan.kept.len()), (0, 2));
}

#[tokio::test]
async fn the_reserve_is_spent_once_a_day() {
    let bench = Bench::new(SimConfig::default()).await;
    assert_eq!(bench.account.budget.spare_calls(bench.clock.now()).await, 2);
    bench.account.client.containers().await.unwrap();
    assert_eq!(bench.account.budget.spare_calls(bench.clock.now()).await, 1);
    bench.account.client.containers().await.unwrap();
    assert_eq!(bench.account.budget.spare_calls(bench.clock.now()).await, 0);
    bench.clock.advance(Duration::from_secs(86_400));
    assert_eq!(bench.account.budget.spare_calls(bench.clock.now()).await, 2);
}

#[tokio::test]
async fn a_container_that_is_known_costs_the_ledger_nothing() {
    let bench = Bench::new(SimConfig::default()).await;
    let set = bench.set(&[HEADER]);
    let mut known = None;
    let first = container::find(&bench.account, &set, &mut known).await.unwrap();
    let before = bench.ledger.trips();
    for _ in 0..3 {
        container::grow(&bench.account, &set, &mut known).await;
        let again = container::find(&bench.account, &set, &mut known).await.unwrap();
        assert_eq!(again, first);
    }
    assert_eq!(bench.ledger.trips(), before);
}
