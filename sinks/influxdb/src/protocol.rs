//! Which of InfluxDB's two write protocols the options choose, and whether they are complete for it.

use collector_core::{Invalid, Secret};

use crate::config::InfluxdbConfig;

/// The protocol, with the place in the server and the login.
pub enum Protocol {
    /// `/api/v2/write`.
    Bucket {
        org: String,
        bucket: String,
        token: Secret,
    },
    /// `/write`.
    Database {
        database: String,
        retention_policy: Option<String>,
        login: Option<(String, Secret)>,
    },
}

impl Protocol {
    /// The protocol that the options describe, or what is wrong with them.
    pub fn of(config: &InfluxdbConfig) -> Result<Self, Vec<Invalid>> {
        match (&config.bucket, &config.database) {
            (Some(bucket), None) => Self::bucket(config, bucket),
            (None, Some(database)) => Self::database(config, database),
            (Some(_), Some(_)) => Err(vec![Invalid::new(
                "database",
                "stands beside `bucket`: keep `bucket` for InfluxDB 2.x and 3.x, `database` for 1.x",
            )]),
            (None, None) => Err(vec![Invalid::new(
                "bucket",
                "is missing: InfluxDB 2.x and 3.x need `org`, `bucket` and `token`; 1.x needs `database`",
            )]),
        }
    }

    fn bucket(config: &InfluxdbConfig, bucket: &str) -> Result<Self, Vec<Invalid>> {
        let mut invalid = Vec::new();
        let strangers = [
            ("user", config.user.is_some()),
            ("password", config.password.is_some()),
            ("retention_policy", config.retention_policy.is_some()),
        ];
        for (key, _) in strangers.into_iter().filter(|(_, present)| *present) {
            let reason = "belongs to `database`, not to `bucket`: leave it out";
            invalid.push(Invalid::new(key, reason));
        }
        not_empty("bucket", bucket, &mut invalid);
        let org = config.org.clone().unwrap_or_default();
        if config.org.is_none() {
            let reason =
                "is missing: InfluxDB 2.x needs it; where a server has no organisations, any word will do";
            invalid.push(Invalid::new("org", reason));
        } else {
            not_empty("org", &org, &mut invalid);
        }
        let Some(token) = config.token.clone() else {
            let reason = "is missing: InfluxDB 2.x and 3.x let nobody write without one; for a server without \
                          tokens, such as VictoriaMetrics, write `database` instead of `org` and `bucket`";
            invalid.push(Invalid::new("token", reason));
            return Err(invalid);
        };
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if token.expose().trim().is_empty() {
            invalid.push(Invalid::new("token", "is empty: is the variable set?"));
        } else if !visible(token.expose()) {
            let reason = "holds a line break or a letter that no token has: copy it again";
            invalid.push(Invalid::new("token", reason));
        }
        if !invalid.is_empty() {
            return Err(invalid);
        }
        Ok(Self::Bucket {
            org,
            bucket: bucket.to_owned(),
            token,
        })
    }

    fn database(config: &InfluxdbConfig, database: &str) -> Result<Self, Vec<Invalid>> {
        let mut invalid = Vec::new();
        let strangers = [("org", config.org.is_some()), ("token", config.token.is_some())];
        for (key, _) in strangers.into_iter().filter(|(_, present)| *present) {
            let reason = "belongs to `bucket`, not to `database`: leave it out";
            invalid.push(Invalid::new(key, reason));
        }
        not_empty("database", database, &mut invalid);
        if let Some(policy) = &config.retention_policy {
            not_empty("retention_policy", policy, &mut invalid);
        }
        match (&config.user, &config.password) {
            (Some(user), _) if user.contains(':') => {
                let reason = "has a colon, which HTTP does not allow in a user's name";
                invalid.push(Invalid::new("user", reason));
            }
            (Some(_), None) => invalid.push(Invalid::new("password", "is missing: `user` needs one")),
            (None, Some(_)) => invalid.push(Invalid::new("user", "is missing: `password` needs one")),
            _ => {}
        }
        if !invalid.is_empty() {
            return Err(invalid);
        }
        Ok(Self::Database {
            database: database.to_owned(),
            retention_policy: config.retention_policy.clone(),
            login: config.user.clone().zip(config.password.clone()),
        })
    }
}

fn not_empty(key: &str, text: &str, invalid: &mut Vec<Invalid>) {
    if text.trim().is_empty() {
        invalid.push(Invalid::new(key, "is empty"));
    }
}
