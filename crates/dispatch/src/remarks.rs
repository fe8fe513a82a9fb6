//! What a sink's owner is told though the sink accepts writes.

/// What there is to tell of one sink in this run.
#[derive(Debug, Default)]
pub struct Remarks {
    /// How many readings it was given, in earlier runs too.
    pub given: u64,
    /// The store was found to hold nothing of them.
    pub is_emptied: bool,
    /// How many readings the store dropped since the start because it keeps nothing so old.
    pub outlived: usize,
}

impl Remarks {
    /// All of it, for `cardata status`; `None` where there is nothing.
    pub fn told(&self, sink: &str) -> Option<String> {
        let emptied = || {
            format!(
                "its store held nothing of what it was given: it was emptied, or is another one; `cardata replay --sink \
                 {sink}` fills it"
            )
        };
        let outlived = || {
            let count = self.outlived;
            format!(
                "{count} readings since the start are older than the store keeps anything: it dropped them"
            )
        };
        let emptied = self.is_emptied.then(emptied);
        let all: Vec<String> = emptied
            .into_iter()
            .chain((self.outlived > 0).then(outlived))
            .collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
