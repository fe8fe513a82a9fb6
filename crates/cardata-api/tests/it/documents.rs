//! What is read of documents: pages of lists byte by byte, and whether there is a picture.

use cardata_api::{Call, Class, ErrorKind, Page};
use jiff::Timestamp;

use crate::doubles::{Bench, Event, vin};
use crate::server::{Reply, Server};

fn window() -> (Timestamp, Timestamp) {
    let at = |text: &str| text.parse().unwrap();
    (at("2026-01-15T06:00:00.9Z"), at("2026-03-01T06:00:00Z"))
}

async fn page(body: &str) -> Result<Page, cardata_api::ApiError> {
    let server = Server::start([Reply::new(200, body)]).await;
    let client = Bench::new(&server.url).client;
    client.charging_history(&vin(), window(), None).await
}

fn texts(page: &Page) -> Vec<&str> {
    page.items.iter().map(|item| item.get()).collect()
}

#[tokio::test]
async fn a_document_is_asked_for_as_bmw_wants_it() {
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 100]].concat();
    let server = Server::start([
        Reply::new(200, r#"{"data":[]}"#),
        Reply::new(200, r#"{"data":[]}"#),
        Reply::new(200, r#"{"data":[]}"#),
        Reply::new(200, "{}"),
        Reply::new(200, r#" {"brand" : "BMW", "hasNavi":"maybe"} "#),
        Reply::new(200, png),
    ])
    .await;
    let bench = Bench::new(&server.url);
    let client = &bench.client;
    client.charging_history(&vin(), window(), None).await.unwrap();
    client
        .charging_history(&vin(), window(), Some("a&b"))
        .await
        .unwrap();
    client.charging_settings(&vin(), Some("t")).await.unwrap();
    client.tyres(&vin()).await.unwrap();
    let vehicle = client.vehicle(&vin()).await.unwrap();
    assert_eq!(vehicle.get(), r#"{"brand" : "BMW", "hasNavi":"maybe"}"#);
    client.image(&vin()).await.unwrap().unwrap();

    let seen = server.seen();
    let asked: Vec<_> = seen.iter().map(|seen| seen.uri.to_string()).collect();
    let of = |what: &str| format!("/customers/vehicles/WBY8P210X07A12345/{what}");
    let history = of("chargingHistory?from=2026-01-15T06%3A00%3A00Z&to=2026-03-01T06%3A00%3A00Z");
    assert_eq!(
        asked,
        [
            history.clone(),
            format!("{history}&nextToken=a%26b"),
            of("locationBasedChargingSettings?nextToken=t"),
            of("smartMaintenanceTyreDiagnosis"),
            of("basicData"),
            of("image"),
        ]
    );
    let accepted: Vec<_> = seen.iter().map(|seen| &seen.headers["accept"]).collect();
    assert_eq!(accepted[4], "application/json");
    assert_eq!(accepted[5], "*/*");
    for event in bench.events() {
        if let Event::Admitted(call) = event {
            assert_eq!(call.class(), Class::Poll, "{call}");
        }
    }
    assert_eq!(Call::BasicData.class(), Class::Owner);
}

#[tokio::test]
async fn a_page_keeps_its_items_byte_by_byte_and_knows_what_follows() {
    let two = page(
        r#"{"data":[ {"energyConsumedFromPowerGridKwh": 22.979991912841797,"new":"\u00e4"} ,7],"next_token":"abc"}"#,
    );
    let two = two.await.unwrap();
    assert_eq!(
        texts(&two),
        [
            r#"{"energyConsumedFromPowerGridKwh": 22.979991912841797,"new":"\u00e4"}"#,
            "7"
        ]
    );
    assert_eq!(two.next.as_deref(), Some("abc"));
    for (body, next) in [
        (r#"{"nextToken":"abc","data":[1]}"#, Some("abc")),
        (r#"{"next_token":null,"nextToken":12,"data":[1]}"#, Some("12")),
        (r#"{"next_token":"","data":[1]}"#, None),
        (r#"{"data":[1]}"#, None),
    ] {
        assert_eq!(page(body).await.unwrap().next.as_deref(), next, "{body}");
    }
    for (body, is_silent) in [
        ("{}", true),
        (r#"{"data":null}"#, true),
        (r#"{"data":[],"nextToken":null}"#, false),
    ] {
        let page = page(body).await.unwrap();
        assert_eq!((page.items.len(), page.is_silent), (0, is_silent), "{body}");
    }
    for body in ["[]", "null", r#"{"sessions":[]}"#, r#"{"data":{"a":1}}"#] {
        assert!(page(body).await.is_err(), "{body}");
    }
}

#[tokio::test]
async fn what_is_no_picture_is_none() {
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 100]].concat();
    let jpeg = [b"\xff\xd8\xff\xe0".as_slice(), &[7; 100]].concat();
    let json = format!("{{\"image\":\"{}\"}}", "a".repeat(200));
    let none = Reply::error(404, "CU-126", "No image");
    for (reply, media_type) in [
        (Reply::new(200, png.clone()), Some("image/png")),
        (
            Reply::new(200, jpeg).with_header("content-type", "image/png"),
            Some("image/jpeg"),
        ),
        (Reply::new(200, &png[..60]), None),
        (Reply::new(200, json), None),
        (Reply::new(200, ""), None),
        (none, None),
        (Reply::new(404, "<html>"), None),
    ] {
        let server = Server::start([reply]).await;
        let image = Bench::new(&server.url).client.image(&vin()).await.unwrap();
        assert_eq!(image.map(|image| image.media_type), media_type);
    }
    let server = Server::start([Reply::error(500, "CU-500", "")]).await;
    Bench::new(&server.url).client.image(&vin()).await.unwrap_err();
}

#[tokio::test]
async fn a_vehicle_without_charging_settings_is_no_failure() {
    let server = Server::start([
        Reply::error(403, "CU-127", "No LBCS data"),
        Reply::error(400, "CU-125", "Pagination token expired"),
        Reply::error(400, "CU-401", "from"),
    ])
    .await;
    let client = Bench::new(&server.url).client;
    assert!(
        client
            .charging_settings(&vin(), None)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let expired = client.charging_settings(&vin(), Some("t")).await.unwrap_err();
    assert_eq!(expired.reported(), Some(ErrorKind::PageToken));
    let refused = client.charging_history(&vin(), window(), None).await.unwrap_err();
    assert_eq!(refused.reported(), Some(ErrorKind::Parameter));
}
