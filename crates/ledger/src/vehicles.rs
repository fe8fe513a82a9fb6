//! Vehicles that are known, so that no call is spent to ask again.

use async_trait::async_trait;
use collector_core::{Name, Vin};
use jiff::Timestamp;
use rusqlite::params;
use store::sql::Access;
use store::timestamp;

use crate::overview::Overview;
use crate::{Result, SqlLedger};

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
    /// Whether that is its main user; `None` where no mapping names it.
    pub primary: Option<bool>,
    /// What is remembered of it beside that, as [`Vehicles::remember_details`] was given it.
    pub details: Option<String>,
}

/// The vehicles of the accounts.
#[async_trait]
pub trait Vehicles: std::fmt::Debug + Send + Sync {
    /// The vehicles of an account as they were last asked for, and when that was.
    async fn mapped_vehicles(&self, account: &str) -> Result<Option<(Timestamp, Vec<MappedVehicle>)>>;

    /// Remembers the vehicles of an account. Of what it newly is the main user, no [`Refusal`](crate::Refusal) counts any more.
    async fn remember_mapping(
        &self,
        account: &str,
        at: Timestamp,
        vehicles: Vec<MappedVehicle>,
    ) -> Result<()>;

    /// Keeps what was learned of a vehicle, or that it was asked for: a text of the caller's.
    async fn remember_details(&self, vin: Vin, details: String) -> Result<()>;

    /// What was kept of a vehicle, if it was ever asked for.
    async fn details(&self, vin: Vin) -> Result<Option<String>>;

    /// Every vehicle that a mapping named or that was asked for, ordered by VIN.
    async fn known_vehicles(&self) -> Result<Vec<KnownVehicle>>;
}

#[async_trait]
impl Vehicles for SqlLedger {
    async fn mapped_vehicles(&self, account: &str) -> Result<Option<(Timestamp, Vec<MappedVehicle>)>> {
        let account = account.to_owned();
        self.transact(move |connection| {
            let query = "select at from mapping where account = ?1";
            let Some(at) = connection.first(query, [&account], |row| row.get(0))? else {
                return Ok(None);
            };
            let query = "select vin, mapping from known_vehicle where account = ?1 order by id";
            let rows: Vec<(String, Option<String>)> =
                connection.all(query, [account], |row| row.try_into())?;
            let vehicles = rows.into_iter().filter_map(|(vin, mapping)| {
                Some(MappedVehicle {
                    vin: vin.parse().ok()?,
                    primary: mapping.as_deref() == Some("PRIMARY"),
                })
            });
            Ok(Some((timestamp(at), vehicles.collect())))
        })
        .await
    }

    async fn remember_mapping(
        &self,
        account: &str,
        at: Timestamp,
        vehicles: Vec<MappedVehicle>,
    ) -> Result<()> {
        let account = account.to_owned();
        self.transact(move |connection| {
            for vehicle in vehicles.iter().filter(|vehicle| vehicle.primary) {
                connection.run(
                    "delete from refused where account = ?1 and vin = ?2 and not exists (select 1 from known_vehicle
                         where vin = ?2 and account = ?1 and mapping = 'PRIMARY')",
                    [&account, vehicle.vin.as_str()],
                )?;
            }
            connection.run(
                "update known_vehicle set mapping = null, account = null where account = ?1",
                [&account],
            )?;
            for vehicle in &vehicles {
                let mapping = if vehicle.primary { "PRIMARY" } else { "SECONDARY" };
                connection.run(
                    "insert into known_vehicle (vin, account, mapping) values (?1, ?2, ?3)
                     on conflict do update set account = excluded.account, mapping = excluded.mapping",
                    [vehicle.vin.as_str(), &account, mapping],
                )?;
            }
            connection.run(
                "insert into mapping (account, at) values (?1, ?2) on conflict do update set at = excluded.at",
                params![account, at.as_millisecond()],
            )?;
            Ok(())
        })
        .await
    }

    async fn remember_details(&self, vin: Vin, details: String) -> Result<()> {
        self.run(
            "insert into known_vehicle (vin, details) values (?1, ?2)
             on conflict do update set details = excluded.details",
            [vin.as_str().to_owned(), details],
        )
        .await
    }

    async fn details(&self, vin: Vin) -> Result<Option<String>> {
        let query = "select details from known_vehicle where vin = ?1";
        let found = self.first(query, [vin.as_str().to_owned()], |row| row.get(0));
        Ok(found.await?.flatten())
    }

    async fn known_vehicles(&self) -> Result<Vec<KnownVehicle>> {
        self.transact(known).await
    }
}

impl Overview {
    /// Every vehicle that a mapping named or that was asked for, ordered by VIN.
    pub fn vehicles(&self) -> Result<Vec<KnownVehicle>> {
        known(&self.database)
    }

    /// The names of vehicles that stores know by another than their [`Vin::key_name`].
    pub fn old_names(&self) -> Result<Vec<(Vin, Name)>> {
        let query = "select vin, name from known_vehicle where name is not null";
        let rows: Vec<(String, String)> = self.database.all(query, [], |row| row.try_into())?;
        let named = rows
            .into_iter()
            .filter_map(|(vin, name)| Some((vin.parse().ok()?, name.into())));
        Ok(named.collect())
    }
}

fn known(of: &impl Access) -> Result<Vec<KnownVehicle>> {
    type Row = (String, Option<String>, Option<String>, Option<String>);
    let query = "select vin, account, mapping, details from known_vehicle order by vin";
    let rows: Vec<Row> = of.all(query, [], |row| row.try_into())?;
    let vehicles = rows.into_iter().filter_map(|(vin, account, mapping, details)| {
        Some(KnownVehicle {
            vin: vin.parse().ok()?,
            account: account.map(Name::from),
            primary: mapping.map(|mapping| mapping == "PRIMARY"),
            details,
        })
    });
    Ok(vehicles.collect())
}
