//! Where BMW's OAuth server is.

use url::Url;

/// The base URL of the OAuth server; a path in it (of a proxy or a simulator) stays in front of the API's paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// BMW's own.
    pub const BMW: &str = "https://customer.bmwgroup.com";

    /// Query and fragment of `base` are dropped.
    pub fn new(mut base: Url) -> Self {
        base.set_query(None);
        base.set_fragment(None);
        Self(base)
    }

    pub(crate) fn device_code(&self) -> Url {
        self.join("gcdm/oauth/device/code")
    }

    pub(crate) fn token(&self) -> Url {
        self.join("gcdm/oauth/token")
    }

    fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.0.path().trim_end_matches('/')));
        url
    }
}

/// The URL as messages show it: without user, password, query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only on a URL that has no host, which then has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_bmw_is_one() {
        assert_eq!(
            Endpoint::new(Url::parse(Endpoint::BMW).unwrap())
                .device_code()
                .as_str(),
            "https://customer.bmwgroup.com/gcdm/oauth/device/code"
        );
    }

    #[test]
    fn a_path_prefix_is_kept() {
        for base in ["http://localhost:8080/bmw", "http://localhost:8080/bmw/?a=b#c"] {
            let endpoint = Endpoint::new(Url::parse(base).unwrap());
            assert_eq!(
                endpoint.token().as_str(),
                "http://localhost:8080/bmw/gcdm/oauth/token"
            );
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let endpoint = Endpoint::new(Url::parse("http://me:hunter2@localhost/x").unwrap());
        assert_eq!(shown(&endpoint.0), "http://localhost/x");
        assert!(endpoint.token().as_str().contains("hunter2"));
    }
}
