//! What the owner of a pipeline file should know though nothing in it is wrong.

use collector_core::clear::in_the_clear;
use url::Url;

use super::accounts::Account;
use super::notify::{Channel, Form};

const CURE: &str = "write its address with https:";

/// By which variables the HTTP client finds a proxy, in small letters too.
const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// Secrets that others may read on their way to servers of accounts, receivers of notices and proxies: one sentence each.
pub(super) fn of(
    accounts: &[Account],
    channels: &[Channel],
    environment: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let of_accounts = accounts.iter().flat_map(of_account);
    let of_channels = channels.iter().filter_map(of_channel);
    let names = PROXIES
        .into_iter()
        .flat_map(|name| [name.to_owned(), name.to_ascii_lowercase()]);
    let of_proxies = names.filter_map(|name| of_proxy(&name, &environment(&name)?));
    of_accounts.chain(of_channels).chain(of_proxies).collect()
}

fn of_proxy(name: &str, value: &str) -> Option<String> {
    let url = match value.contains("://") {
        true => value.parse(),
        false => format!("http://{value}").parse(),
    };
    let url: Url = url.ok()?;
    has_login(&url).then(|| unencrypted(&url, &format!("the login in {name}")))?
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn of_account(account: &Account) -> impl Iterator<Item = String> {
    let name = &account.name;
    let auth = unencrypted(&account.auth, &format!("the login of account {name}"));
    let api = unencrypted(&account.api, &format!("the token of account {name}"));
    let stream = in_the_clear(
        &format!("the token of account {name}"),
        account.stream.host(),
        account.stream.is_encrypted(),
        "write `endpoints.stream` with mqtts:",
    );
    [auth, api, stream].into_iter().flatten()
}

fn of_channel(channel: &Channel) -> Option<String> {
    let what = match &channel.form {
        _ if has_login(&channel.url) => "the login in an address of `notify`",
        Form::Webhook { headers } if headers.is_empty() => return None,
        Form::Ntfy { token: None, .. } => return None,
        Form::Webhook { .. } => "what `headers` of a webhook in `notify` hold",
        Form::Ntfy { .. } => "`token` of ntfy in `notify`",
    };
    unencrypted(&channel.url, what)
}

fn unencrypted(url: &Url, what: &str) -> Option<String> {
    let host = url.host_str().unwrap_or_default();
    in_the_clear(what, host, url.scheme() == "https", CURE)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn remarks(http: &str, mqtt: &str) -> Vec<String> {
        let url: Url = http.parse().unwrap();
        let account = Account {
            name: "home".into(),
            client_id: "11111111-2222-4333-8444-555555555555".parse().unwrap(),
            auth: url.clone(),
            api: url.clone(),
            stream: mqtt.parse().unwrap(),
            ca: None,
            calls_per_day: 50,
            passphrase: None,
        };
        let value = HeaderValue::from_static("x");
        let header = (http::header::AUTHORIZATION, value.clone());
        let ntfy = |token| Form::Ntfy {
            token,
            priority: None,
        };
        let forms = [
            ntfy(Some(value)),
            ntfy(None),
            Form::Webhook {
                headers: vec![header],
            },
            Form::Webhook { headers: Vec::new() },
        ];
        let channels = forms.map(|form| Channel {
            url: url.clone(),
            form,
        });
        of(&[account], &channels, |_| None)
    }

    #[test]
    fn a_login_in_an_address_is_told_without_it() {
        let channels = [
            "http://ann:pass@nas.lan/hook",
            "http://ann:pass@[::1]/hook",
            "https://ann:pass@nas.lan/hook",
        ]
        .map(|url| Channel {
            url: url.parse().unwrap(),
            form: Form::Webhook { headers: Vec::new() },
        });
        let environment = |name: &str| {
            let value = match name {
                "HTTPS_PROXY" => "http://ann:pass@proxy.lan:3128",
                "http_proxy" => "ann:pass@gate.lan:3128",
                "ALL_PROXY" => "http://ann:pass@127.0.0.1:3128",
                "all_proxy" => "http://open.lan:3128",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let told = of(&[], &channels, environment);
        let hosts = ["nas.lan", "gate.lan", "proxy.lan"];
        assert_eq!(told.len(), hosts.len(), "{told:#?}");
        for (told, host) in told.iter().zip(hosts) {
            assert!(
                told.contains(host) && !told.contains("ann") && !told.contains("pass"),
                "{told}"
            );
        }
    }

    #[test]
    fn every_secret_that_leaves_the_machine_without_tls_is_told() {
        let told = remarks("http://nas.lan", "mqtt://nas.lan");
        assert_eq!(told.len(), 5, "{told:#?}");
        assert!(told.iter().all(|told| told.contains("nas.lan")));
        assert_eq!(remarks("https://nas.lan", "mqtts://nas.lan"), [""; 0]);
        assert_eq!(remarks("http://127.0.0.1", "mqtt://localhost"), [""; 0]);
    }
}
