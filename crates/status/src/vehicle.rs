//! Which vehicle somebody means by a name.

use collector_core::{Names, Vin};

/// What a vehicle can be told by, of the end of its VIN, in characters.
const LEAST: usize = 4;

/// Of these the vehicle that goes by the text: its name, its VIN, or the end of its VIN; in any case of letters. `None`
/// where none does.
///
/// # Errors
/// Several go by it: what to do about that.
pub fn meant<'a>(
    text: &str,
    known: impl IntoIterator<Item = &'a Vin>,
    names: &Names,
) -> Result<Option<&'a Vin>, String> {
    let text = text.trim();
    let (mut named, mut ending) = (Vec::new(), Vec::new());
    for vin in known {
        let its = [vin.as_str(), &vin.key_name(), &names.of(vin)];
        let ends = vin.as_str().to_ascii_lowercase();
        if its.iter().any(|name| name.eq_ignore_ascii_case(text)) {
            named.push(vin);
        } else if text.chars().count() >= LEAST && ends.ends_with(&text.to_ascii_lowercase()) {
            ending.push(vin);
        }
    }
    // A name comes before what is the end of another's VIN.
    let found = if named.is_empty() { ending } else { named };
    match found.as_slice() {
        [] => Ok(None),
        [vin] => Ok(Some(vin)),
        _ => Err(format!("several vehicles go by `{text}`: give the VIN")),
    }
}

/// That none goes by it.
pub fn unknown<'a>(text: &str, known: impl IntoIterator<Item = &'a Vin>, names: &Names) -> String {
    let known: Vec<_> = known.into_iter().map(|vin| names.of(vin).to_string()).collect();
    match known.is_empty() {
        true => format!("there is no vehicle `{text}`: none is known here"),
        false => format!("there is no vehicle `{text}`: known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use collector_core::VehicleSettings;

    use super::*;

    #[test]
    fn a_vehicle_goes_by_its_name_and_the_end_of_its_vin() {
        let vins: [Vin; 2] = ["WBY8P210X07A12345", "WBA11AA0001234567"].map(|vin| vin.parse().unwrap());
        let settings = VehicleSettings {
            name: Some("My Car".into()),
            units: None,
        };
        let names = Names::new([], [(vins[0].clone(), settings)]);
        let place = |text: &str| {
            let found = meant(text, &vins, &names).unwrap();
            found.map(|vin| vins.iter().position(|one| one == vin).unwrap())
        };
        for text in [" my car", "WBY8P210X07A12345", "7a12345", "v7a12345", "2345"] {
            assert_eq!(place(text), Some(0), "{text}");
        }
        assert_eq!(place("v1234567"), Some(1));
        for text in ["345", "", "your car", "WBY8"] {
            assert_eq!(place(text), None, "{text}");
        }
        let twins: [Vin; 2] = ["WBY8P210X07A12345", "WBA11AA000AA12345"].map(|vin| vin.parse().unwrap());
        assert!(
            meant("2345", &twins, &names)
                .unwrap_err()
                .contains("give the VIN")
        );
        assert!(unknown("x", &vins, &names).ends_with("known are My Car, v1234567"));
    }
}
