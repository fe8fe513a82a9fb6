//! Units: many spellings to one, and numbers converted with them.

use std::borrow::Cow;
use std::sync::LazyLock;

use collector_core::{Descriptor, Unit, Value};
use hashbrown::HashMap;

use super::plain::plain;
use super::unit_table::{KnownUnit, UNITS};
use super::unlabelled::Unlabelled;
use super::value::is_nothing;

/// The units of each spelling. Some letters are several: `w` is watts or weeks, `m` metres, minutes or months.
static SPELLINGS: LazyLock<HashMap<Cow<'static, str>, Vec<&'static KnownUnit>>> = LazyLock::new(|| {
    let mut spellings: HashMap<_, Vec<_>> = HashMap::new();
    for unit in UNITS {
        let others = unit.others.iter().map(|other| Cow::Borrowed(*other));
        for spelling in others.chain([plain(unit.name).into()]) {
            spellings.entry(spelling).or_default().push(unit);
        }
    }
    spellings
});

/// A unit in our spelling, or as it was sent where nobody knows it; `None` where the text names none (`-`, `null`).
pub fn spelled(text: &str) -> Option<Unit> {
    if is_nothing(text) {
        return None;
    }
    Some(known(text, None).map_or_else(|| Unit::other(text.trim()), |unit| Unit::new(unit.name)))
}

/// The unit that a text names. Where that may be several it is `canonical`, else the one of its kind that is nearest to it in
/// size: whoever counts weeks counts months and not minutes.
fn known(text: &str, canonical: Option<&KnownUnit>) -> Option<&'static KnownUnit> {
    if let Some(ours) = named(text)
        && canonical.is_none_or(|canonical| canonical.kind == ours.kind)
    {
        return Some(ours);
    }
    let plain = plain(text);
    let spellings = &*SPELLINGS;
    let meant = spellings
        .get(plain.as_str())
        .or_else(|| spellings.get(plain.replace("per", "/").as_str()))?;
    let is_canonical = |unit: &&KnownUnit| canonical.is_some_and(|canonical| canonical.name == unit.name);
    let of_its_kind = meant
        .iter()
        .filter_map(|unit| Some((*unit, unit.apart(canonical?)?)));
    let nearest = of_its_kind.min_by(|(_, one), (_, other)| one.total_cmp(other));
    let mut units = meant.iter().copied();
    let is_canonical = units.clone().find(is_canonical);
    is_canonical
        .or(nearest.map(|(unit, _)| unit))
        .or_else(|| units.next())
}

/// The unit that a text names, where a number of the descriptor can be in it.
pub fn of_kind(text: &str, descriptor: &Descriptor) -> Option<&'static str> {
    let canonical = named(descriptor.unit()?.as_str())?;
    let unit = known(text, Some(canonical)).filter(|unit| unit.kind == canonical.kind);
    unit.map(|unit| unit.name)
}

/// A number of one unit in another; `None` where they are of two kinds.
pub fn converted(number: f64, from: &str, to: &str) -> Option<f64> {
    named(from)?.convert(number, named(to)?)
}

/// The unit that we write so.
fn named(name: &str) -> Option<&'static KnownUnit> {
    UNITS.iter().find(|unit| unit.name == name)
}

/// A value in its descriptor's canonical unit. A number that came without a unit has the one that `unlabelled` knows, else the
/// canonical one. A unit that cannot be read, or is of another kind, costs the unit and not the number: it is kept as told,
/// without one. A descriptor without a canonical unit keeps what BMW said.
///
/// # Errors
/// The number has no counterpart in the canonical unit.
pub fn convert(
    value: Value,
    sent: Option<&str>,
    descriptor: &Descriptor,
    unlabelled: &Unlabelled,
) -> Result<(Value, Option<Unit>), String> {
    let Value::Number(number) = value else {
        return Ok((value, None));
    };
    let Some(canonical) = descriptor.unit() else {
        return Ok((value, sent.and_then(spelled)));
    };
    if sent == Some(canonical.as_str()) {
        return Ok((value, Some(canonical.clone())));
    }
    let label = sent.filter(|sent| !is_nothing(sent));
    let Some(sent) = label.or_else(|| unlabelled.of(descriptor)) else {
        return Ok((value, Some(canonical.clone())));
    };
    let to = named(canonical.as_str());
    let from = known(sent, to);
    let converted = match (from, to) {
        (Some(from), Some(to)) if from.name == to.name => Some(number),
        (Some(from), Some(to)) => from.convert(number, to).map(rounded),
        _ => None,
    };
    match converted {
        Some(number) if number.is_finite() => Ok((Value::Number(number), Some(canonical.clone()))),
        Some(_) => Err(format!("a number of {sent} that is none of {canonical}")),
        None => Ok((Value::Number(number), None)),
    }
}

/// Twelve significant digits of a converted number: more than any vehicle measures, and fewer than arithmetic leaves behind.
/// 305 mi are 490.84992 km, and not 490.84992000000005.
fn rounded(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use collector_core::ValueType;

    use super::*;

    proptest::proptest! {
        /// Nine digits, six of them behind the point, are more than any vehicle tells.
        #[test]
        fn a_converted_number_has_no_noise_and_loses_nothing(digits in -999_999_999_i32..=999_999_999, places in 0_i32..=6) {
            let number = f64::from(digits) / 10_f64.powi(places);
            let others = UNITS.iter().flat_map(|from| UNITS.iter().map(move |to| (from, to)));
            for (from, to) in others.filter(|(from, to)| from.kind == to.kind && from.name != to.name) {
                let descriptor = Descriptor::new("a", "a", ValueType::Number, Some(Unit::new(to.name)));
                let converted = convert(Value::Number(number), Some(from.name), &descriptor, &Unlabelled::default());
                let Ok((Value::Number(converted), Some(_))) = converted else { continue };
                let exact = from.convert(number, to).unwrap();
                proptest::prop_assert!((converted - exact).abs() <= exact.abs() * 5.1e-12);
                let written = format!("{converted:e}");
                proptest::prop_assert!(written.len() <= "-1.12345678901e-12".len(), "{}", written);
            }
        }

        #[test]
        fn a_number_in_its_own_unit_stays_bit_for_bit(number: f64) {
            for label in [None, Some("km"), Some("kilometres")] {
                let descriptor = Descriptor::new("a", "a", ValueType::Number, Some(Unit::new("km")));
                let (value, _) = convert(Value::Number(number), label, &descriptor, &Unlabelled::default()).unwrap();
                let Value::Number(kept) = value else { panic!() };
                proptest::prop_assert_eq!(kept.to_bits(), number.to_bits());
            }
        }
    }

    #[test]
    fn no_spelling_means_two_units_of_one_kind_but_the_letters() {
        let several = SPELLINGS.iter().filter(|(_, units)| units.len() > 1);
        let mut letters: Vec<&str> = several.map(|(spelling, _)| spelling.as_ref()).collect();
        letters.sort_unstable();
        assert_eq!(letters, ["a", "m", "w"]);
        for spelling in SPELLINGS.keys() {
            assert_eq!(&plain(spelling), spelling.as_ref());
        }
    }
}
