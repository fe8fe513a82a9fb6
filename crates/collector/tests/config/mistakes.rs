//! The text of every mistake. `«` and `»` in a file stand around what the caret must point at.

use super::{Variables, file, parse};

/// The file without its marks, and the places (line, column) of the marks.
fn unmark(marked: &str) -> (String, Vec<(usize, usize)>) {
    let mut places = Vec::new();
    let (mut line, mut column) = (1, 1);
    let mut text = String::new();
    for c in marked.chars() {
        match c {
            '«' => places.push((line, column)),
            '»' => {}
            '\n' => {
                (line, column) = (line + 1, 1);
                text.push(c);
            }
            _ => {
                column += 1;
                text.push(c);
            }
        }
    }
    (text, places)
}

/// Draws the mistakes of each file, after looking whether they are where the marks are.
fn draw(files: impl IntoIterator<Item = String>) -> String {
    let mut drawn = String::new();
    let mut misplaced = String::new();
    let variables = Variables::from([
        ("PORT", "eighty"),
        ("EMPTY", ""),
        ("OFTEN", "5m"),
        ("VIN", "WBY8P2"),
    ]);
    for marked in files {
        let (text, expected) = unmark(&marked);
        let error = match parse(&text, &variables) {
            Ok(_) => panic!("nothing is wrong with\n{marked}"),
            Err(error) => error,
        };
        let found: Vec<_> = error
            .mistakes()
            .iter()
            .map(|mistake| (mistake.line, mistake.column))
            .collect();
        if found != expected {
            misplaced.push_str(&format!(
                "in\n{marked}\nexpected {expected:?}, found {found:?}\n{error}\n"
            ));
        }
        drawn.push_str(&format!("{error}\n"));
    }
    assert!(misplaced.is_empty(), "{misplaced}");
    drawn
}

/// Draws the mistakes of files that have these sections and the usual others.
pub(super) fn draw_sections<const N: usize>(sections: [&str; N]) -> String {
    draw(sections.map(file))
}

#[test]
fn syntax() {
    let texts = [
        "accounts:\n«\t»- name: home\n",
        "accounts:\n  - name: home\n   «c»lient_id: x\n",
        "accounts:\n  - name: home\n     «client_id»: x\n",
        "state: x«:» y\n",
        "state\n«accounts»: []\n",
        "state: «\"»./state\naccounts: []\n",
        "state: «\"»C:\\state\"\n",
        "sinks: «[»1, 2\nstate: x\n",
        "sinks: «{»type: x\nstate: x\n",
        "state: «@»home\n",
        "sinks:\n  - select: { descriptors: [«*»Status] }\n",
        "state: «-» a\n",
        "state: a\n«---»\nstate: b\n",
        "state: \"ä «\u{1b}»[31m\"\n",
    ];
    insta::assert_snapshot!(draw(texts.map(str::to_owned)));
}

#[test]
fn files_that_are_no_pipelines() {
    let texts = [
        "«»",
        "«#» nothing\n",
        "- «a»\n",
        "«some» words\n",
        "«««state»: ./state\n",
        "«accounts»:\n«sources»: []\nsinks: «none»\n",
    ];
    insta::assert_snapshot!(draw(texts.map(str::to_owned)));
}

#[test]
fn keys() {
    insta::assert_snapshot!(draw_sections([
        "«source»:\n  - type: meter\n«colour»: blue\n",
        "state: a\n«state»: b\n",
        "sinks:\n  - type: shelf\n    path: data\n    «path»: other\n",
        "? «[a]»\n: b\n",
        "sinks:\n  - type: shelf\n    «pth»: data\n    «bacth»: {}\n    batch: { «reading»: 5 }\n",
        "journal: { «kep»: forever }\nclock: «fast»\nsimulator: { speed: «quick», «sed»: 5 }\n",
        "state: «!»env HOME\n",
        "sinks:\n  - &a\n    type: shelf\n    path: x\n    tags: { «car»: true, vehicle: «yes» }\n  - { <<: *a, name: b }\n",
    ]));
}

