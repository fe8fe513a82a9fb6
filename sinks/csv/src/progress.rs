//! The sink's memory in its folder: how far the journal stands in the files, and what is being appended.
//!
//! A file of lines, each a checksum and a JSON record; the last valid line counts. Lines are only appended,
//! so a line that a crash tore leaves its predecessor valid.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use collector_core::{LogId, SinkError};
use serde::{Deserialize, Serialize};

use crate::failure::{failed, failing};
use crate::folder;

/// The file is written anew when it has grown beyond this many bytes.
const COMPACT_BEYOND: u64 = 64 * 1024;

/// What a line says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The journal that the numbers belong to.
    log_id: String,
    /// The last entry of which everything stands in the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// The last entry of which something was taken out of the files: up to there only the rows tell what stands in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubtful: Option<u64>,
    /// Files that stood in the folder before this journal came to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<String>,
    /// What is being appended.
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<Intent>,
}

impl Record {
    /// The last entry that it tells of. A batch that is unfinished comes again, or stands in the files.
    fn reached(&self) -> u64 {
        let intended = self.intent.as_ref().and_then(|intent| intent.seq);
        self.seq.max(self.doubtful).max(intended).unwrap_or(0)
    }
}

/// A batch that is about to be appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The last entry of the batch; `None` for entries that are delivered again, whose numbers say nothing
    /// about how far the journal stands in the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    pub parts: Vec<Part>,
}

/// What a batch appends to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub file: String,
    /// The length of the file before.
    pub before: u64,
    /// The length of the file with the batch in it.
    pub after: u64,
    /// CRC-32 of the bytes between.
    pub crc: u32,
    /// Whether the batch creates the file.
    pub created: bool,
    /// What stood behind `before`, where the batch stands now.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub replaced: String,
}

/// The open progress file.
#[derive(Debug)]
pub struct Progress {
    path: PathBuf,
    file: File,
    /// Where the next line goes.
    end: u64,
    record: Record,
    /// Whether the folder's entry for the file is durable.
    is_linked: bool,
}

impl Progress {
    /// Opens or creates the progress file of a sink. The caller holds the folder's lock.
    pub fn open(dir: &Path, sink: &str) -> Result<Self, SinkError> {
        let path = dir.join(file_name(sink));
        let opened = match File::options().read(true).write(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            opened => Some(opened.map_err(failing("open", &path))?),
        };
        let is_linked = opened.is_some();
        let (file, end, record) = match opened {
            Some(file) => read(&path, file)?,
            None => {
                let record = Record::default();
                let (file, end) = create(&path, &record).map_err(failing("write", &path))?;
                (file, end, record)
            }
        };
        Ok(Self {
            path,
            file,
            end,
            record,
            is_linked,
        })
    }

    /// Whether someone took the file away, put another one in its place, or copied an older one over it.
    pub fn is_gone(&self) -> bool {
        let is_shorter = matches!(folder::length(&self.path), Ok(Some(length)) if length < self.end);
        is_shorter || !folder::is_at(&self.file, &self.path)
    }

    /// The batch that was begun and not finished.
    pub fn intent(&self) -> Option<&Intent> {
        self.record.intent.as_ref()
    }

    /// Whether an entry stands in the files.
    pub fn contains(&self, seq: u64) -> bool {
        self.record.seq.is_some_and(|stored| seq <= stored)
    }

    /// Whether an entry may stand in the files, as a whole or in part.
    pub fn doubts(&self, seq: u64) -> bool {
        !self.contains(seq) && self.record.doubtful.is_some_and(|last| seq <= last)
    }

    /// Whether a file may hold rows that are not of this journal: it stood there when that came.
    pub fn is_earlier(&self, file: &str) -> bool {
        self.record.earlier.iter().any(|earlier| earlier == file)
    }

    /// Goes over to a journal; entries of another one count for nothing, and `files` are what that has left, or nobody
    /// knows who. No batch may be unfinished.
    pub fn follow(&mut self, log_id: &LogId, files: Vec<String>) {
        if self.record.log_id != log_id.as_str() {
            self.record = Record {
                log_id: log_id.as_str().to_owned(),
                earlier: files,
                ..Record::default()
            };
        }
    }

    /// Notes durably what is about to be appended. A file that it begins is this journal's.
    pub fn begin(&mut self, intent: Intent) -> Result<(), SinkError> {
        let mut record = self.record.clone();
        let begins = |file: &String| {
            intent
                .parts
                .iter()
                .any(|part| part.before == 0 && part.file == *file)
        };
        record.earlier.retain(|file| !begins(file));
        record.intent = Some(intent);
        self.note_durably(record)
    }

    /// Notes durably that no batch is open, and that numbers say nothing about what stands in the files. Whoever makes
    /// files shorter does this first: after a power failure, a batch whose end was lost would be looked for in files
    /// that are not what it left; and entries that were never acknowledged come again as if for the first time.
    pub fn settle(&mut self) -> Result<(), SinkError> {
        self.note_durably(Record {
            seq: None,
            doubtful: self.record.doubtful.max(self.record.seq),
            ..self.record.clone()
        })
    }

