//! `${NAME}`, `${NAME:-default}`, `${file:/run/secrets/x}` and `${credential:x}`: what comes from outside of the
//! pipeline file.
//!
//! Values are put into the tree, never into the text, so that a password with a `:` or a `#` in it cannot change
//! what the file says. `$${` is a plain `${`.

use std::env::VarError;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use collector_core::table::{Kind, Node, Span};

use super::outside::Outside;
use super::problems::Problems;

const LONGEST_FILE: u64 = 64 * 1024;
/// The variable that names the folder of a service's credentials (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where `${NAME}` comes from.
pub trait Environment {
    /// # Errors
    ///
    /// The variable does not exist, or is not Unicode.
    fn variable(&self, name: &str) -> Result<String, VarError>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Result<String, VarError> {
        std::env::var(name)
    }
}

/// Replaces every reference in the values of a tree (not in its keys).
pub(super) struct Interpolator<'a> {
    /// The text that the tree was read from.
    pub(super) text: &'a str,
    /// Relative paths of files are relative to it.
    pub(super) base_dir: &'a Path,
    pub(super) environment: &'a dyn Environment,
    pub(super) problems: &'a mut Problems,
    pub(super) outside: &'a mut Outside,
}

/// One piece of a scalar: text as it is written, or a reference.
enum Piece<'s> {
    Text(&'s str),
    /// With the offset of its `$`.
    Reference(usize, &'s str),
    Unclosed(usize),
}

impl Interpolator<'_> {
    pub(super) fn visit(&mut self, node: &mut Node) {
        match &mut node.kind {
            Kind::Mapping(entries) => entries.iter_mut().for_each(|(_, value)| self.visit(value)),
            Kind::Sequence(items) => items.iter_mut().for_each(|item| self.visit(item)),
            Kind::Scalar { text, quoted } if text.contains("${") => {
                let raw = std::mem::take(text);
                match self.scalar(&raw, &node.span) {
                    Some(value) => {
                        // A password may be `null`, which then is a text. What is empty is as if not written.
                        *quoted |= matches!(value.as_str(), "~" | "null" | "Null" | "NULL");
                        *text = value;
                    }
                    None => {
                        *text = raw;
                        self.outside.fail(&node.span);
                    }
                }
            }
            Kind::Scalar { .. } => {}
        }
    }

    /// The scalar with its references replaced; `None` after a mistake.
    fn scalar(&mut self, raw: &str, span: &Span) -> Option<String> {
        let mut value = String::new();
        let mut failed = false;
        let mut referred = false;
        for piece in split(raw) {
            match piece {
                Piece::Text(text) => value.push_str(text),
                Piece::Reference(offset, inner) => {
                    referred = true;
                    let place = self.inside(raw, span, offset, inner.len() + 3);
                    match self.resolve(inner, &place) {
                        Some(found) => value.push_str(&found),
                        None => failed = true,
                    }
                }
                Piece::Unclosed(offset) => {
                    let place = self.inside(raw, span, offset, 2);
                    let help = "write `${NAME}`, or `$${` for the two characters themselves";
                    self.problems.add(&place, "this `${` has no `}`").help(help);
                    failed = true;
                }
            }
        }
        if failed {
            return None;
        }
        if referred {
            self.outside.note_reference(span, raw, &value);
        }
        Some(value)
    }

    /// The place of a part of a scalar, where the scalar is written as it is meant; else the whole scalar.
    fn inside(&self, raw: &str, span: &Span, offset: usize, length: usize) -> Span {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let start = written.find(raw).map(|start| span.start + start + offset);
        start.map_or_else(|| span.clone(), |start| start..start + length)
    }

    fn resolve(&mut self, inner: &str, place: &Span) -> Option<String> {
        let value = if let Some(path) = inner.strip_prefix("file:") {
            self.file(path.trim(), place)?
        } else if let Some(name) = inner.strip_prefix("credential:") {
            self.credential(name.trim(), place)?
        } else {
            self.variable(inner, place)?
        };
        let name = inner.split(":-").next().unwrap_or(inner);
        self.outside.note_value(&value, &format!("${{{name}}}"));
        Some(value)
    }

    fn variable(&mut self, inner: &str, place: &Span) -> Option<String> {
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(named) || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.problems.add(place, format!("`${{{inner}}}` does not name a variable")).help(
                "write `${NAME}`, `${NAME:-default}` or `${file:/path}`; `$${` stands for the two characters themselves",
            );
            return None;
        }
        match (self.environment.variable(name), default) {
            (Ok(value), None) => Some(value),
            (Ok(value), Some(_)) if !value.is_empty() => Some(value),
            (Ok(_) | Err(VarError::NotPresent), Some(default)) => Some(default.to_owned()),
            (Err(VarError::NotPresent), None) => {
                let message = format!("the environment variable `{name}` is not set");
                let help =
                    format!("set it before the start (`export {name}=…`), or write `${{{name}:-default}}`");
                self.problems.refuse(place, message, help)
            }
            (Err(VarError::NotUnicode(_)), _) => {
                let message = format!("the environment variable `{name}` is not Unicode text");
                let help = format!("set `{name}` to a text in UTF-8");
                self.problems.refuse(place, message, help)
            }
        }
    }

    /// A file in the folder in which systemd puts the credentials of a service (`LoadCredential=`).
    fn credential(&mut self, name: &str, place: &Span) -> Option<String> {
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
            let help = "write the name of `LoadCredential=NAME:/path`: `${credential:NAME}`";
            return self
                .problems
                .refuse(place, "this does not name a credential", help);
        }
        let unit = format!("`LoadCredential={name}:/etc/cardata/{name}` in the unit of the service");
        let Ok(folder) = self.environment.variable(CREDENTIALS) else {
            let message = format!("systemd has passed no credentials: `{CREDENTIALS}` is not set");
            let help = format!(
                "write {unit}; outside of a service, use `systemd-run --property=LoadCredential=…`, or \
                 `${{file:…}}` instead"
            );
            return self.problems.refuse(place, message, help);
        };
        let message = match read(&Path::new(&folder).join(name)) {
            Ok(text) => return Some(text),
            Err(error) => format!("cannot read the credential `{name}`: {error}"),
        };
        self.problems.refuse(place, message, format!("write {unit}"))
    }

    fn file(&mut self, path: &str, place: &Span) -> Option<String> {
        let path = self.base_dir.join(path);
        let message = match read(&path) {
            Ok(text) => return Some(text),
            Err(error) => format!("cannot read `{}`: {error}", path.display()),
        };
        let help = "the path is relative to the pipeline file; this user must be allowed to read the file";
        self.problems.refuse(place, message, help)
    }
}