#[test]
fn accounts() {
    insta::assert_snapshot!(draw_sections([
        "accounts:\n  - «name»: home\n",
        "accounts:\n  - name: home\n    client_id: «my-id»\n",
        "accounts:\n  - name: «ho me»\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n    calls_per_day: «many»\n    endpoints: { auth: «localhost:80», api: «\"http://a:b@c\"», «ap»: x }\n",
        "accounts:\n  - name: home\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n    calls_per_day: «2»\n",
        "accounts:\n  - name: home\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n  - name: «Home»\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1\n",
        "accounts:\n  - name: home\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n  - name: «home»\n    client_id: «hunter2»\n  - name: «home»\n    «colour»: blue\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1\n",
        "accounts:\n  - «home»\n",
        "sources:\n  - type: meter\n    account: «hone»\n",
    ]));
}

#[test]
fn vehicles() {
    insta::assert_snapshot!(draw_sections([
        "vehicles: «all»\n",
        "«vehicles»: []\n",
        "vehicles:\n  - vin: «WBY8P210X07A1234»\n  - vin: «WBY8P210X07A1234O»\n  - «name»: i3\n  - «WBY8P210X07A12345»\n",
        "vehicles:\n  - vin: WBY8P210X07A12345\n  - vin: «wby8p210x07a12345»\nsources:\n  - type: meter\n",
        "vehicles:\n  - { vin: WBY8P210X07A12345, name: i3 }\n  - { vin: WBY8P210X07A12346, name: «i3» }\nsources:\n  - type: meter\n",
        "vehicles:\n  - { vin: WBY8P210X07A12345, name: «\"\"», account: «office» }\n  - { vin: WBY8P210X07A12346, account: «office» }\n",
        "accounts:\n  - { name: home, client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 }\n  - { name: office, client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1 }\nvehicles:\n  - vin: «WBY8P210X07A12345»\n",
    ]));
}

#[test]
fn streams_that_evict_each_other() {
    insta::assert_snapshot!(draw_sections([
        "sources:\n  - type: wire\n  - type: meter\n  - type: «wire»\n    name: other\n    vehicles: [i3]\n",
        "accounts:\n  - { name: home, client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 }\n  - { name: office, client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1 }\nsources:\n  - { type: wire, name: a, account: home }\n  - { type: wire, name: b, account: office }\n  - { type: «wire», name: c }\n",
    ]));
}

#[test]
fn sources() {
    insta::assert_snapshot!(draw_sections([
        "sources:\n  - type: «metre»\n",
        "sources:\n  - type: meter\n    every: «30»\n  - type: meter\n    every: «500ms»\n  - type: meter\n    every: «-1h»\n  - type: meter\n    every: «0s»\n  - type: meter\n    every: «often»\n  - type: meter\n    every: [«1h»]\n",
        "sources:\n  - type: wire\n    «every»: 30m\n",
        "sources:\n  - type: almanac\n    every: «359m»\n",
        "sources:\n  - { type: meter, name: a, every: 2h }\n  - { type: meter, name: «a», every: 2h }\n",
        "sources:\n  - { type: meter, name: a, every: 2h }\n  - { type: «metre», name: «a» }\n",
        "vehicles: [{ vin: WBY8P210X07A12345, name: i3 }]\nsources:\n  - type: meter\n    vehicles: [i3, «i4»]\n",
    ]));
}

