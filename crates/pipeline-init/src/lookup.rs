//! Which pipeline file a command means, where it names none: `$CARDATA_CONFIG`, else the first that is there of the folder
//! of the call, the user's folder of settings (XDG Base Directory Specification), and that of the machine.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::Unmade;

/// The machine's, which the service reads.
pub const SYSTEM: &str = "/etc/cardata/pipeline.yaml";
const VARIABLE: &str = "CARDATA_CONFIG";
const NAME: &str = "pipeline.yaml";

/// The file that a command means whose `--config` is this. One that is named is taken also where it is not there; one that is there, also where
/// it cannot be read. One of the user or of the machine counts also in a folder that is hidden from this user, where nothing
/// else is found. The folder of the call does not: of `sudo -u cardata cardata status` it is hidden mostly.
pub fn find(config: Option<&Path>) -> Result<PathBuf, Unmade> {
    if let Some(named) = named(config, variable) {
        return Ok(named);
    }
    let places = places(variable);
    let found = places.iter().find(|place| is_there(place));
    let found = found.or_else(|| {
        places
            .iter()
            .rfind(|place| place.is_absolute() && is_hidden(place))
    });
    found.cloned().ok_or_else(|| missing(&places))
}

/// The file that the caller names.
pub fn named(config: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let config = config.map(Path::to_owned);
    config.or_else(|| variable(VARIABLE).map(PathBuf::from))
}

/// Where a file is looked for that nobody names, the first first.
pub fn places(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let here = Some(PathBuf::from(NAME));
    let all = [here, own(variable), Some(SYSTEM.into())];
    all.into_iter().flatten().collect()
}

/// The user's.
pub fn own(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = own_folder(variable, "XDG_CONFIG_HOME", ".config");
    folder.map(|folder| folder.join("cardata").join(NAME))
}

/// A folder of the user, by its variable or below the home folder. Relative ones do not count, as the specification says.
pub fn own_folder(
    variable: impl Fn(&str) -> Option<OsString>,
    name: &str,
    below_home: &str,
) -> Option<PathBuf> {
    let absolute = |name| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(name).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}

/// A variable of this process; one that is empty is as good as none.
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether something is at a place, whatever it is.
pub fn is_there(place: &Path) -> bool {
    place.symlink_metadata().is_ok()
}

fn is_hidden(place: &Path) -> bool {
    let found = place.symlink_metadata();
    found.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// What a command that is to be copied needs behind it to mean the same file: ` --config FILE`, or nothing where the file
/// was not named by an option.
pub fn repeated(config: Option<&Path>) -> String {
    config.map_or_else(String::new, |file| format!(" --config {}", quoted(file)))
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    match text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Whether the package is installed, which brings the folder.
pub fn has_service() -> bool {
    Path::new(SYSTEM).parent().is_some_and(Path::is_dir)
}

fn missing(places: &[PathBuf]) -> Unmade {
    let mut message = format!("No pipeline file. Looked for:\n  ${VARIABLE} (not set)\n");
    for place in places {
        let here = if place.is_relative() { "./" } else { "" };
        let _ = writeln!(message, "  {here}{}", place.display());
    }
    // Another's would be no file of the service.
    let sudo = match has_service() && !runtime::private::is_root() {
        true => "sudo ",
        false => "",
    };
    let _ = write!(
        message,
        "Make one:\n  {sudo}cardata init\nOr name yours: --config FILE"
    );
    Unmade::new(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + Copy + 'a {
        |name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        }
    }

    fn shown(set: &[(&str, &str)]) -> Vec<String> {
        let places = places(variables(set));
        places.iter().map(|place| place.display().to_string()).collect()
    }

    #[test]
    fn what_is_named_comes_first() {
        let named = |config: Option<&str>, set: &[(&str, &str)]| named(config.map(Path::new), variables(set));
        let set = [(VARIABLE, "b.yaml")];
        assert_eq!(named(Some("a.yaml"), &set), Some("a.yaml".into()));
        assert_eq!(named(None, &set), Some("b.yaml".into()));
        assert_eq!(named(None, &[]), None);
    }

    #[test]
    fn places_of_the_user_are_absolute_or_none() {
        let home = ("HOME", "/srv/anna");
        let below_home = [NAME, "/srv/anna/.config/cardata/pipeline.yaml", SYSTEM];
        assert_eq!(shown(&[home]), below_home);
        assert_eq!(shown(&[home, ("XDG_CONFIG_HOME", "settings")]), below_home);
        assert_eq!(
            shown(&[home, ("XDG_CONFIG_HOME", "/settings")]),
            [NAME, "/settings/cardata/pipeline.yaml", SYSTEM]
        );
        assert_eq!(shown(&[]), [NAME, SYSTEM]);
        assert_eq!(shown(&[("HOME", "anna")]), [NAME, SYSTEM]);
    }

    #[test]
    fn what_is_there_but_cannot_be_used_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("folder")).unwrap();
        std::fs::write(path("file"), "").unwrap();
        assert!(is_there(&path("folder")) && is_there(&path("file")));
        assert!(!is_there(&path("none")) && !is_there(&path("file/below")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", path("link")).unwrap();
            assert!(is_there(&path("link")));
        }
    }

    #[test]
    fn a_command_names_the_file_again_as_a_shell_takes_it() {
        let of = |config: Option<&str>| repeated(config.map(Path::new));
        assert_eq!(of(None), "");
        assert_eq!(of(Some("a/b.yaml")), " --config a/b.yaml");
        assert_eq!(of(Some("it's; mine")), r" --config 'it'\''s; mine'");
    }
}
