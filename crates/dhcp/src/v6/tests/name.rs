//! Client FQDN, and what the DNS is told.

use super::*;

pub(super) const DNS: &str = r#""dhcp-ddns": { "enable-updates": true }, "ddns-qualifying-suffix": "example.org",
    "ddns-send-updates": true, "#;

/// Flags and name of an option 39: labels in wire form, without the root where partial.
pub(super) fn fqdn(flags: u8, labels: &[&str], is_full: bool) -> Vec<u8> {
    let mut data = vec![flags];
    for label in labels {
        data.push(label.len() as u8);
        data.extend_from_slice(label.as_bytes());
    }
    data.extend(is_full.then_some(0));
    data
}

/// What REQUEST with that option is answered: the option, and the host name of the lease.
fn named(members: &str, sent: Option<&[u8]>) -> (Lab, Option<Vec<u8>>, String) {
    let mut lab = Lab::new(&format!("{members}{SUBNET}"));
    let mut datagram = Vec::new();
    let mut query = Builder::new(&mut datagram, MessageType::Request, 1);
    identify(&mut query, MessageType::Request, CLIENT);
    na(&mut query, 1, &[]);
    pd(&mut query, 1, &[]);
    if let Some(sent) = sent {
        query.option(code::CLIENT_FQDN, sent);
    }
    query.finish().unwrap();
    let answer = lab.decide(&datagram).unwrap();
    let option = View::parse(&answer).unwrap().option(code::CLIENT_FQDN).map(<[u8]>::to_vec);
    let lease = lab.lease("2001:db8:1::100").unwrap();
    // A name that is made of an address is not the prefix's.
    let is_made = lease.hostname.starts_with("myhost-");
    let of_prefix = if is_made { "" } else { &*lease.hostname };
    assert_eq!(&*lab.lease("2001:db8:8000::").unwrap().hostname, of_prefix);
    assert!(!lab.lease("2001:db8:8000::").unwrap().fqdn_fwd);
    let hostname = lease.hostname.to_string();
    (lab, option, hostname)
}

#[test]
fn without_updates_the_server_says_that_it_updates_nothing() {
    // As Kea 2.2 answers: N, and O where the client wanted the server to update.
    let full = fqdn(1, &["myhst", "example", "org"], true);
    let (lab, option, hostname) = named("", Some(&full));
    assert_eq!(option.unwrap(), fqdn(6, &["myhst", "example", "org"], true));
    assert_eq!(hostname, "myhst.example.org.");
    assert!(lab.name_changes.0.lock().unwrap().is_empty());
    let (_, option, hostname) = named("", Some(&fqdn(0, &["myhst"], false)));
    assert_eq!((option.unwrap(), &*hostname), (fqdn(4, &["myhst"], true), "myhst."));
    let (_, option, _) = named("", None);
    assert_eq!(option, None);
}

#[test]
fn the_dns_is_told_of_the_address_and_of_its_end() {
    let (mut lab, option, hostname) = named(DNS, Some(&fqdn(1, &["Alice"], false)));
    let name = option.unwrap();
    assert_eq!((name[0], &*hostname), (1, "alice.example.org."));
    lab.ask(MessageType::Release, |q| na(q, 1, &["2001:db8:1::100"]));
    let told = lab.name_changes.0.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            "Add alice.example.org. 2001:db8:1::100 true/true",
            "Remove alice.example.org. 2001:db8:1::100 true/true"
        ]
    );
}

#[test]
fn the_dns_is_told_of_one_address_of_each_message() {
    let mut lab = Lab::new(&format!("{DNS}{SUBNET}"));
    lab.ask(MessageType::Request, |q| {
        q.option(code::CLIENT_FQDN, &fqdn(1, &["alice"], false));
        na(q, 1, &["2001:db8:1::101"]);
        na(q, 2, &["2001:db8:1::102"]);
    });
    assert_eq!(lab.leases.len(), 2);
    let told = lab.name_changes.0.lock().unwrap().clone();
    assert_eq!(told, ["Add alice.example.org. 2001:db8:1::101 true/true"]);
}

#[test]
fn names_are_made_of_addresses_where_the_configuration_wants_it() {
    let always = format!("{DNS}\"ddns-replace-client-name\": \"when-not-present\", ");
    let (_, option, hostname) = named(&always, None);
    assert_eq!(hostname, "myhost-2001-db8-1--100.example.org.");
    assert_eq!(option.unwrap(), fqdn(1, &["myhost-2001-db8-1--100", "example", "org"], true));
}

#[test]
fn contradictory_flags_drop_the_query() {
    let mut lab = Lab::new(SUBNET);
    let outcome = lab.ask(MessageType::Request, |q| {
        q.option(code::CLIENT_FQDN, &fqdn(5, &["a"], false));
        na(q, 1, &[]);
    });
    assert_eq!(outcome, "Unreadable(ClientFqdn(ContradictoryFlags))");
    assert!(lab.leases.is_empty());
}

#[test]
fn a_reserved_name_is_qualified_and_wins() {
    let reserved = SUBNET.replace(
        "\"id\": 1,",
        r#""id": 1, "reservations": [{ "duid": "00:03:00:01:02:00:00:00:00:01", "hostname": "bob" }],"#,
    );
    let mut lab = Lab::new(&format!("{DNS}{reserved}"));
    let answer = lab.ask(MessageType::Request, |q| {
        q.option(code::CLIENT_FQDN, &fqdn(1, &["alice"], false));
        na(q, 1, &[]);
    });
    assert!(answer.ends_with(" 39=0103626f62076578616d706c65036f726700"), "{answer}");
    assert_eq!(&*lab.lease("2001:db8:1::100").unwrap().hostname, "bob.example.org.");
}

#[test]
fn a_configured_name_goes_to_clients_that_tell_none() {
    let option = format!(
        r#""option-data": [{{ "name": "client-fqdn", "data": "0, any.example.org" }}], {SUBNET}"#
    );
    let mut lab = Lab::new(&option);
    let ask = |q: &mut Builder<'_>| {
        q.codes(code::ORO, &[code::CLIENT_FQDN]);
        na(q, 1, &[]);
    };
    let answer = lab.ask(MessageType::Request, ask);
    assert!(answer.ends_with(" 39=0003616e79076578616d706c65036f726700"), "{answer}");
    let answer = lab.ask(MessageType::Request, |q| {
        q.option(code::CLIENT_FQDN, &fqdn(0, &["alice", "example", "org"], true));
        ask(q);
    });
    assert_eq!(answer.matches(" 39=").count(), 1, "{answer}");
    assert!(answer.contains("05616c696365"), "{answer}");
}
