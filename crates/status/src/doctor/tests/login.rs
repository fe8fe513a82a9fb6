//! Client id, services, login and scopes.

use super::*;

#[test]
fn what_hinders_a_login_is_told_by_its_kind() {
    let error = |error| LoginLook {
        error: Some(error),
        ..LoginLook::default()
    };
    let missing = |scope: &str| LoginLook {
        missing: vec![scope.to_owned()],
        ..LoginLook::default()
    };
    let id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap();
    let reason = || "so it says".to_owned();
    let transient = AuthError::Transient {
        operation: "refreshing the login",
        url: "https://customer.bmwgroup.com".to_owned(),
        reason: reason(),
        retry_at: None,
    };
    let lacks = LoginLook {
        stream_lacks: Some("id token"),
        ..LoginLook::default()
    };
    for (login, check, words) in [
        (None, Check::Login, "nobody has logged in yet"),
        (
            Some(error(AuthError::InvalidClient {
                client_id: id,
                reason: reason(),
            })),
            Check::ClientId,
            "does not accept it",
        ),
        (
            Some(error(AuthError::LoginExpired { reason: reason() })),
            Check::Login,
            "any more (so it says)",
        ),
        (
            Some(error(AuthError::NotLoggedIn {
                account: "home".to_owned(),
                reason: reason(),
            })),
            Check::Login,
            "so it says",
        ),
        (Some(missing("cardata:api:read")), Check::Services, "CarData API"),
        (
            Some(missing("cardata:streaming:read")),
            Check::Services,
            "CarData Stream",
        ),
        (Some(missing("openid")), Check::Scopes, "does not cover openid"),
        (Some(lacks), Check::Scopes, "has no id token"),
    ] {
        let looked = seen(
            network(well(STREAM, 9000), Some(hours(0))),
            AccountLook { login, ..look() },
        );
        let status = status(
            account(),
            vec![stream(StreamState::Streaming, Some(1), vehicle(Some(0), None))],
        );
        let findings = diagnose(&looked, &status);
        let problems = report::problems(&findings);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].check == check && problems[0].said.contains(words),
            "{problems:?}"
        );
        assert!(problems[0].needs_login() && problems[0].advice.is_some());
    }
    let unreadable = AccountStatus {
        login_days: None,
        ..account()
    };
    let login = || Some(error(transient.clone()));
    let looked = seen(
        network(well(STREAM, 9000), Some(hours(0))),
        AccountLook {
            login: login(),
            ..look()
        },
    );
    let (said, _) = told(looked, &status(unreadable, Vec::new()), Check::Login);
    assert!(
        said[0].0 == Verdict::Problem && said[0].1.starts_with("refreshing"),
        "{said:?}"
    );
    let away = seen(
        network(well(STREAM, 9000), Some(hours(0))),
        AccountLook {
            login: login(),
            ..look()
        },
    );
    let (said, _) = told(away, &status(account(), Vec::new()), Check::Login);
    assert_eq!(
        said[0].0,
        Verdict::Unknown,
        "BMW's outage is no fault of the login: {said:?}"
    );
}

#[test]
fn an_outage_of_the_login_server_is_told_once_the_token_is_over_and_asks_for_no_login() {
    for error in [
        AuthError::Transient {
            operation: "refreshing the login",
            url: "https://customer.bmwgroup.com".to_owned(),
            reason: "HTTP 503".to_owned(),
            retry_at: None,
        },
        AuthError::Unexpected {
            operation: "refreshing the login",
            url: "https://customer.bmwgroup.com".to_owned(),
            status: 403,
            detail: "a page".to_owned(),
        },
    ] {
        let login = LoginLook {
            error: Some(error),
            is_over: true,
            ..LoginLook::default()
        };
        let looked = seen(
            network(well(STREAM, 9000), Some(hours(0))),
            AccountLook {
                login: Some(login),
                ..look()
            },
        );
        let findings = diagnose(&looked, &status(account(), Vec::new()));
        let problems = report::problems(&findings);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].check, Check::Login);
        assert!(problems[0].said.contains("gives no fresh token") && !problems[0].needs_login());
    }
}

#[test]
fn a_stream_that_is_not_needed_hinders_nothing() {
    let login = LoginLook {
        missing: vec!["cardata:streaming:read".to_owned()],
        ..LoginLook::default()
    };
    let looked = seen(
        network(well(STREAM, 9000), Some(hours(0))),
        AccountLook {
            login: Some(login),
            ..look()
        },
    );
    assert_eq!(
        report::problems(&diagnose(&looked, &status(account(), Vec::new()))).len(),
        0
    );
}

#[test]
fn what_the_api_says_of_a_login_counts_more_than_the_login() {
    for (trouble, check) in [(Trouble::Token, Check::Login), (Trouble::Scope, Check::Scopes)] {
        let failed = Asked::Failed(Failed {
            trouble,
            words: "CU-1xx".to_owned(),
        });
        let looked = seen(
            network(well(STREAM, 9000), Some(hours(0))),
            AccountLook {
                vehicles: failed,
                ..look()
            },
        );
        let (said, _) = told(looked, &status(account(), Vec::new()), check);
        assert!(
            said[0].0 == Verdict::Problem && said[0].1.contains("CU-1xx"),
            "{said:?}"
        );
    }
}

#[test]
fn what_a_login_needs_is_said_by_the_running_program_too() {
    let said = Published {
        name: "home".into(),
        state: State::Polls(PollsState::LoginNeeded),
        message: Some("BMW refuses a fresh token".to_owned()),
        since: now(),
    };
    let needed = || AccountStatus {
        said: Some(said.clone()),
        ..account()
    };
    let looked = seen(network(well(STREAM, 9000), Some(hours(0))), look());
    let (said, _) = told(looked, &status(needed(), Vec::new()), Check::Login);
    assert_eq!(said, [(Verdict::Problem, "BMW refuses a fresh token".to_owned())]);
    let failed = Asked::Failed(Failed {
        trouble: Trouble::Scope,
        words: "CU-103".to_owned(),
    });
    let looked = seen(
        network(well(STREAM, 9000), Some(hours(0))),
        AccountLook {
            vehicles: failed,
            ..look()
        },
    );
    let findings = diagnose(&looked, &status(needed(), Vec::new()));
    assert_eq!(
        report::problems(&findings)[0].check,
        Check::Scopes,
        "the login itself is well"
    );
}

#[test]
fn a_subscription_that_the_broker_refuses_is_of_the_services() {
    let looked = seen(network(well(STREAM, 9000), Some(hours(0))), look());
    let streams = vec![stream(StreamState::NotSubscribed, None, vehicle(None, None))];
    let status = status(account(), streams);
    let findings = diagnose(&looked, &status);
    let problems = report::problems(&findings);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].check, Check::Services);
    assert!(
        problems[0].said.contains("refuses the subscription"),
        "{problems:?}"
    );
}
