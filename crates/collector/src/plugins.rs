//! The one place that names plugins. A crate that nothing names is not linked, and its plugin is unknown.

use sink_csv as _;
use sink_influxdb as _;
use sink_sqlite as _;
use sink_stdout as _;

#[cfg(test)]
mod tests {
    #[test]
    fn every_plugin_is_linked() {
        let sinks: Vec<_> = collector_core::sink_plugins()
            .iter()
            .map(|plugin| plugin.type_name)
            .collect();
        assert_eq!(sinks, ["csv", "influxdb", "sqlite", "stdout"]);
        let sources: Vec<_> = collector_core::source_plugins()
            .iter()
            .map(|plugin| plugin.type_name)
            .collect();
        assert_eq!(sources, ["telematics"]);
    }
}
