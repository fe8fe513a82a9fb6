//! What can be set when a simulator is started.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::car::kind::CarKind;
use crate::documents::Documents;
use crate::fault::FaultRate;
use crate::stream::StreamConfig;

/// Gives the simulator's time. Share the collector's clock, so that both agree on quota days and lifetimes.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// One BMW account with its vehicles, as the simulator plays it.
///
/// All durations are in virtual time: at `speed: 900.0`, an hour lasts four seconds.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Port of the stream on 127.0.0.1; 0 takes a free one.
    pub stream_port: u16,
    /// How many times as fast as real time the simulator's clock runs.
    pub speed: f64,
    /// The simulator's time when it starts; the real time if absent. A drive begins 20 minutes later and a
    /// charge within two hours.
    pub start: Option<Timestamp>,
    /// When the cars' lives begin, if earlier than `start`: a simulator that is started again goes on with them.
    pub born: Option<Timestamp>,
    /// Two simulators with the same seed, start and requests at the same times give the same answers.
    pub seed: u64,
    /// The account's quota in a UTC day.
    pub calls_per_day: u32,
    pub vehicles: Vec<SimVehicle>,
    /// What the account's owner does with a user code.
    pub approval: Approval,
    /// The only client id that the account knows, in lower case; any UUID if absent.
    pub client_id: Option<String>,
    /// The scopes that the client id is subscribed to in the portal; a login is granted no others.
    pub subscribed_scopes: Vec<String>,
    pub token_lifetime: Duration,
    pub refresh_lifetime: Duration,
    pub device_code_lifetime: Duration,
    /// The shortest time between two polls with one device code. `slow_down` adds five seconds to it.
    pub poll_interval: Duration,
    /// Whether the device code answer has `verification_uri_complete`: seen both ways in the live service.
    pub verification_uri_complete: bool,
    /// Whether a refresh answer has `gcid`: the specification requires it, the live service leaves it out.
    pub gcid_in_refresh: bool,
    /// Whether a refresh answer has `id_token`, as the live service's has; neither the specification nor OpenID Connect
    /// requires it.
    pub id_token_in_refresh: bool,
    /// The same for the answer to a login.
    pub id_token_in_login: bool,
    pub mappings: MappingsShape,
    /// Whether deleted containers count towards the ten for as long as they are listed, 29 days.
    pub deleted_containers_count: bool,
    /// The largest container that the account may create; larger ones get CU-403; 0 if it may create none.
    /// No limit if absent.
    pub max_descriptors: Option<usize>,
    /// Descriptors that the account may not put into a container though they are in the catalogue.
    pub refused_descriptors: Vec<String>,
    /// How a container with one of them is refused.
    pub descriptor_refusal: DescriptorRefusal,
    /// Faults that strike at random.
    pub faults: FaultRate,
    /// The share of the positions whose longitude was measured 2 to 181 s later than the latitude, in answers as in the
    /// stream; 0 to 1.
    pub position_skew: f64,
    pub documents: Documents,
    pub stream: StreamConfig,
}

/// How BMW refuses a container for a descriptor in it: all of these were reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptorRefusal {
    /// CU-402 with HTTP 400; the note names the descriptors.
    Named,
    /// CU-402 with HTTP 400, without a name.
    Unnamed,
    /// CU-403 with HTTP 403, as for a container that is too large.
    Forbidden,
    /// CU-500 with HTTP 500, as if BMW were broken: of descriptors that none of the account's cars has.
    ServerError,
}

/// How `/customers/vehicles/mappings` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingsShape {
    /// A JSON array, as the live service sends it.
    Array,
    /// One JSON object, the first vehicle, as the specification has it.
    Object,
}

/// What becomes of a user code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// The owner approves this long after the code was issued.
    Auto { after: Duration },
    /// Nothing, until somebody submits the page `/oneid/link` or calls `Control::approve` or `Control::deny`.
    Manual,
    /// The owner declines at once.
    Deny,
}

/// One vehicle of the account.
#[derive(Debug, Clone, PartialEq)]
pub struct SimVehicle {
    /// 17 characters, upper case, without I, O and Q.
    pub vin: String,
    /// What it sends, and when.
    pub kind: CarKind,
    /// Instead of the VIN, what its life depends on beside the seed. Vehicles with the same life, battery and target are
    /// twins: they are at the same place with the same charge at any time, whatever their kinds tell of it.
    pub life: Option<u64>,
    pub model: String,
    /// Whether the account's owner is the vehicle's main user; others get CU-104.
    pub mapping: Mapping,
    /// Usable energy of the battery in kWh.
    pub battery_kwh: f64,
    /// The state of charge, in percent, at which charging ends.
    pub target_percent: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    Primary,
    /// Primary, and no word of it, as some accounts have it.
    Untold,
    Secondary,
}

impl Mapping {
    /// Whether the account may read the vehicle's data.
    pub(crate) fn is_owners(self) -> bool {
        self != Self::Secondary
    }
}

impl SimVehicle {
    /// An electric car of the account's owner that charges up to 80 %.
    pub fn new(vin: impl Into<String>) -> Self {
        Self::of(CarKind::default(), vin)
    }

    /// One of several, with a VIN that tells them apart; the first has that of the default.
    pub fn numbered(kind: CarKind, number: u32) -> Self {
        let number = 12_345_u32.wrapping_add(number) % 100_000;
        Self::of(kind, format!("WBY71AW050FP{number:05}"))
    }

    /// The same of another kind, with its battery; a hybrid's is always charged up.
    pub fn of(kind: CarKind, vin: impl Into<String>) -> Self {
        Self {
            vin: vin.into(),
            kind,
            life: None,
            model: kind.model().into(),
            mapping: Mapping::Primary,
            battery_kwh: kind.battery_kwh(),
            target_percent: if kind == CarKind::Phev { 100.0 } else { 80.0 },
        }
    }
}

impl Default for SimVehicle {
    fn default() -> Self {
        Self::numbered(CarKind::default(), 0)
    }
}

impl Default for SimConfig {
    fn default() -> Self {
        let scopes = [
            "authenticate_user",
            "openid",
            "cardata:streaming:read",
            "cardata:api:read",
        ];
        Self {
            port: 0,
            stream_port: 0,
            speed: 1.0,
            start: None,
            born: None,
            seed: 1,
            calls_per_day: 50,
            vehicles: vec![SimVehicle::default()],
            approval: Approval::Auto {
                after: Duration::from_secs(8),
            },
            client_id: None,
            subscribed_scopes: scopes.map(String::from).to_vec(),
            token_lifetime: Duration::from_secs(3_600),
            refresh_lifetime: Duration::from_secs(14 * 86_400),
            device_code_lifetime: Duration::from_secs(300),
            poll_interval: Duration::from_secs(5),
            verification_uri_complete: true,
            gcid_in_refresh: false,
            id_token_in_refresh: true,
            id_token_in_login: true,
            mappings: MappingsShape::Array,
            deleted_containers_count: true,
            max_descriptors: None,
            refused_descriptors: Vec::new(),
            descriptor_refusal: DescriptorRefusal::Unnamed,
            faults: FaultRate::default(),
            position_skew: 0.396,
            documents: Documents::default(),
            stream: StreamConfig::default(),
        }
    }
}
