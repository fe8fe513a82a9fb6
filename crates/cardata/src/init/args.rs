//! The options of `cardata init`: each is the answer to a question, which then is not asked.

use clap::Args;

use pipeline_init::questions::Options;

use crate::args::PipelineArgs;

#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// The id of your client, from BMW's portal; else that in $CARDATA_CLIENT_ID.
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// What to collect: everything, driving or battery.
    #[arg(long, value_name = "WHAT")]
    pub collect: Option<String>,
    /// Where to store it, beside the SQLite database: csv, influxdb or mqtt; once for each.
    #[arg(long = "sink", value_name = "TYPE")]
    pub sinks: Vec<String>,
    /// An option of such a sink, as `influxdb.url=http://nas:8086`. Token and passwords are taken from $INFLUX_TOKEN,
    /// $INFLUX_PASSWORD and $MQTT_PASSWORD too, where no other user sees them.
    #[arg(long = "set", value_name = "SINK.KEY=VALUE")]
    pub settings: Vec<String>,
    /// A simulated BMW with two cars, to see it work without a car.
    #[cfg(feature = "simulator")]
    #[arg(long, conflicts_with = "client_id")]
    pub simulator: bool,
    /// Ask nothing: what no option says is as it comes. Without a terminal nothing is asked anyway.
    #[arg(long)]
    pub yes: bool,
}

impl InitArgs {
    /// The answers that they give.
    pub fn to_options(&self) -> Options {
        Options {
            client_id: self.client_id.clone(),
            collect: self.collect.clone(),
            sinks: self.sinks.clone(),
            settings: self.settings.clone(),
        }
    }

    pub fn is_simulated(&self) -> bool {
        #[cfg(feature = "simulator")]
        return self.simulator;
        #[cfg(not(feature = "simulator"))]
        false
    }
}
