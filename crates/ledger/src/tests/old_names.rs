//! Vehicles of which something came before names began with `v`.

use store::{FILE, Store};

use crate::overview::Overview;
use crate::{SCHEMA, SqlLedger, Vehicles};

/// A file of format 5, with the journal's table of vehicles.
const FORMAT_5: &str = "alter table known_vehicle drop column name;
    drop table refused;
    drop table unlisted;
    drop table deriving;
    create table vehicle (id integer primary key, vin text not null unique) strict;
    insert into known_vehicle (vin, account, mapping) values
        ('WBYZZZ00007E00123', 'home', 'PRIMARY'), ('WBYZZZ0000FP12345', 'home', 'PRIMARY');
    insert into vehicle (vin) values ('WBYZZZ00007E00123'), ('WBYZZZ00007A12345');
    pragma user_version = 5;";

#[tokio::test]
async fn what_stores_know_keeps_its_name_and_nothing_else_does() {
    let state = tempfile::tempdir().unwrap();
    drop(Store::open(state.path(), &[SCHEMA]).unwrap());
    let before = rusqlite::Connection::open(state.path().join(FILE)).unwrap();
    before.execute_batch(FORMAT_5).unwrap();
    drop(before);
    let store = Store::open(state.path(), &[SCHEMA]).unwrap();
    let overview = Overview::open(state.path()).unwrap().unwrap();
    let mut names = overview.old_names().unwrap();
    names.sort();
    let names = names.iter().map(|(vin, name)| (vin.as_str(), &**name));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [("WBYZZZ00007A12345", "7A12345"), ("WBYZZZ00007E00123", "7E00123")]
    );
    let mapped = SqlLedger::new(&store).known_vehicles().await.unwrap();
    let owners = mapped.iter().map(|known| known.account.as_deref());
    assert_eq!(owners.collect::<Vec<_>>(), [None, Some("home"), Some("home")]);
}
