//! A store with moods: the write endpoint of InfluxDB 2, by hand, so that it can do what no HTTP server does. It takes
//! records and holds none of them: whoever asks which revision is there is told that none is.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use influxdb_line_protocol::parse_lines;
use tests::oracle::{Row, canonical};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::local_server::{LocalServer, read_request};

/// What the store does with a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// Stores it.
    Accept,
    /// Stores it and answers this much later.
    Slow(Duration),
    /// Nobody listens.
    Down,
    /// Resets the connection.
    Reset,
    /// Reads it and never answers.
    Hang,
    /// Stores it and sends its answer a byte a second.
    Drip,
    /// Stores it and closes in the middle of the answer.
    CloseInTheMiddle,
    /// Answers bytes that are no HTTP.
    Garbage,
    /// Answers this status, and when to come again.
    Status(u16, Option<u32>),
    /// Refuses bodies with more bytes than this.
    TooLarge(usize),
    /// Refuses lines with this field, and stores the others.
    RefuseField(&'static str),
    /// Refuses every line.
    RefuseLines,
    /// Refuses everything, also a body without lines.
    RefuseAll,
}

impl Mood {
    /// Whether nothing is stored in this mood.
    pub fn blocks(&self) -> bool {
        !matches!(
            self,
            Self::Accept
                | Self::Slow(_)
                | Self::Drip
                | Self::CloseInTheMiddle
                | Self::TooLarge(_)
                | Self::RefuseField(_)
        )
    }

    /// As the report calls it.
    pub fn name(&self) -> String {
        match self {
            Self::Accept => "accepting".to_owned(),
            Self::Slow(_) => "slow store".to_owned(),
            Self::Down => "store down".to_owned(),
            Self::Reset => "reset connection".to_owned(),
            Self::Hang => "hanging store".to_owned(),
            Self::Drip => "a byte a second".to_owned(),
            Self::CloseInTheMiddle => "closed in mid-answer".to_owned(),
            Self::Garbage => "garbage".to_owned(),
            Self::Status(status, _) => format!("HTTP {status}"),
            Self::TooLarge(_) => "HTTP 413".to_owned(),
            Self::RefuseField(_) => "some lines refused".to_owned(),
            Self::RefuseLines => "all lines refused".to_owned(),
            Self::RefuseAll => "everything refused".to_owned(),
        }
    }
}

/// What tells one value in the store from another: a second one replaces the first.
type Key = (String, String, i64);

#[derive(Default)]
struct Contents {
    stored: HashMap<Key, Row>,
    /// What was refused when it came last. It may have been stored before, with an answer that was lost.
    refused: HashMap<Key, Row>,
    /// The bodies of one record that were too large: nothing smaller can be sent of it.
    large: HashSet<String>,
}

struct Shared {
    mood: RefCell<Mood>,
    contents: RefCell<Contents>,
    /// Writes since the mood changed.
    met: RefCell<usize>,
}

/// A running store. It lives on the thread that started it.
pub struct FaultyStore {
    shared: Rc<Shared>,
    pub server: LocalServer,
}

impl FaultyStore {
    /// A store that accepts.
    pub async fn start() -> Self {
        let shared = Rc::new(Shared {
            mood: RefCell::new(Mood::Accept),
            contents: RefCell::default(),
            met: RefCell::new(0),
        });
        Self {
            server: LocalServer::start(serving(&shared)).await,
            shared,
        }
    }

    /// The item of the list `sinks`.
    pub fn sink(&self) -> String {
        format!(
            "  - type: influxdb\n    fields: descriptor\n    url: http://127.0.0.1:{}\n    org: home\n    bucket: cardata\n    \
             token: a-token\n    retry: {{ first: 1s, longest: 30s, timeout: 2s }}\n",
            self.server.port()
        )
    }

    pub async fn set(&self, mood: Mood) {
        let was_down = *self.shared.mood.borrow() == Mood::Down;
        match mood {
            Mood::Down => self.server.close().await,
            _ if was_down => self.server.open(serving(&self.shared)).await,
            _ => {}
        }
        *self.shared.mood.borrow_mut() = mood;
        *self.shared.met.borrow_mut() = 0;
    }

    /// How many writes have met the mood.
    pub fn met(&self) -> usize {
        *self.shared.met.borrow()
    }

    /// What is stored.
    pub fn rows(&self) -> Vec<Row> {
        self.shared.contents.borrow().stored.values().cloned().collect()
    }

    /// How many rows are stored, or were refused and are not.
    pub fn known(&self) -> usize {
        let contents = self.shared.contents.borrow();
        let lacking = |key: &&Key| !contents.stored.contains_key(*key);
        contents.stored.len() + contents.refused.keys().filter(lacking).count()
    }

    /// What was refused when it came last.
    pub fn refused(&self) -> Vec<Row> {
        self.shared.contents.borrow().refused.values().cloned().collect()
    }

    /// How many bodies of one record it refused because they were too large.
    pub fn large_records(&self) -> usize {
        self.shared.contents.borrow().large.len()
    }

    /// What was refused and is not stored.
    pub fn lacking(&self) -> Vec<Row> {
        let contents = self.shared.contents.borrow();
        let refused = contents.refused.iter();
        let lacking = refused.filter(|(key, _)| !contents.stored.contains_key(*key));
        lacking.map(|(_, row)| row.clone()).collect()
    }
}

