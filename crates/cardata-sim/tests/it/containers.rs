//! The rules for containers.

use std::time::Duration;

use cardata_sim::{DescriptorRefusal, Fault, SimConfig};
use reqwest::Method;
use serde_json::json;

use crate::desk::{Desk, HEADER, error_id, read, text};

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_container_is_created_listed_shown_and_deleted() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let (status, created) = desk.create("battery", &[HEADER, HEADER]).await;
    assert_eq!(status, 201);
    let id = text(&created["containerId"]);
    assert_eq!(id.len(), 13);
    assert_eq!(created["state"], "ACTIVE");
    assert_eq!(created["created"], "2026-11-20T12:00:00.000Z");
    assert_eq!(created["technicalDescriptors"], json!([HEADER]));

    let (_, list) = desk.get("/customers/containers").await;
    assert_eq!(list["containers"][0]["containerId"], id);
    assert!(list["containers"][0].get("technicalDescriptors").is_none());
    let path = format!("/customers/containers/{id}");
    assert_eq!(desk.get(&path).await, (200, created));

    assert_eq!(desk.delete(&path).await.0, 204);
    assert_eq!(error_id(&desk.delete(&path).await), (404, "CU-122"));
    assert_eq!(error_id(&desk.get(&path).await), (403, "CU-105"));
    let (_, list) = desk.get("/customers/containers").await;
    assert_eq!(list["containers"][0]["state"], "DELETED");
    desk.leave().await;
}

#[tokio::test]
async fn there_are_at_most_ten_with_those_deleted_in_the_last_29_days() {
    for counts in [true, false] {
        let mut desk = Desk::logged_in(SimConfig {
            deleted_containers_count: counts,
            refresh_lifetime: Duration::from_secs(60 * DAY),
            ..SimConfig::default()
        })
        .await;
        let mut last = String::new();
        for _ in 0..10 {
            last = desk.container(&[HEADER]).await;
        }
        let full = (403, "CU-124");
        assert_eq!(error_id(&desk.create("one more", &[HEADER]).await), full);
        assert_eq!(desk.delete(&format!("/customers/containers/{last}")).await.0, 204);
        let listed = async |desk: &Desk| {
            let (_, list) = desk.get("/customers/containers").await;
            list["containers"].as_array().unwrap().len()
        };
        assert_eq!((listed(&desk).await, desk.control.containers().len()), (10, 9));
        if !counts {
            assert_eq!(desk.create("one more", &[HEADER]).await.0, 201);
            desk.leave().await;
            continue;
        }
        desk.pass(29 * DAY - 1);
        desk.renew().await;
        assert_eq!(error_id(&desk.create("one more", &[HEADER]).await), full);
        desk.pass(1);
        assert_eq!(listed(&desk).await, 9);
        assert_eq!(desk.create("one more", &[HEADER]).await.0, 201);
        desk.leave().await;
    }
}

#[tokio::test]
async fn names_of_other_programs_are_listed_as_they_are() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let name = "\u{1b}]0;owned\u{7}\u{1b}[31mEVIL\u{1b}[2J\r\n\0";
    desk.control.create_container(name, "\u{9b}2J", &[HEADER]);
    let (_, list) = desk.get("/customers/containers").await;
    assert_eq!(list["containers"][0]["name"], name);
    assert_eq!(list["containers"][0]["purpose"], "\u{9b}2J");
    desk.leave().await;
}

#[tokio::test]
async fn unknown_keys_and_oversize_sets_are_refused() {
    let desk = Desk::logged_in(SimConfig {
        max_descriptors: Some(1),
        ..SimConfig::default()
    })
    .await;
    let other = "vehicle.vehicle.travelledDistance";
    assert_eq!(
        error_id(&desk.create("big", &[HEADER, other]).await),
        (403, "CU-403")
    );
    assert_eq!(
        error_id(&desk.create("odd", &["vehicle.no.such.key"]).await),
        (400, "CU-402")
    );
    assert_eq!(error_id(&desk.create("none", &[]).await), (400, "CU-401"));
    assert_eq!(error_id(&desk.create("", &[HEADER]).await), (400, "CU-401"));
    desk.leave().await;
}

