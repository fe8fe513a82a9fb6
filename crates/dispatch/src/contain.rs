//! A panic in a sink is a failed write, not the end of the program.

use collector_core::SinkError;

/// Runs a sink's future and turns a panic into an error. The sink is asked again later, as after any other
/// failure; its promise to survive dropped futures covers an unwound one.
pub async fn contained<T>(future: impl Future<Output = Result<T, SinkError>>) -> Result<T, SinkError> {
    runtime::contained(future).await.unwrap_or_else(|text| {
        Err(SinkError::transient(format!(
            "the sink panicked, which is a bug of it: {text}"
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        let error = contained::<()>(async { panic!("oh") }).await.unwrap_err();
        assert!(error.to_string().contains("oh"), "{error}");
    }

    #[tokio::test]
    async fn what_it_stumbled_over_is_not_told() {
        let vin = "WBY8P210X07A12345".to_owned();
        let error = contained::<()>(async { panic!("cannot store {vin}") }).await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("cannot store …") && !text.contains(&vin), "{text}");
    }
}