#[test]
fn sinks() {
    insta::assert_snapshot!(draw_sections([
        "sinks:\n  - «path»: data\n  - type: «\"\"»\n  - «type»:\n  - type: «shlf»\n    path: data\n  - «shelf»\n",
        "sinks:\n  - «type»: shelf\n    size: «tiny»\n    mode: «sfae»\n    labels: [1, «-2», 3, «900»]\n    tags: «none»\n",
        "sinks:\n  - type: shelf\n    path: «\"C:\"»\n    size: «0»\n",
        "sinks:\n  - type: shelf\n    path: a\n    batch: { readings: «0», wait: 0s }\n    start: «begin»\n  - type: shelf\n    path: b\n    batch: { wait: «1.5s» }\n    retry: { first: «1h», timeout: 5s }\n    start: latest\n  - type: shelf\n    path: c\n    retry: { first: «0s», longest: «10» }\n",
        "sinks:\n  - type: shelf\n    path: a\n    name: b\n  - type: shelf\n    path: a\n    name: «b»\n",
        "sinks:\n  - { type: shelf, path: a, name: b }\n  - { name: «b», type: «shlf» }\n  - { type: shelf, name: «b», path: b, size: «x» }\n",
        "sinks:\n  - type: shelf\n    path: a\n    select:\n      sources: [«metre»]\n      descriptors: [\"vehicle.drivetrain.**\", «vehicle.drivetrain.batteryManagment.header», «vehicle..x», vehicle.new.thing, «\"\"»]\n      «vehicle»: [i3]\n",
        "vehicles: [{ vin: WBY8P210X07A12345, name: i3 }]\nsinks:\n  - type: shelf\n    path: a\n    select: { vehicles: [«i4», \"*345\"], descriptors: «soc» }\n",
    ]));
}

#[test]
fn places_of_sinks() {
    insta::assert_snapshot!(draw_sections([
        "sinks:\n  - { type: csv, dir: d }\n  - { type: csv, name: c2, «dir»: ./d/ }\n  - { type: csv, dir: d/e }\n",
        "sinks:\n  - type: sqlite\n    path: x.db\n  - type: sqlite\n    «path»: /etc/cardata/y/../x.db\n  - type: csv\n    «dir»: x.db\n",
        "sinks:\n  - &a\n    type: csv\n    dir: d\n  - <<: *a\n    «name»: b\n",
    ]));
}

#[test]
fn logins_in_urls() {
    insta::assert_snapshot!(draw_sections([
        "sinks:\n  - { type: influxdb, url: «\"http://me:hunter2@h:1\"», org: a, bucket: b, token: t }\n",
        "sinks:\n  - type: shelf\n    path: «\"http://me:hunter2@h\"»\n",
        "sinks:\n  - type: shelf\n    path: x\n    size: «http://me:${PORT}@h»\n    mode: «http://h/me@home»\n",
    ]));
}

#[test]
fn options() {
    insta::assert_snapshot!(draw_sections([
        "state: «~/state»\n",
        "«state»:\njournal: { keep: «90» }\nclock: { speed: «0» }\n",
        "state: [«a»]\nsimulator: { speed: «.nan» }\n",
        "clock: { speed: «60» }\nsimulator: { speed: 900 }\n",
        "clock: { speed: «60» }\n",
        "clock: { speed: «60» }\naccounts:\n  - name: a\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n    endpoints: { auth: http://localhost:1, api: http://localhost:1 }\nsources: [{ type: meter }, { type: wire }]\n",
        "types:\n  «soc»: number\n  «vehicle.vehicle.travelledDistance»: text\n  «vehicle.some.*»: text\n  «newKey»: text\n  vehicle.some.newKey: «bool»\n  vehicle.some.other: number\n",
        "types: [«vehicle.some.newKey»]\n",
        "timezone: «Europe/Berln»\n",
        "timezone: «berlin»\n",
        "timezone: «17»\n",
        "simulator: { speed: «1000000», seed: «-1» }\n",
        "simulator: { «vehicles»: [] }\n",
        "simulator: { vehicles: [{ kind: «i3» }, { kind: i4, life: «long», «vim»: a }] }\n",
        "simulator: {}\naccounts:\n  - name: a\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n    «endpoints»: { api: http://localhost:1 }\n",
    ]));
}

