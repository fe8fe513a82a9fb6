//! VictoriaMetrics: takes line protocol, keeps numbers and truth values, and refuses nothing.

use std::collections::BTreeMap;
use std::process::Command;

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

fn parse(line: &str) -> Series {
    let exported: Exported = serde_json::from_str(line).expect("a line of an export");
    let mut labels = exported.metric;
    Series {
        name: labels.remove("__name__").unwrap_or_default(),
        labels,
        samples: exported.timestamps.into_iter().zip(exported.values).collect(),
    }
}
