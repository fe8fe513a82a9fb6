//! What the rows of a file are, and by which options it was written: its owner may have chosen others since.

use std::fs::File;
use std::io::Read;
use std::iter;

use collector_core::{Descriptor, SinkError};

use crate::carried::HIDDEN;
use crate::config::{Delimiter, Layout, Span};
use crate::failure::failing;
use crate::files::{Files, LONGEST_HEADER, place};
use crate::known::Known;
use crate::records::{self, Shape};
use crate::{long, snapshots, wide};

/// What the rows of a file are.
pub enum Form {
    Long,
    /// With the descriptors of its columns.
    Wide(Span, Vec<Option<Descriptor>>),
    /// The same, of an earlier version.
    Snapshots(Vec<Option<Descriptor>>),
    Records(Shape),
}

/// The options by which a file was written, and its form; `None` for a file of somebody else.
pub fn of_file(files: &Files, known: &Known, name: &str) -> Result<Option<(Files, Form)>, SinkError> {
    let path = files.dir.join(name);
    let mut head = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(LONGEST_HEADER).read_to_end(&mut head));
    read.map_err(failing("read", &path))?;
    for delimiter in iter::once(files.config.delimiter).chain(Delimiter::all()) {
        for layout in [Layout::Long, Layout::Wide] {
            let files = files.with(layout, delimiter);
            let mut header = csv::ByteRecord::new();
            let is_read = files.reader(head.as_slice()).read_byte_record(&mut header);
            if is_read.is_ok_and(|is_read| is_read)
                && let Some(form) = of_header(layout, known, name, &header)
            {
                return Ok(Some((files, form)));
            }
        }
    }
    Ok(None)
}

/// By name and header.
fn of_header(layout: Layout, known: &Known, name: &str, header: &csv::ByteRecord) -> Option<Form> {
    if let Some(shape) = Shape::of(layout, header) {
        let kind = records::kind_of(name.strip_suffix(".csv")?);
        return place(name, kind).map(|_| Form::Records(shape));
    }
    let name = name.strip_prefix(HIDDEN).unwrap_or(name);
    match layout {
        Layout::Long => {
            let is_ours = place(name, long::SERIES).is_some() && long::fits(header);
            is_ours.then_some(Form::Long)
        }
        Layout::Wide if !name.starts_with("cardata-") => None,
        Layout::Wide if snapshots::fits(header) => {
            let descriptors = wide::descriptors(header, snapshots::FIXED.len(), known);
            Some(Form::Snapshots(descriptors))
        }
        Layout::Wide => {
            let span = wide::span_of(header)?;
            let descriptors = wide::descriptors(header, wide::fixed(span).len(), known);
            Some(Form::Wide(span, descriptors))
        }
    }
}
