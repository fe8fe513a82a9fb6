//! The lines that a program writes, each in bounded memory, however long it is.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Reads lines.
pub struct Lines<R> {
    from: BufReader<R>,
    longest: usize,
    line: Vec<u8>,
    /// The rest of a line that was too long is still to come.
    is_inside: bool,
}

/// One line, without its end.
pub struct Line<'a> {
    pub bytes: &'a [u8],
    /// There was more of it, which is left out.
    pub is_cut: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// `longest` is in bytes.
    pub fn new(from: R, longest: usize) -> Self {
        Self {
            from: BufReader::new(from),
            longest,
            line: Vec::new(),
            is_inside: false,
        }
    }

    /// The next line, as soon as it has ended or is too long; `None` behind the last.
    ///
    /// # Errors
    /// The pipe cannot be read.
    pub async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        loop {
            let there = self.from.fill_buf().await?;
            if there.is_empty() {
                let is_last = !self.line.is_empty();
                return Ok(is_last.then_some(Line {
                    bytes: &self.line,
                    is_cut: false,
                }));
            }
            let end = there.iter().position(|byte| *byte == b'\n');
            let part = &there[..end.unwrap_or(there.len())];
            let taken = if self.is_inside {
                0
            } else {
                part.len().min(self.longest - self.line.len())
            };
            let is_cut = !self.is_inside && taken < part.len();
            self.line.extend_from_slice(&part[..taken]);
            let was_inside = self.is_inside;
            let read = end.map_or(there.len(), |end| end + 1);
            self.from.consume(read);
            self.is_inside = end.is_none() && (was_inside || is_cut);
            if is_cut || end.is_some() && !was_inside {
                return Ok(Some(Line {
                    bytes: &self.line,
                    is_cut,
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &[u8], longest: usize) -> Vec<(String, bool)> {
        let mut lines = Lines::new(text, longest);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push((String::from_utf8_lossy(line.bytes).into_owned(), line.is_cut));
        }
        all
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_cut_and_the_next_one_is_whole() {
        let whole = |text: &str| (text.to_owned(), false);
        let cut = |text: &str| (text.to_owned(), true);
        assert_eq!(
            read(b"ab\n\nabc\nd", 3).await,
            [whole("ab"), whole(""), whole("abc"), whole("d")]
        );
        assert_eq!(read(b"abcd\nef\n", 3).await, [cut("abc"), whole("ef")]);
        let long = [vec![b'x'; 20_000], b"\nef".to_vec(), vec![b'y'; 20_000]].concat();
        let ef = format!("ef{}", "y".repeat(98));
        assert_eq!(read(&long, 100).await, [cut(&"x".repeat(100)), cut(&ef)]);
    }
}
