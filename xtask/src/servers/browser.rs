//! Chromium with its driver: from `PATH`, else from Debian's packages with every library that the system lacks.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::debian::{self, Debian};
use crate::{terminal, workspace};

pub const NAME: &str = "chromium";

const DRIVER: &str = "CARDATA_TEST_CHROMEDRIVER";
const BROWSER: &str = "CARDATA_TEST_CHROMIUM";
/// Pages have words, so that there must be a font.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-dejavu-core"];

/// The variables of both programs with their absolute paths. Fetched below `folder` where one is missing: they must
/// be of one version.
pub fn provide(debian: &mut Debian, folder: &Path) -> Result<[(&'static str, PathBuf); 2]> {
    let here = folder.join("browser");
    let on_path = || workspace::on_path("chromedriver").zip(workspace::on_path("chromium"));
    if let Some((driver, browser)) = named().or_else(on_path) {
        ensure!(
            driver.is_file() && browser.is_file(),
            "{DRIVER} or {BROWSER} names no file: {}, {}",
            driver.display(),
            browser.display()
        );
        return Ok([(DRIVER, driver), (BROWSER, browser)]);
    }
    if !here.is_dir() {
        fetch(debian, &here).context("Chromium could not be fetched")?;
    }
    Ok([
        (DRIVER, here.join("chromedriver")),
        (BROWSER, here.join("chromium/chromium")),
    ])
}

/// As their owner names them.
fn named() -> Option<(PathBuf, PathBuf)> {
    let path = |variable| std::path::absolute(std::env::var_os(variable)?).ok();
    path(DRIVER).zip(path(BROWSER))
}

fn fetch(debian: &mut Debian, here: &Path) -> Result<()> {
    terminal::tell(format_args!(
        "fetching Debian's packages {} with their libraries into {}",
        PACKAGES.join(", "),
        here.display()
    ));
    let mut packages = debian.packages("browser-packages")?;
    packages.fetch_with_dependencies(&PACKAGES)?;
    let shell = packages.unpack()?;
    let whole = shell.create_dir("whole")?;
    for (from, to) in [
        ("usr/lib/chromium", "chromium"),
        ("usr/bin/chromedriver", "chromedriver"),
    ] {
        std::fs::rename(shell.current_dir().join(from), whole.join(to))
            .with_context(|| format!("the packages have no {from}"))?;
    }
    // A system that has fonts keeps its own.
    let fonts = shell.create_dir("usr/share/fonts")?;
    std::fs::rename(fonts, whole.join("fonts"))?;
    // Chromium's own libraries stay beside it.
    debian::keep_libraries(shell, &whole.join("lib"))?;
    // The last step: a browser that is there is whole.
    std::fs::rename(&whole, here).context("the browser cannot be moved to its place")?;
    Ok(())
}
