//! Where requests go and what they carry to be let in.

use collector_core::Invalid;
use collector_core::clear::{in_the_clear, is_loopback};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{RequestBuilder, Url};

use crate::config::InfluxdbConfig;
use crate::protocol::Protocol;
use crate::secrets;

/// The server, the place in it, and the credentials.
pub struct Target {
    /// With the path of a write, without a query.
    endpoint: Url,
    /// The path of the options, without a slash at its end.
    prefix: String,
    protocol: Protocol,
    /// What must never stand in a message.
    secrets: Vec<String>,
}

/// The unit of a request's timestamps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    #[default]
    Milliseconds,
    Nanoseconds,
}

impl Target {
    /// The target that the options describe, or everything that is wrong with them.
    pub fn of(config: &InfluxdbConfig) -> Result<Self, Vec<Invalid>> {
        let endpoint = parse_url(&config.url).map_err(|reason| vec![Invalid::new("url", reason)]);
        let (mut endpoint, protocol) = match (endpoint, Protocol::of(config)) {
            (Ok(endpoint), protocol) => (endpoint, protocol?),
            (Err(url), protocol) => return Err([url, protocol.err().unwrap_or_default()].concat()),
        };
        let path = match &protocol {
            Protocol::Bucket { .. } => "api/v2/write",
            Protocol::Database { .. } => "write",
        };
        let prefix = endpoint.path().trim_end_matches('/').to_owned();
        endpoint.set_path(&format!("{prefix}/{path}"));
        let secrets = match &protocol {
            Protocol::Bucket { token, .. } => secrets::forms(None, token.expose()),
            Protocol::Database {
                login: Some((user, password)),
                ..
            } => secrets::forms(Some(user), password.expose()),
            Protocol::Database { login: None, .. } => Vec::new(),
        };
        Ok(Self {
            endpoint,
            prefix,
            protocol,
            secrets,
        })
    }

    /// The address of a write, with everything that is not secret.
    pub fn write_url(&self, precision: Precision) -> Url {
        let (place, nanoseconds) = match &self.protocol {
            Protocol::Bucket { org, bucket, .. } => (vec![("org", org), ("bucket", bucket)], "ns"),
            Protocol::Database {
                database,
                retention_policy,
                ..
            } => {
                let policy = retention_policy.iter().map(|policy| ("rp", policy));
                ([("db", database)].into_iter().chain(policy).collect(), "n")
            }
        };
        let precision = match precision {
            Precision::Milliseconds => "ms",
            Precision::Nanoseconds => nanoseconds,
        };
        let mut url = self.endpoint.clone();
        url.query_pairs_mut()
            .extend_pairs(place)
            .append_pair("precision", precision);
        url
    }

    /// The address of questions in InfluxQL, which every InfluxDB answers, and of statements where they remove.
    pub fn query_url(&self) -> Url {
        let (database, policy) = self.database();
        let policy = policy.iter().map(|policy| ("rp", *policy));
        let mut url = self.at("query");
        url.query_pairs_mut()
            .append_pair("db", database)
            .extend_pairs(policy)
            .append_pair("epoch", "ns");
        url
    }

    /// Where InfluxDB 2 removes points; `None` where a statement does.
    pub fn delete_url(&self) -> Option<Url> {
        let Protocol::Bucket { org, bucket, .. } = &self.protocol else {
            return None;
        };
        let mut url = self.at("api/v2/delete");
        url.query_pairs_mut()
            .append_pair("org", org)
            .append_pair("bucket", bucket);
        Some(url)
    }

    /// Database and retention policy as InfluxQL calls them. A bucket is a database, or `database/policy`.
    pub fn database(&self) -> (&str, Option<&str>) {
        match &self.protocol {
            Protocol::Bucket { bucket, .. } => match bucket.split_once('/') {
                Some((database, policy)) => (database, Some(policy)),
                None => (bucket, None),
            },
            Protocol::Database {
                database,
                retention_policy,
                ..
            } => (database, retention_policy.as_deref()),
        }
    }

    /// Bucket or database, with what stands above or below it.
    pub fn place(&self) -> String {
        match &self.protocol {
            Protocol::Bucket { org, bucket, .. } => format!("{org}/{bucket}"),
            Protocol::Database {
                database,
                retention_policy,
                ..
            } => format!("{database}/{}", retention_policy.as_deref().unwrap_or_default()),
        }
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(&format!("{}/{path}", self.prefix));
        url
    }

