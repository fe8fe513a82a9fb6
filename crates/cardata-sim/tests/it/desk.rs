//! A simulator with a clock that the test turns, and a client without any manners of its own.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cardata_sim::{Approval, Control, Sim, SimConfig};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

pub const CLIENT_ID: &str = "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f";
pub const SCOPE: &str = "authenticate_user openid cardata:streaming:read cardata:api:read";
/// The verifier and its challenge of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const VIN: &str = "WBY71AW050FP12345";
pub const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";

pub struct Desk {
    pub sim: Sim,
    pub control: Control,
    clock: Arc<Mutex<Timestamp>>,
    http: reqwest::Client,
    pub access_token: String,
    pub refresh_token: String,
    pub id_token: String,
}

/// Status and JSON body; `Null` for a body that is not JSON.
pub type Reply = (u16, Value);

impl Desk {
    pub async fn new(config: SimConfig) -> Self {
        // The first test wins, the others find it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let clock = Arc::new(Mutex::new(start));
        let hand = clock.clone();
        let sim = Sim::start_with_now(config, Arc::new(move || *hand.lock().unwrap()))
            .await
            .unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap();
        Self {
            control: sim.control(),
            sim,
            clock,
            http,
            access_token: String::new(),
            refresh_token: String::new(),
            id_token: String::new(),
        }
    }

    /// A desk whose client has logged in, where time passes by itself.
    pub async fn on_its_own_clock(config: SimConfig) -> Self {
        let mut desk = Self::logged_in(SimConfig::default()).await;
        let sim = Sim::start(SimConfig {
            approval: Approval::Auto {
                after: Duration::ZERO,
            },
            ..config
        });
        desk.sim = sim.await.unwrap();
        desk.control = desk.sim.control();
        let code = desk.device_code().await;
        let (_, tokens) = desk.poll(&code).await;
        desk.keep(&tokens);
        desk
    }

    /// A desk whose client has logged in.
    pub async fn logged_in(config: SimConfig) -> Self {
        let mut desk = Self::new(SimConfig {
            approval: Approval::Auto {
                after: Duration::ZERO,
            },
            ..config
        })
        .await;
        let code = desk.device_code().await;
        let (status, tokens) = desk.poll(&code).await;
        assert_eq!(status, 200, "{tokens}");
        desk.keep(&tokens);
        desk
    }

    /// A refresh whose tokens are used from now on.
    pub async fn renew(&mut self) {
        let (status, tokens) = self.refresh(&self.refresh_token).await;
        assert_eq!(status, 200, "{tokens}");
        self.keep(&tokens);
    }

    fn keep(&mut self, tokens: &Value) {
        self.access_token = text(&tokens["access_token"]);
        self.refresh_token = text(&tokens["refresh_token"]);
        self.id_token = text(&tokens["id_token"]);
    }

    pub fn pass(&self, seconds: u64) {
        *self.clock.lock().unwrap() += Duration::from_secs(seconds);
    }

    pub fn now(&self) -> Timestamp {
        *self.clock.lock().unwrap()
    }

    pub async fn form(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let url = format!("{}{path}", self.sim.auth_url());
        read(self.http.post(url).form(form)).await
    }

    pub async fn ask_device_code(&self) -> Reply {
        let form = [
            ("client_id", CLIENT_ID),
            ("response_type", "device_code"),
            ("scope", SCOPE),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        self.form("/gcdm/oauth/device/code", &form).await
    }

    pub async fn device_code(&self) -> String {
        let (status, body) = self.ask_device_code().await;
        assert_eq!(status, 200, "{body}");
        text(&body["device_code"])
    }

    pub async fn poll(&self, device_code: &str) -> Reply {
        self.poll_with(device_code, VERIFIER).await
    }

    pub async fn poll_with(&self, device_code: &str, verifier: &str) -> Reply {
        let form = [
            ("client_id", CLIENT_ID),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device_code),
            ("code_verifier", verifier),
        ];
        self.form("/gcdm/oauth/token", &form).await
    }

    pub async fn refresh(&self, refresh_token: &str) -> Reply {
        let form = [
            ("client_id", CLIENT_ID),
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.form("/gcdm/oauth/token", &form).await
    }

    /// A REST request with everything that it needs.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare_request(method, path)
            .bearer_auth(&self.access_token)
            .header("x-version", "v1")
    }

    pub fn bare_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.sim.api_url()))
    }

    pub async fn get(&self, path: &str) -> Reply {
        read(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        read(self.request(Method::DELETE, path)).await
    }

    pub async fn create(&self, name: &str, descriptors: &[&str]) -> Reply {
        let body = json!({ "name": name, "purpose": "test", "technicalDescriptors": descriptors });
        read(self.request(Method::POST, "/customers/containers").json(&body)).await
    }

    pub async fn container(&self, descriptors: &[&str]) -> String {
        let (status, body) = self.create("test", descriptors).await;
        assert_eq!(status, 201, "{body}");
        text(&body["containerId"])
    }

    pub async fn telematic_data(&self, container: &str) -> Value {
        let path = format!("/customers/vehicles/{VIN}/telematicData?containerId={container}");
        let (status, mut body) = self.get(&path).await;
        assert_eq!(status, 200, "{body}");
        body["telematicData"].take()
    }

    /// Ends the simulator; all requests of the test must have been lawful.
    pub async fn leave(self) {
        assert_eq!(self.control.violations(), []);
        self.sim.stop().await;
    }
}

pub async fn read(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub fn error_id(reply: &Reply) -> (u16, &str) {
    (reply.0, reply.1["exveErrorId"].as_str().unwrap_or_default())
}

pub fn oauth_error(reply: &Reply) -> (u16, &str) {
    (reply.0, reply.1["error"].as_str().unwrap_or_default())
}
