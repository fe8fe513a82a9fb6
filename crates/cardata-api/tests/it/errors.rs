//! The error taxonomy: what BMW is known to answer, and what each answer becomes.

use std::time::Duration;

use cardata_api::{ApiError, ErrorKind};

use crate::doubles::{Bench, TOKEN, status_of};
use crate::server::{Reply, Server, nowhere};

/// The error of a poll that is answered so, even when it is asked twice.
async fn error_of(reply: Reply) -> ApiError {
    let server = Server::start([reply.clone(), reply]).await;
    Bench::new(&server.url).poll_error().await
}

#[tokio::test]
async fn each_known_error_is_recognised() {
    let table = [
        (403, "CU-429", ErrorKind::Quota),
        (429, "CU-429", ErrorKind::Quota),
        (403, "CU-105", ErrorKind::Container),
        (403, "CU-103", ErrorKind::Scope),
        (400, "CU-402", ErrorKind::Parameter),
        (400, "CU-401", ErrorKind::Parameter),
        (400, "CU-400", ErrorKind::Parameter),
        (400, "CU-121", ErrorKind::Container),
        (403, "CU-122", ErrorKind::Container),
        (403, "CU-124", ErrorKind::Container),
        (403, "CU-104", ErrorKind::Vin),
        (400, "CU-120", ErrorKind::Vin),
        (403, "CU-127", ErrorKind::Token),
        (401, "CU-100", ErrorKind::Token),
        (401, "CU-101", ErrorKind::Token),
        (401, "CU-102", ErrorKind::Token),
        (403, "TP-403", ErrorKind::Token),
        (404, "CU-126", ErrorKind::NotFound),
        (404, "CU-404", ErrorKind::NotFound),
        (500, "CU-500", ErrorKind::Server),
        (503, "CU-503", ErrorKind::Server),
        (502, "XX-1", ErrorKind::Server),
        (403, "CU-403", ErrorKind::Unknown),
        (418, "XX-1", ErrorKind::Unknown),
    ];
    for (status, id, kind) in table {
        let error = error_of(Reply::error(status, id, "a message")).await;
        assert_eq!(error.kind(), Some(kind), "{status} {id}");
        let answer = error.answer().unwrap();
        assert_eq!((answer.status, answer.id.as_deref()), (status, Some(id)));
        assert_eq!(answer.message.as_deref(), Some("a message"));
        assert_eq!(answer.reference.as_deref(), Some("7d2f6a52-0b7e"));
        assert_eq!(answer.note.as_deref(), Some("a note"));
    }
}

#[tokio::test]
async fn each_kind_has_its_verdict() {
    let table = [
        ("CU-429", ErrorKind::Quota, "quota"),
        ("CU-127", ErrorKind::Token, "transient"),
        ("CU-103", ErrorKind::Scope, "login"),
        ("CU-104", ErrorKind::Vin, ""),
        ("CU-105", ErrorKind::Container, ""),
        ("CU-402", ErrorKind::Parameter, ""),
        ("CU-126", ErrorKind::NotFound, ""),
        ("CU-500", ErrorKind::Server, "transient"),
        ("XX-1", ErrorKind::Unknown, ""),
    ];
    for (id, kind, verdict) in table {
        let error = error_of(Reply::error(403, id, "m")).await;
        assert_eq!(error.reported(), Some(kind), "{error:?}");
        assert_eq!(error.is_quota(), verdict == "quota", "{error}");
        assert_eq!(error.is_transient(), verdict == "transient", "{error}");
        assert_eq!(error.needs_login(), verdict == "login", "{error}");
    }
}

#[tokio::test]
async fn the_status_speaks_where_there_is_no_id() {
    let table = [
        (400, ErrorKind::Parameter),
        (401, ErrorKind::Token),
        (403, ErrorKind::Unknown),
        (404, ErrorKind::NotFound),
        (429, ErrorKind::Slowed),
        (500, ErrorKind::Server),
        (504, ErrorKind::Server),
    ];
    for (status, kind) in table {
        for body in ["{}", "", "<html>no</html>", "[]"] {
            let error = error_of(Reply::new(status, body)).await;
            assert_eq!(error.kind(), Some(kind), "{status} {body}");
            assert_eq!(status_of(&error), Some(status));
        }
    }
}