    /// Adds the credentials, marked so that they show in no log.
    pub fn authorize(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.protocol {
            Protocol::Bucket { token, .. } => {
                let value = HeaderValue::from_str(&format!("Token {}", token.expose()));
                // Validation lets no other token through; without the header the server says 401.
                let Ok(mut value) = value else { return request };
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            Protocol::Database {
                login: Some((user, password)),
                ..
            } => request.basic_auth(user, Some(password.expose())),
            Protocol::Database { login: None, .. } => request,
        }
    }

    /// `host:port`, for messages.
    pub fn authority(&self) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        match self.endpoint.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The address without query, for messages.
    pub fn address(&self) -> &str {
        self.endpoint.as_str()
    }

    pub fn is_https(&self) -> bool {
        self.endpoint.scheme() == "https"
    }

    /// Whether the server is this machine, by its name or address.
    pub fn is_loopback(&self) -> bool {
        self.endpoint.host_str().is_some_and(is_loopback)
    }

    /// What is told of a login that others may read on its way.
    pub fn in_the_clear(&self) -> Option<String> {
        let what = match &self.protocol {
            Protocol::Bucket { .. } => "`token`",
            Protocol::Database { login: Some(_), .. } => "`password`",
            Protocol::Database { login: None, .. } => return None,
        };
        let host = self.endpoint.host_str().unwrap_or_default();
        in_the_clear(what, host, self.is_https(), "write `url` with https:")
    }

    /// What must never stand in a message.
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// What a person does about a login that is refused.
    pub fn login_advice(&self) -> String {
        match &self.protocol {
            Protocol::Bucket { org, bucket, .. } => format!(
                "check `token` and whether it may write to bucket `{bucket}`; a new one: \
                 `influx auth create --org {org} --write-buckets`"
            ),
            Protocol::Database {
                database,
                login: Some((user, _)),
                ..
            } => format!(
                "check `user` and `password`; in `influx`: GRANT WRITE ON \"{database}\" TO \"{user}\""
            ),
            Protocol::Database { login: None, .. } => {
                "the server wants a login: add `user` and `password`".to_owned()
            }
        }
    }

    /// What a person does about a place that does not exist.
    pub fn place_advice(&self) -> String {
        match &self.protocol {
            Protocol::Bucket { org, bucket, .. } => format!(
                "bucket `{bucket}` of organisation `{org}` must exist: check both names, or create it with \
                 `influx bucket create --org {org} --name {bucket}`"
            ),
            Protocol::Database {
                database,
                retention_policy: Some(policy),
                ..
            } => format!(
                "database `{database}` and its retention policy `{policy}` must exist: check both names"
            ),
            Protocol::Database { database, .. } => format!(
                "database `{database}` must exist: check the name, or create it with \
                 `influx -execute 'CREATE DATABASE \"{database}\"'`"
            ),
        }
    }

    /// What a person does about options that a server finds wrong, by its words.
    pub fn options_advice(&self, words: &str) -> String {
        let is_about_the_login =
            words.to_ascii_lowercase().contains("uthoriz") || words.contains("forbidden");
        match is_about_the_login {
            true => self.login_advice(),
            false => self.place_advice(),
        }
    }

    /// What a person does about a login that may write, and not read or remove.
    pub fn reading_advice(&self) -> String {
        match &self.protocol {
            Protocol::Bucket { org, bucket, .. } => format!(
                "`token` must be allowed to read bucket `{bucket}` too, because a record is compared with what is \
                 there; a new one: `influx auth create --org {org} --read-buckets --write-buckets`"
            ),
            Protocol::Database {
                database,
                login: Some((user, _)),
                ..
            } => format!(
                "`user` must be allowed to read too, because a record is compared with what is there; in `influx`: \
                 GRANT ALL ON \"{database}\" TO \"{user}\""
            ),
            Protocol::Database { login: None, .. } => self.login_advice(),
        }
    }

    /// What a person does about a place that cannot be asked.
    pub fn asking_advice(&self) -> String {
        match &self.protocol {
            Protocol::Bucket { bucket, .. } => format!(
                "bucket `{bucket}` must exist and have a name in InfluxQL: `influx v1 dbrp create --db {bucket} \
                 --rp autogen --default --bucket-id …`"
            ),
            Protocol::Database { .. } => self.place_advice(),
        }
    }

    /// What a person does about a server that does not know the protocol's path.
    pub fn path_advice(&self) -> &'static str {
        match &self.protocol {
            Protocol::Bucket { .. } => {
                "there is no /api/v2/write: check `url`; InfluxDB before 1.8 needs `database` instead of `org`, \
                 `bucket` and `token`"
            }
            Protocol::Database { .. } => "there is no /write: check `url`",
        }
    }
}

/// An address that a path can be added to.
fn parse_url(text: &str) -> Result<Url, String> {
    let example = "write it as in http://localhost:8086";
    let url = Url::parse(text).map_err(|error| format!("is no address ({error}): {example}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme();
        return Err(format!(
            "begins with `{scheme}:` instead of http: or https:; {example}"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a login: write it as `user` and `password`, or as `token`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "holds more than an address and a path (`?` or `#`): {example}"
        ));
    }
    Ok(url)
}
