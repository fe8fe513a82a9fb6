//! Work that keeps its thread for a while, without keeping the other tasks from it.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs `work` here and now; meanwhile another thread goes on with the tasks of this one, where the runtime has workers.
pub fn in_place<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn others_go_on_where_there_are_workers() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let (told, heard) = channel();
        let long = runtime.spawn(async move {
            tokio::spawn(async move { told.send(()) });
            in_place(move || heard.recv())
        });
        runtime.block_on(long).unwrap().unwrap();
    }

    #[tokio::test]
    async fn with_one_thread_it_is_just_done() {
        assert_eq!(in_place(|| 7), 7);
    }
}
