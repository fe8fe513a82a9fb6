//! Polls the vehicles of an account, as the planner says, and finds out what a failure means for the next time.
//!
//! One poller an account: it polls one vehicle at a time, the one that has waited longest for its value first.
//!
//! * [`round`]: what is known of the vehicles while polls are made. [`polling`]: a poll and its outcome.
//! * [`desk`]: where somebody asks for a poll now. [`demanded`]: what becomes of it.
//! * [`vehicles`]: which vehicles the account has. [`ended`]: those that it may not read. [`clock`]: clocks that are set.

mod clock;
mod demanded;
pub(crate) mod desk;
mod ended;
mod polling;
mod round;
#[cfg(test)]
mod tests;
mod vehicles;

use std::sync::Arc;
use std::time::Duration;

use collector_core::state::{PollsState, State};
use collector_core::{Every, Name, Patterns, Poll, PollRefused};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ledger::{Fact, GapCause, Publisher};
use pipeline::Vehicles;
use planner::quota::Allowance;
use planner::{Outlook, Situation, plan};
use runtime::{Backoff, Chain, contained};
use source::Handles;
use tokio_util::sync::CancellationToken;

use crate::ingest::Intake;
use clock::ClockWatch;
use desk::{Asked, Bell, Desk};
use polling::{Came, Occasion};
use round::Round;
pub use vehicles::Mapping;

/// No wait is longer than this at a stretch, so that a changed clock is noticed.
const STRETCH: Duration = Duration::from_secs(30);
/// After a panic, this long nothing is done, and longer where it comes back: what was asked for may have cost calls.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// Of a login that BMW refuses. It costs a call where the token is taken and the API is not (CU-103).
const LOGIN_ASKED_AGAIN: Duration = Duration::from_secs(86_400);
/// A plan is made anew at least this often: calls leave the window, night falls.
const REPLAN: SignedDuration = SignedDuration::from_mins(10);

/// A source that the poller asks.
pub struct PolledSource {
    pub name: Name,
    pub every: Every,
    pub calls: u32,
    /// Whether it asks for what changes seldom, and tells nothing of what a vehicle does.
    pub is_seldom: bool,
    /// Whether everything that it asks for could come by a stream.
    pub streamable: bool,
    /// What to say of a vehicle that never brings a value for anything that it asks for.
    pub advice: Option<&'static str>,
    /// Which vehicles of the account it is for.
    pub vehicles: Patterns,
}

/// Polls the vehicles of one account until it is cancelled.
pub struct Poller {
    account: Name,
    handles: Handles,
    intake: Arc<dyn Intake>,
    publisher: Publisher,
    bell: Bell,
    desk: Desk,
    pub(crate) plan: PollPlan,
}

/// What of the pipeline file an account's poller is for.
pub struct PollPlan {
    pub vehicles: Vehicles,
    pub sources: Vec<PolledSource>,
    /// Where the owner lives: parked vehicles are polled less often by night.
    pub timezone: TimeZone,
    pub cancelled: CancellationToken,
}

/// A poller and the sources that it asks, in the order of [`PollPlan::sources`].
pub type Polling = (Poller, Vec<Box<dyn Poll>>);

impl Poller {
    pub fn new(handles: &Handles, intake: Arc<dyn Intake>, plan: PollPlan) -> Self {
        let account = handles.login.account.clone();
        let (bell, desk) = desk::open();
        Self {
            publisher: Publisher::new(account.clone(), handles.ledger.clone(), handles.clock.clone()),
            account,
            handles: handles.clone(),
            intake,
            bell,
            desk,
            plan,
        }
    }

