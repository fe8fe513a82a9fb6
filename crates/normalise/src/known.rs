//! What is known of each descriptor: from the catalogue, else from its first value, unless its owner says a type.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use catalogue::{CATALOGUE, CatalogueEntry, Limits, Truths};
use collector_core::document::{OWN, is_own};
use collector_core::{Descriptor, Unit, ValueType};
use hashbrown::HashMap;

use super::body::{Body, Scalar};
use super::plain::is_one_of;
use super::{unit, value};

/// A descriptor with what its values need to be read.
#[derive(Debug, Clone)]
pub struct KnownDescriptor {
    pub descriptor: Descriptor,
    /// BMW stamps its values with the time of the call.
    pub request_stamped: bool,
    /// What a number of its canonical unit can be.
    pub limits: Limits,
    /// Its own words for yes and no, plain.
    pub truths: Truths,
}

impl KnownDescriptor {
    fn uncatalogued(descriptor: &str, value_type: ValueType, unit: Option<Unit>) -> Self {
        Self {
            descriptor: Descriptor::new(descriptor, descriptor, value_type, unit),
            request_stamped: false,
            limits: Limits::NONE,
            truths: Truths::NONE,
        }
    }
}

/// Every descriptor of the catalogue, once for the process: whoever reads, for however many accounts, shares it.
static CATALOGUED: LazyLock<HashMap<&'static str, KnownDescriptor>> = LazyLock::new(|| {
    let known = |entry: &CatalogueEntry| KnownDescriptor {
        descriptor: entry.to_descriptor(),
        request_stamped: entry.request_stamped,
        limits: entry.limits,
        truths: entry.truths,
    };
    let all = CATALOGUE.iter().map(|entry| (entry.descriptor, known(entry)));
    all.collect()
});

/// Of every document and record: their names are no descriptors, so nothing is learned of them.
static NOTED: LazyLock<KnownDescriptor> =
    LazyLock::new(|| KnownDescriptor::uncatalogued(OWN, ValueType::Text, None));

/// The types that the pipeline file gives descriptors which the catalogue does not have.
pub type FixedTypes = Arc<BTreeMap<String, ValueType>>;

/// The descriptors of the catalogue, and those that were learned. Cheap to make and to clone.
#[derive(Debug, Clone, Default)]
pub struct KnownDescriptors {
    fixed: FixedTypes,
    learned: HashMap<Box<str>, KnownDescriptor>,
}

impl KnownDescriptors {
    /// Nothing is learned yet; these will have their type whatever their first value is.
    pub fn fixing(fixed: FixedTypes) -> Self {
        Self {
            fixed,
            ..Self::default()
        }
    }

    /// What is known of a descriptor, or of the name of a document or a record.
    pub fn get(&self, descriptor: &str) -> Option<&KnownDescriptor> {
        if is_own(descriptor) {
            return Some(&NOTED);
        }
        CATALOGUED
            .get(descriptor)
            .or_else(|| self.learned.get(descriptor))
    }

    /// Remembers a descriptor that the catalogue does not have, with the type and the unit of its first value. Its type is
    /// the one that its owner fixed; else this one, fixed from here on but that it may widen.
    pub fn learn(&mut self, descriptor: &str, value_type: ValueType, unit: Option<Unit>) {
        let value_type = self.fixed.get(descriptor).copied().unwrap_or(value_type);
        let unit = unit.filter(|_| value_type == ValueType::Number);
        let known = KnownDescriptor::uncatalogued(descriptor, value_type, unit);
        self.learned.insert(descriptor.into(), known);
    }

    /// What a learned descriptor sends is text from here on, because something came that does not fit the type of its first
    /// value. `false` for what cannot widen: a descriptor of the catalogue has one type for ever, and so has one whose type
    /// its owner fixed.
    pub fn widen(&mut self, descriptor: &str) -> bool {
        let is_narrow = |known: &KnownDescriptor| known.descriptor.value_type() != ValueType::Text;
        if self.fixed.contains_key(descriptor) || !self.learned.get(descriptor).is_some_and(is_narrow) {
            return false;
        }
        self.learn(descriptor, ValueType::Text, None);
        true
    }

    /// Forgets what was learned, to learn it again from the state database.
    pub fn forget(&mut self) {
        self.learned.clear();
    }
}

