//! A panic in one task's work is a failure of that work, not the end of the program.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::panics::message;

/// Runs a future; a panic in it becomes an error that says what may be told of it. Whatever the future borrows must
/// survive its being dropped half-way.
pub async fn contained<F: Future>(future: F) -> Result<F::Output, String> {
    Contained {
        future: Box::pin(future),
    }
    .await
}

struct Contained<F> {
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Contained<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future.as_mut();
        match catch_unwind(AssertUnwindSafe(|| future.poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(message(&*panic))),
        }
    }
}