#[tokio::test]
async fn a_bare_429_is_a_pause_and_not_the_quota() {
    for body in ["slow down", "{}", r#"{"message":"slow down"}"#] {
        let error = error_of(Reply::new(429, body).with_header("retry-after", "60")).await;
        assert_eq!(error.kind(), Some(ErrorKind::Slowed), "{error}");
        assert!(error.is_transient() && !error.is_quota(), "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    }
}

#[tokio::test]
async fn a_redirect_is_named_and_never_followed() {
    for (location, host) in [
        (
            "https://portal.example/login?token=abc",
            "sent on to portal.example,",
        ),
        ("http://portal.example:8080/x", "sent on to portal.example:8080,"),
        ("/login", "sent on to 127.0.0.1:"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            for body in ["", "<html>", r#"{"exveErrorId":"CU-429"}"#] {
                let error = error_of(Reply::new(status, body).with_header("location", location)).await;
                let said = error.to_string();
                assert!(said.contains(&format!("HTTP {status}, {host}")), "{said}");
                assert!(error.is_transient() && !said.contains("token=abc"), "{said}");
            }
        }
    }
}

#[tokio::test]
async fn what_no_reader_reads_is_named() {
    let latin = "{\"telematicData\":{\"a.b\":{\"value\":\"M\u{fc}nchen\"}}}"
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect::<Vec<_>>();
    let said = error_of(Reply::new(200, latin)).await.to_string();
    assert!(said.contains("the body is not UTF-8"), "{said}");
    let packed = vec![0x1f, 0x8b, 8, 0, 1, 2, 3];
    let said = error_of(Reply::new(200, packed)).await.to_string();
    assert!(said.contains("the body is packed (gzip)"), "{said}");
    let brotli = Reply::new(200, vec![1, 2, 3]).with_header("content-encoding", "br");
    let said = error_of(brotli).await.to_string();
    assert!(said.contains("the body is packed (br)"), "{said}");
}

#[tokio::test]
async fn the_dialects_of_gateways_are_understood() {
    let fault = r#"{"fault":{"faultstring":"Invalid Access Token","detail":{"errorcode":"x"}}}"#;
    let error = error_of(Reply::new(500, fault)).await;
    assert!(error.reported() == Some(ErrorKind::Token), "{error}");
    let oauth = r#"{"error":"invalid_token","error_description":"expired"}"#;
    let error = error_of(Reply::new(403, oauth)).await;
    assert!(error.reported() == Some(ErrorKind::Token), "{error}");
    assert_eq!(error.answer().unwrap().note.as_deref(), Some("expired"));
}

#[tokio::test]
async fn an_error_with_a_success_status_is_an_error() {
    let error = error_of(Reply::error(200, "CU-429", "limit")).await;
    assert!(error.reported() == Some(ErrorKind::Quota), "{error}");
}

#[tokio::test]
async fn xml_errors_are_classified_too() {
    let xml = "<CustomerErrorResponse><exveErrorId>CU-429</exveErrorId></CustomerErrorResponse>";
    let error = error_of(Reply::new(403, xml)).await;
    assert!(error.reported() == Some(ErrorKind::Quota), "{error}");
    let error = error_of(Reply::new(403, xml.replace("429", "105"))).await;
    assert!(matches!(error, ApiError::NotJson(_)), "{error}");
    assert_eq!(error.kind(), Some(ErrorKind::Container));
}

#[tokio::test]
async fn a_message_says_what_happened_where_and_what_to_do() {
    let server = Server::start([Reply::error(403, "CU-103", "scope missing")]).await;
    let error = Bench::new(&server.url).poll_error().await;
    assert_eq!(
        error.to_string(),
        format!(
            "read the telematic data at {}customers/vehicles/…/telematicData: the login lacks \
             cardata:api:read: subscribe to CarData API in the BMW portal, then run `cardata login` \
             (HTTP 403, CU-103, \"scope missing\", \"a note\", reference 7d2f6a52-0b7e)",
            server.url
        )
    );
}

#[tokio::test]
async fn no_message_shows_a_vin_or_a_token() {
    let text = format!("WBY8P210X07A12345 {TOKEN}\u{1b}");
    let replies = [
        Reply::error(403, "CU-104", &text),
        Reply::new(200, text.clone()),
        Reply::new(503, format!("<p>{text}</p>")),
        Reply::new(
            403,
            serde_json::json!({ "exveErrorId": text, "exveErrorRef": text }).to_string(),
        ),
    ];
    for reply in replies {
        let error = error_of(reply).await;
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains("WBY8P210X07A12345"), "{shown}");
            assert!(!shown.contains(TOKEN) && !shown.contains('\u{1b}'), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_without_the_vin() {
    let error = Bench::new(&nowhere().await).poll_error().await;
    let ApiError::Transport {
        timeout: false,
        reason,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert!(reason.contains("refused"), "{reason}");
    assert!(error.is_transient() && error.kind().is_none() && status_of(&error).is_none());
    assert!(!error.to_string().contains("WBY8P210X07A12345"), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[";
    for server in [Server::silent().await, Server::raw_and_hold(half).await] {
        let bench = Bench::new(&server.url);
        let client = bench.client.with_timeout(Duration::from_millis(200));
        let error = client.mappings().await.unwrap_err();
        let ApiError::Transport {
            timeout: true,
            reason,
            ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!(reason, "no answer within 200ms");
    }
}
