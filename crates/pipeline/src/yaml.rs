//! From YAML text to the tree that knows its places. Nothing else in the program knows YAML's grammar.

use std::collections::HashMap;

use collector_core::table::{Key, Kind, Node, Span};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::positions::Positions;
use super::problems::Problems;
use super::secrets;
use super::syntax;

/// A pipeline file that is longer than this is something else.
pub(super) const MAX_BYTES: usize = 1 << 20;
const MAX_DEPTH: usize = 64;
/// Aliases can make a short text stand for billions of nodes.
const MAX_NODES: usize = 100_000;

/// Reads one document. `None` where the text is no YAML; every mistake is in `problems`. Values of repeated keys
/// are not in the tree: those that look secret are added to `masks`.
pub(super) fn parse(text: &str, problems: &mut Problems, masks: &mut Vec<Span>) -> Option<Node> {
    Builder {
        parser: Parser::new_from_str(text),
        positions: Positions::new(text),
        text,
        anchors: HashMap::new(),
        nodes: 0,
        problems,
        masks,
    }
    .document()
    .ok()
}

/// The mistake is in `problems` and nothing behind it can be read.
struct Stop;

struct Builder<'t, 'p> {
    parser: Parser<'t, StrInput<'t>>,
    positions: Positions<'t>,
    text: &'t str,
    /// Complete nodes that an alias may repeat, each with its number of nodes.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    problems: &'p mut Problems,
    masks: &'p mut Vec<Span>,
}

