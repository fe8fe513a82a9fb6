//! The two OpenAPI files as a table, by which every request is judged, whatever becomes of it.

use jiff::Timestamp;
use serde_json::Value;

use crate::call::Call;

/// Method, path, parameters of the query, and body. A segment of the path that begins with `{` stands for a parameter.
struct Operation(&'static str, &'static str, &'static [Parameter], Body);

struct Parameter {
    name: &'static str,
    required: bool,
    date_time: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Body {
    None,
    Container,
    DeviceCode,
    Token,
}

const NEXT_TOKEN: Parameter = Parameter {
    name: "nextToken",
    required: false,
    date_time: false,
};
const CONTAINER_ID: Parameter = Parameter {
    name: "containerId",
    required: true,
    date_time: false,
};
const FROM: Parameter = Parameter {
    name: "from",
    required: true,
    date_time: true,
};
const TO: Parameter = Parameter { name: "to", ..FROM };

#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    Operation("POST", "/gcdm/oauth/device/code", &[], Body::DeviceCode),
    Operation("POST", "/gcdm/oauth/token", &[], Body::Token),
    Operation("GET", "/customers/containers", &[], Body::None),
    Operation("POST", "/customers/containers", &[], Body::Container),
    Operation("GET", "/customers/containers/{containerId}", &[], Body::None),
    Operation("DELETE", "/customers/containers/{containerId}", &[], Body::None),
    Operation("GET", "/customers/vehicles/mappings", &[], Body::None),
    Operation("GET", "/customers/vehicles/{vin}/basicData", &[], Body::None),
    Operation("GET", "/customers/vehicles/{vin}/image", &[], Body::None),
    Operation("GET", "/customers/vehicles/{vin}/telematicData", &[CONTAINER_ID], Body::None),
    Operation("GET", "/customers/vehicles/{vin}/chargingHistory", &[NEXT_TOKEN, FROM, TO], Body::None),
    Operation("GET", "/customers/vehicles/{vin}/locationBasedChargingSettings", &[NEXT_TOKEN], Body::None),
    Operation("GET", "/customers/vehicles/{vin}/smartMaintenanceTyreDiagnosis", &[], Body::None),
];

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
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12]
        && text
            .bytes()
            .all(|c| matches!(c, b'-' | b'0'..=b'9' | b'a'..=b'f'))
}

/// A code verifier (RFC 7636, section 4.1); a challenge has the same form.
pub(crate) fn is_verifier(text: &str) -> bool {
    let unreserved = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// Every rule of the specification that the request breaks, in words. The approval page is for people: it is
/// not in the specification and breaks none.
pub(crate) fn violations(call: &Call) -> Vec<String> {
    if call.path.starts_with("/oneid/") {
        return Vec::new();
    }
    let on_path: Vec<&Operation> = OPERATIONS
        .iter()
        .filter(|operation| fits(operation.1, call))
        .collect();
    let operation = on_path.iter().find(|operation| operation.0 == call.method);
    let Some(Operation(_, path, parameters, body)) = operation else {
        let what = if on_path.is_empty() {
            "no such path"
        } else {
            "no such method on this path"
        };
        return vec![what.to_owned()];
    };
    let mut broken = Vec::new();
    if call.path.starts_with("/customers/") {
        // The older specification leaves the version out when containers are created or deleted; clients
        // send it always, so that both are content.
        if call.header("x-version") != Some("v1") {
            broken.push("the header x-version must be v1".into());
        }
        if call
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_none()
        {
            broken.push("the header Authorization must hold a bearer token".into());
        }
    }
    path_parameters(path, call, &mut broken);
    query(parameters, call, &mut broken);
    match body {
        Body::None if call.body.is_empty() => {}
        Body::None => broken.push("the request has a body".into()),
        Body::Container => container(call, &mut broken),
        Body::DeviceCode | Body::Token => form(*body, call, &mut broken),
    }
    broken
}

fn fits(template: &str, call: &Call) -> bool {
    let template: Vec<&str> = template.trim_start_matches('/').split('/').collect();
    let path = call.segments();
    template.len() == path.len()
        && template
            .iter()
            .zip(path)
            .all(|(part, segment)| part.starts_with('{') || *part == segment)
}

fn path_parameters(path: &str, call: &Call, broken: &mut Vec<String>) {
    let template = path.trim_start_matches('/').split('/');
    for (part, segment) in template.zip(call.segments()) {
        match part {
            "{vin}" if !is_vin(segment) => broken.push("the VIN in the path is ill-formed".into()),
            "{containerId}" if !is_container_id(segment) => {
                broken.push("the container id in the path is ill-formed".into());
            }
            _ => {}
        }
    }
}

fn query(parameters: &[Parameter], call: &Call, broken: &mut Vec<String>) {
    for parameter in parameters {
        let values: Vec<&str> = call
            .query
            .iter()
            .filter(|(name, _)| name == parameter.name)
            .map(|(_, value)| value.as_str())
            .collect();
        match values.as_slice() {
            [] if parameter.required => broken.push(format!("the parameter {} is missing", parameter.name)),
            [value] if parameter.date_time && value.parse::<Timestamp>().is_err() => {
                broken.push(format!("the parameter {} is not a date-time", parameter.name));
            }
            [] | [_] => {}
            _ => broken.push(format!("the parameter {} is repeated", parameter.name)),
        }
    }
    for (name, _) in &call.query {
        if !parameters.iter().any(|parameter| parameter.name == name) {
            broken.push(format!("the operation has no parameter {name}"));
        }
    }
}

fn container(call: &Call, broken: &mut Vec<String>) {
    if call.content_type().as_deref() != Some("application/json") {
        broken.push("the body must be application/json".into());
    }
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(&call.body) else {
        broken.push("the body is not a JSON object".into());
        return;
    };
    for (key, value) in &body {
        let fits = match key.as_str() {
            "name" | "purpose" => value.is_string(),
            "technicalDescriptors" => value
                .as_array()
                .is_some_and(|descriptors| descriptors.iter().all(Value::is_string)),
            _ => false,
        };
        if !fits {
            broken.push(format!("the body's {key} is unknown or of the wrong type"));
        }
    }
}

fn form(body: Body, call: &Call, broken: &mut Vec<String>) {
    if call.content_type().as_deref() != Some("application/x-www-form-urlencoded") {
        broken.push("the body must be application/x-www-form-urlencoded".into());
        return;
    }
    let form = call.form();
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
        if form.is_repeated(name) {
            broken.push(format!("the parameter {name} is repeated"));
        } else if form.get(name).is_none() {
            broken.push(format!("the parameter {name} is missing"));
        }
    }
    let fixed = [
        ("response_type", "device_code"),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in fixed.into_iter().filter(|_| body == Body::DeviceCode) {
        if form.get(name).is_some_and(|sent| sent != value) {
            broken.push(format!("the parameter {name} must be {value}"));
        }
    }
    for name in ["code_challenge", "code_verifier"] {
        if form.get(name).is_some_and(|text| !is_verifier(text)) {
            broken.push(format!(
                "the parameter {name} is not 43 to 128 unreserved characters"
            ));
        }
    }
    if form.get("client_id").is_some_and(|id| !is_client_id(id)) {
        broken.push("the client id is not a UUID in lower case".into());
    }
}
