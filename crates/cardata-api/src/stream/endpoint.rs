//! Where the stream is.

use std::str::FromStr;

use url::Url;

/// The address of a broker: `mqtts://host:port`, or `mqtt://` without TLS for one of your own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEndpoint {
    host: String,
    port: u16,
    encrypted: bool,
}

/// Why a text is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    #[error("this is not a URL: {0}")]
    NoUrl(String),
    #[error("a stream's address begins with `mqtts://` (or `mqtt://`, without TLS) and a host")]
    Scheme,
    #[error("only a host and a port can stand in this address")]
    Extra,
}

impl StreamEndpoint {
    /// BMW's broker (integration guide, streaming).
    pub const BMW: &str = "mqtts://customer.streaming-cardata.bmwgroup.com:9000";

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
}

impl FromStr for StreamEndpoint {
    type Err = InvalidEndpoint;

    /// Without a port: 8883 with TLS, else 1883.
    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let url: Url = text
            .parse()
            .map_err(|error: url::ParseError| InvalidEndpoint::NoUrl(error.to_string()))?;
        let encrypted = match url.scheme() {
            "mqtts" => true,
            "mqtt" => false,
            _ => return Err(InvalidEndpoint::Scheme),
        };
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(InvalidEndpoint::Scheme)?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidEndpoint::Extra);
        }
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(if encrypted { 8883 } else { 1883 }),
            encrypted,
        })
    }
}

impl std::fmt::Display for StreamEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
        let bmw: StreamEndpoint = StreamEndpoint::BMW.parse().unwrap();
        assert_eq!(
            (bmw.host(), bmw.port()),
            ("customer.streaming-cardata.bmwgroup.com", 9000)
        );
        assert!(bmw.is_encrypted());
        assert_eq!(bmw.to_string(), StreamEndpoint::BMW);
        let own: StreamEndpoint = "mqtt://[::1]".parse().unwrap();
        assert_eq!((own.host(), own.port(), own.is_encrypted()), ("::1", 1883, false));
        assert_eq!(own.to_string(), "mqtt://[::1]:1883");
        assert_eq!(
            "mqtts://localhost/".parse::<StreamEndpoint>().unwrap().port(),
            8883
        );
    }

    #[test]
    fn anything_else_is_refused() {
        use InvalidEndpoint::{Extra, Scheme};
        assert!(matches!(
            "localhost".parse::<StreamEndpoint>(),
            Err(InvalidEndpoint::NoUrl(_))
        ));
        for (text, expected) in [
            ("https://localhost", Scheme),
            ("mqtts://", Scheme),
            ("localhost:9000", Scheme),
            ("mqtts://user@localhost", Extra),
            ("mqtts://:secret@localhost", Extra),
            ("mqtts://localhost/topic", Extra),
            ("mqtts://localhost?x", Extra),
            ("mqtts://localhost#x", Extra),
        ] {
            assert_eq!(text.parse::<StreamEndpoint>(), Err(expected), "{text}");
        }
    }
}
