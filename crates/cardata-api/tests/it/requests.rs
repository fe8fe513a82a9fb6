//! What leaves: addresses, headers, bodies.

use axum::http::Method;
use serde_json::Value;

use crate::doubles::{Bench, TOKEN, container, status_of, vin};
use crate::server::{Reply, Server};

const CONTAINER: &str = r#"{"containerId":"S00I001234567"}"#;

#[tokio::test]
async fn every_call_has_its_address_and_the_headers() {
    let server = Server::start([
        Reply::new(200, "[]"),
        Reply::new(200, "{}"),
        Reply::new(200, r#"{"containers":[]}"#),
        Reply::new(201, CONTAINER),
        Reply::new(204, ""),
        Reply::new(200, r#"{"telematicData":{}}"#),
    ])
    .await;
    let Bench { client, .. } = Bench::new(&server.url.join("bmw").unwrap());
    client.mappings().await.unwrap();
    client.basic_data(&vin()).await.unwrap();
    client.containers().await.unwrap();
    client.create_container("n", "p", &["a"]).await.unwrap();
    client.delete_container(&container()).await.unwrap();
    client.telematic_data(&vin(), &container()).await.unwrap();

    let seen = server.seen();
    let asked: Vec<_> = seen
        .iter()
        .map(|seen| format!("{} {}", seen.method, seen.uri))
        .collect();
    assert_eq!(
        asked,
        [
            "GET /bmw/customers/vehicles/mappings",
            "GET /bmw/customers/vehicles/WBY8P210X07A12345/basicData",
            "GET /bmw/customers/containers",
            "POST /bmw/customers/containers",
            "DELETE /bmw/customers/containers/S00I001234567",
            "GET /bmw/customers/vehicles/WBY8P210X07A12345/telematicData?containerId=S00I001234567",
        ]
    );
    for seen in &seen {
        assert_eq!(seen.headers["authorization"], format!("Bearer {TOKEN}"));
        assert_eq!(seen.headers["x-version"], "v1");
        assert_eq!(seen.headers["accept"], "application/json");
        assert_eq!(seen.headers.get_all("authorization").iter().count(), 1);
    }
}

#[tokio::test]
async fn a_container_is_created_with_its_descriptors_in_order() {
    let server = Server::start([Reply::new(201, CONTAINER)]).await;
    let descriptors = ["vehicle.b".to_owned(), "vehicle.a".to_owned()];
    Bench::new(&server.url)
        .client
        .create_container("battery", "pürpose", &descriptors)
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].method, Method::POST);
    assert_eq!(seen[0].headers["content-type"], "application/json");
    let body: Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "name": "battery", "purpose": "pürpose", "technicalDescriptors": ["vehicle.b", "vehicle.a"]
        })
    );
}

#[tokio::test]
async fn a_password_in_the_address_does_not_join_the_token() {
    let server = Server::start([Reply::new(200, "[]")]).await;
    let mut url = server.url.clone();
    url.set_username("me").unwrap();
    url.set_password(Some("hunter2")).unwrap();
    Bench::new(&url).client.mappings().await.unwrap();
    let headers = &server.seen()[0].headers;
    assert_eq!(
        headers.get_all("authorization").iter().collect::<Vec<_>>(),
        [&format!("Bearer {TOKEN}")]
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start([Reply::new(200, "[]")]).await;
    let server = Server::start([Reply::new(302, "").with_header("location", elsewhere.url.as_str())]).await;
    let error = Bench::new(&server.url).client.mappings().await.unwrap_err();
    assert_eq!(status_of(&error), Some(302));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn calls_can_run_on_any_thread() {
    let server = Server::start([Reply::new(201, CONTAINER), Reply::new(204, "")]).await;
    let client = Bench::new(&server.url).client;
    let task = tokio::spawn(async move {
        let created = client.create_container("n", "p", &["a".to_owned()]).await?;
        client.delete_container(&created.id).await
    });
    task.await.unwrap().unwrap();
}
