//! VictoriaMetrics: takes line protocol, keeps numbers and truth values, and refuses nothing.

use std::collections::BTreeMap;
use std::process::Command;

use jiff::Timestamp;
use serde::Deserialize;

use super::daemon::{Daemon, Health};

/// A running VictoriaMetrics.
pub struct VictoriaMetrics {
    daemon: Daemon,
    client: reqwest::Client,
}

/// One series: a field of a line with its tags.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// `<measurement>_<field>`.
    pub name: String,
    /// The tags, and `db` where the line came to `/write`.
    pub labels: BTreeMap<String, String>,
    /// Milliseconds since the epoch and the value; truth values are 1 and 0.
    pub samples: Vec<(i64, f64)>,
}

impl VictoriaMetrics {
    /// A server that keeps data of any age; `None` when tests against servers are left out.
    pub async fn start() -> Option<Self> {
        let program = super::find("victoria-metrics", "CARDATA_TEST_VICTORIA_METRICS")?;
        let daemon = Daemon::start(
            |folder, port| {
                let mut command = Command::new(&program);
                command
                    .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
                    .arg(format!("-storageDataPath={}", folder.join("data").display()))
                    .args([
                        "-retentionPeriod=100y",
                        "-dedup.minScrapeInterval=1ms",
                        "-loggerLevel=WARN",
                    ]);
                command
            },
            Health::Path("/health"),
        )
        .await;
        Some(Self {
            daemon,
            client: super::client(),
        })
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> String {
        self.daemon.url()
    }

    /// Every series with all its samples, by name.
    pub async fn series(&self) -> Vec<Series> {
        self.get("/internal/force_flush").await;
        let text = self.get("/api/v1/export?match[]=%7B__name__!=%22%22%7D").await;
        let mut series: Vec<Series> = text.lines().map(parse).collect();
        series.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        series
    }

    /// What a query gives within the hour that is past and the four days that follow, in steps of five minutes; only series
    /// that have a value in it.
    pub async fn ask(&self, query: &str) -> Vec<Series> {
        self.get("/internal/force_flush").await;
        let now = Timestamp::now().as_second();
        let (start, end) = ((now - 3_600).to_string(), (now + 4 * 86_400).to_string());
        let query = [
            ("query", query),
            ("start", &start),
            ("end", &end),
            ("step", "300"),
            ("nocache", "1"),
        ];
        let url = reqwest::Url::parse_with_params("http://any/api/v1/query_range", &query).expect("a query");
        let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let text = self.get(&path).await;
        let answer: Answer = serde_json::from_str(&text).expect("a matrix");
        let series = answer.data.result.into_iter().map(|matrix| Series {
            name: matrix.metric.get("__name__").cloned().unwrap_or_default(),
            labels: matrix.metric,
            samples: matrix
                .values
                .into_iter()
                .map(|(at, value)| (at * 1_000, value.parse().expect("a number")))
                .collect(),
        });
        series.collect()
    }

    async fn get(&self, path: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.url()));
        let answer = request.send().await.expect("VictoriaMetrics answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.expect("the answer is text")
    }
}

#[derive(Deserialize)]
struct Exported {
    metric: BTreeMap<String, String>,
    values: Vec<f64>,
    timestamps: Vec<i64>,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Matrix>,
}

#[derive(Deserialize)]
struct Matrix {
    metric: BTreeMap<String, String>,
    values: Vec<(i64, String)>,
}

fn parse(line: &str) -> Series {
    let exported: Exported = serde_json::from_str(line).expect("a line of an export");
    let mut labels = exported.metric;
    Series {
        name: labels.remove("__name__").unwrap_or_default(),
        labels,
        samples: exported.timestamps.into_iter().zip(exported.values).collect(),
    }
}
