//! An OAuth server that gives prepared answers and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, Once};

use axum::Router;
use axum::body::Body;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, Response, Uri};
use cardata_auth::{AuthError, ClientId, OAuthClient};
use jiff::Timestamp;
use runtime::Clock;
use runtime::testing::ManualClock;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use url::Url;

/// What an error has to be.
pub type Expected = fn(&AuthError) -> bool;

/// One prepared answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub accept: String,
    pub content_type: String,
    pub form: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<VecDeque<Answer>>,
    requests: watch::Sender<Vec<Request>>,
    gate: Semaphore,
}

/// Runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    base: Url,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            headers: Vec::new(),
        }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string())
    }

    pub fn error(status: u16, error: &str) -> Self {
        Self::json(
            status,
            &json!({"error": error, "error_description": format!("about {error}")}),
        )
    }

    pub fn fault() -> Self {
        let detail = json!({"errorcode": "keymanagement.service.invalid_access_token"});
        Self::json(
            500,
            &json!({"fault": {"faultstring": "Invalid Access Token", "detail": detail}}),
        )
    }

    pub fn with_header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The connection breaks in the middle of the body.
    pub fn cut_off(self) -> Self {
        let promised = self.body.len() + 100;
        self.with_header("content-length", promised)
    }
}

impl Server {
    pub async fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        Self::with_permits(script, Semaphore::MAX_PERMITS).await
    }

    /// Answers nothing until [`release`](Self::release).
    pub async fn start_held(script: impl IntoIterator<Item = Answer>) -> Self {
        Self::with_permits(script, 0).await
    }

    async fn with_permits(script: impl IntoIterator<Item = Answer>, permits: usize) -> Self {
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into_iter().collect()),
            requests: watch::Sender::new(Vec::new()),
            gate: Semaphore::new(permits),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/prefix", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            base: base.parse().unwrap(),
            shared,
            task,
        }
    }

    pub fn release(&self) {
        self.shared.gate.add_permits(1000);
    }

    pub async fn arrived(&self, count: usize) {
        let mut requests = self.shared.requests.subscribe();
        requests
            .wait_for(|requests| requests.len() >= count)
            .await
            .unwrap();
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.borrow().clone()
    }

    pub fn client(&self, clock: Arc<dyn Clock>) -> OAuthClient {
        OAuthClient::new(http(), self.base.clone(), clock)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response<Body> {
    let header = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    let request = Request {
        path: uri.path().to_owned(),
        accept: header("accept"),
        content_type: header("content-type"),
        form,
    };
    shared.requests.send_modify(|requests| requests.push(request));
    shared.gate.acquire().await.unwrap().forget();
    let next = shared.script.lock().unwrap().pop_front();
    let next = next.unwrap_or_else(|| Answer::new(418, "the script has no more answers"));
    let mut response = Response::builder().status(next.status);
    for (name, value) in next.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(next.body)).unwrap()
}

pub fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    // Fails only when there is a provider already.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let redirects = reqwest::redirect::Policy::none();
    reqwest::Client::builder().redirect(redirects).build().unwrap()
}

/// An address that refuses connections as long as it lives: the port is taken, and nobody listens.
#[derive(Debug)]
pub struct Nowhere(TcpSocket);

impl Nowhere {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub fn client(&self, clock: Arc<dyn Clock>) -> OAuthClient {
        let base = format!("http://{}", self.0.local_addr().unwrap());
        OAuthClient::new(http(), base.parse::<Url>().unwrap(), clock)
    }
}

pub fn client_id() -> ClientId {
    "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0".parse().unwrap()
}

pub fn noon() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

pub fn jumping_clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::jumping(noon()))
}

/// A full answer of the token endpoint, its tokens told apart by a number.
pub fn tokens(number: u32) -> Value {
    json!({
        "access_token": format!("access-{number}"),
        "refresh_token": format!("refresh-{number}"),
        "id_token": format!("e30.id-{number}.sig"),
        "token_type": "Bearer",
        "expires_in": 3599,
        "scope": "authenticate_user openid cardata:streaming:read cardata:api:read",
        "gcid": "aa111192-d570-4d3d-8835-656ee00edcd7",
        "something_new": {"a": [1]},
    })
}

/// The same without some of its members.
pub fn tokens_without(number: u32, left_out: &[&str]) -> Value {
    let mut tokens = tokens(number);
    for member in left_out {
        tokens.as_object_mut().unwrap().remove(*member).unwrap();
    }
    tokens
}
