//! What is asked, as little as can be, and how each answer is tried: a sink by the code that reads pipeline files.

use std::collections::BTreeMap;
use std::ffi::OsString;

use cardata_auth::ClientId;
use pipeline::ProcessEnvironment;

use crate::Unmade;
use crate::answers::{Answers, COLLECTIONS, STORES, Setting, Store};
use crate::ask::{Ask, Given, Question, one_of};
use crate::target::Target;
use crate::text::{secret_itself, text};

const CLIENT_ID: &str = "--client-id";
const COLLECT: &str = "--collect";
const SINKS: &str = "--sink";
/// Which variables have secrets, under the names that the files in `configs/` use.
const VARIABLES: [(&str, &str); 4] = [
    (CLIENT_ID, "CARDATA_CLIENT_ID"),
    ("influxdb.token", "INFLUX_TOKEN"),
    ("influxdb.password", "INFLUX_PASSWORD"),
    ("mqtt.password", "MQTT_PASSWORD"),
];

/// Answers that are given beforehand, as they are written on a command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub client_id: Option<String>,
    /// One of [`COLLECTIONS`].
    pub collect: Option<String>,
    /// Of [`STORES`].
    pub sinks: Vec<String>,
    /// `SINK.KEY=VALUE` each.
    pub settings: Vec<String>,
}

/// The answers that options and variables give, by the question.
///
/// # Errors
/// A setting has not the form `SINK.KEY=VALUE`, or is there twice.
pub fn given(
    options: &Options,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<BTreeMap<String, Given>, Unmade> {
    let by_option = |value| Given {
        value,
        variable: None,
    };
    let mut given = BTreeMap::new();
    for setting in &options.settings {
        let parts = setting.split_once('=');
        let Some((key, value)) = parts.filter(|(key, _)| key.contains('.')) else {
            let reason = "--set takes SINK.KEY=VALUE, such as influxdb.url=http://localhost:8086";
            return Err(Unmade::new(reason));
        };
        if given
            .insert(key.to_owned(), by_option(value.to_owned()))
            .is_some()
        {
            return Err(Unmade::new(format!("--set {key}=… is there twice")));
        }
    }
    let sinks = (!options.sinks.is_empty()).then(|| options.sinks.join(","));
    let named = [
        (CLIENT_ID, options.client_id.clone()),
        (COLLECT, options.collect.clone()),
        (SINKS, sinks),
    ];
    let named = named
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), by_option(value?))));
    given.extend(named);
    for (key, name) in VARIABLES {
        if let Some(value) = variable(name) {
            given.entry(key.to_owned()).or_insert_with(|| Given {
                value: value.to_string_lossy().into_owned(),
                variable: Some(name),
            });
        }
    }
    Ok(given)
}

/// Asks for everything.
///
/// # Errors
/// An option has a wrong answer or none asks for it, or the answers end.
pub fn ask(ask: &Ask<'_>, target: &Target, is_simulated: bool) -> Result<Answers, Unmade> {
    let mut answers = Answers {
        is_simulated,
        ..Answers::default()
    };
    if !is_simulated {
        answers.client_id = client_id(ask)?;
    }
    let question = question(COLLECT, "Collect everything, driving or battery?", COLLECTIONS[0]);
    answers.collection = ask.answer(&question, |typed| one_of(typed, &COLLECTIONS))?;
    let kinds = kinds(ask)?;
    let asked = Asked { ask, target };
    for kind in kinds {
        answers.stores.push(match kind {
            "influxdb" => asked.influxdb()?,
            "mqtt" => asked.mqtt()?,
            kind => Store {
                kind,
                settings: Vec::new(),
            },
        });
    }
    ask.all_used()?;
    Ok(answers)
}

fn question<'a>(option: &'a str, text: &'a str, default: &'a str) -> Question<'a> {
    Question {
        option,
        text,
        default,
        shown: "",
        is_secret: false,
    }
}

fn client_id(ask: &Ask<'_>) -> Result<Option<ClientId>, Unmade> {
    if !ask.is_given(CLIENT_ID) {
        ask.say(
            "\nClient id: in BMW's portal (or MINI's) open BMW CarData, create a client, and\n\
             subscribe it to CarData API and CarData Stream. Do not click \"Authenticate\n\
             device\". Copy the client id, and wait two minutes.",
        )?;
    }
    let question = Question {
        shown: "later",
        ..question(CLIENT_ID, "Client id", "")
    };
    ask.answer(&question, |typed| match typed {
        "" => Ok(None),
        typed => typed.parse().map(Some).map_err(|_| {
            "this is not a client id, which has 36 characters and looks like\n\
             0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
                .to_owned()
        }),
    })
}

