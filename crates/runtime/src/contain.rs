//! A panic in one task's work is a failure of that work, not the end of the program.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use crate::panics::message;

/// Calls it; a panic becomes an error that says what may be told of it. Whatever it borrows must survive its being left
/// half-way.
///
/// # Errors
/// It panicked.
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(&*panic))
}

/// Runs a future; a panic in it becomes an error that says what may be told of it. Whatever the future borrows must
/// survive its being dropped half-way.
pub async fn contained<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = Box::pin(future);
    poll_fn(|context| match contain(|| future.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}
