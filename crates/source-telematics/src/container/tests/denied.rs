//! CU-403 to everything: an account that may not have containers at all, told from a container that is too large.

use std::time::Duration;

use cardata_sim::{DescriptorRefusal, SimConfig};

use super::simulated::{Bench, HEADER, MOVING, ODOMETER, everything};
use crate::container::{ContainerError, sync};

async fn bench(refused: &[&str], most: Option<usize>) -> Bench {
    Bench::new(SimConfig {
        refused_descriptors: refused.iter().map(|&one| one.to_owned()).collect(),
        descriptor_refusal: DescriptorRefusal::Forbidden,
        max_descriptors: most,
        ..SimConfig::default()
    })
    .await
}

#[tokio::test]
async fn an_account_that_may_have_no_container_is_known_after_two_creations_and_asked_once_a_day() {
    let bench = bench(&[], Some(0)).await;
    let set = bench.set(&everything());
    for poll in 0..20 {
        let error = bench.container(&set).await.unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, ContainerError::Denied(_)), "{said}");
        assert!(
            said.contains("CU-403") && said.contains("subscribed to CarData API"),
            "{said}"
        );
        assert_eq!(bench.calls(), 3, "poll {poll}: a look, everything, and one alone");
        bench.clock.advance(Duration::from_secs(3_600));
    }
    assert_eq!(
        bench.refused(&set).await,
        Vec::<String>::new(),
        "no verdict on a descriptor"
    );
    for day in 1..4 {
        bench.clock.advance(Duration::from_secs(86_400));
        bench.container(&set).await.unwrap_err();
        assert_eq!(bench.calls(), 3 + 2 * day);
    }

    // Whoever was in the portal need not wait.
    let listed = bench.account.client.containers().await.unwrap();
    let plan = sync::plan(&bench.account, &listed).await.unwrap();
    let error = sync::carry_out(&bench.account, plan.clone(), &listed)
        .await
        .unwrap_err();
    assert!(matches!(error, ContainerError::Denied(_)), "{error}");
    bench.bmw.refuse(&[], None);
    sync::carry_out(&bench.account, plan, &listed).await.unwrap();
    assert!(bench.only() == everything(), "{}", bench.only().len());
    assert_eq!(bench.created(), 1);
}

#[tokio::test]
async fn the_descriptor_that_is_asked_alone_may_be_the_refused_one() {
    let wanted = [HEADER, MOVING, ODOMETER];
    for bad in wanted {
        let bench = bench(&[bad], None).await;
        let set = bench.set(&wanted);
        bench.days(&set, 1).await;
        for _ in 0..3 {
            let _ = bench.container(&set).await;
            bench.days(&set, 1).await;
        }
        let mut rest = wanted.to_vec();
        rest.retain(|one| *one != bad);
        rest.sort_unstable();
        assert_eq!(bench.only(), rest, "{bad}");
        assert_eq!(bench.refused(&set).await, [bad]);
    }
}
