//! Pages of `seen` that cannot be read: the table is made anew, and what was seen is still known.

use store::FILE;

use super::folding::message;
use super::model::copied;
use super::unreadable::{overwrite, root_of};
use super::*;
use crate::care::backup::backup;
use crate::care::verify::verify;

/// More than two blocks.
const MANY: u32 = 3_000;

fn told(number: u32) -> RawSnapshot {
    message(number.into(), vec![soc(number % 100, number.into())])
}

/// Behind what was told last before this number.
fn behind(number: u32) -> Timestamp {
    message(number.into(), Vec::new()).received_at
}

/// Entries 1 to [`MANY`], of which two blocks are packed; all of it is in the file, nothing in the log beside it.
async fn packed() -> tempfile::TempDir {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let snapshots: Vec<_> = (1..=MANY).map(told).collect();
    let appended = journal.append("home".into(), "telematics".into(), snapshots.into());
    appended.await.unwrap();
    let packed = journal.pack(behind(MANY + 1)).await.unwrap();
    assert_eq!(packed.entries, 2_047);
    journal.flush().await.unwrap();
    settled(&journal).await
}

async fn settled(journal: &Journal) -> tempfile::TempDir {
    journal.store.checkpoint().await;
    copied(journal.path().parent().unwrap())
}

/// The pages of `seen` in its order: those above the leaves, the first of them the root; and the leaves.
fn pages(state: &Path) -> (Vec<usize>, Vec<usize>) {
    let file = std::fs::read(state.join(FILE)).unwrap();
    let (mut above, mut leaves) = (Vec::new(), Vec::new());
    descend(&file, root_of(state, "seen"), &mut above, &mut leaves);
    assert!(above.len() > 1 && leaves.len() > 50, "{above:?} {leaves:?}");
    (above, leaves)
}

fn descend(file: &[u8], number: usize, above: &mut Vec<usize>, leaves: &mut Vec<usize>) {
    let page = &file[(number - 1) * 1_024..number * 1_024];
    let short = |at: usize| usize::from(u16::from_be_bytes([page[at], page[at + 1]]));
    let long = |at: usize| u32::from_be_bytes(page[at..at + 4].try_into().unwrap()) as usize;
    if page[0] == 10 {
        return leaves.push(number);
    }
    assert_eq!(page[0], 2, "a page of an index");
    above.push(number);
    for cell in 0..short(3) {
        descend(file, long(short(12 + 2 * cell)), above, leaves);
    }
    descend(file, long(8), above, leaves);
}

fn rows(state: &Path) -> String {
    let query = "select group_concat(concat_ws(' ', measured_at, series_id, hash, whole_second)) from
         (select * from seen order by measured_at, series_id, hash)";
    inspect(state, query)
}