    /// Notes durably that no batch is open: who replaces a file does this first, as [`settle`](Self::settle) does.
    pub fn close(&mut self) -> Result<(), SinkError> {
        self.note_durably(self.record.clone())
    }

    fn note_durably(&mut self, record: Record) -> Result<(), SinkError> {
        if let (false, Some(dir)) = (self.is_linked, self.path.parent()) {
            folder::sync(dir)?;
            self.is_linked = true;
        }
        let end = self
            .append(&record)
            .and_then(|end| self.file.sync_data().map(|()| end));
        self.end = end.map_err(failing("write", &self.path))?;
        self.record = record;
        Ok(())
    }

    /// Notes that the batch stands durably in the files.
    ///
    /// The note itself need not be durable: after a power failure the batch is found complete by its
    /// checksums. It ends the time in which a change of the files by others could be taken for a torn batch.
    pub fn finish(&mut self) {
        if let Some(Intent { seq: Some(seq), .. }) = self.record.intent.take() {
            self.record.seq = Some(seq);
            self.record.doubtful = self.record.doubtful.filter(|last| *last > seq);
        }
        self.note();
    }

    /// Limits the batch to its first files, where the others were not touched.
    pub fn limit(&mut self, touched: usize) {
        if let Some(intent) = &mut self.record.intent {
            intent.parts.truncate(touched);
        }
    }

    /// Notes that nothing of the batch stands in the files. The caller has made that durable.
    pub fn abandon(&mut self) {
        self.record.intent = None;
        self.note();
    }

    fn note(&mut self) {
        let record = self.record.clone();
        if let Ok(end) = self.append(&record) {
            self.end = end;
        }
        // On a full disk the file grows a little further.
        if self.end > COMPACT_BEYOND
            && let Ok((file, end)) = create(&self.path, &record)
        {
            (self.file, self.end, self.is_linked) = (file, end, false);
        }
    }

    /// Writes a line behind the last valid one; where it ends.
    fn append(&mut self, record: &Record) -> io::Result<u64> {
        let line = encode(record)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        let written = self.file.write_all(&line);
        if written.is_err() {
            // What stays of a torn line is invalid, so a failure here does no harm.
            let _ = self.file.set_len(self.end);
        }
        written.map(|()| self.end + line.len() as u64)
    }
}

/// Up to which entry of a journal what a sink was given stands, or stood, in the files of a folder; 0 where it has the
/// memory of another journal, `None` where it has none.
pub fn reached(dir: &Path, sink: &str, log_id: &LogId) -> Result<Option<u64>, SinkError> {
    let path = dir.join(file_name(sink));
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &path, &error)),
    };
    let (record, _) = last_valid(&bytes);
    let of_journal = record.filter(|record| record.log_id == log_id.as_str());
    Ok(Some(of_journal.map_or(0, |record| record.reached())))
}

/// The file with the end of its last valid line and what that says. What is behind it is cut off.
fn read(path: &Path, mut file: File) -> Result<(File, u64, Record), SinkError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failing("read", path))?;
    let (record, end) = last_valid(&bytes);
    if end < bytes.len() as u64 {
        file.set_len(end).map_err(failing("repair", path))?;
    }
    Ok((file, end, record.unwrap_or_default()))
}

/// What the last valid line says, and where it ends.
fn last_valid(bytes: &[u8]) -> (Option<Record>, u64) {
    let (mut record, mut end) = (None, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(read) = decode(line) else { break };
        record = Some(read);
        end += line.len() as u64;
    }
    (record, end)
}

/// Creates or replaces the file with one line, all at once.
fn create(path: &Path, record: &Record) -> io::Result<(File, u64)> {
    let temporary = path.with_extension("progress.new");
    let created = write_new(&temporary, record).and_then(|created| {
        fs::rename(&temporary, path)?;
        Ok(created)
    });
    if created.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    created
}

fn write_new(path: &Path, record: &Record) -> io::Result<(File, u64)> {
    let line = encode(record)?;
    let mut file = File::create(path)?;
    file.write_all(&line)?;
    file.sync_all()?;
    Ok((file, line.len() as u64))
}

fn encode(record: &Record) -> io::Result<Vec<u8>> {
    let json = serde_json::to_string(record)?;
    Ok(format!("{:08x} {json}\n", crc(&[json.as_bytes()])).into_bytes())
}

fn decode(line: &[u8]) -> Option<Record> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (checksum, json) = text.split_once(' ')?;
    if u32::from_str_radix(checksum, 16) != Ok(crc(&[json.as_bytes()])) {
        return None;
    }
    serde_json::from_str(json).ok()
}

/// CRC-32 of the slices as if they were one.
pub fn crc(slices: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    for slice in slices {
        crc.update(slice);
    }
    crc.sum()
}

/// The name of a sink's progress file; different for different names, whatever characters they have.
fn file_name(sink: &str) -> String {
    let mut name = String::from(".cardata-");
    for byte in sink.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    name + ".progress"
}

#[cfg(test)]
mod tests;
