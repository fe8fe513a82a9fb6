//! What a sink's owner is told though the sink accepts writes: it is remembered from run to run, until a replay is done.

use collector_core::Held;
use collector_core::state::{Published, State, StoreState};

/// What is known of the store of one sink.
#[derive(Debug, Clone, Copy)]
pub struct Remarks {
    /// How many readings it was given.
    pub given: u64,
    /// Up to which entry it held everything when it was last asked; 0 where it never told.
    held: u64,
    store: StoreState,
    /// How many readings it dropped because it keeps nothing so old.
    outlived: u64,
}

impl Remarks {
    /// Of a sink that was given so many readings, from what was published of it before.
    pub fn of<'a>(given: u64, published: impl Iterator<Item = &'a Published>) -> Self {
        let mut remarks = Self {
            given,
            held: 0,
            store: StoreState::Whole,
            outlived: 0,
        };
        for said in published {
            match said.state {
                State::Held(held) => remarks.held = held,
                State::Store(store) => remarks.store = store,
                State::Outlived(outlived) => remarks.outlived = outlived,
                _ => {}
            }
        }
        remarks
    }

    /// Whether the store may be asked: nothing was ever given to one that lacks nothing, and one that lacks something was
    /// told of.
    pub fn is_asked(&self) -> bool {
        self.given > 0 && self.store == StoreState::Whole
    }

    /// What the store says before a write.
    pub fn judge(&mut self, held: Held) {
        match held {
            Held::Nothing => self.store = StoreState::Emptied,
            Held::UpTo(seq) if seq < self.held => self.store = StoreState::Replaced,
            Held::UpTo(seq) => self.held = seq,
            Held::Unknown => {}
        }
    }

    /// The store took so many readings, dropped some of them, and says how much it holds then.
    pub fn written(&mut self, readings: usize, outlived: usize, held: Held) {
        self.given += readings as u64;
        self.outlived += outlived as u64;
        if let Held::UpTo(seq) = held {
            self.held = self.held.max(seq);
        }
    }

    /// A replay brought again what was lacking. Only what is told from now on counts.
    pub fn filled(&mut self) {
        *self = Self::of(self.given, std::iter::empty());
    }

    /// What there is to publish, each with the words for `cardata status`.
    pub fn told(&self, sink: &str) -> [(State, Option<String>); 2] {
        let lack = match self.store {
            StoreState::Whole => None,
            StoreState::Emptied => {
                Some("held nothing of what it was given: it was emptied, or is another one")
            }
            StoreState::Replaced => Some(
                "lacks the newest of what it was given: an older copy of it, or another one, was put in its place",
            ),
        };
        let lack = lack
            .map(|lack| format!("its store {lack}; `cardata replay --sink {sink}` brings what is missing"));
        let outlived = (self.outlived > 0).then(|| {
            format!(
                "{} readings are older than the store keeps anything: it dropped them; with a longer retention `cardata \
                 replay --sink {sink}` brings them",
                self.outlived
            )
        });
        [
            (State::Store(self.store), lack),
            (State::Outlived(self.outlived), outlived),
        ]
    }
}
