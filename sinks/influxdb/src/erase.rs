//! Removing what a replay is about to bring again.
//!
//! InfluxDB removes points by measurement, tags and time, never single fields. So the server is asked what it holds, and
//! where something would go that is not to come back, nothing is removed at all.

use std::collections::{BTreeMap, BTreeSet};

use collector_core::{Descriptor, Present, Scope, SinkError, Vehicle, Vin};
use jiff::Timestamp;
use serde_json::Value;

use crate::client::Client;
use crate::config::Tag;
use crate::encode::{Encoder, nanoseconds};
use crate::held::held;
use crate::meant::{Meant, name};
use crate::points::{AT, KIND, REVISION};
use crate::reply::{Removal, Reply, Series};

/// One removal of everything within a scope.
pub struct Erasure<'a> {
    client: &'a mut Client,
    encoder: &'a Encoder,
    scope: &'a Scope,
    /// The vehicles of the journal; none where nobody knows.
    vehicles: Vec<Vehicle>,
    /// The descriptors that the sink is given, by field; asked for where the scope leaves some out.
    descriptors: BTreeMap<String, Descriptor>,
}

/// A measurement of ours.
struct Measurement {
    name: String,
    /// Of which records; `None` where readings stand.
    kind: Option<String>,
    /// The vehicles in it that the scope takes in.
    vehicles: Vec<String>,
}

impl<'a> Erasure<'a> {
    pub async fn new(
        client: &'a mut Client,
        encoder: &'a Encoder,
        present: &dyn Present,
        scope: &'a Scope,
    ) -> Result<Self, SinkError> {
        let facts = present.vehicles().await?.into_iter();
        let mut descriptors = BTreeMap::new();
        if !has_every_descriptor(scope) {
            for snapshot in present.latest().await? {
                for descriptor in snapshot.readings.iter().map(|reading| &reading.descriptor) {
                    let keys = encoder.keys(descriptor).into_iter();
                    descriptors.extend(keys.map(|key| (key, descriptor.clone())));
                }
            }
        }
        Ok(Self {
            client,
            encoder,
            scope,
            vehicles: facts.map(|facts| facts.vehicle).collect(),
            descriptors,
        })
    }

    pub async fn run(mut self) -> Result<(), SinkError> {
        if matches!((self.scope.since, self.scope.until), (Some(since), Some(until)) if until < since) {
            return Ok(());
        }
        let measurements = self.measurements().await?;
        self.check_policies(&measurements).await?;
        let mut all = Vec::new();
        for measurement in &measurements {
            for vehicle in &measurement.vehicles {
                let meant = self.encoder.meant(measurement.name.clone(), vehicle);
                let parts = match &measurement.kind {
                    None => self.readings(meant).await?,
                    Some(kind) => self.records(meant.with(KIND, kind)).await?,
                };
                all.extend(parts);
            }
        }
        // Nothing goes before it is known that everything may go.
        for meant in all {
            if let Removal::Unable(words) = self.client.remove(&meant).await? {
                return Err(self.cannot_remove(&words));
            }
        }
        Ok(())
    }

    /// Every measurement of ours with the vehicles in it that are meant.
    async fn measurements(&mut self) -> Result<Vec<Measurement>, SinkError> {
        let tag = self.encoder.vehicle_tag().key();
        let question = format!("SHOW TAG VALUES WITH KEY IN ({}, {})", name(KIND), name(tag));
        let mut found = Vec::new();
        for series in self.ask(question).await? {
            let values = |tag: &str| -> BTreeSet<String> {
                let keys = series.column("key").zip(series.column("value"));
                let values = keys.filter(|(key, _)| key.as_str() == Some(tag));
                values
                    .filter_map(|(_, value)| value.as_str().map(str::to_owned))
                    .collect()
            };
            let vehicles = values(tag).into_iter();
            let vehicles = vehicles.filter(|vehicle| self.takes_in(vehicle)).collect();
            let is_of = |kind: &String| {
                let own = [self.encoder.measurement_of(kind), self.encoder.withdrawn_of(kind)];
                own.contains(&series.name)
            };
            let kind = values(KIND).into_iter().find(is_of);
            if kind.is_some() || series.name == self.encoder.0.measurement {
                found.push(Measurement {
                    name: series.name.clone(),
                    kind,
                    vehicles,
                });
            }
        }
        found.retain(|measurement: &Measurement| !measurement.vehicles.is_empty());
        Ok(found)
    }

    /// Whether a vehicle, by its tag, is in the scope. One that the journal does not know was written by somebody else.
    fn takes_in(&self, value: &str) -> bool {
        let is_called = |vehicle: &&Vehicle| self.encoder.vehicle_value(vehicle) == value;
        if let Some(vehicle) = self.vehicles.iter().find(is_called) {
            return self.scope.covers_vehicle(vehicle);
        }
        if !self.vehicles.is_empty() {
            return false;
        }
        match (self.encoder.vehicle_tag(), value.parse::<Vin>()) {
            (Tag::Vin, Ok(vin)) => self.scope.covers_vehicle(&Vehicle::named(vin, None)),
            (Tag::Vin, Err(_)) => false,
            _ => self.scope.selects.iter().all(|select| select.vehicles.is_all()),
        }
    }

