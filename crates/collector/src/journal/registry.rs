//! Vehicles that are known, so that no call is spent to ask again.

use collector_core::Vin;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::read::timestamp;
use super::writer::Memory;
use super::{Journal, JournalError};

/// A vehicle as an account's mapping named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedVehicle {
    pub vin: Vin,
    pub primary: bool,
}

impl Journal {
    /// The vehicles of an account as they were last asked for, and when that was.
    pub async fn mapped_vehicles(
        &self,
        account: &str,
    ) -> Result<Option<(Timestamp, Vec<MappedVehicle>)>, JournalError> {
        let account = account.to_owned();
        self.transact(move |connection, _| {
            let at: Option<String> = connection
                .query_row(
                    "select value from meta where key = ?1",
                    [mapped_key(&account)],
                    |row| row.get(0),
                )
                .optional()?;
            let Some(at) = at.and_then(|text| text.parse().ok()) else {
                return Ok(None);
            };
            let mut statement = connection
                .prepare_cached("select vin, mapping from vehicle where account = ?1 order by id")?;
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

    /// Remembers the vehicles of an account.
    pub async fn remember_mapping(
        &self,
        account: &str,
        at: Timestamp,
        vehicles: Vec<MappedVehicle>,
    ) -> Result<(), JournalError> {
        let account = account.to_owned();
        self.transact(move |connection, memory| {
            connection.execute(
                "update vehicle set mapping = null, account = null where account = ?1",
                [&account],
            )?;
            for vehicle in &vehicles {
                let id = vehicle_id(connection, memory, &vehicle.vin)?;
                let mapping = if vehicle.primary { "PRIMARY" } else { "SECONDARY" };
                connection.execute(
                    "update vehicle set account = ?2, mapping = ?3, mapped_at = ?4 where id = ?1",
                    params![id, account, mapping, at.as_millisecond()],
                )?;
            }
            connection.execute(
                "insert into meta (key, value) values (?1, ?2) on conflict do update set value = excluded.value",
                params![mapped_key(&account), at.as_millisecond().to_string()],
            )?;
            Ok(())
        })
        .await
    }

    /// Keeps the answer of basicData for a vehicle, as JSON.
    pub async fn remember_details(&self, vin: Vin, details: String) -> Result<(), JournalError> {
        self.transact(move |connection, memory| {
            let id = vehicle_id(connection, memory, &vin)?;
            connection.execute(
                "update vehicle set details = ?2 where id = ?1",
                params![id, details],
            )?;
            Ok(())
        })
        .await
    }

    /// The answer of basicData for a vehicle, if it was ever asked for.
    pub async fn details(&self, vin: Vin) -> Result<Option<String>, JournalError> {
        self.transact(move |connection, _| {
            let found = connection
                .query_row(
                    "select details from vehicle where vin = ?1",
                    [vin.as_str()],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(found.flatten())
        })
        .await
    }
}

fn mapped_key(account: &str) -> String {
    format!("mapped:{account}")
}

/// The row of a vehicle, made where there is none.
pub(super) fn vehicle_id(
    connection: &Connection,
    memory: &mut Memory,
    vin: &Vin,
) -> Result<i64, JournalError> {
    if let Some(&id) = memory.vehicles.get(vin) {
        return Ok(id);
    }
    let id = connection
        .prepare_cached(
            "insert into vehicle (vin) values (?1) on conflict do update set vin = vin returning id",
        )?
        .query_row([vin.as_str()], |row| row.get(0))?;
    memory.vehicles.insert(vin.clone(), id);
    Ok(id)
}
