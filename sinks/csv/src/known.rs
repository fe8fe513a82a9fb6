//! Which descriptors stand in the folder: of each one the identifier and the short name.
//!
//! A row of the long layout has the identifier and a column of the wide one the short name. What is to be erased is
//! chosen by either, and a column that is not known here is the owner's. A file of lines, to which lines are added.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use collector_core::{Descriptor, SinkError, ValueType};

use crate::encode::original;
use crate::failure::failed;
use crate::folder;

const FILE: &str = ".cardata.descriptors";

/// What was learnt so far.
#[derive(Debug)]
pub struct Known {
    path: PathBuf,
    by_id: HashMap<String, Descriptor>,
    by_name: HashMap<String, Descriptor>,
    /// Whether the last line of the file is whole, so that one can be added.
    is_whole: bool,
}

impl Known {
    /// Reads what is known in a folder. A line that a crash tore counts for nothing.
    pub fn open(dir: &Path) -> Result<Self, SinkError> {
        let path = dir.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed("read", &path, &error)),
        };
        let mut known = Self {
            path,
            by_id: HashMap::new(),
            by_name: HashMap::new(),
            is_whole: bytes.is_empty() || bytes.ends_with(b"\n"),
        };
        let lines = bytes.split(|byte| *byte == b'\n');
        for (id, name) in lines.filter_map(|line| serde_json::from_slice::<(String, String)>(line).ok()) {
            known.insert(&Descriptor::new(&id, &name, ValueType::Text, None));
        }
        Ok(known)
    }

    /// Adds durably what is not known yet.
    pub fn learn<'a>(&mut self, descriptors: impl Iterator<Item = &'a Descriptor>) -> Result<(), SinkError> {
        let mut lines = Vec::new();
        let mut learnt = Vec::new();
        // Readings share their descriptors: most are told by the place of the text.
        let mut looked_at = HashSet::new();
        for descriptor in descriptors {
            if !looked_at.insert(descriptor.as_str().as_ptr()) {
                continue;
            }
            let known = self.by_id.get(descriptor.as_str());
            if known.is_none_or(|known| known.name() != descriptor.name()) && !learnt.contains(descriptor) {
                learnt.push(descriptor.clone());
                let line = serde_json::json!([descriptor.as_str(), descriptor.name()]);
                lines.extend_from_slice(format!("{line}\n").as_bytes());
            }
        }
        if learnt.is_empty() {
            return Ok(());
        }
        let appended = self.append(&lines);
        self.is_whole = appended.is_ok();
        appended.map_err(|error| failed("write", &self.path, &error))?;
        for descriptor in &learnt {
            self.insert(descriptor);
        }
        Ok(())
    }

    /// The descriptor with an identifier; one that is not known has no short name of its own.
    pub fn by_id(&self, id: &str) -> Descriptor {
        let known = self.by_id.get(id).cloned();
        known.unwrap_or_else(|| Descriptor::new(id, id, ValueType::Text, None))
    }

    /// Whether something of a descriptor stands in the folder, or did.
    pub fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// The descriptor whose column has this header; `None` for a column that the sink did not make.
    pub fn by_heading(&self, heading: &[u8]) -> Option<Descriptor> {
        let heading = original(std::str::from_utf8(heading).ok()?);
        let without_unit = || heading.strip_suffix(']')?.rsplit_once(" [");
        let found = self.by_name.get(heading);
        found.or_else(|| self.by_name.get(without_unit()?.0)).cloned()
    }

    fn insert(&mut self, descriptor: &Descriptor) {
        self.by_id
            .insert(descriptor.as_str().to_owned(), descriptor.clone());
        self.by_name
            .insert(descriptor.name().to_owned(), descriptor.clone());
    }

    fn append(&self, lines: &[u8]) -> io::Result<()> {
        let mut file = File::options().append(true).create(true).open(&self.path)?;
        if !self.is_whole {
            file.write_all(b"\n")?;
        }
        file.write_all(lines)?;
        file.sync_data()?;
        match self.path.parent().filter(|_| self.by_id.is_empty()) {
            Some(dir) => folder::sync(dir).map_err(io::Error::other),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(id: &str, name: &str) -> Descriptor {
        Descriptor::new(id, name, ValueType::Number, None)
    }

    #[test]
    fn a_descriptor_is_known_by_identifier_and_by_header() {
        let dir = tempfile::tempdir().unwrap();
        let mut known = Known::open(dir.path()).unwrap();
        let all = [
            descriptor("vehicle.header", "soc"),
            descriptor("=x [y]", "=x [y]"),
        ];
        known.learn(all.iter().chain(&all)).unwrap();
        let known = Known::open(dir.path()).unwrap();
        assert_eq!(known.by_id("vehicle.header").name(), "soc");
        assert_eq!(known.by_id("vehicle.other").name(), "vehicle.other");
        for heading in ["soc", "soc [%]", "soc [km/h]"] {
            let found = known.by_heading(heading.as_bytes());
            assert_eq!(found.as_ref(), Some(&all[0]), "{heading}");
        }
        for heading in ["'=x [y]", "'=x [y] [km]"] {
            let found = known.by_heading(heading.as_bytes());
            assert_eq!(found.as_ref(), Some(&all[1]), "{heading}");
        }
        for heading in ["note", "soc ", "soc [%] old", ""] {
            assert_eq!(known.by_heading(heading.as_bytes()), None, "{heading}");
        }
    }

    #[test]
    fn a_torn_line_costs_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let all = [descriptor("a", "x"), descriptor("b", "y")];
        Known::open(dir.path()).unwrap().learn(all.iter()).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            Known::open(dir.path()).unwrap().learn(all.iter()).unwrap();
            let known = Known::open(dir.path()).unwrap();
            let names = ["a", "b"].map(|id| known.by_id(id).name().to_owned());
            assert_eq!(names, ["x", "y"], "cut at {length}");
        }
    }
}
