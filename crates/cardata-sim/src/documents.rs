//! Where the live service's documents differ from their specification, and what was served of them.

use serde_json::{Value, json};

use crate::call::Answer;
use crate::rest::refusal::Refusal;

/// A side view, 640 by 240 pixels.
const PNG: &[u8] = include_bytes!("rest/car.png");
/// A JPEG by its first bytes; nobody looks further.
const JPEG: [u8; 8] = [0xff, 0xd8, 0xff, 0xe0, 0, 0x10, b'J', b'F'];
const DAY: i64 = 86_400;

/// How documents are answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Documents {
    pub picture: Picture,
    /// How many places of charges fit on a page of settings; 0 where the vehicles have no such settings (CU-127).
    pub places_a_page: usize,
    /// Whether sessions of the history lack fields that the specification has, have others, and texts for numbers.
    pub are_ragged: bool,
    /// Whether what was served is kept for [`Control::documents`](crate::Control::documents).
    pub log: bool,
}

/// What comes where a picture is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    Png,
    /// Called a PNG all the same.
    Jpeg,
    /// HTTP 200 with an object.
    Json,
    /// HTTP 200 with a few bytes.
    Tiny,
    /// CU-126.
    Missing,
}

/// The answer of a documents' endpoint, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedDocument {
    /// Without the query.
    pub path: String,
    pub body: Vec<u8>,
}

impl Default for Documents {
    fn default() -> Self {
        Self {
            picture: Picture::Png,
            places_a_page: 10,
            are_ragged: false,
            log: true,
        }
    }
}

impl Picture {
    pub(crate) fn answer(self) -> Result<Answer, Refusal> {
        let jpeg = || [JPEG.as_slice(), &[7; 400]].concat();
        match self {
            Self::Png => Ok(Answer::new(200, "image/png", PNG)),
            Self::Jpeg => Ok(Answer::new(200, "image/png", jpeg())),
            Self::Json => Ok(Answer::json(200, &json!({ "image": "x".repeat(400) }))),
            Self::Tiny => Ok(Answer::new(200, "image/png", &PNG[..60])),
            Self::Missing => Err(Refusal::NO_IMAGE),
        }
    }
}

/// Whether a path is that of a document.
pub(crate) fn is_document(path: &str) -> bool {
    let ends = [
        "/basicData",
        "/chargingHistory",
        "/smartMaintenanceTyreDiagnosis",
        "/locationBasedChargingSettings",
        "/image",
    ];
    ends.iter().any(|end| path.ends_with(end))
}

/// The session as a live answer might have it: which way differs from one day to the next, and is the same whenever it is
/// asked for.
pub(crate) fn ragged(session: &mut Value, start: i64) {
    match start.div_euclid(DAY).rem_euclid(4) {
        0 => {
            session["energyConsumedFromPowerGridKwh"] = Value::Null;
            without(session, &["mileage", "mileageUnits", "businessErrors"]);
        }
        1 => {
            for field in ["startTime", "displayedSoc", "energyConsumedFromPowerGridKwh"] {
                session[field] = session[field].to_string().into();
            }
        }
        2 => {
            session["chargingBlocks"] = Value::Null;
            session["sessionFlavour"] = json!({ "label": "Flavour" });
            session["startTime"] = (start as f64).into();
        }
        _ => {}
    }
}

fn without(session: &mut Value, fields: &[&str]) {
    if let Some(session) = session.as_object_mut() {
        fields.iter().for_each(|field| drop(session.remove(*field)));
    }
}
