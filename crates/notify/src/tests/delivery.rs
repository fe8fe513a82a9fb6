//! Notices on their way to a receiver on loopback, and how long it is tried.

use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use collector_core::state::{self, LoginState, Published};
use ledger::testing::MemoryLedger;
use ledger::{Notes, States};
use pipeline::Form;
use runtime::testing::ManualClock;

use super::super::*;
use super::{at, notice};

type Received = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A client that, as the program's, follows no redirect.
fn client() -> reqwest::Client {
    // It fails only when there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.build().unwrap()
}

/// A receiver that answers with these statuses, then with 200.
async fn receiver(statuses: &[u16]) -> (String, Received, tokio::task::JoinHandle<()>) {
    let received = Received::default();
    let left = Arc::new(Mutex::new(statuses.to_vec()));
    let state = (received.clone(), left);
    let answer = async |State((received, left)): State<(Received, Arc<Mutex<Vec<u16>>>)>,
                        headers: HeaderMap,
                        body: String| {
        received.lock().unwrap().push((headers, body));
        let mut left = left.lock().unwrap();
        let status = if left.is_empty() { 200 } else { left.remove(0) };
        (StatusCode::from_u16(status).unwrap(), "as\nyou say")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/topic?secret=hunter2", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(state);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, received, serving)
}

fn channel(url: &str, form: Form) -> Channel {
    Channel {
        url: url.parse().unwrap(),
        form,
    }
}

#[tokio::test]
async fn both_forms_are_sent_as_their_receivers_read_them() {
    let (url, received, serving) = receiver(&[]).await;
    let http = client();
    let headers = vec![("x-key".parse().unwrap(), "k".parse().unwrap())];
    let webhook = channel(&url, Form::Webhook { headers });
    let token = Some("Bearer tk_1".parse().unwrap());
    let ntfy = channel(
        &url,
        Form::Ntfy {
            token,
            priority: None,
        },
    );
    let urgent = channel(
        &url,
        Form::Ntfy {
            token: None,
            priority: Some(1),
        },
    );
    let notice = notice("warning", Manner::Change);
    for channel in [&webhook, &ntfy, &urgent] {
        assert_eq!(
            send(&http, channel, &notice).await.unwrap(),
            "HTTP 200, as you say"
        );
    }
    let received = received.lock().unwrap();
    let header = |nth: usize, name: &str| {
        let value = received[nth].0.get(name);
        value.map(|value| String::from_utf8(value.as_bytes().to_vec()).unwrap())
    };
    assert_eq!(header(0, "x-key").as_deref(), Some("k"));
    assert_eq!(header(0, "content-type").as_deref(), Some("application/json"));
    let json: serde_json::Value = serde_json::from_str(&received[0].1).unwrap();
    assert_eq!(json, message::body(&notice));
    assert_eq!(received[1].1, "Since then: why.");
    assert_eq!(header(1, "title").as_deref(), Some(notice.title.as_str()));
    assert_eq!(header(1, "priority").as_deref(), Some("4"));
    assert_eq!(header(1, "tags").as_deref(), Some("warning"));
    assert_eq!(header(1, "authorization").as_deref(), Some("Bearer tk_1"));
    assert_eq!(header(2, "priority").as_deref(), Some("1"));
    assert_eq!(header(2, "authorization"), None);
    serving.abort();
}

#[tokio::test]
async fn a_refusal_is_told_without_the_address() {
    for (status, is_final) in [(500, false), (429, false), (404, true), (302, true)] {
        let (url, _, serving) = receiver(&[status]).await;
        let channel = channel(&url, Form::Webhook { headers: Vec::new() });
        let notice = notice("warning", Manner::Change);
        let error = send(&client(), &channel, &notice).await.unwrap_err();
        assert_eq!(error.is_final, is_final, "{error:?}");
        assert!(
            error.reason.starts_with(&format!("HTTP {status}, as you say")),
            "{error}"
        );
        serving.abort();
        let _ = serving.await;
        let error = send(&client(), &channel, &notice).await.unwrap_err();
        assert!(!error.is_final);
        assert!(!format!("{error:?}{channel:?}").contains("hunter2"), "{error:?}");
    }
}

/// Runs a notifier until the ledger remembers `topics` as told; returns what was received since the last time.
async fn run(
    ledger: &Arc<MemoryLedger>,
    channel: &Channel,
    topics: usize,
    received: &Received,
) -> Vec<String> {
    let cancelled = CancellationToken::new();
    let notifier = Notifier {
        channels: vec![channel.clone()],
        scope: Scope {
            accounts: vec!["home".into()],
            sinks: vec!["csv".into()],
            streams: Vec::new(),
        },
        http: client(),
        ledger: ledger.clone(),
        clock: Arc::new(ManualClock::new(at(0))),
        cancelled: cancelled.clone(),
    };
    let pace = Pace {
        look: Duration::from_millis(5),
        first: Duration::from_millis(2),
        longest: Duration::from_millis(2),
        patience: Duration::from_millis(8),
    };
    let running = tokio::spawn(notifier.run_at(pace));
    while ledger.told("notify:").await.unwrap().len() != topics {
        tokio::task::yield_now().await;
    }
    cancelled.cancel();
    running.await.unwrap();
    let received = std::mem::take(&mut *received.lock().unwrap());
    let titles = received
        .into_iter()
        .map(|(headers, _)| String::from_utf8(headers["title"].as_bytes().to_vec()).unwrap());
    titles.collect()
}

async fn publish(ledger: &MemoryLedger, state: LoginState) {
    let login = Published {
        name: "home".into(),
        state: state::State::Login(state),
        message: Some("do something".to_owned()),
        since: at(0),
    };
    ledger.publish(login).await.unwrap();
}

#[tokio::test]
async fn a_receiver_that_fails_gets_it_again_and_a_restart_repeats_nothing() {
    let ledger = Arc::new(MemoryLedger::default());
    let (url, received, serving) = receiver(&[503, 500]).await;
    let channel = channel(
        &url,
        Form::Ntfy {
            token: None,
            priority: None,
        },
    );
    publish(&ledger, LoginState::Needed).await;
    let needed = "The login of home is needed".to_owned();
    assert_eq!(run(&ledger, &channel, 1, &received).await, vec![needed; 3]);
    assert_eq!(run(&ledger, &channel, 1, &received).await, Vec::<String>::new());
    let told = ledger.told("notify:").await.unwrap();
    assert!(
        told.keys()
            .all(|topic| topic.starts_with("ntfy-") && topic.ends_with(":login:home")),
        "{told:?}"
    );

    publish(&ledger, LoginState::Alive).await;
    let well = "The login of home is well again".to_owned();
    assert_eq!(run(&ledger, &channel, 0, &received).await, [well]);
    assert_eq!(run(&ledger, &channel, 0, &received).await, Vec::<String>::new());
    serving.abort();
}

#[tokio::test]
async fn what_nobody_takes_is_given_up() {
    let ledger = Arc::new(MemoryLedger::default());
    let (url, received, serving) = receiver(&[503; 100]).await;
    let channel = channel(
        &url,
        Form::Ntfy {
            token: None,
            priority: None,
        },
    );
    publish(&ledger, LoginState::Needed).await;
    let tries = run(&ledger, &channel, 1, &received).await.len();
    assert!((3..=12).contains(&tries), "{tries} tries");
    assert_eq!(run(&ledger, &channel, 1, &received).await, Vec::<String>::new());
    serving.abort();
}
