//! Places that only one sink can use: a folder, a database.

use std::path::{Component, Path, PathBuf};

use collector_core::table::{Node, Span};
use collector_core::{Exclusive, Name};

use super::problems::Problems;

/// The places of one pipeline file, each with the sink that has it.
pub(super) struct Places<'b> {
    base_dir: &'b Path,
    taken: Vec<Taken>,
}

struct Taken {
    place: PathBuf,
    sink: Name,
    span: Span,
}

impl<'b> Places<'b> {
    /// Relative paths begin in `base_dir`.
    pub(super) fn new(base_dir: &'b Path) -> Self {
        Self {
            base_dir,
            taken: Vec::new(),
        }
    }

    /// Gives a sink its place; the mistake where another has it. `item` is the table of the sink.
    pub(super) fn take(&mut self, sink: &Name, exclusive: &Exclusive, item: &Node, problems: &mut Problems) {
        let key = exclusive.key;
        let place = normal(&self.base_dir.join(&exclusive.path));
        let written = item.entry(key).map_or(&item.span, |(key, _)| &key.span);
        let Some(first) = self.taken.iter().find(|taken| taken.place == place) else {
            self.taken.push(Taken {
                place,
                sink: sink.clone(),
                span: written.clone(),
            });
            return;
        };
        // A merged key stands at the first sink.
        let span = if *written == first.span {
            &item.span
        } else {
            written
        };
        problems
            .add(
                span,
                format!("the sinks `{}` and `{sink}` write to the same place", first.sink),
            )
            .help(format!(
                "give `{sink}` a `{key}` of its own, or remove one of the two"
            ))
            .also(&first.span, "the first one");
    }
}

/// The path without `.` and `..`, by its text alone: what does not exist yet has a place as well.
fn normal(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut normal = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_can_be_written_in_many_ways() {
        for path in ["/b/d", "/b/d/", "/b/./d", "/b/x/../d", "/b//d/.", "/../b/d"] {
            assert_eq!(normal(Path::new(path)), Path::new("/b/d"), "{path}");
        }
        assert_ne!(normal(Path::new("/b/D")), Path::new("/b/d"));
    }
}