fn serving(shared: &Rc<Shared>) -> impl Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()>>> + 'static {
    let shared = shared.clone();
    move |stream| Box::pin(serve(stream, shared.clone()))
}

/// One request a connection. A client that goes away ends it.
async fn serve(mut stream: TcpStream, shared: Rc<Shared>) {
    let Some((head, body)) = read_request(&mut stream).await else {
        return;
    };
    let body = String::from_utf8(body).expect("line protocol is text");
    let mood = shared.mood.borrow().clone();
    *shared.met.borrow_mut() += 1;
    let answer = match &mood {
        Mood::Down => return,
        Mood::Reset => {
            let _ = stream.set_zero_linger();
            return;
        }
        Mood::Hang => return std::future::pending().await,
        Mood::Garbage => b"\x16\x03\x01\x00{[(&<html>\xff\xfe\r\n\r\n".repeat(20),
        Mood::Status(status, retry_after) => {
            let again = retry_after
                .map(|seconds| format!("retry-after: {seconds}\r\n"))
                .unwrap_or_default();
            respond(
                *status,
                &again,
                r#"{"code":"trouble","message":"there is trouble"}"#,
            )
        }
        Mood::TooLarge(limit) if !is_question(&head) && body.len() > *limit => {
            if is_one_record(&body) {
                shared.contents.borrow_mut().large.insert(body);
            }
            respond(413, "", "")
        }
        Mood::RefuseAll => respond(400, "", r#"{"code":"invalid","message":"closed for the winter"}"#),
        _ if is_question(&head) => respond(200, "", &nothing_held(&body)),
        _ => shared.take(&head, &body, &mood),
    };
    let answer = match mood {
        Mood::CloseInTheMiddle => &answer[..answer.len() / 2],
        _ => &answer[..],
    };
    match mood {
        Mood::Slow(time) => tokio::time::sleep(time).await,
        Mood::Drip => {
            for byte in answer {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
        }
        _ => {}
    }
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}

/// Whether somebody asks what is there.
fn is_question(head: &str) -> bool {
    head.starts_with("POST /query")
}

/// Whether all lines are of one record: records by themselves are told by vehicle, kind and time, parts by vehicle and the
/// time of the whole.
fn is_one_record(body: &str) -> bool {
    let lines = parse_lines(body).map(|line| line.expect("line protocol"));
    let records: HashSet<_> = lines
        .map(|line| {
            let tag = |name| line.tag_value(name).map(ToString::to_string);
            let whole = line.field_value("record.at").map(ToString::to_string);
            let itself = (tag("record.kind"), line.timestamp);
            let is_record = itself.0.is_some();
            (
                is_record,
                tag("vin"),
                whole.clone(),
                whole.is_none().then_some(itself),
            )
        })
        .collect();
    records.len() == 1 && records.iter().all(|(is_record, ..)| *is_record)
}

/// The answer to some statements of InfluxQL where there is nothing.
fn nothing_held(body: &str) -> String {
    // A form encodes the `;` between two statements.
    let statements = body.matches("%3B").count() + 1;
    let results: Vec<_> = (0..statements)
        .map(|id| format!(r#"{{"statement_id":{id}}}"#))
        .collect();
    format!(r#"{{"results":[{}]}}"#, results.join(","))
}

impl Shared {
    /// Stores the lines that the mood does not refuse, and says what was refused.
    fn take(&self, head: &str, body: &str, mood: &Mood) -> Vec<u8> {
        let units = match head {
            head if head.contains("precision=ms") => 1_000_000,
            head if head.contains("precision=us") => 1_000,
            _ => 1,
        };
        let mut dropped = 0;
        let mut contents = self.contents.borrow_mut();
        for line in parse_lines(body) {
            let line = line.expect("line protocol");
            if line.tag_value("record.kind").is_some() {
                continue;
            }
            let vin = line.tag_value("vin").expect("a tag vin").to_string();
            let at = line.timestamp.expect("a time") * units;
            let refused = match mood {
                Mood::RefuseLines => true,
                Mood::RefuseField(field) => line.field_set.iter().any(|(name, _)| name.as_str() == *field),
                _ => false,
            };
            dropped += usize::from(refused);
            for (name, value) in &line.field_set {
                let row = Row {
                    vin: vin.clone(),
                    descriptor: name.to_string(),
                    at: at.div_euclid(1_000_000),
                    value: canonical(value.to_string().trim_matches('"')),
                };
                let key = (vin.clone(), name.to_string(), at);
                if refused {
                    contents.refused.insert(key, row);
                } else {
                    contents.refused.remove(&key);
                    contents.stored.insert(key, row);
                }
            }
        }
        if dropped == 0 {
            return respond(204, "", "");
        }
        let words = match mood {
            Mood::RefuseField(field) => format!(
                "partial write: field type conflict: input field \\\"{field}\\\" is type float, already exists as \
                 type string dropped={dropped}"
            ),
            _ => format!(
                "partial write: max-values-per-tag limit exceeded (100000/100000): measurement=\\\"cardata\\\" \
                 tag=\\\"vin\\\" dropped={dropped}"
            ),
        };
        respond(400, "", &format!(r#"{{"code":"invalid","message":"{words}"}}"#))
    }
}

fn respond(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = if status == 204 {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n{headers}{length}connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