/// The text of a file without its final newline, which editors and `echo` add.
fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(LONGEST_FILE + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(std::io::Error::new(
            ErrorKind::FileTooLarge,
            "it is longer than 64 KiB",
        ));
    }
    let trimmed = text
        .strip_suffix('\n')
        .map(|text| text.strip_suffix('\r').unwrap_or(text));
    Ok(trimmed.unwrap_or(&text).to_owned())
}

fn split(raw: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut done = 0;
    while let Some(found) = raw[done..].find("${") {
        let dollar = done + found;
        if dollar > done && raw[done..dollar].ends_with('$') {
            pieces.push(Piece::Text(&raw[done..dollar - 1]));
            pieces.push(Piece::Text("${"));
            done = dollar + 2;
            continue;
        }
        pieces.push(Piece::Text(&raw[done..dollar]));
        let Some(length) = raw[dollar..].find('}') else {
            pieces.push(Piece::Unclosed(dollar));
            return pieces;
        };
        pieces.push(Piece::Reference(dollar, &raw[dollar + 2..dollar + length]));
        done = dollar + length + 1;
    }
    pieces.push(Piece::Text(&raw[done..]));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Variables;

    impl Environment for Variables {
        fn variable(&self, name: &str) -> Result<String, VarError> {
            match name {
                "TOKEN" => Ok("p: #a${TOKEN}ss".to_owned()),
                "NULL" => Ok("null".to_owned()),
                "EMPTY" => Ok(String::new()),
                _ => Err(VarError::NotPresent),
            }
        }
    }

    fn interpolate(raw: &str, base_dir: &Path) -> Result<(String, bool), String> {
        let mut problems = Problems::default();
        let mut node = Node::scalar(raw, 0..raw.len());
        let mut interpolator = Interpolator {
            text: raw,
            base_dir,
            environment: &Variables,
            problems: &mut problems,
            outside: &mut Outside::default(),
        };
        interpolator.visit(&mut node);
        match (problems.into_sorted().first(), node.kind) {
            (Some(problem), _) => Err(format!("{:?} {}", problem.span, problem.message)),
            (None, Kind::Scalar { text, quoted }) => Ok((text, quoted)),
            _ => Err("no scalar".to_owned()),
        }
    }

    #[test]
    fn references_are_replaced_once_and_escapes_are_kept() {
        for (raw, expected) in [
            ("a ${TOKEN} b", "a p: #a${TOKEN}ss b"),
            ("${EMPTY:-x}${NONE:-y z}", "xy z"),
            ("${EMPTY}", ""),
            ("${NONE:-}", ""),
            ("$${TOKEN} $x $ {", "${TOKEN} $x $ {"),
            ("$$${EMPTY}", "$${EMPTY}"),
            ("ä${EMPTY}ß", "äß"),
        ] {
            assert_eq!(
                interpolate(raw, Path::new(".")),
                Ok((expected.to_owned(), false)),
                "{raw}"
            );
        }
        assert_eq!(
            interpolate("${NULL}", Path::new(".")),
            Ok(("null".to_owned(), true))
        );
    }

    #[test]
    fn mistakes_point_at_the_reference() {
        for (raw, expected) in [
            ("ä ${NONE} b", "3..10 the environment variable `NONE` is not set"),
            ("x${", "1..3 this `${` has no `}`"),
            ("${}", "0..3 `${}` does not name a variable"),
            ("${A B}", "0..6 `${A B}` does not name a variable"),
            ("${1A}", "0..5 `${1A}` does not name a variable"),
        ] {
            assert_eq!(interpolate(raw, Path::new(".")), Err(expected.to_owned()));
        }
    }

    #[test]
    fn a_file_is_read_without_its_final_newline() {
        let folder = tempfile::tempdir().unwrap();
        for (text, expected) in [
            ("a\nb\n", "a\nb"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a", "a"),
            ("", ""),
        ] {
            std::fs::write(folder.path().join("secret"), text).unwrap();
            let found = interpolate("${file:secret}", folder.path());
            assert_eq!(found, Ok((expected.to_owned(), false)));
        }
        std::fs::write(folder.path().join("secret"), vec![b'x'; 70_000]).unwrap();
        assert!(
            interpolate("${file:secret}", folder.path())
                .unwrap_err()
                .contains("longer than")
        );
        assert!(
            interpolate("${file:absent}", folder.path())
                .unwrap_err()
                .contains("cannot read")
        );
    }
}
