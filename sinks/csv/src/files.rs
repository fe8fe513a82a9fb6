//! The CSV files that stand in the folder already: which one rows go to, and what it needs first.
//!
//! A file is extended only where its header is the one that the rows need. Any other file, another program's
//! or one with other columns, stays as it is, and the rows go to the next file of its series: `….csv`,
//! `…_2.csv`, `…_3.csv`.

use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::SystemTime;

use collector_core::SinkError;

use crate::carried::{HIDDEN, hidden};
use crate::config::{CsvConfig, Delimiter, Layout};
use crate::encode::{Rows, finish, unencodable};
use crate::failure::{failed, failing};
use crate::period;

/// A header of ours is far shorter; a longer line is another program's.
pub const LONGEST_HEADER: u64 = 1024 * 1024;

/// Where the files are and how they are written.
#[derive(Debug, Clone)]
pub struct Files {
    /// Where `config.dir` is.
    pub dir: PathBuf,
    pub config: CsvConfig,
}

/// What becomes of a file.
#[derive(Debug)]
pub enum Change {
    Append(Append),
    Whole(Whole),
}

/// All that is to stand in a file that is there.
#[derive(Debug)]
pub struct Whole {
    pub file: String,
    pub bytes: Vec<u8>,
    /// What it was when that was decided.
    pub seen: Seen,
}

/// By what a change of a file by others shows.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen(u64, Option<SystemTime>);

impl Seen {
    pub fn of(metadata: &Metadata) -> Self {
        Self(metadata.len(), metadata.modified().ok())
    }
}

/// Bytes that belong at the end of one file.
#[derive(Debug)]
pub struct Append {
    pub file: String,
    /// The length that the file has without them.
    pub before: u64,
    /// Whether the file does not exist.
    pub created: bool,
    /// What stands in their place now; it is shorter.
    pub replaced: String,
    /// What comes before the rows: a header, or the end of a line that was left without one.
    pub head: Vec<u8>,
    pub rows: Vec<u8>,
}

/// The last file of a period.
#[derive(Debug)]
pub struct Last {
    stem: String,
    /// 0 where the period has no file.
    number: u32,
    /// Of what is no file, `None`.
    length: Option<u64>,
    pub header: Vec<String>,
}

impl Last {
    pub fn name(&self) -> String {
        numbered(&self.stem, self.number)
    }

    pub fn length(&self) -> u64 {
        self.length.unwrap_or(0)
    }
}

impl Files {
    /// The same, as if other options were chosen.
    pub fn with(&self, layout: Layout, delimiter: Delimiter) -> Self {
        let mut files = self.clone();
        (files.config.layout, files.config.delimiter) = (layout, delimiter);
        files
    }

    /// Finds the last file of a period.
    pub fn last(&self, stem: String) -> Result<Last, SinkError> {
        let exists = |number: &u32| fs::symlink_metadata(self.dir.join(numbered(&stem, *number))).is_ok();
        let number = (1..).take_while(exists).last().unwrap_or(0);
        let name = numbered(&stem, number);
        let metadata = fs::metadata(self.dir.join(&name)).ok();
        let length = metadata.filter(Metadata::is_file).map(|metadata| metadata.len());
        let header = match length {
            Some(_) => self.header(&name)?,
            None => Vec::new(),
        };
        Ok(Last {
            stem,
            number,
            length,
            header,
        })
    }

    /// Every file whose name ends with `.csv`, whatever is in it. Of hidden ones only sheets, which stand for what is made
    /// out of them.
    pub fn all(&self) -> Result<Vec<String>, SinkError> {
        let mut found = self.names()?;
        let is_meant = |name: &String| !name.starts_with('.') || name.starts_with(".cardata-");
        found.retain(|name| is_meant(name) && name.ends_with(".csv") && self.dir.join(name).is_file());
        let hidden = hidden(&found);
        found.retain(|name| !hidden.contains(&format!("{HIDDEN}{name}")));
        found.sort_unstable();
        Ok(found)
    }

