//! The one place where this sink waits: for a program, which may hang or not end. Never to try again.

use std::time::Duration;

/// What comes of `what`; `None` where it takes longer.
pub async fn within<T>(limit: Duration, what: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, what).await.ok()
}
