//! How often each vehicle is polled.

use std::time::Duration;

use crate::duration;
use crate::scalar::Wrong;

const SHORTEST: Duration = Duration::from_secs(1);

/// How often each vehicle is polled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Every {
    /// At least a second.
    Fixed(Duration),
    /// As often as the quota allows, shared fairly among the vehicles.
    #[default]
    Auto,
}

crate::written_as_text!(Every, every, write, {
    "type": "string", "pattern": format!("^auto$|{}", duration::PATTERN)
});

fn write(every: &Every) -> String {
    match every {
        Every::Auto => "auto".to_owned(),
        Every::Fixed(time) => duration::format(*time),
    }
}

fn every(text: &str) -> Result<Every, Wrong> {
    if text == "auto" {
        return Ok(Every::Auto);
    }
    let time = duration::parse_positive(text)?;
    if time < SHORTEST {
        return Err(
            Wrong::new(format!("`{text}` is shorter than a second")).help("write for example `every: 30m`")
        );
    }
    Ok(Every::Fixed(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_is_a_duration_or_auto() {
        assert_eq!(every("auto"), Ok(Every::Auto));
        assert_eq!(every("1s"), Ok(Every::Fixed(SHORTEST)));
        for text in ["999ms", "0s", "30", "-1s", "Auto", "never"] {
            assert!(every(text).is_err(), "{text}");
        }
    }
}
