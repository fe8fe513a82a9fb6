//! How a page is looked at.

use serde_json::{Value, json};

/// A width, a colour scheme, and whether the page's scripts run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Of the page, in CSS pixels.
    pub width: u32,
    pub is_dark: bool,
    pub has_scripts: bool,
}

impl Look {
    /// A small phone.
    pub const NARROW: Self = Self {
        width: 360,
        is_dark: false,
        has_scripts: true,
    };

    /// A screen on a desk.
    pub const WIDE: Self = Self {
        width: 1440,
        ..Self::NARROW
    };

    /// Both widths in both colour schemes.
    pub const ALL: [Self; 4] = [Self::NARROW, Self::NARROW.dark(), Self::WIDE, Self::WIDE.dark()];

    pub const fn dark(self) -> Self {
        Self {
            is_dark: true,
            ..self
        }
    }

    pub const fn without_scripts(self) -> Self {
        Self {
            has_scripts: false,
            ..self
        }
    }

    /// For the name of a picture, like `360-dark`.
    pub fn name(self) -> String {
        let colours = if self.is_dark { "dark" } else { "light" };
        let scripts = if self.has_scripts { "" } else { "-without-scripts" };
        format!("{}-{colours}{scripts}", self.width)
    }

    /// What the browser is started with.
    pub(super) fn arguments(self) -> Vec<String> {
        let size = format!("--window-size={},{}", self.width, self.height());
        let scripts = (!self.has_scripts).then(|| "--blink-settings=scriptEnabled=false".to_owned());
        [size].into_iter().chain(scripts).collect()
    }

    /// Commands of the DevTools protocol: a window cannot be as narrow as a phone.
    pub(super) fn emulation(self) -> [(&'static str, Value); 2] {
        let scheme = if self.is_dark { "dark" } else { "light" };
        let size = json!({
            "width": self.width, "height": self.height(), "deviceScaleFactor": 1, "mobile": self.width < 600
        });
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        [
            ("Emulation.setDeviceMetricsOverride", size),
            ("Emulation.setEmulatedMedia", media),
        ]
    }

    const fn height(self) -> u32 {
        if self.width < 600 { 780 } else { 900 }
    }
}