    /// Runs until cancelled. A poll that is under way is finished: its call is spent. A panic ends no polling: it goes on
    /// with what the ledger knows.
    ///
    /// `polls` are the sources themselves, in the order of [`PollPlan::sources`].
    pub async fn run(self, mut polls: Vec<Box<dyn Poll>>) {
        let mut watch = ClockWatch::new(self.handles.clock.as_ref());
        let mut pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut began = self.handles.clock.now();
        let account = self.account.clone();
        self.tell(vec![Fact::PollsStarted { account, at: began }]).await;
        while let Err(panic) = contained(self.rounds(&mut polls, &mut watch)).await {
            if runtime::clock::until(began, self.handles.clock.now()) > LONGEST_PAUSE {
                pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
            }
            let pause = pauses.next_bound();
            tracing::error!(account = %self.account, error = panic, seconds = pause.as_secs(), "the poller panicked, which is a bug; it starts again after a pause");
            // The poll that was under way, if any: that it began is in the ledger if a call left, as a failure.
            let mut none = Round::default();
            self.note(&mut none, self.handles.budget.end_poll()).await;
            // What was said last may not be written down.
            self.publisher.forget();
            let message = format!("the poller panicked, which is a bug: {panic}");
            self.publish(PollsState::Failing, Some(message), Some(GapCause::PollsFailed))
                .await;
            tokio::select! {
                () = self.handles.clock.sleep(pause) => {}
                () = self.plan.cancelled.cancelled() => {}
                never = self.turn_away(PollRefused::NotReady) => match never {},
            }
            began = self.handles.clock.now();
        }
        self.tell(vec![self.kept(Some(GapCause::Restart))]).await;
    }

    async fn rounds(&self, polls: &mut [Box<dyn Poll>], watch: &mut ClockWatch) {
        while let Some(vehicles) = self.known_vehicles().await {
            let mut round = self.round(vehicles).await;
            self.warn_of_stretched_intervals(&round);
            let now = self.handles.clock.now();
            let until = now
                + if round.polled.is_empty() && round.ended.is_empty() {
                    vehicles::EMPTY_MAPPING_AGE
                } else {
                    vehicles::MAPPING_AGE
                };
            self.poll_until(until, polls, &mut round, watch).await;
        }
    }

    async fn poll_until(
        &self,
        until: Timestamp,
        polls: &mut [Box<dyn Poll>],
        round: &mut Round,
        watch: &mut ClockWatch,
    ) {
        while !self.plan.cancelled.is_cancelled() {
            if let Some(by) = watch.jumped(self.handles.clock.as_ref()) {
                self.follow_the_clock(round, by).await;
            }
            let now = self.handles.clock.now();
            if now >= until {
                return;
            }
            self.readmit(round).await;
            let outlook = self.outlook(round, now).await;
            let mut news = self.news(round, &outlook, now);
            news.extend(self.nothing_left(round));
            self.note(round, news).await;
            let Some(index) = outlook.due(now) else {
                let next = outlook.first().unwrap_or(until);
                let stream = self.handles.hearing.gives_up_at(now).unwrap_or(until);
                let due = next.min(until).min(stream).min(now + REPLAN);
                let came = match self.wait_for(now, due).await {
                    Some(asked) => self.answer(asked, polls, round).await,
                    None => continue,
                };
                self.go_on(came).await;
                continue;
            };
            let Some(poll) = polls.get_mut(round.polled[index].source) else {
                return;
            };
            let came = self.poll(poll.as_mut(), round, index, Occasion::Planned).await;
            self.go_on(came).await;
        }
    }

    async fn go_on(&self, came: Came) {
        if let Came::NoLogin { login, reason } = came {
            self.wait_for_login(login, reason).await;
        }
    }

    /// The plan as of `now`.
    async fn outlook(&self, round: &Round, now: Timestamp) -> Outlook {
        let targets = round.targets(&self.plan.sources, &self.handles.hearing, now);
        let spent = self.handles.budget.known_calls(now).await;
        let situation = Situation {
            now,
            // Without a ledger the gate lets no call leave.
            spent: &spent.unwrap_or_default(),
            limit: self.allowance().limit(),
            night: planner::is_night(&self.plan.timezone, now),
            targets: &targets,
        };
        let outlook = plan(&situation);
        self.handles.budget.publish(outlook.spare, now);
        outlook
    }

    fn allowance(&self) -> Allowance {
        Allowance::for_polls(self.handles.budget.calls_per_day())
    }

    fn warn_of_stretched_intervals(&self, round: &Round) {
        let limit = self.allowance().limit();
        let targets = round.targets(
            &self.plan.sources,
            &self.handles.hearing,
            self.handles.clock.now(),
        );
        if planner::stretches_fixed(&targets, limit) {
            tracing::warn!(account = %self.account, polled = targets.len(), limit, "the vehicles need more calls a day than there are; polling them less often");
        }
    }

