//! The sink: one program at a time, and a new one after each failure.
//!
//! A batch that did not end with its acknowledgement ends the program too. What it had not stored for good is gone with
//! it, and the same batch meets a program that knows nothing of the first try.

use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{Entry, Rejection, Scope, Sink, SinkError, Written};
use tokio::sync::watch;

use crate::encode::Mode;
use crate::failure;
use crate::process::{Ending, Launch};
use crate::program::{Order, Program, over};

/// Gives entries to a program.
pub struct ExecSink {
    launch: Arc<Launch>,
    /// None while there is none, and while one is at work: a dropped write drops, and so kills, the program.
    program: Option<Program>,
    /// The end of the one that was started last.
    before: Option<watch::Receiver<Ending>>,
    remarks: Vec<String>,
}

impl ExecSink {
    pub fn new(launch: Launch) -> Self {
        Self {
            launch: Arc::new(launch),
            program: None,
            before: None,
            remarks: Vec::new(),
        }
    }

    /// The program that waits for something to do, or a new one.
    async fn ready(&mut self) -> Result<Program, SinkError> {
        if let Some(program) = self.program.take() {
            let ending = program.ending().borrow().clone();
            let Some(ending) = ending else {
                return Ok(program);
            };
            tracing::warn!(sink = %self.launch.sink, "the program ended between two batches ({ending}); it is started anew");
        }
        self.start(Mode::Run).await
    }

    async fn start(&mut self, mode: Mode) -> Result<Program, SinkError> {
        // Never two: the one before may hold a lock, or be about to store something.
        if let Some(before) = &mut self.before {
            over(before).await;
        }
        let (process, pipes) = self
            .launch
            .start()
            .map_err(|error| failure::not_started(&self.launch, &error))?;
        self.before = Some(process.ending());
        let started = Program::greeted(&self.launch, process, pipes, mode).await;
        started.map_err(|(trouble, farewell)| failure::of(&self.launch, trouble, farewell, false))
    }

    async fn ask(&mut self, mut program: Program, order: &Order<'_>) -> Result<Vec<Rejection>, SinkError> {
        match program.carry_out(order).await {
            Ok(refused) => {
                self.program = Some(program);
                Ok(refused)
            }
            Err(trouble) => Err(failure::of(&self.launch, trouble, program.end().await, true)),
        }
    }
}

#[async_trait]
impl Sink for ExecSink {
    /// Starts a program that is told to store nothing, and ends it.
    async fn check(&mut self) -> Result<(), SinkError> {
        let program = self.start(Mode::Check).await?;
        let farewell = program.end().await;
        self.remarks.clear();
        if farewell.ending.is_none() {
            let remark =
                "its program does not end within a second when its standard input ends, and is stopped";
            self.remarks.push(remark.to_owned());
        }
        Ok(())
    }

    fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let program = self.ready().await?;
        let refused = self.ask(program, &Order::Store { batch, again: false }).await?;
        Ok(Written::without(refused))
    }

    async fn rewrite(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let program = self.ready().await?;
        let refused = self.ask(program, &Order::Store { batch, again: true }).await?;
        Ok(Written::without(refused))
    }

    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
        let program = self.ready().await?;
        if !program.can_erase() {
            self.program = Some(program);
            return Err(SinkError::misconfigured(
                "the program cannot remove what it holds (it does not say `\"erase\": true`): empty its store by hand, \
                 and replay without --rewrite",
            ));
        }
        self.ask(program, &Order::Erase(scope)).await?;
        Ok(())
    }

    /// Ends the program, if there is one.
    async fn close(&mut self) -> Result<(), SinkError> {
        if let Some(program) = self.program.take() {
            program.end().await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use collector_core::testkit::{context, entries};

    use super::*;
    use crate::config::ExecConfig;

    /// Acknowledges one batch and ends.
    const ONCE: &str = r#"read -r hello; echo '{"ready":1}'; while read -r line; do case $line in '{"flush":'*) echo '{"ack":1}'
        exit ;; esac; done"#;

    #[tokio::test]
    async fn one_that_ends_between_two_batches_is_started_anew() {
        let config = ExecConfig {
            command: ["sh", "-c", ONCE].map(str::to_owned).into(),
            dir: None,
            env: BTreeMap::new(),
        };
        let mut sink = ExecSink::new(Launch::of(config, &context()).unwrap());
        for seq in 1..4 {
            sink.write(&entries(seq, 1)).await.unwrap();
            over(&mut sink.program.as_ref().unwrap().ending()).await;
        }
        sink.close().await.unwrap();
    }
}
