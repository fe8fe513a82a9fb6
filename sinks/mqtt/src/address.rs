//! Where the broker is.

use std::net::IpAddr;
use std::str::FromStr;

use url::Url;

/// `mqtts://host:port`, or `mqtt://host:port` without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
    encrypted: bool,
}

impl Address {
    /// A name or an address; an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether nobody else can listen on the way.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Address {
    /// What is wrong and what to write instead.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write `mqtts://host:port`, or `mqtt://host:port` without TLS";
        let url: Url = text
            .parse()
            .map_err(|error| format!("is no address ({error}): {form}"))?;
        let encrypted = match url.scheme() {
            "mqtts" => true,
            "mqtt" => false,
            other => return Err(format!("begins with `{other}:`: {form}")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a login: write it as `user` and `password`".to_owned());
        }
        let extra = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if extra || host.is_empty() {
            return Err(format!("holds more or less than a host and a port: {form}"));
        }
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(if encrypted { 8883 } else { 1883 }),
            encrypted,
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_of_its_scheme() {
        let secure: Address = "mqtts://broker.lan".parse().unwrap();
        assert_eq!(secure.to_string(), "broker.lan:8883");
        assert!(secure.is_encrypted() && !secure.is_loopback());
        let plain: Address = "mqtt://[::1]/".parse().unwrap();
        assert_eq!((plain.to_string().as_str(), plain.host()), ("[::1]:1883", "::1"));
        assert!(plain.is_loopback());
        assert!("mqtt://127.0.0.1:9".parse::<Address>().unwrap().is_loopback());
    }
}