    /// Every file of a period, whatever is in it.
    pub fn of_period(&self, stem: &str) -> Result<Vec<String>, SinkError> {
        let mut found = self.of_series(stem)?;
        found.retain(|(period, _, name)| period.is_empty() && self.dir.join(name).is_file());
        Ok(found.into_iter().map(|(_, _, name)| name).collect())
    }

    /// Period, number and name of the files of a series.
    fn of_series(&self, series: &str) -> Result<Vec<(String, u32, String)>, SinkError> {
        let found = self.names()?.into_iter().filter_map(|name| {
            let (period, number) = place(&name, series)?;
            Some((period, number, name))
        });
        Ok(found.collect())
    }

    fn names(&self) -> Result<Vec<String>, SinkError> {
        let listed = match fs::read_dir(&self.dir) {
            Ok(listed) => listed,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("list", &self.dir, &error)),
        };
        Ok(listed
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect())
    }

    /// The first row of a file; empty where there is none that could be read as text.
    fn header(&self, name: &str) -> Result<Vec<String>, SinkError> {
        let path = self.dir.join(name);
        let file = File::open(&path).map_err(failing("read", &path))?;
        let mut record = csv::StringRecord::new();
        match self.reader(file.take(LONGEST_HEADER)).read_record(&mut record) {
            Ok(_) => Ok(record.iter().map(str::to_owned).collect()),
            Err(error) => match error.into_kind() {
                csv::ErrorKind::Io(error) => Err(failed("read", &path, &error)),
                _ => Ok(Vec::new()),
            },
        }
    }

    /// The header of the newest file of a series that `fits`.
    pub fn newest_header(
        &self,
        series: &str,
        fits: impl Fn(&[String]) -> bool,
    ) -> Result<Option<Vec<String>>, SinkError> {
        let mut found = self.of_series(series)?;
        found.sort_unstable();
        for (_, _, name) in found.into_iter().rev() {
            let header = self.header(&name)?;
            if fits(&header) {
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Rows for a file that exists and fits.
    pub fn extend(&self, last: &Last, rows: Vec<u8>) -> Result<Append, SinkError> {
        let file = last.name();
        let before = last.length();
        let head = self.end_of_line(&file, last.header.len())?;
        Ok(Append {
            file,
            before,
            created: false,
            replaced: String::new(),
            head,
            rows,
        })
    }

    /// Rows for a new file, which begins with `columns`. A file that is there and empty is as good as new.
    pub fn start(
        &self,
        last: &Last,
        columns: &[impl AsRef<[u8]>],
        rows: Vec<u8>,
    ) -> Result<Append, SinkError> {
        let created = last.length != Some(0);
        let mut header = self.rows();
        header
            .write_record(columns)
            .map_err(|error| unencodable(&error))?;
        let mark: &[u8] = if self.config.bom { b"\xef\xbb\xbf" } else { b"" };
        Ok(Append {
            file: numbered(&last.stem, last.number + u32::from(created)),
            before: 0,
            created,
            replaced: String::new(),
            head: [mark, &finish(header)?].concat(),
            rows,
        })
    }

    /// What completes the last line of a file: nothing, as a rule. A line that someone else left without its
    /// end is filled up with empty cells, so that the file stays readable and nothing in it is lost.
    pub fn end_of_line(&self, name: &str, columns: usize) -> Result<Vec<u8>, SinkError> {
        let path = self.dir.join(name);
        let mut last_byte = [0];
        let read = File::open(&path).and_then(|mut file| {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last_byte)
        });
        read.map_err(failing("read", &path))?;
        if last_byte == *b"\n" {
            return Ok(Vec::new());
        }
        let bytes = fs::read(&path).map_err(failing("read", &path))?;
        let mut reader = self.reader(bytes.as_slice());
        let mut record = csv::ByteRecord::new();
        let mut cells = 0;
        while reader.read_byte_record(&mut record).is_ok_and(|more| more) {
            cells = record.len();
        }
        let mut end = Vec::new();
        // Quotes come in pairs, unless the line ends within one.
        if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            end.push(b'"');
        }
        let missing = columns.saturating_sub(cells);
        end.resize(end.len() + missing, self.config.delimiter.byte());
        end.push(b'\n');
        Ok(end)
    }

    /// Rows for the files, in memory.
    pub fn rows(&self) -> Rows {
        csv::WriterBuilder::new()
            .delimiter(self.config.delimiter.byte())
            .flexible(true)
            .from_writer(Vec::new())
    }

    /// Reads what another run wrote; it has a buffer of its own.
    pub fn reader<R: Read>(&self, input: R) -> csv::Reader<R> {
        csv::ReaderBuilder::new()
            .delimiter(self.config.delimiter.byte())
            .has_headers(false)
            .flexible(true)
            .from_reader(input)
    }
}

