//! The containers that sources poll: found again by name and fingerprint, created when missing, and without
//! what BMW refuses.
//!
//! The API lists containers without their descriptors, so the fingerprint of what is in one stands in its
//! `purpose`. Containers that do not carry our mark belong to somebody else and are never touched.
//!
//! * [`verdict`]: what BMW says of them. [`search`]: which descriptors it takes. [`split`]: how much is tried at a time. [`likelihood`]: what is tried first.
//! * [`state`]: which container comes and goes. [`places`]: for how many there is room. These six are pure.
//! * [`keeper`]: carries it out within the quota. [`stand_in`]: while there is no container. [`growth`]: while there is a container. [`room`]: when BMW allows no further one.
//! * [`sync`]: what `cardata containers sync` would do.

mod error;
mod growth;
mod keeper;
mod likelihood;
pub mod places;
mod room;
pub mod search;
mod split;
mod stand_in;
pub mod state;
pub mod sync;
#[cfg(test)]
mod tests;
pub mod verdict;

use cardata_api::Container;
use source::{DescriptorSet, fingerprint};

pub use error::ContainerError;
pub use growth::grow;
pub use keeper::{find, find_among, lost};

/// The beginning of every purpose that we write; the number is the version of the mark.
const MARK: &str = "cardata/1 ";

/// Whether a container with this purpose was made by this program.
pub fn is_ours(purpose: Option<&str>) -> bool {
    marked(purpose).is_some()
}

/// The fingerprint in a purpose that carries our mark.
fn marked(purpose: Option<&str>) -> Option<&str> {
    purpose?.strip_prefix(MARK)
}

fn purpose(descriptors: &[String]) -> String {
    format!("{MARK}{}", fingerprint(descriptors))
}

/// The containers of the set among these that exist: id, fingerprint, and whether this installation created it.
fn named<'a>(
    set: &DescriptorSet,
    listed: impl IntoIterator<Item = &'a Container>,
    is_created: impl Fn(&str) -> bool,
) -> Vec<(String, String, bool)> {
    let named = listed
        .into_iter()
        .filter(|container| !container.state.is_gone() && container.name.as_ref() == Some(&set.name));
    named
        .filter_map(|container| {
            let fingerprint = marked(container.purpose.as_deref())?.to_owned();
            let id = container.id.to_string();
            let created = is_created(&id);
            Some((id, fingerprint, created))
        })
        .collect()
}