    /// What to remove of a vehicle's readings.
    async fn readings(&mut self, meant: Meant) -> Result<Vec<Meant>, SinkError> {
        let meant = self.within(meant);
        if !has_every_descriptor(self.scope) {
            self.check_fields(&meant).await?;
        }
        if !self.encoder.0.tags.contains(&Tag::Source)
            || self.scope.selects.iter().all(|select| select.sources.is_all())
        {
            return Ok(vec![meant]);
        }
        let tag = Tag::Source.key();
        let question = format!(
            "SHOW TAG VALUES FROM {} WITH KEY = {}",
            name(&meant.measurement),
            name(tag)
        );
        let answer = self.ask(question).await?;
        let sources = answer.iter().flat_map(|series| series.column("value"));
        let sources = sources.filter_map(Value::as_str).filter(|source| {
            let selects = self.scope.selects.iter();
            selects.into_iter().all(|select| select.matches_source(source))
        });
        Ok(sources.map(|source| meant.clone().with(tag, source)).collect())
    }

    /// Fields go together: all that stand there must be meant.
    async fn check_fields(&mut self, meant: &Meant) -> Result<(), SinkError> {
        let answer = self.ask(format!("SELECT LAST(*) {}", meant.clause())).await?;
        for series in &answer {
            for column in &series.columns {
                let Some(field) = column.strip_prefix("last_") else {
                    continue;
                };
                let is_meant = |descriptor: &Descriptor| {
                    let selects = self.scope.selects.iter();
                    selects
                        .into_iter()
                        .all(|select| select.matches_descriptor(descriptor))
                };
                let is_empty = series.column(column).all(Value::is_null);
                if is_empty || self.descriptors.get(field).is_some_and(is_meant) {
                    continue;
                }
                return Err(SinkError::misconfigured(format!(
                    "{}: measurement `{}` holds `{field}`, which is not to be delivered again, and InfluxDB removes \
                     all fields of a point together: nothing is removed; rewrite without `--select`, or, where the \
                     sink's own `select` leaves it out, name a new `measurement` and run `cardata replay`",
                    self.client.target().authority(),
                    meant.measurement
                )));
            }
        }
        Ok(())
    }

    /// What to remove of a vehicle's records of one kind. A part goes with the whole, whose time counts.
    async fn records(&mut self, meant: Meant) -> Result<Vec<Meant>, SinkError> {
        if self.scope.since.is_none() && self.scope.until.is_none() {
            return Ok(vec![meant]);
        }
        let question = format!(
            "SELECT {}, {} {} GROUP BY *",
            name(REVISION),
            name(AT),
            meant.clause()
        );
        let there = held(&self.ask(question).await?);
        let within = self.within(meant);
        let (first, last) = (within.first.unwrap_or(i64::MIN), within.last.unwrap_or(i64::MAX));
        let is_within = |time: i64| (first..=last).contains(&time);
        let (goes, stays): (Vec<_>, Vec<_>) = there
            .into_iter()
            .partition(|held| is_within(held.at.and_then(nanoseconds).unwrap_or(held.place.time)));
        let is_plain = goes.iter().all(|held| is_within(held.place.time))
            && !stays.iter().any(|held| is_within(held.place.time));
        if is_plain {
            return Ok(vec![within]);
        }
        Ok(goes.iter().map(|held| held.place.meant()).collect())
    }

    /// Bounded by the scope's time: further values stand some nanoseconds behind their millisecond.
    fn within(&self, meant: Meant) -> Meant {
        // What InfluxDB cannot hold bounds nothing.
        let bound = |time: Option<Timestamp>| time.and_then(nanoseconds);
        Meant {
            first: bound(self.scope.since),
            last: bound(self.scope.until).map(|until| until + 999_999),
            ..meant
        }
    }

    /// `DELETE` of InfluxDB 1.x knows no retention policy and would take what other ones keep under the same name.
    async fn check_policies(&mut self, measurements: &[Measurement]) -> Result<(), SinkError> {
        if self.client.target().delete_url().is_some() || measurements.is_empty() {
            return Ok(());
        }
        let (database, own) = self.client.target().database();
        let (database, own) = (database.to_owned(), own.map(str::to_owned));
        let answer = self
            .ask(format!("SHOW RETENTION POLICIES ON {}", name(&database)))
            .await?;
        for series in &answer {
            for (policy, is_default) in series.column("name").zip(series.column("default")) {
                let Some(policy) = policy.as_str() else { continue };
                let is_own = own
                    .as_ref()
                    .map_or(is_default == &Value::Bool(true), |own| own == policy);
                for measurement in measurements.iter().filter(|_| !is_own) {
                    let from = format!("{}.{}", name(policy), name(&measurement.name));
                    if self
                        .ask(format!("SELECT * FROM {from} LIMIT 1"))
                        .await?
                        .is_empty()
                    {
                        continue;
                    }
                    return Err(SinkError::misconfigured(format!(
                        "the retention policy `{policy}` of database `{database}` holds `{}` too, and InfluxDB 1.x \
                         would remove it from both: nothing is removed; name a new `measurement` and run \
                         `cardata replay`",
                        measurement.name
                    )));
                }
            }
        }
        Ok(())
    }

    async fn ask(&mut self, question: String) -> Result<Vec<Series>, SinkError> {
        match self.client.ask(&[question]).await? {
            Reply::Answered(answers) => Ok(answers.into_iter().flatten().collect()),
            Reply::Unable(words) => Err(self.cannot_remove(&words)),
        }
    }

    fn cannot_remove(&self, words: &str) -> SinkError {
        SinkError::misconfigured(format!(
            "{} removes no points (it answers {words}), so what it holds stays as it is: name a new `measurement`, \
             bucket or database, and run `cardata replay`, which fills it as today's rules read it",
            self.client.target().authority()
        ))
    }
}

fn has_every_descriptor(scope: &Scope) -> bool {
    scope.selects.iter().all(|select| select.descriptors.is_all())
}