fn numbered(stem: &str, number: u32) -> String {
    match number {
        0 | 1 => format!("{stem}.csv"),
        _ => format!("{stem}_{number}.csv"),
    }
}

/// The period and number that a file name of the series has; `None` for other names.
pub fn place(name: &str, series: &str) -> Option<(String, u32)> {
    let suffix = name.strip_prefix(series)?.strip_suffix(".csv")?;
    let (period, number) = suffix.split_once('_').unwrap_or((suffix, "1"));
    period::is_suffix(period).then_some((period.to_owned(), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &std::path::Path) -> Files {
        let options = serde_json::json!({"dir": dir, "bom": true});
        Files {
            dir: dir.to_owned(),
            config: serde_json::from_value(options).unwrap(),
        }
    }

    #[test]
    fn names_have_a_place_in_their_series() {
        assert_eq!(
            place("cardata-i4-2026-03.csv", "cardata-i4"),
            Some(("-2026-03".to_owned(), 1))
        );
        assert_eq!(
            place("cardata-i4-2026-03_12.csv", "cardata-i4"),
            Some(("-2026-03".to_owned(), 12))
        );
        assert_eq!(place("cardata-i4_2.csv", "cardata-i4"), Some(("".to_owned(), 2)));
        assert_eq!(place("cardata-i40-2026-03.csv", "cardata-i4"), None);
        assert_eq!(place("cardata-i4-2026-03.csv.bak", "cardata-i4"), None);
    }

    #[test]
    fn a_new_file_begins_with_mark_and_header() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(dir.path());
        let last = files.last("x".to_owned()).unwrap();
        let append = files.start(&last, &["a", "b c"], b"1,2\n".to_vec()).unwrap();
        assert_eq!(append.file, "x.csv");
        assert_eq!(append.head, b"\xef\xbb\xbfa,b c\n");
        assert!(append.created);
    }

    #[test]
    fn the_last_numbered_file_counts() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.csv"), "a\n").unwrap();
        fs::write(dir.path().join("x_2.csv"), "\u{feff}a,b\r\n").unwrap();
        let last = files(dir.path()).last("x".to_owned()).unwrap();
        assert_eq!(last.header, ["a", "b"]);
        let append = files(dir.path()).start(&last, &["c"], Vec::new()).unwrap();
        assert_eq!(append.file, "x_3.csv");
    }

    #[test]
    fn a_period_has_its_numbered_files_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let names = [
            "cardata.csv",
            "cardata_3.csv",
            "cardata-2026.csv",
            "cardata_x.csv",
            "cardata.csv.bak",
        ];
        for name in names {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let mut found = files(dir.path()).of_period("cardata").unwrap();
        found.sort();
        assert_eq!(found, ["cardata.csv", "cardata_3.csv"]);
        let nowhere = files(&dir.path().join("missing"));
        assert_eq!(nowhere.of_period("cardata").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_line_without_end_is_filled_up() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(dir.path());
        let end = |content: &str| {
            fs::write(dir.path().join("x.csv"), content).unwrap();
            let end = files.end_of_line("x.csv", 3).unwrap();
            String::from_utf8(end).unwrap()
        };
        assert_eq!(end("a,b,c\n1,2,3\n"), "");
        assert_eq!(end("a,b,c\n1,2,3"), "\n");
        assert_eq!(end("a,b,c\n1,2,3,4"), "\n");
        assert_eq!(end("a,b,c\n1"), ",,\n");
        assert_eq!(end("a,b,c\n1,\"t\no"), "\",\n");
    }
}