    /// The clock was set by somebody: what is noted keeps its age.
    async fn follow_the_clock(&self, round: &mut Round, by: SignedDuration) {
        tracing::warn!(account = %self.account, seconds = by.as_secs(), "the clock was set; the times of the calls are moved with it");
        round.move_with_the_clock(by);
        self.handles.hearing.move_with_the_clock(by);
        let moved = self.handles.budget.move_with_the_clock(by).await;
        if let Err(error) = moved {
            tracing::warn!(account = %self.account, error = %Chain(&error), "could not move the times of the calls with the clock");
        }
    }

    /// When the next call may leave, after one was refused.
    async fn next_call(&self, now: Timestamp) -> Timestamp {
        let spent = self.handles.budget.spent_calls(now).await;
        let denied = spent
            .ok()
            .and_then(|spent| self.allowance().permits(&spent, now).err());
        // Refused for another reason, such as a ledger that could not be written.
        denied.map_or(now + SignedDuration::from_mins(1), |denied| denied.until)
    }

    /// Waits for a login, which somebody has to make; says so before and after. BMW errs too: it is asked again after a day.
    async fn wait_for_login(&self, dead: Option<source::LoginId>, reason: String) {
        // First for `status`: who reads the log may ask it.
        let needed = PollsState::LoginNeeded;
        self.publish(needed, Some(reason.clone()), Some(GapCause::Login))
            .await;
        tracing::error!(account = %self.account, error = reason, "polling stops until `cardata login` has been run; BMW is asked again once a day");
        let returned = tokio::select! {
            returned = self.handles.login.returned(dead, &self.plan.cancelled) => returned,
            () = self.handles.clock.sleep(LOGIN_ASKED_AGAIN) => false,
            never = self.turn_away(PollRefused::LoginNeeded) => match never {},
        };
        if returned {
            tracing::info!(account = %self.account, "logged in again; polling goes on");
            self.publish(PollsState::Polling, None, None).await;
        }
    }

    /// Says how the polls fare, and what keeps them from being made or answered. What cannot be stored harms no poll.
    async fn publish(&self, state: PollsState, message: Option<String>, by: Option<GapCause>) {
        self.tell(self.published(state, message, by)).await;
    }

    /// The same for what is written down with something else.
    fn published(&self, state: PollsState, message: Option<String>, by: Option<GapCause>) -> Vec<Fact> {
        let news = self.publisher.news(State::Polls(state), message);
        news.map_or_else(Vec::new, |news| vec![Fact::Published(news), self.kept(by)])
    }

    fn kept(&self, by: Option<GapCause>) -> Fact {
        Fact::PollsKept {
            account: self.account.clone(),
            at: self.handles.clock.now(),
            by,
        }
    }

    async fn tell(&self, facts: Vec<Fact>) {
        if let Err(error) = self.handles.ledger.note(facts).await {
            self.publisher.forget();
            tracing::debug!(account = %self.account, error = %Chain(&error), "could not note how the polls fare");
        }
    }

    /// What cannot be noted costs at most an earlier poll after a restart, which the ledger still bounds.
    async fn note(&self, round: &mut Round, facts: Vec<Fact>) {
        if let Err(error) = self.handles.ledger.note(facts).await {
            self.forget(round);
            tracing::warn!(account = %self.account, error = %Chain(&error), "could not note how the polls fare");
        }
    }

    /// What was told last may not be written down: the state and the plan are told again.
    fn forget(&self, round: &mut Round) {
        self.publisher.forget();
        round.forget();
    }

    /// Waits until `due`, or until the stream tells of something, or the clock was set back since `now`, when that was decided,
    /// or until cancelled, or until somebody asks for a poll.
    async fn wait_for(&self, mut now: Timestamp, due: Timestamp) -> Option<Asked> {
        while now < due && !self.plan.cancelled.is_cancelled() {
            let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
            tokio::select! {
                biased;
                () = self.plan.cancelled.cancelled() => {}
                asked = self.desk.next() => return Some(asked),
                () = self.handles.hearing.changed() => return None,
                () = self.handles.clock.sleep(wait.min(STRETCH)) => {}
            }
            let before = std::mem::replace(&mut now, self.handles.clock.now());
            if now < before {
                return None;
            }
        }
        None
    }
}
