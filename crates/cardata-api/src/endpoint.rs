//! The addresses of the API, each with a form that is fit for messages.

use reqwest::Method;
use url::Url;

use collector_core::{Vin, mask};

use crate::call::Call;

/// One request before it has a token.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub call: Call,
    pub method: Method,
    /// What the answer may be.
    pub accept: &'static str,
    pub url: Url,
    /// The address without the query, and with `…` for the VIN: who asks calls the vehicle by its name.
    pub shown: String,
    pub body: Option<serde_json::Value>,
}

impl Endpoint {
    /// Asks for the page that `next`, of the page before, names.
    pub fn ask_for_page(&mut self, next: Option<&str>) {
        if let Some(next) = next {
            self.url.query_pairs_mut().append_pair("nextToken", next);
        }
    }
}

/// The address of the API; a path in it (of a proxy or a simulator) stays in front of the API's paths.
#[derive(Debug, Clone)]
pub(crate) struct Base(Url);

impl Base {
    /// User and password are dropped, as the bearer token takes their header; so are query and fragment.
    pub fn new(mut url: Url) -> Self {
        // Both fail only on a URL that has no host, which then has neither.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        Self(url)
    }

    /// The request of a call, without a body. `path` is what stands behind `customers`.
    pub fn endpoint(&self, call: Call, path: &[&str]) -> Endpoint {
        let mut url = self.0.clone();
        // Fails only on a URL that cannot have a path, such as `mailto:`; the request then fails.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("customers").extend(path);
        }
        let method = match call {
            Call::CreateContainer => Method::POST,
            Call::DeleteContainer => Method::DELETE,
            _ => Method::GET,
        };
        let vins: Vec<_> = path.iter().filter(|part| part.parse::<Vin>().is_ok()).collect();
        Endpoint {
            call,
            method,
            accept: match call {
                Call::Image => "*/*",
                _ => "application/json",
            },
            shown: mask::personal(&mask::without(url.as_str(), &vins)),
            url,
            body: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> Base {
        Base::new(Url::parse(url).unwrap())
    }

    #[test]
    fn a_path_prefix_is_kept() {
        for url in [
            "http://localhost:80/bmw",
            "http://localhost/bmw/",
            "http://me:x@localhost/bmw?a=b#c",
        ] {
            assert_eq!(
                base(url)
                    .endpoint(Call::Mappings, &["vehicles", "mappings"])
                    .url
                    .as_str(),
                "http://localhost/bmw/customers/vehicles/mappings"
            );
        }
    }

    #[test]
    fn the_shown_address_has_no_vin() {
        let path = ["vehicles", "WBY8P210X07A12345", "telematicData"];
        let endpoint = base("https://api.example").endpoint(Call::TelematicData, &path);
        assert_eq!(
            endpoint.url.as_str(),
            "https://api.example/customers/vehicles/WBY8P210X07A12345/telematicData"
        );
        assert_eq!(
            endpoint.shown,
            "https://api.example/customers/vehicles/…/telematicData"
        );
    }

    #[test]
    fn path_parts_are_encoded() {
        let endpoint =
            base("https://api.example").endpoint(Call::DeleteContainer, &["containers", "a/b?c%d"]);
        assert_eq!(endpoint.url.path(), "/customers/containers/a%2Fb%3Fc%25d");
    }
}
