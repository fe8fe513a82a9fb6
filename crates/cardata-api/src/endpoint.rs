//! The addresses of the API, each with a form that is fit for messages.

use reqwest::Method;
use serde_json::json;
use url::Url;

use collector_core::{Vin, mask};

use crate::call::Call;
use crate::container::ContainerId;

/// One request before it has a token.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub call: Call,
    pub method: Method,
    pub url: Url,
    /// The address with the VIN shortened and without the query.
    pub shown: String,
    pub body: Option<serde_json::Value>,
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

    pub fn mappings(&self) -> Endpoint {
        self.get(Call::Mappings, &["vehicles", "mappings"])
    }

    pub fn basic_data(&self, vin: &Vin) -> Endpoint {
        self.get(Call::BasicData, &["vehicles", vin.as_str(), "basicData"])
    }

    pub fn telematic_data(&self, vin: &Vin, container: &ContainerId) -> Endpoint {
        let mut endpoint = self.get(Call::TelematicData, &["vehicles", vin.as_str(), "telematicData"]);
        endpoint
            .url
            .query_pairs_mut()
            .append_pair("containerId", container.as_str());
        endpoint
    }

    pub fn containers(&self) -> Endpoint {
        self.get(Call::Containers, &["containers"])
    }

    pub fn container_details(&self, container: &ContainerId) -> Endpoint {
        self.get(Call::ContainerDetails, &["containers", container.as_str()])
    }

    pub fn delete_container(&self, container: &ContainerId) -> Endpoint {
        Endpoint {
            method: Method::DELETE,
            ..self.get(Call::DeleteContainer, &["containers", container.as_str()])
        }
    }

    pub fn create_container(&self, name: &str, purpose: &str, technical_descriptors: &[&str]) -> Endpoint {
        let body = json!({
            "name": name,
            "purpose": purpose,
            "technicalDescriptors": technical_descriptors,
        });
        Endpoint {
            method: Method::POST,
            body: Some(body),
            ..self.get(Call::CreateContainer, &["containers"])
        }
    }

    fn get(&self, call: Call, path: &[&str]) -> Endpoint {
        let mut url = self.0.clone();
        // Fails only on a URL that cannot have a path, such as `mailto:`; the request then fails.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("customers").extend(path);
        }
        let shown = mask::personal(url.as_str());
        Endpoint {
            call,
            method: Method::GET,
            url,
            shown,
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
                base(url).mappings().url.as_str(),
                "http://localhost/bmw/customers/vehicles/mappings"
            );
        }
    }

    #[test]
    fn the_shown_address_has_no_vin() {
        let vin = "WBY8P210X07A12345".parse().unwrap();
        let container = "S00I001234567".parse().unwrap();
        let endpoint = base("https://api.example").telematic_data(&vin, &container);
        assert_eq!(
            endpoint.url.as_str(),
            "https://api.example/customers/vehicles/WBY8P210X07A12345/telematicData?containerId=S00I001234567"
        );
        assert_eq!(
            endpoint.shown,
            "https://api.example/customers/vehicles/…2345/telematicData"
        );
    }

    #[test]
    fn path_parts_are_encoded() {
        let container = "a/b?c%d".parse().unwrap();
        assert_eq!(
            base("https://api.example")
                .container_details(&container)
                .url
                .path(),
            "/customers/containers/a%2Fb%3Fc%25d"
        );
    }
}
