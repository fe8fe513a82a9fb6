//! `cardata notify --test`: whether a message reaches everybody who would be told.

use ::notify::{Level, Manner, Notice, send};
use collector::http::Clients;
use jiff::Timestamp;
use pipeline::Channel;
use serde_json::json;

use crate::args::NotifyArgs;
use crate::{CommandResult, Failure, context, terminal};

const EXAMPLE: &str = "notify:\n  - type: ntfy\n    url: https://ntfy.sh/my-secret-topic";

pub async fn run(options: NotifyArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    if pipeline.notify.is_empty() {
        return Err(Failure::new(
            2,
            format!("the pipeline file has no `notify`; write for example:\n\n{EXAMPLE}"),
        ));
    }
    let http = Clients::new()?.shared;
    let notice = test();
    let (mut failed, mut channels) = (0, Vec::new());
    for channel in &pipeline.notify {
        let what = channel.label();
        let told = tell(&http, channel, &notice).await;
        failed += usize::from(told.is_err());
        if options.json {
            let (answer, problem) = (told.as_ref().ok(), told.as_ref().err());
            channels.push(json!({ "channel": what, "answer": answer, "problem": problem }));
            continue;
        }
        terminal::say(&match told {
            Ok(answer) => format!("  ok      {what}: {answer}"),
            Err(problem) => format!("  failed  {what}: {problem}"),
        });
    }
    if options.json {
        terminal::answer(1, &json!({ "channels": channels }))?;
    }
    if failed == 0 {
        return Ok(());
    }
    let all = pipeline.notify.len();
    Err(Failure::new(
        4,
        format!("{failed} of {all} channels did not take the test message"),
    ))
}

async fn tell(http: &reqwest::Client, channel: &Channel, notice: &Notice) -> Result<String, String> {
    let bar = terminal::spinner(format!("telling {}", channel.label()));
    let result = send(http, channel, notice).await;
    bar.finish_and_clear();
    result.map_err(|error| error.to_string())
}

fn test() -> Notice {
    Notice {
        topic: "test".to_owned(),
        level: Level::Info,
        stage: "test".to_owned(),
        title: "A test of cardata".to_owned(),
        message: "If you can read this, you will be told when a person must act.".to_owned(),
        at: Timestamp::now(),
        manner: Manner::Change,
    }
}
