//! Takes readings and records out of the files, so that the journal can deliver them anew.
//!
//! A file is replaced by one without them, all at once: whoever kills the process leaves either. What stays in it stays
//! byte for byte. Only rows that are recognised as the sink's are taken out, of files with its header and its names;
//! everything else belongs to somebody else.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use collector_core::{Scope, SinkError};

use crate::encode::{finish, unencodable};
use crate::failure::failing;
use crate::files::{Files, Seen};
use crate::form::{self, Form};
use crate::known::Known;
use crate::missing::unreadable;
use crate::{folder, long, snapshots, wide};

/// Takes what is within `scope` out of every file, or nothing where a file cannot be treated so: one that `is_earlier`
/// may hold what does not come again. No batch may be open.
pub fn erase(
    files: &Files,
    known: &Known,
    is_earlier: &dyn Fn(&str) -> bool,
    scope: &Scope,
) -> Result<(), SinkError> {
    let mut affected = Vec::new();
    for name in files.all()? {
        let Some((written, form)) = form::of_file(files, known, &name)? else {
            continue;
        };
        let named = files.dir.join(&name);
        let sheet = Sheet {
            files: written,
            form,
            known,
            scope,
            is_earlier: is_earlier(&name),
            // Behind a symbolic link stands the file that is meant.
            path: fs::canonicalize(&named).map_err(failing("look at", &named))?,
        };
        if sheet.is_affected()? {
            affected.push(sheet);
        }
    }
    affected.iter().try_for_each(Sheet::replace)
}

/// What becomes of a row.
pub enum Fate {
    Stays,
    Goes,
    Becomes(csv::ByteRecord),
    /// It does not tell what of it is within the scope.
    Unclear,
}

/// One file, and what is to be taken out of it.
struct Sheet<'a> {
    /// By the options that it was written with.
    files: Files,
    form: Form,
    known: &'a Known,
    scope: &'a Scope,
    is_earlier: bool,
    path: PathBuf,
}

impl Sheet<'_> {
    fn fate(&self, row: &csv::ByteRecord) -> Fate {
        let is_within = match &self.form {
            Form::Long => long::is_within(row, self.known, self.scope),
            Form::Records(shape) => shape.is_within(self.files.config.layout, row, self.scope),
            Form::Wide(span, descriptors) => return wide::fate(*span, descriptors, row, self.scope),
            Form::Snapshots(descriptors) => return snapshots::fate(descriptors, row, self.scope),
        };
        if is_within { Fate::Goes } else { Fate::Stays }
    }

    /// Hands every row, the header first, to `each`: how many bytes it has, and its fate.
    fn walk(&self, mut each: impl FnMut(u64, Fate) -> Result<(), SinkError>) -> Result<(), SinkError> {
        let file = File::open(&self.path).map_err(self.failing("read"))?;
        let mut reader = self.files.reader(file);
        let mut row = csv::ByteRecord::new();
        let mut begin = 0;
        while reader
            .read_byte_record(&mut row)
            .map_err(|error| unreadable(&self.path, error))?
        {
            let fate = if begin == 0 { Fate::Stays } else { self.fate(&row) };
            let end = reader.position().byte();
            each(end - begin, fate)?;
            begin = end;
        }
        Ok(())
    }

    /// Whether something is to be taken out of it.
    ///
    /// # Errors
    /// It cannot be read, or something of it would not come again, or is not known to be meant.
    fn is_affected(&self) -> Result<bool, SinkError> {
        let mut is_affected = false;
        self.walk(|_, fate| match fate {
            Fate::Stays => Ok(()),
            Fate::Unclear if matches!(self.form, Form::Snapshots(_)) => Err(self.refused(
                "is a sheet of an earlier version, which does not keep when a single value was measured",
                "cancel this, and ask for it without --since and --until; where the journal does not go back so far, \
                 give the sink a new `dir` and run `cardata replay`",
            )),
            Fate::Unclear => Err(self.refused(
                "is a sheet, in which a row has all values of its time and of every source",
                "cancel this, and ask for it with --since and --until at the bounds of rows and without --source",
            )),
            Fate::Goes | Fate::Becomes(_) if self.is_earlier => Err(self.refused(
                "was in the folder before this journal, which may not have all that stands in it",
                "move it to another folder, and this goes on",
            )),
            Fate::Goes | Fate::Becomes(_) => {
                is_affected = true;
                Ok(())
            }
        })?;
        Ok(is_affected)
    }

    fn refused(&self, why: &str, what_to_do: &str) -> SinkError {
        let path = self.path.display();
        SinkError::misconfigured(format!("{path} {why}: nothing was removed; {what_to_do}"))
    }

    /// Writes the file anew and puts that in its place.
    fn replace(&self) -> Result<(), SinkError> {
        let Some(dir) = self.path.parent() else {
            return Ok(());
        };
        let temporary = dir.join(folder::TEMPORARY);
        let replaced = self.write_to(&temporary).and_then(|before| {
            folder::put_in_place(&temporary, &self.path, &before).map_err(self.failing("replace"))
        });
        if replaced.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        replaced?;
        folder::sync(dir)
    }

    /// Writes what stays, durably; what the file was when that was begun.
    fn write_to(&self, temporary: &Path) -> Result<Seen, SinkError> {
        let old = File::open(&self.path).map_err(self.failing("read"))?;
        let before = old.metadata().map_err(self.failing("look at"))?;
        let mut old = BufReader::new(old);
        let new = File::create(temporary).map_err(failing("write", temporary))?;
        // Whoever could read the old file can read the new one, where the file system knows the difference.
        let _ = new.set_permissions(before.permissions());
        let mut new = BufWriter::new(new);
        let mut bytes = Vec::new();
        self.walk(|length, fate| {
            bytes.clear();
            let read = old.by_ref().take(length).read_to_end(&mut bytes);
            read.map_err(self.failing("read"))?;
            match &fate {
                Fate::Stays | Fate::Unclear => {}
                Fate::Goes => return Ok(()),
                Fate::Becomes(row) => instead(&self.files, &mut bytes, row)?,
            }
            new.write_all(&bytes).map_err(failing("write", temporary))
        })?;
        let finished = io::copy(&mut old, &mut new).and_then(|_| {
            let new = new.into_inner().map_err(io::IntoInnerError::into_error)?;
            new.set_permissions(before.permissions())?;
            new.sync_all()
        });
        finished.map_err(failing("write", temporary))?;
        Ok(Seen::of(&before))
    }

    fn failing(&self, operation: &'static str) -> impl FnOnce(io::Error) -> SinkError {
        failing(operation, &self.path)
    }
}

/// Puts a row in the place of another one, between the ends of lines around that.
pub fn instead(files: &Files, bytes: &mut Vec<u8>, row: &csv::ByteRecord) -> Result<(), SinkError> {
    let mut rows = files.rows();
    rows.write_byte_record(row).map_err(|error| unencodable(&error))?;
    let mut row = finish(rows)?;
    row.pop();
    let is_text = |byte: &u8| !matches!(byte, b'\r' | b'\n');
    let begin = bytes.iter().position(is_text).unwrap_or(0);
    let end = bytes.iter().rposition(is_text).map_or(0, |last| last + 1);
    bytes.splice(begin..end, row);
    Ok(())
}