impl<'t> Builder<'t, '_> {
    fn document(mut self) -> Result<Node, Stop> {
        self.next()?;
        let (Event::DocumentStart(_), _) = self.next()? else {
            return Ok(Node::scalar("", 0..0));
        };
        let (event, span) = self.next()?;
        let root = self.node(event, span, 0)?;
        self.next()?;
        if let (Event::DocumentStart(_), span) = self.next()? {
            let help = "a pipeline file is one document: remove the `---` and what follows it";
            let message = "a second document begins here";
            self.problems.add(&span, message).help(help);
            return Err(Stop);
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let start = self.positions.byte(span.start.index());
                let end = self.positions.byte(span.end.index()).max(start);
                Ok((event, start..end))
            }
            Some(Err(error)) => Err(self.syntax_error(&error)),
            None => Ok((Event::StreamEnd, self.text.len()..self.text.len())),
        }
    }

    fn syntax_error(&mut self, error: &ScanError) -> Stop {
        let at = self.positions.byte(error.marker().index());
        let (span, message, help) = syntax::explain(self.text, at, error.info());
        self.problems.add(&span, message).help = help;
        Stop
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Stop> {
        if depth > MAX_DEPTH {
            let message = format!("lists and tables are nested more than {MAX_DEPTH} deep here");
            self.problems.add(&span, message);
            return Err(Stop);
        }
        let before = self.nodes;
        self.count(1, &span)?;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain || self.is_text(tag.as_deref(), &span);
                (self.scalar(&text, quoted, span), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.is_text(tag.as_deref(), &span);
                (self.sequence(span, depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.is_text(tag.as_deref(), &span);
                (self.mapping(span, depth)?, anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, span),
            _ => return Err(Stop),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before));
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, span: &Span) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("the file stands for more than {MAX_NODES} values");
        let help = "aliases (`*name`) repeat what they point at: use fewer of them";
        self.problems.add(span, message).help(help);
        Err(Stop)
    }

    /// Whether a tag makes its scalar a text. A tag of somebody else's program is a mistake.
    fn is_text(&mut self, tag: Option<&Tag>, span: &Span) -> bool {
        let Some(tag) = tag else { return false };
        if tag.is_yaml_core_schema() {
            return tag.suffix == "str";
        }
        // The parser gives the place of what is tagged.
        let place = match self.text[..span.start].rfind('!') {
            Some(start) => start..start + self.text[start..span.start].trim_end().len(),
            None => span.clone(),
        };
        self.problems.add(&place, format!("the tag `{tag}` means nothing here")).help(
            "write the text in double quotes; what comes from outside is written `${NAME}` or `${file:/path}`",
        );
        true
    }

    fn scalar(&self, text: &str, quoted: bool, span: Span) -> Node {
        // The parser writes nothing as `~`, and the place of nothing is where it was noticed.
        let written = self.text.get(span.clone()).unwrap_or_default();
        let empty = !quoted && written.trim().is_empty();
        let (text, span) = if empty {
            let end = self.text[..span.start].trim_end().len();
            ("", end..end)
        } else {
            (text, span.start..span.start + written.trim_end().len())
        };
        Node {
            span,
            kind: Kind::Scalar {
                text: text.to_owned(),
                quoted,
            },
        }
    }

    /// A scalar is at the place of its alias, what is in a list or table at the place where it is written.
    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, Stop> {
        let Some((node, nodes)) = self.anchors.get(&anchor) else {
            let message = "this alias points at something that contains it";
            self.problems.add(&span, message);
            return Err(Stop);
        };
        let (mut node, nodes) = (node.clone(), *nodes);
        self.count(nodes, &span)?;
        if matches!(node.kind, Kind::Scalar { .. }) {
            node.span = span;
        }
        Ok(node)
    }

    fn sequence(&mut self, span: Span, depth: usize) -> Result<Node, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, item) = self.next()?;
            if event == Event::SequenceEnd {
                let span = items.first().map_or(span, |first: &Node| first.span.clone());
                return Ok(Node {
                    span,
                    kind: Kind::Sequence(items),
                });
            }
            items.push(self.node(event, item, depth + 1)?);
        }
    }

    fn mapping(&mut self, span: Span, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut places: HashMap<String, Span> = HashMap::new();
        let mut merged = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, place.clone(), depth + 1)?;
            let (event, below) = self.next()?;
            let value = self.node(event, below, depth + 1)?;
            let Kind::Scalar { text, quoted } = key.kind else {
                let help = "a text that begins with `[` or `{` needs double quotes";
                let message = "a key is a word, not a list or a table";
                self.problems.add(&place, message).help(help);
                continue;
            };
            let key = Key { text, span: key.span };
            if key.text == "<<" && !quoted {
                merged.push((key, value));
            } else if let Some(first) = places.get(&key.text) {
                let message = format!("the key `{}` stands here twice", key.text);
                let problem = self.problems.add(&key.span, message);
                problem.help("remove one of the two").also(first, "the first one");
                secrets::mark_if_named_so(&key, &value, self.masks);
            } else {
                places.insert(key.text.clone(), key.span.clone());
                entries.push((key, value));
            }
        }
        let span = entries.first().map_or(span, |(key, _)| key.span.clone());
        for (key, value) in merged {
            self.merge(&mut entries, &key, value);
        }
        Ok(Node {
            span,
            kind: Kind::Mapping(entries),
        })
    }

    /// `<<: *base`: what the table does not say itself is as in `base`.
    fn merge(&mut self, entries: &mut Vec<(Key, Node)>, key: &Key, value: Node) {
        let bases = match value.kind {
            Kind::Mapping(_) => vec![value],
            Kind::Sequence(items) => items,
            Kind::Scalar { .. } => Vec::new(),
        };
        let tables: Option<Vec<_>> = bases.iter().map(Node::entries).collect();
        let Some(tables) = tables.filter(|tables| !tables.is_empty()) else {
            let help = "write `<<: *name`, where `&name` stands in front of a table";
            let message = "`<<` takes a table or a list of tables";
            self.problems.add(&key.span, message).help(help);
            return;
        };
        for (key, value) in tables.into_iter().flatten() {
            if entries.iter().all(|(own, _)| own.text != key.text) {
                entries.push((key.clone(), value.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key and scalar as it is written at its place.
    fn written<'t>(text: &'t str, node: &Node, found: &mut Vec<&'t str>) {
        match &node.kind {
            Kind::Scalar { .. } => found.push(&text[node.span.clone()]),
            Kind::Sequence(items) => items.iter().for_each(|item| written(text, item, found)),
            Kind::Mapping(entries) => {
                for (key, value) in entries {
                    found.push(&text[key.span.clone()]);
                    written(text, value, found);
                }
            }
        }
    }

    #[test]
    fn places_are_bytes_of_what_is_written() {
        let text = "ä: ß x  # é\r\n'q': \"€\"\r\nnone:\r\nlist: [ü, {k: v}, 'it''s']\r\nblock: |\r\n  a\r\n  b\r\nlast: 🚗\r\n";
        let mut problems = Problems::default();
        let root = parse(text, &mut problems, &mut Vec::new()).unwrap();
        let mut found = Vec::new();
        written(text, &root, &mut found);
        assert_eq!(
            found,
            [
                "ä", "ß x", "'q'", "\"€\"", "none", "", "list", "ü", "k", "v", "'it''s'", "block",
                "a\r\n  b", "last", "🚗"
            ]
        );
        assert!(problems.is_empty());
    }

    #[test]
    fn tables_are_merged_and_own_keys_win() {
        let text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 5}\nd: {\"<<\": 1}\n";
        let mut problems = Problems::default();
        let root = parse(text, &mut problems, &mut Vec::new()).unwrap();
        let value = |key: &str| {
            root.get("c")
                .and_then(|table| table.get(key))
                .and_then(Node::as_text)
        };
        assert_eq!(
            [value("x"), value("y"), value("z")],
            [Some("5"), Some("2"), Some("4")]
        );
        assert_eq!(
            root.get("d")
                .and_then(|table| table.get("<<"))
                .and_then(Node::as_text),
            Some("1")
        );
        assert!(problems.is_empty());
    }
}
