//! Where `cardata init` puts things: the machine's folders for root where the package is installed, else the user's, or
//! all beside the file that is named. Nothing that is there is written over.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Unmade, lookup};

/// The folder of the service (`StateDirectory=cardata` of its unit).
const SYSTEM_DATA: &str = "/var/lib/cardata";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The pipeline file.
    pub file: PathBuf,
    /// The state directory, as it is written into the file.
    pub state: PathBuf,
    /// The folder of the stores, as it is written into the file.
    pub data: PathBuf,
    /// It is the machine's: its service has to read what is written.
    pub is_system: bool,
}

impl Target {
    /// The place for a new file.
    ///
    /// # Errors
    /// A file is there, or the user has no folder.
    pub fn of(
        config: Option<&Path>,
        is_administrator: bool,
        variable: impl Fn(&str) -> Option<OsString> + Copy,
    ) -> Result<Self, Unmade> {
        let places = lookup::places(variable);
        let named = lookup::named(config, variable);
        let (file, before) = match named {
            Some(file) => (file, &[][..]),
            None => {
                let file = usual(is_administrator, variable)?;
                let before = places.iter().position(|place| *place == file).unwrap_or_default();
                (file, &places[..before])
            }
        };
        // One before it would be taken in its place.
        let taken = before.iter().find(|place| lookup::is_there(place));
        if let Some(taken) = taken.or(Some(&file).filter(|file| lookup::is_there(file))) {
            return Err(there_is(taken, &lookup::repeated(config)));
        }
        Self::around(file, variable)
    }

    /// The folders that belong to a file.
    fn around(file: PathBuf, variable: impl Fn(&str) -> Option<OsString> + Copy) -> Result<Self, Unmade> {
        let is_system = file == Path::new(lookup::SYSTEM);
        if is_system {
            let data = PathBuf::from(SYSTEM_DATA);
            return Ok(Self {
                file,
                state: data.join("state"),
                data,
                is_system,
            });
        }
        let own =
            |name, below| lookup::own_folder(variable, name, below).map(|folder| folder.join("cardata"));
        let is_own = lookup::own(variable).is_some_and(|own| file == own);
        let state = own("XDG_STATE_HOME", ".local/state").filter(|_| is_own);
        let data = own("XDG_DATA_HOME", ".local/share").filter(|_| is_own);
        // A folder that is missing below a home that is missing would be made where nobody looks.
        let home = variable("HOME").map(PathBuf::from);
        if let Some(home) = home.filter(|home| file.starts_with(home) && !home.is_dir()) {
            return Err(Unmade::new(format!(
                "your home folder {} is not there: name a place with `cardata init --config FILE`",
                home.display()
            )));
        }
        Ok(Self {
            file,
            state: state.unwrap_or_else(|| "./state".into()),
            data: data.unwrap_or_else(|| "data".into()),
            is_system: false,
        })
    }

    /// The folder of the file.
    pub fn folder(&self) -> &Path {
        let folder = self.file.parent().unwrap_or(&self.file);
        match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        }
    }

    /// The group that has to read what is written, where that is not the user's.
    ///
    /// # Errors
    /// The service has no folder.
    #[cfg(unix)]
    pub fn group(&self) -> Result<Option<u32>, Unmade> {
        use std::os::unix::fs::MetadataExt;
        if !self.is_system {
            return Ok(None);
        }
        let found = std::fs::metadata(&self.data).map(|found| Some(found.gid()));
        found.map_err(|error| {
            let data = self.data.display();
            Unmade::new(format!(
                "cannot look at {data}, the folder of the service: {error}: install the package again"
            ))
        })
    }
}

/// The machine's place for its administrator where there is a service, else the user's.
fn usual(is_administrator: bool, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, Unmade> {
    if is_administrator && lookup::has_service() {
        return Ok(lookup::SYSTEM.into());
    }
    lookup::own(variable).ok_or_else(|| {
        let advice = "`HOME` is not set, so you have no folder of settings: name a place with `cardata init --config FILE`";
        Unmade::new(advice)
    })
}

fn there_is(file: &Path, config: &str) -> Unmade {
    let shown = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let shown = shown.display();
    Unmade::new(format!(
        "{shown} is there already and stays as it is.\n\
             Change it in an editor, then `cardata check{config}`.\n\
             Or move it away, or make one elsewhere: cardata init --config FILE"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: Option<&str>, set: &[(&str, &str)]) -> Result<Target, String> {
        let variable = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        Target::of(config.map(Path::new), false, variable).map_err(|error| error.to_string())
    }

    fn target(file: &str, state: &str, data: &str) -> Target {
        Target {
            file: file.into(),
            state: state.into(),
            data: data.into(),
            is_system: file == lookup::SYSTEM,
        }
    }

    #[test]
    fn a_user_has_three_folders_and_a_named_file_has_all_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let own = target(
            &format!("{home}/.config/cardata/pipeline.yaml"),
            &format!("{home}/.local/state/cardata"),
            &format!("{home}/.local/share/cardata"),
        );
        assert_eq!(of(None, &[("HOME", home)]).unwrap(), own);
        assert_eq!(
            of(Some(own.file.to_str().unwrap()), &[("HOME", home)]).unwrap(),
            own
        );
        let beside = target("my.yaml", "./state", "data");
        assert_eq!(of(Some("my.yaml"), &[("HOME", home)]).unwrap(), beside);
        assert_eq!(of(None, &[("CARDATA_CONFIG", "my.yaml")]).unwrap(), beside);
        let moved = [
            ("HOME", home),
            ("XDG_STATE_HOME", "relative"),
            ("XDG_DATA_HOME", "/d"),
        ];
        let moved = of(None, &moved).unwrap();
        assert_eq!((moved.state, moved.data), (own.state, "/d/cardata".into()));
    }

    #[test]
    fn the_machines_file_has_the_folders_of_the_service() {
        let system = target(lookup::SYSTEM, "/var/lib/cardata/state", "/var/lib/cardata");
        let found = Target::around(lookup::SYSTEM.into(), |_| None);
        assert_eq!(found.map_err(|error| error.to_string()), Ok(system));
    }

    #[test]
    fn a_file_that_is_there_and_a_home_that_is_not_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("pipeline.yaml");
        std::fs::write(&there, "").unwrap();
        let there = there.to_str().unwrap();
        let said = of(Some(there), &[]).unwrap_err();
        let check = format!("`cardata check --config {there}`");
        assert!(said.contains(&check) && said.contains("--config FILE"), "{said}");
        let said = of(None, &[("HOME", "/no/such/home")]).unwrap_err();
        assert!(said.contains("/no/such/home"), "{said}");
        let said = of(None, &[]).unwrap_err();
        assert!(said.contains("HOME"), "{said}");
    }
}