/// Which sinks there are beside the database.
fn kinds(ask: &Ask<'_>) -> Result<Vec<&'static str>, Unmade> {
    if !ask.is_given(SINKS) {
        ask.say(
            "\nAll is kept in an SQLite database. Beside it: csv for a spreadsheet, influxdb\n\
             for Grafana, mqtt for Home Assistant; several with commas between them.",
        )?;
    }
    let question = Question {
        shown: "nothing",
        ..question(SINKS, "Beside it", "")
    };
    ask.answer(&question, |typed| {
        let words = typed.split([',', ' ']).filter(|word| !word.is_empty());
        let mut kinds = Vec::new();
        for word in words.filter(|word| *word != "sqlite") {
            let kind = one_of(word, &STORES)?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(kinds)
    })
}

/// The questions of sinks.
struct Asked<'a, 's> {
    ask: &'a Ask<'s>,
    target: &'a Target,
}

impl Asked<'_, '_> {
    fn influxdb(&self) -> Result<Store, Unmade> {
        let mut store = Store {
            kind: "influxdb",
            settings: Vec::new(),
        };
        let server = question("influxdb.url", "InfluxDB's address", "http://localhost:8086");
        let database = Setting::new("database", "cardata");
        let url = |url: &str| vec![Setting::new("url", url), database.clone()];
        let tried = self.tried(&server, &store, url)?;
        store.settings.extend(tried.into_iter().take(1));
        let token = Question {
            shown: "none: InfluxDB 1 or VictoriaMetrics",
            is_secret: true,
            ..question("influxdb.token", "Its token, not shown", "")
        };
        let (org, bucket) = (Setting::new("org", "home"), Setting::new("bucket", "cardata"));
        let with_token = |token: &str| match token {
            "" => vec![database.clone()],
            token => vec![org.clone(), bucket.clone(), Setting::secret("token", token)],
        };
        let tried = self.tried(&token, &store, with_token)?;
        if let [_, _, token] = &tried[..] {
            let organisation = question("influxdb.org", "Organisation", "home");
            let with = |org: &str| vec![Setting::new("org", org), bucket.clone(), token.clone()];
            let tried = self.tried(&organisation, &store, with)?;
            store.settings.extend(tried.into_iter().take(1));
            let place = question("influxdb.bucket", "Bucket, which must exist", "cardata");
            let with = |bucket: &str| vec![Setting::new("bucket", bucket), token.clone()];
            let tried = self.tried(&place, &store, with)?;
            store.settings.extend(tried);
            return Ok(store);
        }
        let place = question("influxdb.database", "Database, which must exist", "cardata");
        let with = |database: &str| vec![Setting::new("database", database)];
        let tried = self.tried(&place, &store, with)?;
        store.settings.extend(tried);
        self.login(store, "influxdb.user", "influxdb.password")
    }

    fn mqtt(&self) -> Result<Store, Unmade> {
        let mut store = Store {
            kind: "mqtt",
            settings: Vec::new(),
        };
        let broker = question("mqtt.url", "The broker's address", "mqtt://localhost:1883");
        let tried = self.tried(&broker, &store, |url| vec![Setting::new("url", url)])?;
        store.settings.extend(tried);
        self.login(store, "mqtt.user", "mqtt.password")
    }

    /// With user and password, where the server asks for them.
    fn login(&self, mut store: Store, user: &str, password: &str) -> Result<Store, Unmade> {
        let who = Question {
            shown: "none",
            ..question(user, "User", "")
        };
        let user = self.ask.answer(&who, |user| Ok(user.to_owned()))?;
        if user.is_empty() {
            return Ok(store);
        }
        let secret = Question {
            shown: "none",
            is_secret: true,
            ..question(password, "Password, not shown", "")
        };
        let with = |password: &str| {
            let password = (!password.is_empty()).then(|| Setting::secret("password", password));
            [Some(Setting::new("user", user.as_str())), password]
                .into_iter()
                .flatten()
                .collect()
        };
        let tried = self.tried(&secret, &store, with)?;
        store.settings.extend(tried);
        Ok(store)
    }

    /// The settings that an answer makes, when a pipeline file with them behind those of the store is sound.
    fn tried(
        &self,
        question: &Question<'_>,
        store: &Store,
        settings: impl Fn(&str) -> Vec<Setting>,
    ) -> Result<Vec<Setting>, Unmade> {
        self.ask.answer(question, |typed| {
            let new = settings(typed);
            let mut store = store.clone();
            store.settings.extend(new.iter().cloned());
            let answers = Answers {
                client_id: sample_id(),
                collection: COLLECTIONS[0],
                stores: vec![store],
                ..Answers::default()
            };
            let text = text(&answers, self.target, None, &secret_itself);
            first_mistake(&text, self.target).map_or(Ok(new), Err)
        })
    }
}

/// Stands for one that is filled in later.
pub fn sample_id() -> Option<ClientId> {
    "00000000-0000-4000-8000-000000000000".parse().ok()
}

/// What is wrong with a text, and what to do.
pub fn first_mistake(text: &str, target: &Target) -> Option<String> {
    let name = target.file.display().to_string();
    let error = pipeline::parse(&name, text, target.folder(), &ProcessEnvironment).err()?;
    Some(match error.mistakes().first() {
        Some(mistake) => match &mistake.help {
            Some(help) => format!("{}\n{help}", mistake.message),
            None => mistake.message.clone(),
        },
        None => error.render(false, None),
    })
}