/// The type and unit that a first value gives a descriptor; `None` while there is no value.
pub fn infer(body: &Body<'_>, descriptor: &str) -> Option<(ValueType, Option<Unit>)> {
    let value_type = match body.value() {
        Scalar::Null => return None,
        Scalar::Bool(_) => ValueType::Bool,
        Scalar::Number(_) => ValueType::Number,
        Scalar::Nested(_) => ValueType::Text,
        Scalar::Text(text)
            if value::is_absent(&text, &Descriptor::new(descriptor, "", ValueType::Text, None)) =>
        {
            return None;
        }
        Scalar::Text(text) if value::number(text.trim()).is_some() => ValueType::Number,
        Scalar::Text(text) if is_one_of(&text, &["true", "false", "asnistrue", "asnisfalse"]) => {
            ValueType::Bool
        }
        Scalar::Text(_) => ValueType::Text,
    };
    let unit = match value_type {
        ValueType::Number => body.unit().and_then(|text| unit::spelled(&text)),
        _ => None,
    };
    Some((value_type, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_widens_to_text_once_and_the_catalogue_never_does() {
        let mut known = KnownDescriptors::default();
        known.learn("vehicle.new", ValueType::Number, Some(Unit::new("km")));
        assert!(known.widen("vehicle.new"));
        let descriptor = &known.get("vehicle.new").unwrap().descriptor;
        assert_eq!(
            (descriptor.value_type(), descriptor.unit()),
            (ValueType::Text, None)
        );
        for cannot in [
            "vehicle.new",
            "vehicle.never",
            "vehicle.vehicle.travelledDistance",
        ] {
            assert!(!known.widen(cannot), "{cannot}");
        }
    }

    #[test]
    fn what_its_owner_fixed_has_that_type_whatever_came_first_and_never_widens() {
        let fixed = [
            ("vehicle.new", ValueType::Number),
            ("vehicle.flag", ValueType::Bool),
        ];
        let fixed = fixed.map(|(descriptor, value_type)| (descriptor.to_owned(), value_type));
        let mut known = KnownDescriptors::fixing(Arc::new(fixed.into()));
        assert!(known.get("vehicle.new").is_none());
        known.learn("vehicle.new", ValueType::Text, None);
        known.learn("vehicle.flag", ValueType::Number, Some(Unit::new("km")));
        known.learn("vehicle.other", ValueType::Number, Some(Unit::new("km")));
        for (descriptor, value_type, unit, widens) in [
            ("vehicle.new", ValueType::Number, None, false),
            ("vehicle.flag", ValueType::Bool, None, false),
            ("vehicle.other", ValueType::Number, Some("km"), true),
        ] {
            let is = &known.get(descriptor).unwrap().descriptor;
            assert_eq!((is.value_type(), is.unit().map(Unit::as_str)), (value_type, unit));
            assert_eq!(known.widen(descriptor), widens, "{descriptor}");
        }
        known.forget();
        known.learn("vehicle.new", ValueType::Text, None);
        let again = &known.get("vehicle.new").unwrap().descriptor;
        assert_eq!(again.value_type(), ValueType::Number);
    }

    #[test]
    fn documents_and_records_are_text_and_never_learned() {
        let mut known = KnownDescriptors::default();
        for name in ["cardata:record", "cardata:tyres", "cardata:of.tomorrow"] {
            let noted = known.get(name).unwrap();
            assert_eq!(noted.descriptor.value_type(), ValueType::Text, "{name}");
            assert!(!known.widen(name), "{name}");
        }
        assert!(known.get("vehicle.cardata:record").is_none());
    }

    #[test]
    fn the_catalogue_is_there_once_for_all_who_read() {
        let mut one = KnownDescriptors::default();
        one.learn("vehicle.unknown", ValueType::Text, None);
        let (other, copy) = (KnownDescriptors::default(), one.clone());
        for entry in CATALOGUE {
            let known = one.get(entry.descriptor).unwrap();
            for others in [&other, &copy] {
                assert!(std::ptr::eq(known, others.get(entry.descriptor).unwrap()));
            }
        }
        assert!(copy.get("vehicle.unknown").is_some() && other.get("vehicle.unknown").is_none());
    }
}