/// Zeroes the first bytes of a page.
fn behead(state: &Path, page: usize) {
    let file = state.join(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[(page - 1) * 1_024..][..8].fill(0);
    std::fs::write(file, bytes).unwrap();
}

/// How many of these numbers are news, told together.
async fn news(journal: &Journal, numbers: impl Iterator<Item = u32>) -> usize {
    let snapshots: Vec<_> = numbers.map(told).collect();
    let count = snapshots.len();
    let appended = journal.append("home".into(), "telematics".into(), snapshots.into());
    let appended = appended.await.unwrap();
    assert_eq!(
        appended.iter().map(|one| one.new + one.repeats).sum::<usize>(),
        count
    );
    appended.iter().map(|one| one.new).sum()
}

#[tokio::test]
async fn what_is_in_the_log_is_known_again_whatever_page_is_damaged() {
    let sound = packed().await;
    let (above, leaves) = pages(sound.path());
    let middle = leaves[leaves.len() / 2];
    for page in [above[0], above[1], leaves[0], middle, leaves[leaves.len() - 1]] {
        let state = tempfile::tempdir().unwrap();
        std::fs::copy(sound.path().join(FILE), state.path().join(FILE)).unwrap();
        behead(state.path(), page);
        let journal = open(state.path());
        // On every leaf stand some forty.
        assert_eq!(news(&journal, (1..=MANY).step_by(9)).await, 0, "page {page}");
        assert!(rows(state.path()) == rows(sound.path()), "page {page}");
        assert_eq!(news(&journal, MANY + 1..MANY + 20).await, 19, "page {page}");
        journal.flush().await.unwrap();
        assert_eq!(
            inspect::<u32>(state.path(), "select count(*) from seen"),
            MANY + 19
        );
        assert_eq!(read_all(&journal, 0, 10_000).await.len() as u32, MANY + 19);
    }
}

#[tokio::test]
async fn a_flush_that_meets_such_a_page_is_done_all_the_same() {
    let state = packed().await;
    let (_, leaves) = pages(state.path());
    behead(state.path(), leaves[leaves.len() - 1]);
    let journal = open(state.path());
    assert_eq!(news(&journal, MANY + 1..MANY + 3).await, 2);
    assert!(journal.flush().await.unwrap());
    assert!(!journal.flush().await.unwrap(), "nothing waits");
    assert_eq!(
        inspect::<u32>(state.path(), "select count(*) from seen"),
        MANY + 2
    );
    let folded: String = inspect(state.path(), "select value from meta where key = 'folded'");
    assert_eq!(folded, (MANY + 2).to_string());
}

#[tokio::test]
async fn what_was_forgotten_is_known_but_for_what_stood_on_the_page() {
    let state = packed().await;
    let journal = open(state.path());
    assert_eq!(
        journal.prune(behind(2_200), Vec::new(), u64::MAX).await.unwrap(),
        2_199
    );
    let state = settled(&journal).await;
    let (_, leaves) = pages(state.path());
    overwrite(state.path(), leaves[leaves.len() / 2], 0xff);
    let journal = open(state.path());
    let lost = news(&journal, 1..=MANY).await;
    assert!((1..60).contains(&lost), "{lost}");
    assert_eq!(news(&journal, 1..=MANY).await, 0);
}

#[tokio::test]
async fn it_is_made_anew_once_and_can_be_copied_and_compacted_then() {
    let state = packed().await;
    let (_, leaves) = pages(state.path());
    behead(state.path(), leaves[3]);
    let damaged = root_of(state.path(), "seen");
    let journal = open(state.path());
    assert_eq!(news(&journal, 1..200).await, 0);
    let root = root_of(state.path(), "seen");
    assert_ne!(root, damaged);
    let found: String = inspect(state.path(), "pragma quick_check(seen)");
    assert_eq!(found, "ok", "nobody would make it anew");
    assert_eq!(news(&journal, 1..MANY + 5).await, 4);
    journal.flush().await.unwrap();
    assert_eq!(root_of(state.path(), "seen"), root);
    drop(journal);
    let found = verify(state.path(), |_| ()).unwrap();
    assert!(
        found.damaged.is_empty() && !found.database.is_empty(),
        "{found:?}"
    );
    let unused = found.database.iter().flat_map(|told| told.lines());
    let mut unused = unused.filter(|line| !line.starts_with("***"));
    assert!(unused.all(|line| line.contains("never used")), "{found:?}");
    let (tokens, file) = (state.path().join("tokens"), state.path().join("backup"));
    let backed_up = backup(state.path(), &tokens, &file, time(NOON), false).unwrap();
    assert_eq!(backed_up.entries, u64::from(MANY) + 4);
    let compacted = store::compact(state.path(), &[SCHEMA]).unwrap();
    assert!(compacted.after < compacted.before, "{compacted:?}");
    assert!(verify(state.path(), |_| ()).unwrap().is_sound());
    assert_eq!(news(&open(state.path()), 1..MANY + 5).await, 0);
}

#[tokio::test]
async fn damage_elsewhere_leaves_it_as_it_is() {
    let state = packed().await;
    overwrite(state.path(), root_of(state.path(), "series"), 0xff);
    let root = root_of(state.path(), "seen");
    let (_, leaves) = pages(state.path());
    for _ in 0..2 {
        let journal = open(state.path());
        let snapshots = [told(700)].into();
        let appended = journal
            .append("home".into(), "telematics".into(), snapshots)
            .await;
        let error = appended.unwrap_err().to_string();
        assert!(error.contains("cardata journal verify"), "{error}");
        drop(journal);
        assert_eq!(root_of(state.path(), "seen"), root);
        behead(state.path(), leaves[3]);
    }
}
