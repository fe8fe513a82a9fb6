//! Vehicles that are known, so that no call is spent to ask again.

use async_trait::async_trait;
use collector_core::{Name, Vin};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use store::{StoreError, timestamp};

use crate::SqlLedger;
use crate::overview::Overview;

/// A vehicle as an account's mapping named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedVehicle {
    pub vin: Vin,
    pub primary: bool,
}

/// What is known of a vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownVehicle {
    pub vin: Vin,
    /// Whose it is, as a mapping said.
    pub account: Option<Name>,
    /// The answer of basicData, as JSON.
    pub details: Option<String>,
}

/// The vehicles of the accounts.
#[async_trait]
pub trait Vehicles: std::fmt::Debug + Send + Sync {
    /// The vehicles of an account as they were last asked for, and when that was.
    async fn mapped_vehicles(
        &self,
        account: &str,
    ) -> Result<Option<(Timestamp, Vec<MappedVehicle>)>, StoreError>;

    /// Remembers the vehicles of an account.
    async fn remember_mapping(
        &self,
        account: &str,
        at: Timestamp,
        vehicles: Vec<MappedVehicle>,
    ) -> Result<(), StoreError>;

    /// Keeps the answer of basicData for a vehicle, as JSON.
    async fn remember_details(&self, vin: Vin, details: String) -> Result<(), StoreError>;

    /// The answer of basicData for a vehicle, if it was ever asked for.
    async fn details(&self, vin: Vin) -> Result<Option<String>, StoreError>;

    /// Every vehicle that a mapping named or that was asked for, ordered by VIN.
    async fn known_vehicles(&self) -> Result<Vec<KnownVehicle>, StoreError>;
}

#[async_trait]
impl Vehicles for SqlLedger {
    async fn mapped_vehicles(
        &self,
        account: &str,
    ) -> Result<Option<(Timestamp, Vec<MappedVehicle>)>, StoreError> {
        let account = account.to_owned();
        self.transact(move |connection| {
            let at: Option<i64> = connection
                .query_row("select at from mapping where account = ?1", [&account], |row| {
                    row.get(0)
                })
                .optional()?;
            let Some(at) = at else { return Ok(None) };
            let mut statement = connection
                .prepare_cached("select vin, mapping from known_vehicle where account = ?1 order by id")?;
            let mut rows = statement.query([account])?;
            let mut vehicles = Vec::new();
            while let Some(row) = rows.next()? {
                let (vin, mapping): (String, Option<String>) = (row.get(0)?, row.get(1)?);
                let Ok(vin) = vin.parse() else { continue };
                vehicles.push(MappedVehicle {
                    vin,
                    primary: mapping.as_deref() == Some("PRIMARY"),
                });
            }
            Ok(Some((timestamp(at), vehicles)))
        })
        .await
    }

    async fn remember_mapping(
        &self,
        account: &str,
        at: Timestamp,
        vehicles: Vec<MappedVehicle>,
    ) -> Result<(), StoreError> {
        let account = account.to_owned();
        self.transact(move |connection| {
            connection.execute(
                "update known_vehicle set mapping = null, account = null where account = ?1",
                [&account],
            )?;
            for vehicle in &vehicles {
                let mapping = if vehicle.primary { "PRIMARY" } else { "SECONDARY" };
                connection.execute(
                    "insert into known_vehicle (vin, account, mapping) values (?1, ?2, ?3)
                     on conflict do update set account = excluded.account, mapping = excluded.mapping",
                    params![vehicle.vin.as_str(), account, mapping],
                )?;
            }
            connection.execute(
                "insert into mapping (account, at) values (?1, ?2) on conflict do update set at = excluded.at",
                params![account, at.as_millisecond()],
            )?;
            Ok(())
        })
        .await
    }

    async fn remember_details(&self, vin: Vin, details: String) -> Result<(), StoreError> {
        self.transact(move |connection| {
            connection.execute(
                "insert into known_vehicle (vin, details) values (?1, ?2)
                 on conflict do update set details = excluded.details",
                params![vin.as_str(), details],
            )?;
            Ok(())
        })
        .await
    }

    async fn details(&self, vin: Vin) -> Result<Option<String>, StoreError> {
        self.transact(move |connection| {
            let query = "select details from known_vehicle where vin = ?1";
            let found = connection.query_row(query, [vin.as_str()], |row| row.get(0));
            Ok(found.optional()?.flatten())
        })
        .await
    }

    async fn known_vehicles(&self) -> Result<Vec<KnownVehicle>, StoreError> {
        self.transact(known).await
    }
}

impl Overview {
    /// Every vehicle that a mapping named or that was asked for, ordered by VIN.
    pub fn vehicles(&self) -> Result<Vec<KnownVehicle>, StoreError> {
        known(self.connection())
    }
}

fn known(connection: &rusqlite::Connection) -> Result<Vec<KnownVehicle>, StoreError> {
    let mut statement =
        connection.prepare_cached("select vin, account, details from known_vehicle order by vin")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(String, Option<String>, Option<String>)> = rows.collect::<Result<_, _>>()?;
    let vehicles = rows.into_iter().filter_map(|(vin, account, details)| {
        Some(KnownVehicle {
            vin: vin.parse().ok()?,
            account: account.map(Name::from),
            details,
        })
    });
    Ok(vehicles.collect())
}
