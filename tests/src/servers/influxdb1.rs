//! InfluxDB 1.x: the strict judge of line protocol.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::daemon::{Daemon, Health};
use super::port::Port;

/// A running InfluxDB 1.x.
pub struct InfluxDb1 {
    daemon: Daemon,
    client: reqwest::Client,
    users: bool,
    databases: AtomicU32,
}

/// One field of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub measurement: String,
    pub tags: BTreeMap<String, String>,
    pub field: String,
    /// Nanoseconds since the epoch.
    pub timestamp: i64,
    pub value: FieldValue,
}

/// What the server answers of one series: a row a moment, the column `time` in nanoseconds among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Of `GROUP BY`.
    pub tags: BTreeMap<String, String>,
    pub columns: Vec<String>,
    pub values: Vec<Vec<Option<FieldValue>>>,
}

/// A field's value as the server types it. Integers come as numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    Bool(bool),
    Number(f64),
    Text(String),
}

impl InfluxDb1 {
    /// The administrator of [`Self::start_with_users`].
    pub const USER: &str = "admin";
    /// The administrator's password.
    pub const PASSWORD: &str = "correct horse battery staple";

    /// A server that lets everybody in; `None` when tests against servers are left out.
    pub async fn start() -> Option<Self> {
        Self::launch(false).await
    }

    /// A server that wants a user and a password.
    pub async fn start_with_users() -> Option<Self> {
        let server = Self::launch(true).await?;
        let (user, password) = (Self::USER, Self::PASSWORD);
        server
            .statement(&format!(
                "CREATE USER {user} WITH PASSWORD '{password}' WITH ALL PRIVILEGES"
            ))
            .await;
        Some(server)
    }

    async fn launch(users: bool) -> Option<Self> {
        let program = super::find("influxd", "CARDATA_TEST_INFLUXD")?;
        // The port of the backup service, which cannot be turned off.
        let backup = Port::allocate();
        let daemon = Daemon::start(
            |folder, port| {
                let mut command = Command::new(&program);
                command
                    .arg("-config")
                    .arg(configuration(folder, port, backup.number, users));
                command
            },
            Health::Path("/ping"),
        )
        .await;
        Some(Self {
            daemon,
            client: super::client(),
            users,
            databases: AtomicU32::new(0),
        })
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> String {
        self.daemon.url()
    }

    /// An empty database under a name that this server has not had before. A name that was dropped is never
    /// used again: its deletion goes on for a while.
    pub async fn create_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.statement(&format!("CREATE DATABASE {name}")).await;
        name
    }

    /// Runs a statement of InfluxQL, such as `CREATE RETENTION POLICY …`.
    pub async fn statement(&self, statement: &str) {
        self.query("", statement).await;
    }

    /// Writes lines of line protocol, with times in nanoseconds.
    pub async fn write(&self, database: &str, lines: &str) {
        let request = self.client.post(format!("{}/write?db={database}", self.url()));
        let answer = self.authorize(request).body(lines.to_owned()).send().await;
        let status = answer.expect("InfluxDB answers a write").status();
        assert_eq!(status, StatusCode::NO_CONTENT, "{lines}");
    }

    /// Forgets a measurement with its points and the types of its fields.
    pub async fn drop_measurement(&self, database: &str, measurement: &str) {
        self.query(database, &format!("DROP MEASUREMENT {measurement}"))
            .await;
    }

    /// Every field of every point in the database.
    pub async fn points(&self, database: &str) -> Vec<Point> {
        let answer = self.query(database, "SELECT * FROM /.*/ GROUP BY *").await;
        answer.into_iter().flat_map(Table::into_points).collect()
    }

    /// What it answers to a question; one that it does not understand fails the test.
    pub async fn ask(&self, database: &str, question: &str) -> Vec<Rows> {
        let answer = self.query(database, question).await;
        answer.into_iter().map(Table::into_rows).collect()
    }

    async fn query(&self, database: &str, statement: &str) -> Vec<Table> {
        let parameters = [("db", database), ("epoch", "ns"), ("q", statement)];
        let request = self
            .client
            .post(format!("{}/query", self.url()))
            .form(&parameters);
        let answer = self
            .authorize(request)
            .send()
            .await
            .expect("InfluxDB answers a query");
        let text = answer.text().await.expect("the answer is text");
        let answer: Answer = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no answer: {text}"));
        assert!(!text.contains(r#""error":"#), "`{statement}`: {text}");
        answer
            .results
            .into_iter()
            .flat_map(|result| result.series)
            .collect()
    }
}

impl InfluxDb1 {
    fn authorize(&self, request: RequestBuilder) -> RequestBuilder {
        if !self.users {
            return request;
        }
        request.basic_auth(Self::USER, Some(Self::PASSWORD))
    }
}

fn configuration(folder: &Path, port: u16, backup: u16, users: bool) -> PathBuf {
    let path = folder.join("influxdb.conf");
    let at = folder.display();
    let text = format!(
        "reporting-disabled = true\n\
         bind-address = \"127.0.0.1:{backup}\"\n\
         [meta]\n dir = \"{at}/meta\"\n\
         [data]\n dir = \"{at}/data\"\n wal-dir = \"{at}/wal\"\n\
         [http]\n bind-address = \"127.0.0.1:{port}\"\n auth-enabled = {users}\n\
         [monitor]\n store-enabled = false\n"
    );
    fs::write(&path, text).expect("the configuration can be written");
    path
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<QueryResult>,
}

#[derive(Deserialize)]
struct QueryResult {
    #[serde(default)]
    series: Vec<Table>,
}

/// A series as InfluxQL shows it: one column per field, the time first.
#[derive(Deserialize)]
struct Table {
    name: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    columns: Vec<String>,
    #[serde(default)]
    values: Vec<Vec<Box<RawValue>>>,
}

impl Table {
    fn into_rows(self) -> Rows {
        let row = |row: &Vec<Box<RawValue>>| row.iter().map(|value| FieldValue::parse(value)).collect();
        Rows {
            values: self.values.iter().map(row).collect(),
            tags: self.tags,
            columns: self.columns,
        }
    }

    fn into_points(self) -> Vec<Point> {
        let mut points = Vec::new();
        for row in &self.values {
            let timestamp = row[0].get().parse().expect("the first column is the time");
            for (field, value) in self.columns.iter().zip(row).skip(1) {
                let Some(value) = FieldValue::parse(value) else {
                    continue;
                };
                points.push(Point {
                    measurement: self.name.clone(),
                    // A tag that other series have and this one has not shows as an empty text.
                    tags: self
                        .tags
                        .iter()
                        .filter(|(_, value)| !value.is_empty())
                        .map(owned)
                        .collect(),
                    field: field.clone(),
                    timestamp,
                    value,
                });
            }
        }
        points
    }
}

fn owned((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

impl FieldValue {
    /// `None` for null. A number is parsed from the server's own digits: `serde_json` would lose the last bit.
    fn parse(raw: &RawValue) -> Option<Self> {
        match raw.get() {
            "null" => None,
            "true" => Some(Self::Bool(true)),
            "false" => Some(Self::Bool(false)),
            text if text.starts_with('"') => {
                let text = serde_json::from_str(text).expect("a JSON text");
                Some(Self::Text(text))
            }
            digits => Some(Self::Number(digits.parse().expect("a JSON number"))),
        }
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}
