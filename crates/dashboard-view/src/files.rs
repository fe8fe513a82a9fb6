//! The files of the page, which are part of the program.

/// A file that is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Below `assets/`.
    pub name: &'static str,
    pub bytes: &'static [u8],
    /// With its `charset`, where it is a text.
    pub content_type: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml; charset=utf-8";

macro_rules! files {
    ($($name:literal: $content_type:expr,)*) => {
        /// Below `assets/`.
        pub static FILES: &[Asset] = &[$(Asset {
            name: $name,
            bytes: include_bytes!(concat!("../assets/", $name)),
            content_type: $content_type,
        },)*];
    };
}

files! {
    "car.svg": PICTURE,
    "chart.js": SCRIPT,
    "favicon.svg": PICTURE,
    "icons.svg": PICTURE,
    "live.js": SCRIPT,
    "style.css": STYLE,
    "table.js": SCRIPT,
    "theme.js": SCRIPT,
    "vendor/uPlot.iife.min.js": SCRIPT,
    "vendor/uPlot.min.css": STYLE,
}
