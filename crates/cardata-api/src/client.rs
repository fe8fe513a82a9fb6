//! The calls of the API that the program makes.

use std::sync::Arc;
use std::time::Duration;

use collector_core::{Trust, Vin};
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use url::Url;

use crate::basic_data::{self, BasicData};
use crate::call::{Call, CallGate};
use crate::classify::ErrorKind;
use crate::container::{self, Container, ContainerId};
use crate::document::{self, Image, Page};
use crate::endpoint::{Base, Endpoint};
use crate::error::ApiError;
use crate::mapping::{self, Mapping};
use crate::telematic_data::{self, TelematicData};
use crate::token::AccessTokens;

/// Of connecting, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Of one request, from the connection to the end of the body.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client of the CarData API for one account. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) tokens: Arc<dyn AccessTokens>,
    pub(crate) gate: Arc<dyn CallGate>,
    pub(crate) timeout: Duration,
    base: Base,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The HTTP client that [`Client::new`] wants: with a limit of ten seconds for connecting, and without redirects and
/// retries, which would be calls that the gate never saw. The process needs a rustls crypto provider before this.
///
/// # Errors
/// An authority is no certificate.
pub fn http_client(trust: &Trust) -> reqwest::Result<reqwest::Client> {
    let authorities = trust.authorities().map(reqwest::Certificate::from_der);
    reqwest::Client::builder()
        .tls_certs_only(authorities.collect::<Result<Vec<_>, _>>()?)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(concat!("cardata/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl Client {
    /// `base` is BMW's own, a proxy or a simulator; its path stays in front of the API's paths. `http` comes from
    /// [`http_client`] and may be shared.
    pub fn new(
        http: reqwest::Client,
        base: Url,
        tokens: Arc<dyn AccessTokens>,
        gate: Arc<dyn CallGate>,
    ) -> Self {
        Self {
            http,
            tokens,
            gate,
            timeout: TIMEOUT,
            base: Base::new(base),
        }
    }

    /// Replaces the limit of 60 seconds, in real time, from the connection to the end of the body.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The vehicles of the account. Entries without a VIN are left out.
    pub async fn mappings(&self) -> Result<Vec<Mapping>, ApiError> {
        let endpoint = self.base.endpoint(Call::Mappings, &["vehicles", "mappings"]);
        self.exchange(&endpoint, mapping::read).await
    }

    /// What does not change of a vehicle.
    pub async fn basic_data(&self, vin: &Vin) -> Result<BasicData, ApiError> {
        let path = ["vehicles", vin.as_str(), "basicData"];
        let endpoint = self.base.endpoint(Call::BasicData, &path);
        self.exchange(&endpoint, basic_data::read).await
    }

    /// All containers of the account, other programs' too.
    pub async fn containers(&self) -> Result<Vec<Container>, ApiError> {
        let endpoint = self.base.endpoint(Call::Containers, &["containers"]);
        self.exchange(&endpoint, container::read_list).await
    }

    /// Creates a container. Whether it exists after an [`ApiError::Transport`], [`ApiError::NotJson`] or
    /// [`ApiError::Unexpected`] only [`containers`](Self::containers) tells.
    pub async fn create_container(
        &self,
        name: &str,
        purpose: &str,
        descriptors: &[impl AsRef<str> + Sync],
    ) -> Result<Container, ApiError> {
        let descriptors: Vec<&str> = descriptors.iter().map(AsRef::as_ref).collect();
        let body = json!({
            "name": name,
            "purpose": purpose,
            "technicalDescriptors": descriptors,
        });
        let endpoint = Endpoint {
            body: Some(body),
            ..self.base.endpoint(Call::CreateContainer, &["containers"])
        };
        self.exchange(&endpoint, container::read_one).await
    }

    /// Deletes a container. One that is already gone, or on its way, is a success.
    pub async fn delete_container(&self, container: &ContainerId) -> Result<(), ApiError> {
        let path = ["containers", container.as_str()];
        let endpoint = self.base.endpoint(Call::DeleteContainer, &path);
        match self.exchange(&endpoint, |_| Ok(())).await {
            Err(error) if is_gone(&error) => Ok(()),
            result => result,
        }
    }

    /// The last known values of the container's descriptors.
    pub async fn telematic_data(
        &self,
        vin: &Vin,
        container: &ContainerId,
    ) -> Result<TelematicData, ApiError> {
        let path = ["vehicles", vin.as_str(), "telematicData"];
        let mut endpoint = self.base.endpoint(Call::TelematicData, &path);
        let id = container.as_str();
        endpoint.url.query_pairs_mut().append_pair("containerId", id);
        self.exchange(&endpoint, telematic_data::read).await
    }

    /// The answer of [`basic_data`](Self::basic_data), as it was sent.
    pub async fn vehicle(&self, vin: &Vin) -> Result<Box<RawValue>, ApiError> {
        let endpoint = self.of_vehicle(Call::Vehicle, vin, "basicData");
        self.exchange(&endpoint, document::read_object).await
    }

    /// One page of the charging sessions from `from` to `to`, which BMW wants at most 45 days apart. `next` is from the
    /// page before, of the same window.
    pub async fn charging_history(
        &self,
        vin: &Vin,
        (from, to): (Timestamp, Timestamp),
        next: Option<&str>,
    ) -> Result<Page, ApiError> {
        let mut endpoint = self.of_vehicle(Call::ChargingHistory, vin, "chargingHistory");
        let window = [("from", format!("{from:.0}")), ("to", format!("{to:.0}"))];
        endpoint.url.query_pairs_mut().extend_pairs(window);
        endpoint.ask_for_page(next);
        self.exchange(&endpoint, document::read_page).await
    }

    /// What is known of the tyres.
    pub async fn tyres(&self, vin: &Vin) -> Result<Box<RawValue>, ApiError> {
        let endpoint = self.of_vehicle(Call::Tyres, vin, "smartMaintenanceTyreDiagnosis");
        self.exchange(&endpoint, document::read_object).await
    }

    /// One page of what the owner chose for the places where the vehicle charges; empty where BMW knows of none.
    /// `next` is from the page before.
    pub async fn charging_settings(&self, vin: &Vin, next: Option<&str>) -> Result<Page, ApiError> {
        let mut endpoint = self.of_vehicle(Call::ChargingSettings, vin, "locationBasedChargingSettings");
        endpoint.ask_for_page(next);
        match self.exchange(&endpoint, document::read_page).await {
            Err(error) if error.reported() == Some(ErrorKind::NotFound) => Ok(Page::default()),
            result => result,
        }
    }

    /// The picture of the vehicle; `None` where BMW has none.
    pub async fn image(&self, vin: &Vin) -> Result<Option<Image>, ApiError> {
        let endpoint = self.of_vehicle(Call::Image, vin, "image");
        match self.exchange(&endpoint, document::read_image).await {
            Err(error) if error.kind() == Some(ErrorKind::NotFound) => Ok(None),
            result => result,
        }
    }

    fn of_vehicle(&self, call: Call, vin: &Vin, what: &str) -> Endpoint {
        self.base.endpoint(call, &["vehicles", vin.as_str(), what])
    }
}

/// Whether a deletion failed because there is nothing left to delete. A page that says 404 does not count: the
/// address may be wrong.
fn is_gone(error: &ApiError) -> bool {
    match error {
        ApiError::Reported(answer) => match answer.kind {
            ErrorKind::NotFound => true,
            ErrorKind::Container => answer.id.as_deref() == Some("CU-122"),
            _ => false,
        },
        ApiError::NotJson(unreadable) => {
            unreadable.kind == ErrorKind::NotFound && unreadable.start.is_empty()
        }
        _ => false,
    }
}
