//! The mistakes that were found so far: collected, so that all of them can be reported at once.

use collector_core::table::{self, Mistake, Node, Span};
use serde::de::DeserializeOwned;

/// No person reads more mistakes than this.
const ENOUGH: usize = 1_000;

/// One mistake, before its place is turned into a line and a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) span: Span,
    /// What is wrong, as a lower-case fragment.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<String>,
    /// A second place that belongs to it, and what stands there.
    pub(super) also: Option<(Span, String)>,
}

#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problem {
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn also(&mut self, span: &Span, label: impl Into<String>) -> &mut Self {
        self.also = Some((span.clone(), label.into()));
        self
    }
}

impl Problems {
    pub(super) fn add(&mut self, span: &Span, message: impl Into<String>) -> &mut Problem {
        let position = self.0.len();
        self.0.push(Problem {
            span: span.clone(),
            message: message.into(),
            help: None,
            also: None,
        });
        &mut self.0[position]
    }

    /// Adds a mistake after which there is nothing.
    pub(super) fn refuse<T>(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.add(span, message).help(help);
        None
    }

    /// Reads one table; every mistake in it is added. What is wrong is cut out of the table, so that the rest can
    /// be checked further; `None` where too little is left.
    pub(super) fn read<T: DeserializeOwned>(&mut self, node: &mut Node) -> Option<T> {
        let (read, mistakes) = table::read_rest(node);
        self.extend(mistakes);
        read
    }

    /// Adds what the reading of one table found. The second line of a message is its advice: serde's errors have
    /// no place for one. A key is not missing where another was probably meant to be it.
    pub(super) fn extend(&mut self, mistakes: Vec<Mistake>) {
        let meant: Vec<_> = mistakes.iter().flat_map(|mistake| mistake.help.clone()).collect();
        for Mistake { span, message, help } in mistakes {
            let missing = message.strip_suffix(" is missing");
            if missing.is_some_and(|key| meant.contains(&format!("did you mean {key}?"))) {
                continue;
            }
            let (message, advice) = match message.split_once('\n') {
                Some((message, advice)) => (message, Some(advice.to_owned())),
                None => (message.as_str(), None),
            };
            self.add(&span, message).help = help.or(advice);
        }
    }

    /// Removes what `follows` from other mistakes.
    pub(super) fn drop_consequences(&mut self, follows: impl Fn(&Span) -> bool) {
        self.0.retain(|problem| !follows(&problem.span));
    }

    pub(super) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of the file, each once: a table that is used twice through an alias has its mistakes twice.
    /// Of a file that is all wrong, the first are enough.
    pub(super) fn into_sorted(mut self) -> Vec<Problem> {
        self.0.sort_by_key(|problem| problem.span.start);
        let mut sorted: Vec<Problem> = Vec::new();
        for problem in self.0 {
            let before = sorted.iter().rev();
            let mut same_place = before.take_while(|other| other.span.start == problem.span.start);
            if !same_place.any(|other| *other == problem) {
                sorted.push(problem);
            }
            if sorted.len() == ENOUGH {
                break;
            }
        }
        sorted
    }
}
