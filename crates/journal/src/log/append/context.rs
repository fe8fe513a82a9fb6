//! The [contexts](entry_form::context) that vehicles show, in their tables.

use std::collections::HashMap;
use std::sync::Arc;

use entry_form::context;
use rusqlite::{Connection, params};
use store::sql::Access;

use crate::Result;

/// A row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub id: i64,
    pub text: Arc<str>,
}

/// The contexts of vehicles, each read once. What changes is written at once: that is rare.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    of: HashMap<i64, Option<Context>>,
}

impl Contexts {
    pub fn clear(&mut self) {
        self.of.clear();
    }

    /// What a vehicle shows now.
    pub(crate) fn of(&mut self, connection: &Connection, vehicle_id: i64) -> Result<Option<Context>> {
        if let Some(known) = self.of.get(&vehicle_id) {
            return Ok(known.clone());
        }
        let query = "select context.id, context from vehicle join context on context.id = context_id
             where vehicle.id = ?1";
        let found = connection.first(query, [vehicle_id], |row| {
            Ok(Context {
                id: row.get(0)?,
                text: row.get::<_, String>(1)?.into(),
            })
        })?;
        self.of.insert(vehicle_id, found.clone());
        Ok(found)
    }

    /// The newest value of a descriptor told this of units.
    pub(crate) fn note(
        &mut self,
        connection: &Connection,
        vehicle_id: i64,
        descriptor: &str,
        told: &str,
    ) -> Result<()> {
        let known = self.of(connection, vehicle_id)?;
        let known = known.as_ref().map(|known| &*known.text);
        let Some(text) = context::changed(known, descriptor, told) else {
            return Ok(());
        };
        let context = row(connection, &text)?;
        self.set(connection, vehicle_id, context)
    }

    /// A vehicle shows this from now on.
    pub(crate) fn set(&mut self, connection: &Connection, vehicle_id: i64, context: Context) -> Result<()> {
        connection.run(
            "update vehicle set context_id = ?2 where id = ?1",
            params![vehicle_id, context.id],
        )?;
        self.of.insert(vehicle_id, Some(context));
        Ok(())
    }
}

/// The row of a context, made where there is none.
pub(crate) fn row(connection: &Connection, text: &str) -> Result<Context> {
    let insert = "insert into context (context) values (?1) on conflict do nothing";
    connection.run(insert, [text])?;
    let find = "select id from context where context = ?1";
    Ok(Context {
        id: connection.one(find, [text], |row| row.get(0))?,
        text: text.into(),
    })
}
