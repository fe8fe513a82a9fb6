//! The two OpenAPI files as a table, by which every request is judged, whatever becomes of it.

use jiff::Timestamp;
use serde_json::Value;

use crate::call::Call;

/// Method, parameters of the query, and body.
type Operation = (&'static str, &'static [&'static str], Body);

#[derive(Clone, Copy, PartialEq)]
enum Body {
    None,
    Container,
    DeviceCode,
    Token,
}

/// The only parameter of a query that may be left out.
const OPTIONAL: &str = "nextToken";
const DATE_TIMES: [&str; 2] = ["from", "to"];

/// What can be done on a path; nothing where there is no such path.
#[rustfmt::skip]
fn operations(path: &[&str]) -> &'static [Operation] {
    match path {
        ["gcdm", "oauth", "device", "code"] => &[("POST", &[], Body::DeviceCode)],
        ["gcdm", "oauth", "token"] => &[("POST", &[], Body::Token)],
        ["customers", "containers"] => &[("GET", &[], Body::None), ("POST", &[], Body::Container)],
        ["customers", "containers", _] => &[("GET", &[], Body::None), ("DELETE", &[], Body::None)],
        ["customers", "vehicles", "mappings"] => &[("GET", &[], Body::None)],
        ["customers", "vehicles", _, "basicData"] => &[("GET", &[], Body::None)],
        ["customers", "vehicles", _, "image"] => &[("GET", &[], Body::None)],
        ["customers", "vehicles", _, "telematicData"] => &[("GET", &["containerId"], Body::None)],
        ["customers", "vehicles", _, "chargingHistory"] => &[("GET", &[OPTIONAL, "from", "to"], Body::None)],
        ["customers", "vehicles", _, "locationBasedChargingSettings"] => &[("GET", &[OPTIONAL], Body::None)],
        ["customers", "vehicles", _, "smartMaintenanceTyreDiagnosis"] => &[("GET", &[], Body::None)],
        _ => &[],
    }
}

/// 17 characters, digits and upper-case letters without I, O and Q.
pub(crate) fn is_vin(text: &str) -> bool {
    let allowed = |c: u8| (c.is_ascii_digit() || c.is_ascii_uppercase()) && !matches!(c, b'I' | b'O' | b'Q');
    text.len() == 17 && text.bytes().all(allowed)
}

/// 13 letters and digits.
pub(crate) fn is_container_id(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|c| c.is_ascii_alphanumeric())
}

/// A UUID in lower case: the only form in which client ids work.
pub(crate) fn is_client_id(text: &str) -> bool {
    let allowed = |c: u8| matches!(c, b'-' | b'0'..=b'9' | b'a'..=b'f');
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.bytes().all(allowed)
}

/// A code verifier (RFC 7636, section 4.1); a challenge has the same form.
pub(crate) fn is_verifier(text: &str) -> bool {
    let unreserved = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// The rules that a request breaks, in words.
#[derive(Default)]
struct Broken(Vec<String>);

impl Broken {
    fn unless(&mut self, kept: bool, rule: impl Into<String>) {
        if !kept {
            self.0.push(rule.into());
        }
    }
}

/// Every rule of the specification that the request breaks, in words. The approval page is for people: it is
/// not in the specification and breaks none.
pub(crate) fn violations(call: &Call) -> Vec<String> {
    if call.path.starts_with("/oneid/") {
        return Vec::new();
    }
    let path = call.segments();
    let operations = operations(&path);
    let Some((_, parameters, body)) = operations.iter().find(|(method, ..)| *method == call.method) else {
        let what = if operations.is_empty() {
            "no such path"
        } else {
            "no such method on this path"
        };
        return vec![what.to_owned()];
    };
    let mut broken = Broken::default();
    if call.path.starts_with("/customers/") {
        // The older specification leaves the version out when containers are created or deleted; clients
        // send it always, so that both are content.
        let version = call.header("x-version");
        broken.unless(version == Some("v1"), "the header x-version must be v1");
        let bears = |value: &str| value.starts_with("Bearer ");
        let rule = "the header Authorization must hold a bearer token";
        broken.unless(call.header("authorization").is_some_and(bears), rule);
    }
    match path.as_slice() {
        ["customers", "vehicles", vin, _] => broken.unless(is_vin(vin), "the VIN in the path is ill-formed"),
        ["customers", "containers", id] => {
            broken.unless(is_container_id(id), "the container id in the path is ill-formed");
        }
        _ => {}
    }
    query(parameters, call, &mut broken);
    match body {
        Body::None => broken.unless(call.body.is_empty(), "the request has a body"),
        Body::Container => container(call, &mut broken),
        Body::DeviceCode | Body::Token => form(*body, call, &mut broken),
    }
    broken.0
}

fn query(parameters: &[&str], call: &Call, broken: &mut Broken) {
    for name in parameters {
        let values: Vec<&str> = call.query.all(name).collect();
        match values.as_slice() {
            [] => broken.unless(*name == OPTIONAL, format!("the parameter {name} is missing")),
            [value] => {
                let fits = !DATE_TIMES.contains(name) || value.parse::<Timestamp>().is_ok();
                broken.unless(fits, format!("the parameter {name} is not a date-time"));
            }
            _ => broken.0.push(format!("the parameter {name} is repeated")),
        }
    }
    for (name, _) in &call.query.0 {
        let known = parameters.contains(&name.as_str());
        broken.unless(known, format!("the operation has no parameter {name}"));
    }
}

fn container(call: &Call, broken: &mut Broken) {
    let json = call.content_type().as_deref() == Some("application/json");
    broken.unless(json, "the body must be application/json");
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(&call.body) else {
        return broken.0.push("the body is not a JSON object".into());
    };
    for (key, value) in &body {
        let fits = match key.as_str() {
            "name" | "purpose" => value.is_string(),
            "technicalDescriptors" => value
                .as_array()
                .is_some_and(|descriptors| descriptors.iter().all(Value::is_string)),
            _ => false,
        };
        broken.unless(fits, format!("the body's {key} is unknown or of the wrong type"));
    }
}

fn form(body: Body, call: &Call, broken: &mut Broken) {
    let Some(form) = call.form() else {
        return broken
            .0
            .push("the body must be application/x-www-form-urlencoded".into());
    };
    let required: &[&str] = match (body, form.get("grant_type")) {
        (Body::DeviceCode, _) => &[
            "client_id",
            "response_type",
            "scope",
            "code_challenge",
            "code_challenge_method",
        ],
        (_, Some("refresh_token")) => &["client_id", "refresh_token"],
        _ => &["client_id", "grant_type", "device_code", "code_verifier"],
    };
    for name in required {
        let repeated = form.is_repeated(name);
        broken.unless(!repeated, format!("the parameter {name} is repeated"));
        let missing = !repeated && form.get(name).is_none();
        broken.unless(!missing, format!("the parameter {name} is missing"));
    }
    let fits = |name: &str, rule: fn(&str) -> bool| form.get(name).is_none_or(rule);
    if body == Body::DeviceCode {
        let rule = "the parameter response_type must be device_code";
        broken.unless(fits("response_type", |sent| sent == "device_code"), rule);
        let rule = "the parameter code_challenge_method must be S256";
        broken.unless(fits("code_challenge_method", |sent| sent == "S256"), rule);
    }
    for name in ["code_challenge", "code_verifier"] {
        let rule = format!("the parameter {name} is not 43 to 128 unreserved characters");
        broken.unless(fits(name, is_verifier), rule);
    }
    let rule = "the client id is not a UUID in lower case";
    broken.unless(fits("client_id", is_client_id), rule);
}
