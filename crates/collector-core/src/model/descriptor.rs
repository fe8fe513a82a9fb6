//! BMW's technical identifier of one data point, with what is known about it for ever.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{Unit, ValueType};

/// A descriptor such as `vehicle.drivetrain.batteryManagement.header`, with its short name, its type and its
/// canonical unit.
///
/// Two descriptors are equal when their identifiers are. A clone shares the text.
#[derive(Clone)]
pub struct Descriptor(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    id: Box<str>,
    name: Box<str>,
    value_type: ValueType,
    unit: Option<Unit>,
    title: &'static str,
    options: &'static [&'static str],
}

impl Descriptor {
    /// `name` is the short name for people and column headers, such as `soc`; it is unique among all
    /// descriptors, as `id` is.
    pub fn new(id: &str, name: &str, value_type: ValueType, unit: Option<Unit>) -> Self {
        Self(Arc::new(Inner {
            id: id.into(),
            name: name.into(),
            value_type,
            unit,
            title: "",
            options: &[],
        }))
    }

    /// The same descriptor with what a catalogue tells people about it.
    #[must_use]
    pub fn described(self, title: &'static str, options: &'static [&'static str]) -> Self {
        Self(Arc::new(Inner {
            title,
            options,
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// BMW's identifier.
    pub fn as_str(&self) -> &str {
        &self.0.id
    }

    /// The short name: lower-case letters, digits and underscores for descriptors of the catalogue, the
    /// identifier itself for others.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether a catalogue has it. Then it has a short name, and one type for ever; another may turn out to be text.
    pub fn is_catalogued(&self) -> bool {
        self.0.name != self.0.id
    }

    /// The type of every value that this descriptor will ever have.
    pub fn value_type(&self) -> ValueType {
        self.0.value_type
    }

    /// The unit that every number of this descriptor is converted to; `None` where there is none.
    pub fn unit(&self) -> Option<&Unit> {
        self.0.unit.as_ref()
    }

    /// BMW's English title: `Mileage`. Empty where none is known.
    pub fn title(&self) -> &str {
        self.0.title
    }

    /// The texts that the catalogue names for its values, without those that mean "no value". A value outside of
    /// them is possible all the same. Empty where none are named.
    pub fn options(&self) -> &[&'static str] {
        self.0.options
    }
}

impl PartialEq for Descriptor {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.id == other.0.id
    }
}

impl Eq for Descriptor {}

impl Hash for Descriptor {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

/// Equality, order and hash are those of the identifier, so a map finds a descriptor by it.
impl Borrow<str> for Descriptor {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialOrd for Descriptor {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Descriptor {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.id.cmp(&other.0.id)
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.id)
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Descriptor({})", self.0.id)
    }
}
