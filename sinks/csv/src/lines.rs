//! The lines of a file as somebody may have edited it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use collector_core::SinkError;

use crate::failure::failing;
use crate::files::{Files, Last, Seen};

/// How many quotes stand in some bytes: a cell is open behind an odd number.
pub fn quotes(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'"').count()
}

/// Where the lines stand in a text that begins with one; cells that have ends of lines are not torn.
pub fn lines(text: &[u8]) -> Vec<Range<usize>> {
    let (mut lines, mut begin, mut end, mut open) = (Vec::new(), 0, 0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        open += quotes(line);
        if open % 2 == 0 {
            lines.push(begin..end);
            (begin, open) = (end, 0);
        }
    }
    if begin < end {
        lines.push(begin..end);
    }
    lines
}

/// A part of a file, and how that was seen.
pub fn read(files: &Files, last: &Last, place: Range<u64>) -> Result<(Vec<u8>, Seen), SinkError> {
    let path = files.dir.join(last.name());
    let mut text = Vec::new();
    let read = File::open(&path).and_then(|mut file| {
        let seen = Seen::of(&file.metadata()?);
        file.seek(SeekFrom::Start(place.start))?;
        file.take(place.end - place.start).read_to_end(&mut text)?;
        Ok(seen)
    });
    let seen = read.map_err(failing("read", &path))?;
    Ok((text, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_several_lines_is_not_torn() {
        let text = "a,b\r\n1,\"x\ny\"\"\n\"\n2,3\n4,\"open\n";
        let lines: Vec<&str> = lines(text.as_bytes())
            .into_iter()
            .map(|line| &text[line])
            .collect();
        assert_eq!(lines, ["a,b\r\n", "1,\"x\ny\"\"\n\"\n", "2,3\n", "4,\"open\n"]);
    }
}
