//! The one place that names plugins. A crate that nothing names is not linked, and its plugin is unknown.

use sink_csv as _;
use sink_exec as _;
use sink_influxdb as _;
use sink_mqtt as _;
use sink_sqlite as _;
use sink_stdout as _;
use source_documents as _;
use source_stream as _;
use source_telematics as _;

#[cfg(test)]
mod tests {
    use std::env::VarError;
    use std::path::Path;

    use pipeline::Environment;

    struct AnyVariable;

    impl Environment for AnyVariable {
        fn variable(&self, _: &str) -> Result<String, VarError> {
            Ok("something".to_owned())
        }
    }

    /// A pipeline file with a sample as the only item of one section.
    fn accepted(section: &str, sample: &str) -> Result<(), String> {
        let mut sections = vec![
            ("sources", "type: telematics\nevery: 60m\n"),
            ("sinks", "type: stdout\n"),
        ];
        sections.retain(|(name, _)| *name != section);
        sections.push((section, sample));
        let client_id = "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f";
        let mut text = format!("accounts:\n  - name: home\n    client_id: {client_id}\n");
        for (name, item) in sections {
            let item: String = item.lines().map(|line| format!("    {line}\n")).collect();
            text.push_str(&format!("{name}:\n  -\n{item}"));
        }
        let parsed = pipeline::parse("sample.yaml", &text, Path::new("/"), &AnyVariable);
        parsed.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn every_sample_is_accepted_and_every_summary_is_one_line() {
        let sinks = collector_core::sink_plugins().into_iter();
        let sinks = sinks.map(|plugin| ("sinks", plugin.type_name, plugin.sample, plugin.summary));
        let sources = collector_core::source_plugins().into_iter();
        let sources = sources.map(|plugin| ("sources", plugin.type_name, plugin.sample, plugin.summary));
        for (section, name, sample, summary) in sinks.chain(sources) {
            assert_eq!(accepted(section, sample), Ok(()), "{name}");
            assert!(
                !summary.is_empty() && !summary.contains('\n'),
                "{name}: {summary}"
            );
        }
        assert!(accepted("sinks", "type: stdout\nsurprise: true\n").is_err());
    }

    #[test]
    fn every_plugin_is_linked() {
        let sinks: Vec<_> = collector_core::sink_plugins()
            .iter()
            .map(|plugin| plugin.type_name)
            .collect();
        assert_eq!(sinks, ["csv", "exec", "influxdb", "mqtt", "sqlite", "stdout"]);
        let sources: Vec<_> = collector_core::source_plugins()
            .iter()
            .map(|plugin| plugin.type_name)
            .collect();
        assert_eq!(
            sources,
            [
                "charging_history",
                "charging_settings",
                "image",
                "stream",
                "telematics",
                "tyres",
                "vehicle"
            ]
        );
    }
}
