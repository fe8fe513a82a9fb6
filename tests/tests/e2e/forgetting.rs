//! A car that was sold and forgotten.

use std::fs;

use cardata_sim::{SimConfig, SimVehicle};

use crate::oracle::Row;
use crate::scene::{Plan, Said, Scene, stop, until};
use crate::stores;

const SOLD: &str = "WBY71AW050FP11111";
const KEPT: &str = "WBY71AW050FP22222";

/// Two cars that were polled for a while.
async fn two_cars() -> Scene {
    let config = SimConfig {
        vehicles: [SOLD, KEPT].map(SimVehicle::new).to_vec(),
        ..SimConfig::default()
    };
    let scene = Scene::with(config, &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 12).await;
    let said = scene.call(&["forget", "--yes", "--vehicle", "vfp11111"]).await;
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.err.contains(&format!("process {}", run.id())), "{said:?}");
    stop(run).await;
    scene
}

async fn forget(scene: &Scene, arguments: &[&str]) -> Said {
    scene.call(&[&["forget"], arguments].concat()).await
}

/// Whether the state directory's files hold a text.
fn holds(scene: &Scene, text: &str) -> bool {
    let files = ["state/journal.db", "state/journal.db-wal"];
    let mut read = files.iter().filter_map(|file| fs::read(scene.path(file)).ok());
    read.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

fn sorted(rows: Vec<Row>, of: &str) -> Vec<Row> {
    let mut rows: Vec<_> = rows.into_iter().filter(|row| row.vin == of).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn a_sold_car_is_gone_and_the_other_one_goes_on() {
    let scene = two_cars().await;
    let said = forget(&scene, &["--yes", "--vehicle", "i3"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("known are vfp11111, vfp22222"), "{said:?}");
    let said = forget(&scene, &["--vehicle", "vfp11111"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(
        said.err.contains("nothing was removed: nobody can be asked here"),
        "{said:?}"
    );
    assert!(holds(&scene, SOLD));

    let said = forget(&scene, &["--yes", "--vehicle", "VFP11111"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for words in [
        "vfp11111 is forgotten: ",
        "nothing more of it is taken",
        &format!("DELETE FROM vehicle WHERE vin = '{SOLD}'"),
        &format!("delete the rows with {SOLD} in the column `vin`"),
        "backups, exports",
    ] {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    assert!(!holds(&scene, SOLD) && holds(&scene, KEPT));
    let verified = scene.call(&["journal", "verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");

    // A sink that begins now is given the history of the other one, and the program asks for that alone.
    scene.edit(|text| text + "  - type: sqlite\n    name: second\n    path: second.db\n");
    let asked = |vin: &str| scene.requests(&format!("{vin}/telematicData")).len();
    let before = asked(SOLD);
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    stop(run).await;
    assert_eq!(asked(SOLD), before);
    let (first, second) = (
        stores::sqlite(&scene.path("cardata.db")),
        stores::sqlite(&scene.path("second.db")),
    );
    assert_eq!(sorted(second.clone(), KEPT), sorted(first, KEPT));
    assert!(!second.is_empty() && sorted(second, SOLD).is_empty());

    // What the command said removes it from the store.
    let (_, statements) = said.out.split_once("sqlite3 'cardata.db' \"").unwrap();
    let (statements, _) = statements.split_once('"').unwrap();
    let store = rusqlite::Connection::open(scene.path("cardata.db")).unwrap();
    store.execute_batch(statements).unwrap();
    let left = stores::sqlite(&scene.path("cardata.db"));
    assert!(!left.is_empty() && sorted(left, SOLD).is_empty());

    // BMW goes on to name it.
    let said = scene.call(&["vehicles", "--refresh"]).await;
    assert!(said.out.contains(KEPT) && !said.out.contains(SOLD), "{said:?}");
    assert!(!holds(&scene, SOLD));
    let said = forget(&scene, &["--yes", "--vehicle", SOLD]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("vfp11111 is forgotten already"), "{said:?}");

    // Its owner says otherwise.
    scene.edit(|text| text + &format!("vehicles:\n  - vin: {SOLD}\n  - vin: {KEPT}\n"));
    let run = scene.run().await;
    until(&run, "a poll of the car that is named", || asked(SOLD) > before).await;
    stop(run).await;
    let said = forget(&scene, &["--yes", "--vehicle", SOLD]).await;
    assert!(
        said.out.contains("`vehicles:` names it, so it comes back"),
        "{said:?}"
    );
    scene.assert_lawful();
}