#[tokio::test]
async fn ill_formed_ids_and_bodies_are_refused_and_noted() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    assert_eq!(
        error_id(&desk.delete("/customers/containers/undefined").await),
        (400, "CU-121")
    );
    let post = || desk.request(Method::POST, "/customers/containers");
    assert_eq!(
        error_id(&read(post().body("name=battery")).await),
        (400, "CU-400")
    );
    let extra = json!({ "name": "n", "purpose": "p", "technicalDescriptors": [HEADER], "vin": "x" });
    assert_eq!(read(post().json(&extra)).await.0, 201);
    let reasons: Vec<String> = desk
        .control
        .violations()
        .into_iter()
        .map(|violation| violation.reason)
        .collect();
    assert_eq!(
        reasons,
        [
            "the container id in the path is ill-formed",
            "the body must be application/json",
            "the body is not a JSON object",
            "the body's vin is unknown or of the wrong type",
        ]
    );
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_container_can_vanish_in_mid_flight() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let id = desk.container(&[HEADER]).await;
    desk.control.inject_on("telematicData", 1, Fault::DeleteContainer);
    let path = format!(
        "/customers/vehicles/{}/telematicData?containerId={id}",
        crate::desk::VIN
    );
    assert_eq!(error_id(&desk.get(&path).await), (403, "CU-105"));
    desk.leave().await;
}

#[tokio::test]
async fn descriptors_are_refused_in_each_reported_way() {
    let other = "vehicle.vehicle.travelledDistance";
    for (how, code, named) in [
        (DescriptorRefusal::Named, (400, "CU-402"), true),
        (DescriptorRefusal::Unnamed, (400, "CU-402"), false),
        (DescriptorRefusal::Forbidden, (403, "CU-403"), false),
        (DescriptorRefusal::ServerError, (500, "CU-500"), false),
    ] {
        let desk = Desk::logged_in(SimConfig {
            refused_descriptors: vec![other.into()],
            descriptor_refusal: how,
            ..SimConfig::default()
        })
        .await;
        let refused = desk.create("two", &[HEADER, other]).await;
        assert_eq!(error_id(&refused), code);
        assert_eq!(text(&refused.1["exveNote"]).contains(other), named);
        assert_eq!(desk.create("one", &[HEADER]).await.0, 201);
        desk.control.refuse(&[], Some(2));
        assert_eq!(desk.create("two", &[HEADER, other]).await.0, 201);
        desk.leave().await;
    }
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_container_was_made() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    desk.control
        .inject_on("POST /customers/containers", 1, Fault::LoseAnswer);
    let (_, list) = desk.get("/customers/containers").await;
    assert_eq!(list["containers"], json!([]), "the fault waits for a creation");
    let body = json!({ "name": "n", "purpose": "p", "technicalDescriptors": [HEADER] });
    let lost = desk.request(Method::POST, "/customers/containers").json(&body);
    assert!(lost.send().await.is_err());
    let kept = desk.control.containers();
    assert_eq!(
        (kept.len(), kept[0].descriptors.as_slice()),
        (1, [HEADER.to_owned()].as_slice())
    );
    assert!(
        desk.control
            .requests()
            .iter()
            .all(|request| request.counted || !request.path.contains("containers"))
    );

    let foreign = desk
        .control
        .create_container("hers", "of another program", &[HEADER]);
    let (_, list) = desk.get("/customers/containers").await;
    assert_eq!(list["containers"][1]["containerId"], foreign);
    desk.control.delete_container(&foreign);
    assert_eq!(desk.control.containers().len(), 1);
    desk.leave().await;
}
