//! What a broker says about who came and went: its own log, read from outside.

use std::time::Duration;

use crate::servers::Mosquitto;

/// One login that the broker took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub client: String,
    pub user: String,
    /// Whether it asked the broker to forget what an earlier connection had left.
    pub clean: bool,
    /// Seconds.
    pub keep_alive: u64,
}

/// What mosquitto has to be told to say all of this.
pub const LOG: [&str; 6] = [
    "log_type error",
    "log_type warning",
    "log_type notice",
    "log_type information",
    "log_type subscribe",
    "connection_messages true",
];

/// Every login of this user, in order.
pub fn logins(broker: &Mosquitto, user: &str) -> Vec<Login> {
    let mut logins: Vec<_> = broker.log().lines().filter_map(login).collect();
    logins.retain(|login| login.user == user);
    logins
}

/// How often a subscription to every vehicle of this account was granted.
pub fn subscriptions(broker: &Mosquitto, gcid: &str) -> usize {
    let filter = format!(" {gcid}/+");
    let log = broker.log();
    log.lines().filter(|line| line.ends_with(&filter)).count()
}

/// `1700000000: New client connected from 127.0.0.1:40000 as cardata (p2, c1, k30, u'gcid').`
fn login(line: &str) -> Option<Login> {
    let (_, rest) = line.split_once("New client connected from ")?;
    let (_, rest) = rest.split_once(" as ")?;
    let (client, rest) = rest.rsplit_once(" (p")?;
    let mut parts = rest.split(", ").skip(1);
    let clean = parts.next()? == "c1";
    let keep_alive = parts
        .next()?
        .strip_prefix('k')?
        .trim_end_matches(").")
        .parse()
        .ok()?;
    let user = parts.next().and_then(|user| user.strip_prefix("u'"));
    Some(Login {
        client: client.to_owned(),
        user: user.unwrap_or_default().trim_end_matches("').").to_owned(),
        clean,
        keep_alive,
    })
}

/// Waits until the broker has said enough; the deadline only ends a test that has failed.
pub async fn wait(broker: &Mosquitto, what: &str, deadline: Duration, enough: impl Fn(&Mosquitto) -> bool) {
    let waited = tokio::time::timeout(deadline, async {
        while !enough(broker) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(
        waited.await.is_ok(),
        "no {what} within {deadline:?}; the broker said:\n{}",
        broker.log()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_read_from_the_line_of_mosquitto() {
        let line = "1700000000: New client connected from 127.0.0.1:1234 as a (b) c (p2, c0, k30, u'x-1').";
        let wanted = Login {
            client: "a (b) c".to_owned(),
            user: "x-1".to_owned(),
            clean: false,
            keep_alive: 30,
        };
        assert_eq!(login(line), Some(wanted));
        assert!(
            login("1700000000: New client connected from 127.0.0.1:1 as auto-1 (p2, c1, k60).").is_some()
        );
        assert_eq!(login("1700000000: mosquitto version 2.0.11 running"), None);
    }
}
