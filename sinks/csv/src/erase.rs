//! Takes readings and records out of the files, so that the journal can deliver them anew.
//!
//! A file is replaced by one without them, all at once: whoever kills the process leaves either. What stays in it stays
//! byte for byte. Only rows that read as the sink writes them are taken out, of files with its header and its names;
//! everything else belongs to somebody else.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use collector_core::{Descriptor, Scope, SinkError};

use crate::config::Layout;
use crate::encode::{finish, unencodable};
use crate::failure::failing;
use crate::files::{Files, place};
use crate::known::Known;
use crate::missing::unreadable;
use crate::records::{self, Shape};
use crate::{folder, long, wide};

/// The file that takes the place of another one. What a crash left of it is written over.
const TEMPORARY: &str = ".cardata.new";

/// Takes what is within `scope` out of every file of the layout. No batch may be open.
pub fn erase(files: &Files, known: &Known, scope: &Scope) -> Result<(), SinkError> {
    let is_bounded = scope.since.is_some() || scope.until.is_some();
    if is_bounded && files.config.layout == Layout::Wide {
        return Err(SinkError::misconfigured(
            "`layout: wide` does not keep when a single value was measured, so values of a span of time cannot be \
             replaced: choose no begin and no end",
        ));
    }
    for name in files.all()? {
        let named = files.dir.join(&name);
        let sheet = Sheet {
            files,
            known,
            scope,
            name: &name,
            // Behind a symbolic link stands the file that is meant.
            path: fs::canonicalize(&named).map_err(failing("look at", &named))?,
        };
        if sheet.is_affected()? {
            sheet.replace()?;
        }
    }
    Ok(())
}

/// What the rows of a file are.
enum Form {
    Long,
    /// With the descriptors of its columns.
    Wide(Vec<Option<Descriptor>>),
    Records(Shape),
}

/// What becomes of a row.
enum Fate {
    Stays,
    Goes,
    Becomes(csv::ByteRecord),
}

/// One file, and what is to be taken out of it.
struct Sheet<'a> {
    files: &'a Files,
    known: &'a Known,
    scope: &'a Scope,
    name: &'a str,
    path: PathBuf,
}

impl Sheet<'_> {
    /// By name and header; `None` for a file of somebody else, or of another layout.
    fn form(&self, header: &csv::ByteRecord) -> Option<Form> {
        let layout = self.files.config.layout;
        if let Some(shape) = Shape::of(layout, header) {
            let kind = records::kind_of(self.name.strip_suffix(".csv")?);
            return place(self.name, kind).map(|_| Form::Records(shape));
        }
        match layout {
            Layout::Long => {
                let is_ours = place(self.name, long::SERIES).is_some() && long::fits(header);
                is_ours.then_some(Form::Long)
            }
            Layout::Wide => {
                let is_ours = self.name.starts_with("cardata-") && wide::fits(header);
                is_ours.then(|| Form::Wide(wide::descriptors(header, self.known)))
            }
        }
    }

    fn fate(&self, form: &Form, row: &csv::ByteRecord) -> Fate {
        let is_within = match form {
            Form::Long => long::is_within(row, self.known, self.scope),
            Form::Records(shape) => shape.is_within(self.files.config.layout, row, self.scope),
            Form::Wide(descriptors) => match wide::without(descriptors, row, self.scope) {
                Some(left) if !left.is_empty() => return Fate::Becomes(left),
                left => left.is_some(),
            },
        };
        if is_within { Fate::Goes } else { Fate::Stays }
    }

    /// Hands every row, the header first, to `each`: how many bytes it has, and its fate. No row where the file is not
    /// ours.
    fn walk(&self, mut each: impl FnMut(u64, Fate) -> Result<(), SinkError>) -> Result<(), SinkError> {
        let unreadable = |error| unreadable(&self.path, error);
        let file = File::open(&self.path).map_err(self.failing("read"))?;
        let mut reader = self.files.reader(file);
        let mut row = csv::ByteRecord::new();
        if !reader.read_byte_record(&mut row).map_err(unreadable)? {
            return Ok(());
        }
        let Some(form) = self.form(&row) else {
            return Ok(());
        };
        let (mut fate, mut begin) = (Fate::Stays, 0);
        loop {
            let end = reader.position().byte();
            each(end - begin, fate)?;
            begin = end;
            if !reader.read_byte_record(&mut row).map_err(unreadable)? {
                return Ok(());
            }
            fate = self.fate(&form, &row);
        }
    }

    fn is_affected(&self) -> Result<bool, SinkError> {
        let mut is_affected = false;
        self.walk(|_, fate| {
            is_affected |= !matches!(fate, Fate::Stays);
            Ok(())
        })?;
        Ok(is_affected)
    }

    /// Writes the file anew and puts that in its place.
    fn replace(&self) -> Result<(), SinkError> {
        let Some(dir) = self.path.parent() else {
            return Ok(());
        };
        let temporary = dir.join(TEMPORARY);
        let replaced = self.write_to(&temporary).and_then(|before| {
            let moved = is_unchanged(&self.path, &before).and_then(|()| fs::rename(&temporary, &self.path));
            moved.map_err(self.failing("replace"))
        });
        if replaced.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        replaced?;
        folder::sync(dir)
    }

    /// Writes what stays, durably; what the file was when that was begun.
    fn write_to(&self, temporary: &Path) -> Result<Metadata, SinkError> {
        let old = File::open(&self.path).map_err(self.failing("read"))?;
        let before = old.metadata().map_err(self.failing("look at"))?;
        let mut old = BufReader::new(old);
        let new = File::create(temporary).map_err(failing("write", temporary))?;
        let mut new = BufWriter::new(new);
        let mut bytes = Vec::new();
        self.walk(|length, fate| {
            bytes.clear();
            let read = old.by_ref().take(length).read_to_end(&mut bytes);
            read.map_err(self.failing("read"))?;
            match &fate {
                Fate::Stays => {}
                Fate::Goes => return Ok(()),
                Fate::Becomes(row) => instead(self.files, &mut bytes, row)?,
            }
            new.write_all(&bytes).map_err(failing("write", temporary))
        })?;
        let finished = io::copy(&mut old, &mut new).and_then(|_| {
            let new = new.into_inner().map_err(io::IntoInnerError::into_error)?;
            new.set_permissions(before.permissions())?;
            new.sync_all()
        });
        finished.map_err(failing("write", temporary))?;
        Ok(before)
    }

    fn failing(&self, operation: &'static str) -> impl FnOnce(io::Error) -> SinkError {
        failing(operation, &self.path)
    }
}

/// Puts a row in the place of another one, between the ends of lines around that.
fn instead(files: &Files, bytes: &mut Vec<u8>, row: &csv::ByteRecord) -> Result<(), SinkError> {
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

fn is_unchanged(path: &Path, before: &Metadata) -> io::Result<()> {
    let now = fs::metadata(path)?;
    if now.len() == before.len() && now.modified()? == before.modified()? {
        return Ok(());
    }
    let reason = "another program is writing to it";
    Err(io::Error::new(ErrorKind::ResourceBusy, reason))
}
