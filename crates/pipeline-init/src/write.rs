//! Puts the file and its secrets on the disk: each written whole to a temporary file, synced and renamed, and never over
//! something that is there. Either all of them are there in the end, or none.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use runtime::private;
use tempfile::NamedTempFile;

use crate::answers::{Answers, Setting, Store};
use crate::questions::{first_mistake, sample_id};
use crate::target::Target;
use crate::text::{secret_itself, text};
use crate::{Unmade, lookup};

/// Secrets of as many earlier files may lie in a folder.
const MOST_NAMES: usize = 100;

/// What was written beside the pipeline file, taken away again unless that is written too.
#[derive(Default)]
struct Secrets(Vec<PathBuf>);

impl Drop for Secrets {
    fn drop(&mut self) {
        for path in &self.0 {
            // Nothing refers to it.
            let _ = fs::remove_file(path);
        }
    }
}

/// Writes what was answered.
///
/// # Errors
/// The text would have mistakes, or the disk does not take it; nothing has been written then.
pub fn write(answers: &Answers, target: &Target) -> Result<(), Unmade> {
    let zone = jiff::tz::TimeZone::system();
    let zone = zone.iana_name();
    let whole = Answers {
        client_id: answers.client_id.clone().or_else(sample_id),
        ..answers.clone()
    };
    if let Some(mistake) = first_mistake(&text(&whole, target, zone, &secret_itself), target) {
        let shown = target.file.display();
        return Err(Unmade::new(format!("{shown} would not be sound: {mistake}")));
    }
    let folder = target.folder();
    private::make_folder(folder).map_err(|error| unwritten(folder, &error))?;
    let mut secrets = Secrets::default();
    let mut names = Vec::new();
    for store in &answers.stores {
        for setting in store.settings.iter().filter(|setting| setting.is_secret) {
            let path = keep(store, setting, target)?;
            names.push((store.kind, setting.key, named(&path)));
            secrets.0.push(path);
        }
    }
    let reference = |store: &Store, setting: &Setting| {
        let mut names = names.iter();
        let found = names.find(|(kind, key, _)| *kind == store.kind && *key == setting.key);
        let name = found.map(|(.., name)| name.as_str()).unwrap_or_default();
        format!("${{file:{name}}}")
    };
    let text = text(answers, target, zone, &reference);
    if !put(&target.file, &text, target)? {
        let shown = target.file.display();
        return Err(Unmade::new(format!(
            "{shown} was made meanwhile: it stays as it is"
        )));
    }
    secrets.0.clear();
    Ok(())
}

/// Keeps a secret in a file of its own beside the pipeline file.
fn keep(store: &Store, setting: &Setting, target: &Target) -> Result<PathBuf, Unmade> {
    for number in 1..=MOST_NAMES {
        let name = match number {
            1 => format!("{}-{}", store.kind, setting.key),
            number => format!("{}-{}-{number}", store.kind, setting.key),
        };
        let path = target.folder().join(name);
        if put(&path, &format!("{}\n", setting.value), target)? {
            return Ok(path);
        }
    }
    let folder = target.folder().display();
    Err(Unmade::new(format!(
        "{folder} is full of old secrets: remove them"
    )))
}

fn named(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Writes a file for its owner alone, or for the group of the service too; `false` where one is there.
fn put(path: &Path, text: &str, target: &Target) -> Result<bool, Unmade> {
    let failed = |error: std::io::Error| unwritten(path, &error);
    let mut file = NamedTempFile::with_prefix_in(".cardata-init-", target.folder()).map_err(failed)?;
    share(file.as_file(), path, target)?;
    let written = file.write_all(text.as_bytes());
    written.and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error.error)),
    }
}

/// Who may read it beside the user: whose folder it is, or the service.
fn share(file: &fs::File, path: &Path, target: &Target) -> Result<(), Unmade> {
    private::adopt(file, path);
    #[cfg(unix)]
    if let Some(group) = target.group()? {
        use std::os::unix::fs::{PermissionsExt, fchown};
        let shared = fchown(file, None, Some(group));
        let shared = shared.and_then(|()| file.set_permissions(fs::Permissions::from_mode(0o640)));
        shared.map_err(|error| unwritten(path, &error))?;
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Unmade {
    let advice = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "free some space on that disk",
        std::io::ErrorKind::ReadOnlyFilesystem => "that disk is mounted for reading only",
        std::io::ErrorKind::PermissionDenied if Path::new(lookup::SYSTEM).starts_with(path) => {
            "run it with `sudo`"
        }
        std::io::ErrorKind::PermissionDenied => {
            "give this user the right to write there, or name another place with `cardata init --config FILE`"
        }
        _ => "name another place with `cardata init --config FILE`",
    };
    let shown = path.display();
    // Without the name of a temporary file, which is gone.
    let error = error.to_string();
    let error = error.split(" at path ").next().unwrap_or_default();
    Unmade::new(format!(
        "cannot write {shown}: {error}: {advice}; nothing was written"
    ))
}
