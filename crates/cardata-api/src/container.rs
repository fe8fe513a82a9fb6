//! Containers: the named lists of descriptors that telematic data is asked by.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value;

use crate::answer::Answer;
use crate::error::ApiError;

/// The id that BMW gave a container: 13 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContainerId(Arc<str>);

/// Why a text cannot be the id of a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a container, which has 13 letters and digits")]
pub struct InvalidContainerId(String);

/// A container, without its descriptors: the list does not show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub id: ContainerId,
    pub name: Option<String>,
    pub purpose: Option<String>,
    pub state: ContainerState,
}

/// BMW's specification and its documentation name different states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    Active,
    Inactive,
    Deleted,
    /// Another word, or none.
    Other(String),
}

const NO_CONTAINER: &str = "no container with an id";
const NO_LIST: &str = "no list of containers";

impl ContainerId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ContainerId {
    type Err = InvalidContainerId;

    /// The length is BMW's to check (CU-121). What would change the address of a request is refused.
    fn from_str(text: &str) -> Result<Self, InvalidContainerId> {
        let fits = (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
        if !fits || text.chars().all(|c| c == '.') {
            return Err(InvalidContainerId(text.chars().take(128).collect()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ContainerState {
    /// Whether BMW keeps the container only for the record.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Inactive | Self::Deleted)
    }
}

/// `{"containers": […]}`, or the array alone; HTTP 204 where there is none.
pub(crate) fn read_list(answer: &Answer<'_>) -> Result<Vec<Container>, ApiError> {
    if answer.status == 204 {
        return Ok(Vec::new());
    }
    let items = match answer.json(NO_LIST)? {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("containers") {
            Some(Value::Array(items)) => items,
            Some(Value::Null) => Vec::new(),
            None if object.is_empty() => Vec::new(),
            _ => return Err(answer.unexpected(NO_LIST)),
        },
        _ => return Err(answer.unexpected(NO_LIST)),
    };
    let containers: Vec<Container> = items.iter().filter_map(container).collect();
    if containers.is_empty() && !items.is_empty() {
        return Err(answer.unexpected(NO_CONTAINER));
    }
    if containers.len() < items.len() {
        let left_out = items.len() - containers.len();
        tracing::warn!(left_out, "The list of containers has entries without an id.");
    }
    Ok(containers)
}

pub(crate) fn read_one(answer: &Answer<'_>) -> Result<Container, ApiError> {
    container(&answer.json(NO_CONTAINER)?).ok_or_else(|| answer.unexpected(NO_CONTAINER))
}

fn container(item: &Value) -> Option<Container> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    Some(Container {
        id: text("containerId")?.parse().ok()?,
        name: text("name").map(str::to_owned),
        purpose: text("purpose").map(str::to_owned),
        state: state(text("state").unwrap_or_default()),
    })
}

fn state(text: &str) -> ContainerState {
    match text.to_ascii_uppercase().as_str() {
        "ACTIVE" => ContainerState::Active,
        "INACTIVE" => ContainerState::Inactive,
        "DELETED" => ContainerState::Deleted,
        _ => ContainerState::Other(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_change_the_address() {
        assert_eq!(
            "S00I001234567".parse::<ContainerId>().unwrap().as_str(),
            "S00I001234567"
        );
        for text in ["", ".", "..", "a b", "a\nb", "ä", &"a".repeat(129)] {
            assert!(text.parse::<ContainerId>().is_err(), "{text:?}");
        }
    }
}
