//! `cardata init`: from nothing to a pipeline that runs. Asks on a terminal, else takes options; writes the pipeline file
//! to its place, checks it, logs in, starts.

pub mod args;
mod start;

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use pipeline_init::answers::Answers;
use pipeline_init::ask::{Ask, Screen};
use pipeline_init::target::Target;
use pipeline_init::{hidden, lookup, questions, write};
use runtime::private;

use crate::args::{CheckArgs, LoginArgs, PipelineArgs};
use crate::{CommandResult, Failure, OrFail, check, login, run as running, terminal};
use args::InitArgs;

/// How it goes on behind the questions.
enum Start {
    Service,
    Here,
    Later,
}

pub async fn run(options: InitArgs) -> CommandResult {
    let target = Target::of(
        options.pipeline.config.as_deref(),
        private::is_root(),
        lookup::variable,
    )?;
    // Means the new file by the way by which its user comes to it.
    let pipeline = PipelineArgs {
        config: options.pipeline.config.clone(),
    };
    let written = OnceLock::new();
    let start = tokio::select! {
        start = prepare(options, &target, &pipeline, &written) => start?,
        _ = tokio::signal::ctrl_c() => return Err(interrupted(written.get())),
    };
    match start {
        Start::Later => Ok(()),
        Start::Service => start::enable(),
        Start::Here => running::run(pipeline).await,
    }
}

/// Everything up to the start.
async fn prepare(
    options: InitArgs,
    target: &Target,
    pipeline: &PipelineArgs,
    written: &OnceLock<PathBuf>,
) -> Result<Start, Failure> {
    let is_asked = !options.yes && terminal::can_ask();
    let answers = asked(options, target.clone(), is_asked).await?;
    write::write(&answers, target)?;
    let _ = written.set(target.file.clone());
    terminal::say(&format!("\nWrote {}", target.file.display()));
    let is_whole = answers.client_id.is_some() || answers.is_simulated;
    if is_whole {
        let check = CheckArgs {
            pipeline: pipeline.clone(),
            connect: false,
            show: false,
            json: false,
        };
        check::run(check).await?;
    }
    let mut is_logged_in = answers.is_simulated;
    if is_asked && is_whole && !is_logged_in && confirmed("Log in to BMW now?").await? {
        let login = LoginArgs {
            pipeline: pipeline.clone(),
            account: None,
            import: None,
        };
        if let Err(failure) = login::run(login).await {
            terminal::document(&next(target, pipeline, is_whole, is_logged_in));
            return Err(failure);
        }
        is_logged_in = true;
    }
    let is_service = start::is_service(target);
    let question = match is_service {
        true => format!("Start it now ({})?", start::ENABLE.join(" ")),
        false => "Start it now, until Ctrl-C?".to_owned(),
    };
    if is_asked && is_logged_in && confirmed(&question).await? {
        return Ok(if is_service { Start::Service } else { Start::Here });
    }
    terminal::document(&next(target, pipeline, is_whole, is_logged_in));
    Ok(Start::Later)
}

/// The answers, of a thread that may wait for the terminal.
async fn asked(options: InitArgs, target: Target, is_asked: bool) -> Result<Answers, Failure> {
    let ask = move |screen: Option<Screen<'_>>| {
        let given = questions::given(&options.to_options(), lookup::variable)?;
        let ask = Ask::new(given, screen);
        ask.say(&greeting(&target))?;
        questions::ask(&ask, &target, options.is_simulated())
    };
    let asked = tokio::task::spawn_blocking(move || match is_asked {
        true => on_terminal(|screen| ask(Some(screen))),
        false => ask(None),
    });
    Ok(asked.await.or_fail(70)??)
}

async fn confirmed(question: &str) -> Result<bool, Failure> {
    let question = question.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        on_terminal(|screen| Ask::new(Default::default(), Some(screen)).confirm(&question))
    });
    Ok(asked.await.or_fail(70)??)
}

fn on_terminal<T>(ask: impl FnOnce(Screen<'_>) -> T) -> T {
    ask(Screen {
        input: &mut io::stdin().lock(),
        output: &mut io::stderr(),
        hide: hidden::hide,
    })
}

fn greeting(target: &Target) -> String {
    let mut text = format!(
        "This makes {}.\nEnter takes what stands in brackets, Ctrl-C ends it.",
        target.file.display()
    );
    if lookup::has_service() && !target.is_system {
        text.push_str("\nIt is yours alone. For the service of this machine: sudo cardata init");
    }
    text
}

/// What is left to be done by hand: commands to be copied, so no line of it may be broken.
fn next(target: &Target, pipeline: &PipelineArgs, is_whole: bool, is_logged_in: bool) -> String {
    let config = lookup::repeated(pipeline.config.as_deref());
    // The machine's is for root alone, who came by `sudo` or is root all along.
    let by_sudo = target.is_system && lookup::variable("SUDO_USER").is_some();
    let sudo = if by_sudo { "sudo " } else { "" };
    let mut text = "Next:".to_owned();
    if !is_whole {
        let file = lookup::quoted(&target.file);
        let _ = write!(
            text,
            "\n  put your client id into {file}\n  {sudo}cardata check{config}"
        );
    }
    if !is_logged_in {
        let _ = write!(text, "\n  {sudo}cardata login{config}");
    }
    let _ = match start::is_service(target) {
        true => write!(text, "\n  {sudo}{}", start::ENABLE.join(" ")),
        false => write!(text, "\n  {sudo}cardata run{config}"),
    };
    text
}

fn interrupted(written: Option<&PathBuf>) -> Failure {
    hidden::show();
    let what = match written {
        Some(file) => format!("{} stays.", file.display()),
        None => "Nothing was written.".to_owned(),
    };
    Failure::new(130, format!("\nStopped. {what}"))
}
