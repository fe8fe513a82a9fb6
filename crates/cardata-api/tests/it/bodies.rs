//! What comes back: each shape that is known, and each that makes no sense.

use cardata_api::ApiError;

use crate::doubles::{Bench, container, vin};
use crate::server::{Reply, Server};

async fn readings_of(body: &str) -> Vec<(String, String)> {
    let server = Server::start([Reply::new(200, body)]).await;
    let data = Bench::new(&server.url)
        .client
        .telematic_data(&vin(), &container())
        .await
        .unwrap();
    data.readings
        .into_iter()
        .map(|reading| (reading.descriptor, reading.body.get().to_owned()))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn the_vehicles_come_in_any_wrapping() {
    let one =
        r#"{"vin":"WBY8P210X07A12345","mappedSince":"2025-03-27T17:48:41.435Z","mappingType":"PRIMARY"}"#;
    for body in [
        format!("[{one}]"),
        one.to_owned(),
        format!(r#"{{"n":1,"vehicles":[{one}]}}"#),
    ] {
        let server = Server::start([Reply::new(200, body)]).await;
        let mappings = Bench::new(&server.url).client.mappings().await.unwrap();
        assert_eq!(mappings.len(), 1);
        assert_eq!(mappings[0].vin, vin());
        assert!(mappings[0].primary);
    }
}

#[tokio::test]
async fn more_descriptors_than_any_car_has_are_refused() {
    let body = |descriptors: usize| {
        let members: Vec<_> = (0..descriptors).map(|n| format!(r#""d{n}":{{}}"#)).collect();
        format!(r#"{{"telematicData":{{{}}}}}"#, members.join(","))
    };
    assert_eq!(readings_of(&body(10_000)).await.len(), 10_000);
    let server = Server::start([Reply::new(200, body(10_001))]).await;
    let client = Bench::new(&server.url).client;
    let error = client.telematic_data(&vin(), &container()).await.unwrap_err();
    assert!(
        error.to_string().contains("at most 10,000 descriptors"),
        "{error}"
    );
}

#[tokio::test]
async fn vehicles_with_gaps_are_read_as_far_as_they_go() {
    let body = r#"[{"vin":"WBY8P210X07A12345"},{"vin":"short"},{"vin":"WBY8P210X07A12347","mappingType":"MAIN"},
        {"vin":"wby8p210x07a12346","mappingType":"secondary","mappedSince":"yesterday","new":[1]}]"#;
    let server = Server::start([Reply::new(200, body), Reply::new(200, "[]")]).await;
    let client = Bench::new(&server.url).client;
    let mappings = client.mappings().await.unwrap();
    let primary: Vec<bool> = mappings.iter().map(|mapping| mapping.primary).collect();
    assert_eq!(primary, [true, true, false]);
    assert!(client.mappings().await.unwrap().is_empty());
}

#[tokio::test]
async fn basic_data_is_read() {
    let body = r#"{"brand":"BMW","constructionDate":"2022-11-24T00:00:00.000+0000","seriesDevt":"G26"}"#;
    let server = Server::start([Reply::new(200, body)]).await;
    let data = Bench::new(&server.url).client.basic_data(&vin()).await.unwrap();
    assert_eq!(data.brand.as_deref(), Some("BMW"));
    assert_eq!(
        data.construction_date.as_deref(),
        Some("2022-11-24T00:00:00.000+0000")
    );
    assert_eq!(data.other["seriesDevt"], "G26");
}

#[tokio::test]
async fn readings_keep_their_bytes_and_their_order() {
    let body = r#"{"extra":{"deep":[1]},"telematicData":{
        "b":{"value": "74" , "unit":"%","timestamp":"2025-09-29T13:21:16.000Z"},
        "a":{"value":22.979991912841797,"unit":"kWh"},
        "c":{"value":null,"unit":null,"timestamp":null},
        "d":null,"e":"-NA-","f":[1],
        "b":{"value":"\u00e4\/","new":true}}}"#;
    assert_eq!(
        readings_of(body).await,
        pairs(&[
            (
                "b",
                r#"{"value": "74" , "unit":"%","timestamp":"2025-09-29T13:21:16.000Z"}"#
            ),
            ("a", r#"{"value":22.979991912841797,"unit":"kWh"}"#),
            ("c", r#"{"value":null,"unit":null,"timestamp":null}"#),
            ("d", "null"),
            ("e", r#""-NA-""#),
            ("f", "[1]"),
            ("b", r#"{"value":"\u00e4\/","new":true}"#),
        ])
    );
}

#[tokio::test]
async fn many_readings_or_none_are_read() {
    let many: Vec<_> = (0..100)
        .map(|n| (format!("vehicle.key{n}"), format!(r#"{{"value":"{n}"}}"#)))
        .collect();
    let members: Vec<_> = many
        .iter()
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    assert_eq!(
        readings_of(&format!(r#"{{"telematicData":{{{}}}}}"#, members.join(","))).await,
        many
    );
    assert!(readings_of(r#"{"telematicData":{}}"#).await.is_empty());
    assert!(readings_of(r#"{"telematicData":null}"#).await.is_empty());
    assert!(readings_of("\u{feff}{\"telematicData\":{}}").await.is_empty());
}

#[tokio::test]
async fn what_is_not_json_is_told_with_its_beginning() {
    let table = [
        ("", "the body is empty", ""),
        (" \n", "the body is empty", ""),
        (
            "<html>\nlogin",
            "the body is HTML or XML, not JSON",
            "<html> login",
        ),
        ("<?xml?>", "the body is HTML or XML, not JSON", "<?xml?>"),
        (
            r#"{"telematicData":{"a":"#,
            "the body ends before its JSON does",
            r#"{"telematicData":{"a":"#,
        ),
        ("upstream gone", "the body is not JSON", "upstream gone"),
        (
            r#"{"telematicData":{}} x"#,
            "the body is not JSON",
            r#"{"telematicData":{}} x"#,
        ),
    ];
    for (body, problem, start) in table {
        let server = Server::start([Reply::new(200, body)]).await;
        let error = Bench::new(&server.url).poll_error().await;
        let ApiError::NotJson(unreadable) = &error else {
            panic!("{body}: {error:?}")
        };
        assert_eq!(
            (unreadable.problem.as_str(), unreadable.start.as_str()),
            (problem, start)
        );
        assert_eq!(unreadable.status, 200);
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn json_of_another_shape_is_told() {
    for body in [
        "{}",
        "[]",
        "null",
        "7",
        r#"{"telematicData":[]}"#,
        r#"{"telematicData":"x"}"#,
    ] {
        let server = Server::start([Reply::new(200, body)]).await;
        let error = Bench::new(&server.url).poll_error().await;
        let ApiError::Unexpected(unreadable) = &error else {
            panic!("{body}: {error:?}")
        };
        assert_eq!(unreadable.start, body);
        assert!(error.is_transient());
    }
    for body in ["7", "\"x\"", r#"{"vehicle":{}}"#, r#"[{"name":"x"}]"#] {
        let server = Server::start([Reply::new(200, body)]).await;
        let error = Bench::new(&server.url).client.mappings().await.unwrap_err();
        assert!(matches!(error, ApiError::Unexpected(_)), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_no_answer() {
    let body = r#"{"telematicData":{}}"#;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len() + 1
    );
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
        body.len()
    );
    for answer in [head, chunked] {
        let server = Server::raw(answer).await;
        let error = Bench::new(&server.url).poll_error().await;
        let ApiError::NotJson(unreadable) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(unreadable.problem, "the body is cut short");
        assert_eq!(unreadable.start, body);
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_no_answer() {
    for bytes in ["", "HTTP/1.1 200 OK\r\nconte"] {
        let server = Server::raw(bytes).await;
        let error = Bench::new(&server.url).poll_error().await;
        assert!(
            matches!(error, ApiError::Transport { timeout: false, .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_not_read_to_it() {
    let server = Server::start([Reply::new(200, vec![b' '; (32 << 20) + 1])]).await;
    let error = Bench::new(&server.url).poll_error().await;
    let ApiError::NotJson(unreadable) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(unreadable.problem, "the body is longer than 32 MiB");
}
