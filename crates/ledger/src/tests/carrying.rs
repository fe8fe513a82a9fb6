//! Calls that an old ledger knows of, whatever is damaged in it.

use std::path::Path;

use rusqlite::Connection;
use store::{Database, FILE};

use crate::{SCHEMA, Store, carry_over};

fn ledger(state: &Path) -> Connection {
    Store::open(state, &[SCHEMA]).unwrap();
    Connection::open(state.join(FILE)).unwrap()
}

/// What of an old ledger that `hurt` was done to stands in the new one, and whether that is all.
fn carried(hurt: impl Fn(&Connection, &Path)) -> (Vec<i64>, i64, bool) {
    let [old, new] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let before = ledger(old.path());
    for at in 0..300 {
        let insert =
            "insert into quota (account, at, call, outcome) values ('home', ?1, 'telematic_data', ?2)";
        before
            .execute(insert, (at, format!("call {at:03} {}", "x".repeat(30))))
            .unwrap();
    }
    before
        .execute("insert into quota_block values ('home', 77)", [])
        .unwrap();
    before
        .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
        .unwrap();
    hurt(&before, &old.path().join(FILE));
    drop(before);
    let after = ledger(new.path());
    let there = "insert into quota (account, at, call) values ('home', 299, 'telematic_data')";
    after.execute(there, []).unwrap();
    let [old, new] = [old.path(), new.path()].map(|state| state.join(FILE));
    let all = carry_over(
        &Database::read_only(&old).unwrap(),
        &Database::writable(&new).unwrap(),
    );
    let mut calls = after.prepare("select at from quota order by at").unwrap();
    let calls = calls.query_map([], |row| row.get(0)).unwrap();
    let block = after.query_row("select coalesce(max(until), 0) from quota_block", [], |row| {
        row.get(0)
    });
    (calls.map(Result::unwrap).collect(), block.unwrap(), all.is_ok())
}

#[test]
fn all_are_carried_over_once() {
    assert_eq!(carried(|_, _| ()), (Vec::from_iter(0..300), 77, true));
}

#[test]
fn a_row_that_cannot_be_read_costs_no_other() {
    let hurt = |old: &Connection, _: &Path| {
        old.execute_batch("update quota set call = cast(x'ff' as text) where at = 7")
            .unwrap();
    };
    let rest = (0..300).filter(|at| *at != 7);
    assert_eq!(carried(hurt), (rest.collect(), 77, false));
}

#[test]
fn a_page_that_cannot_be_read_costs_its_calls() {
    let hurt = |_: &Connection, file: &Path| {
        let mut bytes = std::fs::read(file).unwrap();
        let page_size = usize::from(bytes[16]) * 256;
        let place = bytes.windows(8).position(|found| found == b"call 150").unwrap();
        bytes[place / page_size * page_size..][..page_size].fill(0);
        std::fs::write(file, bytes).unwrap();
    };
    let (calls, block, is_all) = carried(hurt);
    assert!((230..300).contains(&calls.len()) && !calls.contains(&150));
    assert_eq!(
        (calls[0], calls.last(), block, is_all),
        (0, Some(&299), 77, false)
    );
}

#[test]
fn a_table_that_is_gone_costs_only_what_stood_there() {
    let hurt = |old: &Connection, _: &Path| old.execute_batch("drop table quota").unwrap();
    assert_eq!(carried(hurt), (vec![299], 77, false));
}