#[test]
fn plans() {
    let two = "vehicles: [{ vin: WBY8P210X07A12345 }, { vin: WBY8P210X07A12346 }]\n";
    let accounts = "accounts:\n  - { name: a, client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0, calls_per_day: 10 }\n  - { name: b, client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1, calls_per_day: 100 }\n";
    insta::assert_snapshot!(draw([
        file("sources:\n  - type: meter\n    every: «15m»\n"),
        file("sources:\n  - type: meter\n    every: «29m»\n"),
        file("simulator: { speed: 900 }\nsources:\n  - type: pair\n    every: «30m»\n"),
        file(&format!("{two}sources:\n  - type: meter\n    every: «30m»\n")),
        file(
            "sources:\n  - { type: meter, every: 3h }\n  - { type: pair, every: «45m» }\n  - { type: wire }\n"
        ),
        file("sources:\n  - { type: meter, every: «30m» }\n  - { type: meter, every: auto }\n"),
        file(&format!(
            "{accounts}sources:\n  - {{ type: meter, every: «1h» }}\n"
        )),
        file("sources:\n  - type: meter\n    every: «${OFTEN}»\n"),
    ]));
}

#[test]
fn what_comes_from_outside() {
    insta::assert_snapshot!(draw_sections([
        "accounts:\n  - name: home\n    client_id: «${CLIENT_ID}»\n",
        "state: ä/«${STATE}»/${EMPTY:-x}/«${»\n",
        "state: \"ä/«${STATE}»\"\n",
        "sinks:\n  - type: shelf\n    path: «${file:/no/such/file}»\n    size: «${PORT}»\n",
        "sinks:\n  - type: shelf\n    path: «${not a name}»\n",
        "vehicles:\n  - vin: «${VIN}»\n",
        "sinks:\n  - type: shelf\n    path: «${EMPTY}»\n",
    ]));
}

#[test]
fn wide_characters_and_windows_lines() {
    insta::assert_snapshot!(draw([
        file("sinks:\n  - { type: shelf, path: \"Wärmepumpe 🚗 日本\", «sise»: 5 }\n"),
        file("sinks:\n  # Überschrift: ß\n  - type: shelf\n    path: data\n    «grösse»: 5\n")
            .replace('\n', "\r\n"),
    ]));
    let marked = file("«sauces»: 1\n");
    let with_mark = format!("\u{feff}{}", unmark(&marked).0);
    let error = parse(&with_mark, &Variables::default()).unwrap_err();
    assert_eq!((error.mistakes()[0].line, error.mistakes()[0].column), (1, 1));
}

#[test]
fn all_mistakes_of_a_file_are_reported_in_its_order() {
    insta::assert_snapshot!(draw(["states: ./state
vehicles:
  - vin: «WBY8P210X07A1234»
accounts:
  - name: home
    client_id: «nope»
    «calls»: 50
sources:
  - type: «metre»
  - type: meter
    every: «30»
    account: home
sinks:
  - type: shelf
    path: «${MISSING}»
    size: «-1»
    batch: { readings: «some» }
    select: { descriptors: [«vehicle.vehicle.avgAuxPowr»] }
"
    .replace("states", "«states»"),]));
}

#[test]
fn one_client_id_is_one_account_however_it_is_written() {
    let accounts = |second: &str, more: &str| {
        file(&format!(
            "accounts:\n  - name: home\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n  - name: work\n    client_id: {second}\n{more}"
        ))
    };
    let variables = Variables::from([("SAME", "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0")]);
    for written in ["0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "${SAME}"] {
        let error = parse(&accounts(written, ""), &variables).unwrap_err();
        let mistake = &error.mistakes()[0];
        assert_eq!((error.mistakes().len(), mistake.line, mistake.column), (1, 5, 16));
        assert!(
            error
                .to_string()
                .contains("this is the client id of the account `home`"),
            "{error}"
        );
    }
    let elsewhere = "    endpoints: { auth: \"http://localhost:1\" }\n";
    assert!(
        parse(&accounts("${SAME}", elsewhere), &variables).is_ok(),
        "another server"
    );
    assert!(parse(&accounts("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1", ""), &variables).is_ok());
}
