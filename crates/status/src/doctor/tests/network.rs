//! Clock, names, ports and certificates.

use super::*;

#[test]
fn a_clock_is_held_against_bmws() {
    let clock = |ahead| of_network(well(STREAM, 9000), ahead, Check::Clock);
    let (said, advice) = clock(Some(-7_300));
    assert!(said.contains("2 h behind customer.bmwgroup.com"), "{said}");
    assert!(advice.contains("NTP"), "{advice}");
    assert!(clock(Some(61)).0.contains("61 s ahead of"));
    let fine = seen(
        network(well(STREAM, 9000), Some(SignedDuration::from_secs(60))),
        look(),
    );
    let (said, _) = told(fine, &status(account(), Vec::new()), Check::Clock);
    assert_eq!(
        said,
        [(
            Verdict::Ok,
            "differs by 60 s from that of customer.bmwgroup.com".to_owned()
        )]
    );
}

#[test]
fn a_certificate_of_another_time_is_the_clocks_where_no_time_is_told() {
    let fault = Fault::NotOfNow;
    let odd = || {
        host(
            STREAM,
            9000,
            &["160.46.226.165"],
            Some(Err(Hindrance::Certificate {
                issuer: None,
                fault: fault.clone(),
            })),
        )
    };
    let all = || Network {
        hosts: vec![odd(), odd()],
        ..network(odd(), None)
    };
    let findings = diagnose(
        &seen(network(odd(), None), look()),
        &status(account(), Vec::new()),
    );
    assert_eq!(
        report::problems(&findings)[0].check,
        Check::Certificates,
        "that of another is valid now"
    );
    let looked = seen(all(), look());
    let findings = diagnose(&looked, &status(account(), Vec::new()));
    assert_eq!(report::problems(&findings)[0].check, Check::Clock);
    let (said, _) = of_network(odd(), Some(0), Check::Certificates);
    assert!(said.contains("is not valid now"), "{said}");
}

#[test]
fn a_name_leads_to_its_server_or_to_a_filter() {
    for address in [
        "0.0.0.0",
        "::",
        "127.0.0.1",
        "::1",
        "192.168.1.2",
        "10.0.0.1",
        "fd00::1",
        "::ffff:0.0.0.0",
    ] {
        let (said, advice) = of_network(host(STREAM, 9000, &[address], None), Some(0), Check::Names);
        assert!(said.contains("where BMW is not"), "{said}");
        assert!(advice.contains("Pi-hole") && advice.contains(STREAM), "{advice}");
    }
    let unknown = HostLook {
        addresses: Err("Name or service not known".to_owned()),
        ..host(STREAM, 9000, &[], None)
    };
    let (said, advice) = of_network(unknown, Some(0), Check::Names);
    assert!(
        said.contains("Name or service not known") && advice.contains("Pi-hole"),
        "{said} {advice}"
    );
    // One good address is enough, and what is not BMW's may be anywhere.
    assert!(host(STREAM, 9000, &["::", "160.46.226.165"], None).leads_somewhere());
    assert!(host("broker.local", 9000, &["192.168.1.2"], None).leads_somewhere());
    assert!(!host("broker.local", 9000, &["0.0.0.0"], None).leads_somewhere());
}

#[test]
fn without_any_name_it_is_the_network() {
    let dark = |name: &str| HostLook {
        addresses: Err("Temporary failure in name resolution".to_owned()),
        ..host(name, 443, &[], None)
    };
    let looked = seen(
        Network {
            now: now(),
            clock: None,
            hosts: vec![dark("customer.bmwgroup.com"), dark(STREAM)],
        },
        look(),
    );
    let (said, advice) = told(looked, &status(account(), Vec::new()), Check::Names);
    assert_eq!(said.len(), 1, "one line for all");
    assert!(
        advice.contains("resolv.conf") && !advice.contains("Pi-hole"),
        "{advice}"
    );
}

#[test]
fn ports_and_certificates_are_told_apart() {
    let stream = |hindrance| host(STREAM, 9000, &["160.46.226.165"], Some(Err(hindrance)));
    let wrong = |issuer: Option<&str>, fault| Hindrance::Certificate {
        issuer: issuer.map(str::to_owned),
        fault,
    };
    for (hindrance, check, words, advice) in [
        (
            Hindrance::Refused,
            Check::Ports,
            "port 9000 refuses connections",
            "firewall",
        ),
        (
            Hindrance::Silent(Duration::from_secs(10)),
            Check::Ports,
            "does not answer within 10 s",
            "firewall",
        ),
        (
            Hindrance::Network("no route to host".to_owned()),
            Check::Ports,
            "no route to host",
            "firewall",
        ),
        (
            wrong(Some("Shield CA"), Fault::Untrusted),
            Check::Certificates,
            "signed by `Shield CA`",
            "virus scanner",
        ),
        (
            wrong(None, Fault::OtherName),
            Check::Certificates,
            "is for another name",
            "Somebody else answers",
        ),
        (
            wrong(None, Fault::Other("revoked".to_owned())),
            Check::Certificates,
            "revoked",
            "Somebody else",
        ),
        (
            Hindrance::NoTls("it says something else".to_owned()),
            Check::Certificates,
            "speaks no TLS",
            "network",
        ),
    ] {
        let told = of_network(stream(hindrance), Some(0), check);
        assert!(told.0.contains(words) && told.1.contains(advice), "{told:?}");
    }
}
