//! Where an MQTT broker is.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// `mqtts://host:port`, or `mqtt://host:port` without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    host: String,
    port: u16,
    encrypted: bool,
}

/// Why a text is no such address. The words repeat nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    #[error("this is not a URL: {0}")]
    NoUrl(String),
    #[error("the address of a broker begins with `mqtts://` (or `mqtt://`, without TLS) and a host")]
    Scheme,
    #[error("a login does not belong into an address")]
    Login,
    #[error("only a host and a port can stand in this address")]
    Extra,
}

impl BrokerAddress {
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
        crate::clear::is_loopback(&self.host)
    }
}

impl FromStr for BrokerAddress {
    type Err = InvalidAddress;

    /// Without a port: 8883 with TLS, else 1883.
    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let url = Url::parse(text).map_err(|error| InvalidAddress::NoUrl(error.to_string()))?;
        let encrypted = match url.scheme() {
            "mqtts" => true,
            "mqtt" => false,
            _ => return Err(InvalidAddress::Scheme),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(InvalidAddress::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidAddress::Login);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidAddress::Extra);
        }
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(if encrypted { 8883 } else { 1883 }),
            encrypted,
        })
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.encrypted { "mqtts" } else { "mqtt" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for (text, host, port, encrypted, shown) in [
            (
                "mqtts://broker.lan:9000",
                "broker.lan",
                9000,
                true,
                "mqtts://broker.lan:9000",
            ),
            (
                "mqtts://localhost/",
                "localhost",
                8883,
                true,
                "mqtts://localhost:8883",
            ),
            ("mqtt://[::1]", "::1", 1883, false, "mqtt://[::1]:1883"),
        ] {
            let address: BrokerAddress = text.parse().unwrap();
            assert_eq!((address.host(), address.port()), (host, port));
            assert_eq!(
                (address.is_encrypted(), address.to_string().as_str()),
                (encrypted, shown)
            );
            assert_eq!(address.is_loopback(), host != "broker.lan");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        use InvalidAddress::{Extra, Login, NoUrl, Scheme};
        let parse = |text: &str| text.parse::<BrokerAddress>().unwrap_err();
        assert!(matches!(parse("localhost"), NoUrl(_)));
        for (text, expected) in [
            ("https://localhost", Scheme),
            ("mqtts://", Scheme),
            ("localhost:9000", Scheme),
            ("mqtts://user@localhost", Login),
            ("mqtts://:secret@localhost", Login),
            ("mqtts://localhost/topic", Extra),
            ("mqtts://localhost?x", Extra),
            ("mqtts://localhost#x", Extra),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
