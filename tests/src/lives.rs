//! What a program that is killed again and again must have kept.

use cardata_sim::Served;

use crate::oracle::{Row, answers, expected};
use crate::process::Cardata;
use crate::scene::{DEADLINE, Scene, count};
use crate::stores;

/// The answers that reached the journal. A poll that was under way when the program was killed is the only one
/// of its life that may be missing, and the last.
#[derive(Debug, Default)]
pub struct Lives {
    /// How many answers BMW has served, and how many of them are in the journal, up to the last death.
    served: usize,
    stored: usize,
    /// The positions of the answers that died on their way.
    lost: Vec<usize>,
}

impl Lives {
    /// Waits for the end of a program that was killed and looks at what it left.
    pub async fn end(&mut self, scene: &Scene, mut run: Cardata) {
        assert!(
            run.wait_exit(DEADLINE).await.code().is_none(),
            "{}",
            run.transcript()
        );
        scene.settle().await;
        let state = scene.path("state");
        let served = scene.answers() - self.served;
        let total = usize::try_from(stores::snapshots(&state)).unwrap();
        let stored = total - self.stored;
        assert!(
            stored == served || stored + 1 == served,
            "{stored} of {served} are stored:\n{}",
            run.transcript()
        );
        self.served += served;
        self.stored = total;
        if stored < served {
            self.lost.push(self.served - 1);
        }
        let polled = count(&run, "INFO polled ");
        assert!(
            polled <= stored,
            "{polled} acknowledged, {stored} stored:\n{}",
            run.transcript()
        );
        let ledger = stores::calls(&state);
        let requests = scene.bmw.requests();
        let counted = requests.iter().filter(|request| request.counted).count();
        assert!(
            ledger >= counted as u64,
            "{ledger} calls in the ledger, BMW saw {counted}"
        );
    }

    /// How many answers died on their way to the journal.
    pub fn unacknowledged(&self) -> usize {
        self.lost.len()
    }

    /// What must be stored of everything that BMW served.
    pub fn expected(&self, served: &[Served]) -> Vec<Row> {
        let arrived = answers(served).into_iter().enumerate();
        let arrived = arrived.filter(|(index, _)| !self.lost.contains(index));
        expected(arrived.map(|(_, answer)| answer))
    }
}
