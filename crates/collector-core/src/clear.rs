//! Secrets on their way to another machine.

use std::net::IpAddr;

/// Whether a host is this machine, so that nobody else can listen on the way: `localhost`, a name that ends with it, or a
/// loopback address, in brackets or without.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_named = host == "localhost" || host.ends_with(".localhost");
    is_named || address.is_ok_and(|address| address.is_loopback())
}

/// What the owner is told of secrets that go to a host without TLS; `None` where nobody can listen. `what` names them, and
/// `cure` says what to do: "write `url` with https:".
pub fn in_the_clear(what: &str, host: &str, is_encrypted: bool, cure: &str) -> Option<String> {
    let told = || format!("{what} goes to {host} without TLS, so anybody on the way can read it: {cure}");
    (!is_encrypted && !is_loopback(host)).then(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_this_machine_unencrypted_is_told() {
        for host in [
            "localhost",
            "a.localhost",
            "127.0.0.1",
            "127.8.9.1",
            "::1",
            "[::1]",
        ] {
            assert_eq!(in_the_clear("`token`", host, false, "use TLS"), None, "{host}");
        }
        for host in ["nas.lan", "192.168.1.2", "localhost.example", "[fd00::1]"] {
            let told = in_the_clear("`token`", host, false, "use TLS").unwrap();
            assert!(told.contains(host), "{told}");
            assert_eq!(in_the_clear("`token`", host, true, "use TLS"), None);
        }
    }
}
