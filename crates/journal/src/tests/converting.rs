//! A file of format 4 becomes one of format 5.

use rusqlite::{Connection, params};
use store::FILE;

use super::*;
use crate::care::export::{Wanted, export};
use crate::care::restore::restore;
use entry_form::Content;

/// The tables of format 4.
const TABLES: &str = include_str!("format_4.sql");
const UNIT: &str = "vehicle.cabin.infotainment.displayUnit.distance";

pub fn entry(connection: &Connection, seq: u64, polled: bool, readings: &[(&str, &str, &str)]) {
    let at = NOON + 86_400_000 + i64::try_from(seq).unwrap() * 60_000;
    let items = readings
        .iter()
        .map(|(descriptor, value, stamp)| {
            format!(r#"["{descriptor}",{{"value":{value},"unit":"%","timestamp":"2026-03-01T{stamp}Z"}}]"#)
        })
        .collect::<Vec<_>>();
    let payload = format!(r#"{{"v":1,"readings":[{}]}}"#, items.join(","));
    let (feed, origin) = if polled { (1, "poll") } else { (2, "stream") };
    let content = Content {
        seq,
        vin: VINS[0],
        account: "home",
        source: "telematics",
        origin,
        requested_at: polled.then_some(at),
        received_at: at + 1_000,
        readings: readings.len() as u64,
        repeats: 0,
        payload: &payload,
        context: None,
    };
    let insert = "insert into log values (?1, 1, ?2, ?3, ?4, ?5, 0, ?6, ?7)";
    let (requested_at, received_at) = (content.requested_at, content.received_at);
    let row = params![
        seq,
        feed,
        requested_at,
        received_at,
        content.readings,
        payload,
        content.checksum()
    ];
    connection.execute(insert, row).unwrap();
}

/// Two entries were forgotten; the newest number that was given is 9.
pub fn format_4(state: &Path) {
    let connection = Connection::open(state.join(FILE)).unwrap();
    connection.execute_batch(TABLES).unwrap();
    connection
        .execute_batch(&format!(
            "insert into vehicle values (1, '{}');
             insert into feed values (1, 'home', 'telematics', 'poll'), (2, 'home', 'telematics', 'stream');
             insert into series values (1, 1, '{SOC}', 77, null, 0, null, {NOON} + 120000, 0, 5),
                 (2, 1, '{UNIT}', 78, null, 4, 9, {NOON}, 0, 3),
                 (3, 1, 'vehicle.gone', 79, null, 0, null, {NOON}, 0, null);
             insert into seen values (1, {NOON}, -4611686018427387904, 0), (1, {NOON} + 60000, 12, 0),
                 (1, {NOON} + 120000, 13, 1), (2, {NOON}, 14, 1), (3, {NOON}, 15, 0);
             insert into gap values (1, 2), (6, 9);
             insert into total values (1, 1, 3, 3, 4, 7, {NOON}), (1, 2, 4, 2, 2, 1, {NOON});
             insert into tally values (0, 3, 3, 4);
             insert into cursor values ('sink', 4, 5, {NOON});",
            VINS[0]
        ))
        .unwrap();
    entry(&connection, 3, false, &[(UNIT, r#""MI""#, "12:00:00")]);
    entry(
        &connection,
        4,
        true,
        &[(SOC, r#""71""#, "12:01:00.000"), (SOC, "null", "12:01:30.000")],
    );
    entry(&connection, 5, false, &[(SOC, "72", "12:02:00")]);
    connection
        .execute_batch(
            "update sqlite_sequence set seq = 9 where name = 'log';
             pragma user_version = 4; pragma application_id = 1128546644;",
        )
        .unwrap();
}

#[tokio::test]
async fn entries_stay_as_they_are_and_repeats_are_known_by_what_was_sent() {
    let state = tempfile::tempdir().unwrap();
    format_4(state.path());
    let journal = open(state.path());
    assert_eq!(numbers(&read_all(&journal, 0, 10).await), [71.0, 72.0]);
    assert_eq!(journal.cursor("sink", 0).await.unwrap(), 4);
    let polled = |value: &str, stamp: &str| {
        let body = format!(r#"{{"value":"{value}","unit":"percent","timestamp":"2026-03-01T{stamp}Z"}}"#);
        raw(SOC, &body)
    };
    let known = vec![polled("71", "12:01:00.000"), polled("72.0", "12:02:00.700")];
    let again = append(&journal, poll(50, known)).await;
    assert_eq!((again.new, again.repeats), (0, 2));
    assert_eq!(again.seq, Some(10), "behind all that was ever given");
    // What was forgotten is new once more, and then no more. Its moment is taken.
    for (minute, new) in [(51, 1), (52, 0)] {
        let forgotten = vec![polled("70", "12:00:00.000")];
        assert_eq!(append(&journal, poll(minute, forgotten)).await.new, new);
    }
    let entries = read_all(&journal, 5, 10).await;
    let occurrences = entries.iter().map(|entry| {
        (
            entry.seq,
            entry.readings().first().map(|reading| reading.occurrence),
        )
    });
    let want = [(10, None), (11, Some(1)), (12, None)];
    assert_eq!(occurrences.collect::<Vec<_>>(), want);
}

#[tokio::test]
async fn sums_and_the_present_are_as_before_and_pages_are_small() {
    let state = tempfile::tempdir().unwrap();
    format_4(state.path());
    let journal = open(state.path());
    let overview = journal.overview().unwrap();
    let log = overview.log().unwrap();
    assert_eq!((log.snapshots, log.readings, log.repeats), (3, 4, 8));
    assert_eq!(overview.vehicles().unwrap()[0].descriptors, 3);
    let absent: u32 = inspect(state.path(), "select sum(absent) from series");
    assert_eq!(absent, 4);
    let latest = reader(&journal).latest().await.unwrap();
    let present = latest.iter().flat_map(|snapshot| &snapshot.readings);
    let present: Vec<_> = present.map(|reading| reading.value.to_string()).collect();
    assert_eq!(present, ["MI", "72"]);
    let next = append(&journal, poll(60, vec![soc(73, 60)])).await;
    let context = "select context from log join context on context.id = context_id where seq = 10";
    assert_eq!(next.seq, Some(10));
    assert_eq!(
        inspect::<String>(state.path(), context),
        format!(r#"{{"{UNIT}":"MI"}}"#)
    );
    assert_eq!(inspect::<u32>(state.path(), "pragma page_size"), 1_024);
    assert_eq!(inspect::<String>(state.path(), "pragma journal_mode"), "wal");
    assert_eq!(inspect::<String>(state.path(), "pragma integrity_check"), "ok");
    let broken = "select count(*) from pragma_foreign_key_check";
    assert_eq!(inspect::<u32>(state.path(), broken), 0);
    let damage = crate::care::verify::verify(state.path(), |_| ()).unwrap();
    assert!(damage.is_sound(), "{damage:?}");
}

fn exported(state: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let now = time(NOON);
    export(
        state,
        &Wanted::default(),
        now,
        &mut lines,
        |damage| panic!("{damage}"),
        |_| (),
    )
    .unwrap();
    let lines = String::from_utf8(lines).unwrap();
    lines.lines().skip(1).map(str::to_owned).collect()
}

/// Every column of every table and view.
fn columns(state: &Path) -> Vec<String> {
    let connection = Connection::open(state.join(FILE)).unwrap();
    let query = "select t.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk
         from sqlite_schema t join pragma_table_info(t.name) c
         where t.type in ('table', 'view') and t.name not like 'sqlite%' order by 1";
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn its_tables_are_those_of_a_new_file() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    format_4(old.path());
    let _open = (open(old.path()), open(new.path()));
    assert_eq!(columns(old.path()), columns(new.path()));
}

#[tokio::test]
async fn an_older_file_is_read_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    format_4(state.path());
    let before = exported(state.path());
    assert_eq!(before.len(), 3);
    assert!(
        crate::care::verify::verify(state.path(), |_| ())
            .unwrap()
            .is_sound()
    );
    assert_eq!(inspect::<u32>(state.path(), "pragma user_version"), 4);
    drop(open(state.path()));
    assert_eq!(exported(state.path()), before);
}

#[tokio::test]
async fn an_older_backup_comes_back_and_its_numbers_go_on() {
    let state = tempfile::tempdir().unwrap();
    format_4(state.path());
    let file = state.path().join(FILE);
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "create table backup_manifest (format integer, made_at integer, log_id text, newest integer);
             insert into backup_manifest select 1, 0, value, 9 from meta where key = 'log_id';
             create table backup_file (name text primary key, content blob, checksum integer);
             pragma application_id = 1128546891;",
        )
        .unwrap();
    drop(connection);
    let new = tempfile::tempdir().unwrap();
    let tokens = new.path().join("tokens");
    restore(&file, new.path(), &tokens, time(NOON), false, |_, _| Ok(())).unwrap();
    let journal = open(new.path());
    let seq = append(&journal, poll(60, vec![soc(73, 60)])).await.seq;
    // Behind the microseconds since the epoch, which no number was ever given in between.
    assert_eq!(seq, Some(u64::try_from(NOON).unwrap() * 1_000 + 1));
    assert_eq!(numbers(&read_all(&journal, 0, 10).await), [71.0, 72.0, 73.0]);
    assert!(
        crate::care::verify::verify(new.path(), |_| ())
            .unwrap()
            .is_sound()
    );
}

#[tokio::test]
async fn a_row_that_the_tables_refuse_is_missing_and_kept_aside() {
    let state = tempfile::tempdir().unwrap();
    format_4(state.path());
    let connection = Connection::open(state.path().join(FILE)).unwrap();
    connection
        .execute_batch("pragma foreign_keys = off; update log set vehicle_id = 99 where seq = 4;")
        .unwrap();
    drop(connection);
    let journal = open(state.path());
    assert_eq!(numbers(&read_all(&journal, 0, 10).await), [72.0]);
    let next = append(&journal, poll(60, vec![soc(73, 60)])).await;
    assert_eq!(next.seq, Some(10));
    journal.flush().await.unwrap();
    let found = crate::care::verify::verify(state.path(), |_| ()).unwrap();
    let told: Vec<_> = found
        .damaged
        .iter()
        .map(|damage| (damage.first, damage.last))
        .collect();
    assert_eq!(told, [(4, 4)]);
    let overview = journal.overview().unwrap();
    let stray = overview.stray_entries().unwrap().remove(0);
    assert_eq!((&*stray.account, &*stray.source), ("home", "telematics"));
    assert!(stray.reason.contains("entry 4"), "{}", stray.reason);
    let payload = overview.stray_payload(stray.id).unwrap().unwrap();
    assert!(String::from_utf8(payload).unwrap().contains(r#""value":"71""#));
    let broken = "select count(*) from pragma_foreign_key_check";
    assert_eq!(inspect::<u32>(state.path(), broken), 0);
}
