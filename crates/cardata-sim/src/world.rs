//! The whole state of the simulated backend, and what one request does to it.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::account::{Containers, Quota};
use crate::call::{Answer, Call};
use crate::car::Car;
use crate::config::SimConfig;
use crate::control::{Log, RequestRecord};
use crate::documents::{ServedDocument, is_document};
use crate::fault::{Fault, FaultQueue, NotJson};
use crate::oauth::{self, Login};
use crate::rest::refusal::Refusal;
use crate::stream::Broker;
use crate::{rest, specification};

pub(crate) struct World {
    pub config: SimConfig,
    pub rng: StdRng,
    pub login: Login,
    pub quota: Quota,
    pub containers: Containers,
    pub cars: Vec<Car>,
    pub faults: FaultQueue,
    pub log: Log,
    pub stream: Broker,
}

impl World {
    pub fn new(config: SimConfig, start: Timestamp, url: String) -> Self {
        // A later start gives other tokens and container ids: what a client kept of an earlier simulator is
        // as foreign to this one as it would be to BMW.
        let seed = config.seed ^ start.as_second().cast_unsigned().rotate_left(32);
        let mut rng = StdRng::seed_from_u64(seed);
        let born = config.born.map_or(start, |born| born.min(start));
        let car = |vehicle| Car::new(vehicle, born, config.seed, config.position_skew);
        Self {
            login: Login::new(url, &mut rng),
            quota: Quota::new(config.calls_per_day),
            containers: Containers::default(),
            cars: config.vehicles.iter().map(car).collect(),
            faults: FaultQueue::default(),
            log: Log::default(),
            stream: Broker::default(),
            rng,
            config,
        }
    }

    /// Carries a request out, or lets a fault strike it, and logs both. Returns the fault that the answer suffers on its
    /// way, too.
    pub fn handle(&mut self, call: &Call, now: Timestamp) -> (Answer, Option<Fault>) {
        for reason in specification::violations(call) {
            self.log.violation(now, &call.method, &call.path, reason);
        }
        let spent = self.quota.spent(now);
        let request = format!("{} {}", call.method, call.path);
        let fault = self.faults.strike(&request, &self.config.faults, &mut self.rng);
        if let Some(fault) = &fault {
            self.strike(fault, call, now);
        }
        let mut answer = match fault.as_ref().and_then(|fault| self.replacement(fault)) {
            Some(answer) => {
                if call.path.starts_with("/customers/") {
                    self.quota.spend(1, now);
                }
                answer
            }
            None => self.carry_out(call, now),
        };
        if let Some(Fault::Date(ahead)) = &fault {
            answer.header = http_date(now + *ahead).map(|date| ("date", date));
        }
        if self.config.documents.log && answer.status == 200 && is_document(&call.path) {
            self.log.documents.push(ServedDocument {
                path: call.path.clone(),
                body: answer.body.clone(),
            });
        }
        let lost = matches!(fault, Some(Fault::Reset | Fault::LoseAnswer));
        self.log.requests.push(RequestRecord {
            at: now,
            method: call.method.clone(),
            path: call.path.clone(),
            status: if lost { 0 } else { answer.status },
            counted: self.quota.spent(now) > spent,
        });
        (answer, fault)
    }

    fn carry_out(&mut self, call: &Call, now: Timestamp) -> Answer {
        match call.segments().as_slice() {
            ["gcdm", ..] | ["oneid", ..] => oauth::answer(self, call, now),
            ["customers", rest @ ..] => {
                rest::answer(self, call, rest, now).unwrap_or_else(|refusal| self.refuse(refusal))
            }
            _ => self.refuse(Refusal::NO_SUCH_PATH),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Answer {
        refusal.into_answer(&mut self.rng)
    }

    /// What the fault changes before the request is carried out.
    fn strike(&mut self, fault: &Fault, call: &Call, now: Timestamp) {
        match fault {
            Fault::Gateway => {
                let form = call.form().unwrap_or_default();
                self.login.consume(form.get("device_code"));
            }
            Fault::ExpireTokens => {
                let tokens = self.login.access.values_mut();
                tokens.for_each(|token| token.expires = token.expires.min(now));
            }
            Fault::RevokeTokens => {
                let tokens = self.login.access.values_mut();
                tokens.for_each(|token| token.revoked = true);
            }
            Fault::DropRefreshToken => self.login.refresh.clear(),
            Fault::DeleteContainer => self.containers.delete(|_| true, now),
            _ => {}
        }
    }

    /// The answer that the fault gives instead of BMW's.
    fn replacement(&mut self, fault: &Fault) -> Option<Answer> {
        let answer = match fault {
            Fault::Status { status, body } => {
                let json = body.starts_with('{');
                let content_type = if json { "application/json" } else { "text/plain" };
                Answer::new(*status, content_type, body.as_bytes())
            }
            Fault::Slowed(wait) => Answer {
                header: Some(("retry-after", wait.as_secs().to_string())),
                ..Answer::new(429, "text/plain", "too many requests")
            },
            Fault::Redirect(address) => Answer {
                header: Some(("location", address.clone())),
                ..Answer::new(302, "text/plain", "")
            },
            Fault::Quota => self.refuse(Refusal::QUOTA_EXHAUSTED),
            Fault::Reset => Answer::new(500, "text/plain", ""),
            Fault::NotJson(NotJson::Html) => Answer::new(
                200,
                "text/html",
                "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We are back soon.</body></html>",
            ),
            Fault::NotJson(NotJson::Xml) => Answer::new(
                200,
                "application/xml",
                r#"<?xml version="1.0" encoding="UTF-8"?><telematicData><entry/></telematicData>"#,
            ),
            Fault::NotJson(NotJson::Empty) => Answer::new(200, "application/json", ""),
            Fault::NotJson(NotJson::Garbage) => Answer::new(
                200,
                "application/json",
                [0x1f, 0x8b, 0xff, 0x00, 0xfe, b'{', 0xc3, 0x28].as_slice(),
            ),
            Fault::Gateway => Answer::new(
                500,
                "application/json",
                r#"{"fault":{"faultstring":"Invalid Access Token","detail":{"errorcode":"keymanagement.service.invalid_access_token"}}}"#,
            ),
            _ => return None,
        };
        Some(answer)
    }
}

/// A time as headers of HTTP have it.
fn http_date(at: Timestamp) -> Option<String> {
    rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .ok()
}
