//! What a client is called, and who tells the DNS (the manual's sections on DNS updates, RFC 4702,
//! RFC 4704).

use std::net::IpAddr;

use kea_config::snapshot::{
    DdnsParameters, Dialect, Pool, ReplaceClientName, Reservation, Snapshot, Subnet,
};
use kea_expr::{ClassId, ClassSet};
use kea_options::{ClientFqdn, ClientName, DomainName, ServerUpdates};
use regex::bytes::NoExpand;

/// What the place of a client says about names.
#[derive(Clone, Copy, Debug)]
pub struct NamePolicy<'s> {
    /// The parameters of the nearest scope that has some.
    pub parameters: &'s DdnsParameters,
    /// False when nobody is to be told of names.
    pub updates: bool,
}

/// What a lease keeps of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseName {
    /// In lower case; empty when there is none.
    pub hostname: String,
    /// The server updates the address record.
    pub forward: bool,
    /// The server updates the pointer record.
    pub reverse: bool,
}

/// Whether a name ends with the dot of the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalDot {
    /// It does, as names of the FQDN options.
    Written,
    /// It does not, as host names.
    Omitted,
}

impl<'s> NamePolicy<'s> {
    /// The policy for a client of `classes` in a pool of a subnet.
    pub fn new<F: Dialect>(
        config: &'s Snapshot<F>,
        subnet: &'s Subnet<F>,
        pool: Option<&'s Pool<F>>,
        classes: &ClassSet,
    ) -> Self {
        let of_pool = pool.and_then(|pool| pool.ddns.as_deref());
        let parameters = of_pool.unwrap_or(&subnet.ddns);
        let updates = config.dhcp_ddns.enable_updates
            && parameters.send_updates
            && !classes.contains(ClassId::SKIP_DDNS);
        NamePolicy { parameters, updates }
    }

    /// True when the client's own name gives way to a generated one.
    pub fn replaces(&self, is_present: bool) -> bool {
        match self.parameters.replace_client_name {
            ReplaceClientName::Never => false,
            ReplaceClientName::Always => true,
            ReplaceClientName::WhenPresent => is_present,
            ReplaceClientName::WhenNotPresent => !is_present,
        }
    }

    /// The answer to an FQDN option for the client that gets `address`, and what its lease keeps.
    pub fn answer<F: Dialect>(
        &self,
        asked: &ClientFqdn,
        host: Option<&Reservation<F>>,
        address: IpAddr,
    ) -> (ClientFqdn, LeaseName) {
        let updates = self.division(asked.updates);
        let mut answer = ClientFqdn {
            updates,
            overridden: updates.forward() != asked.updates.forward(),
            encoding: asked.encoding,
            name: ClientName::Empty,
        };
        let text = match host.map(|host| &*host.hostname).filter(|name| !name.is_empty()) {
            Some(reserved) => self.qualified(reserved, FinalDot::Written),
            None => self.completed(&asked.name, address),
        }
        .to_ascii_lowercase();
        // A name that is too long to be one is not used at all.
        let mut lease_name = LeaseName::default();
        if let Ok(name) = text.parse::<DomainName>() {
            answer.name = ClientName::Full(name);
            let (forward, reverse) = (updates.forward(), updates.reverse());
            lease_name = LeaseName { hostname: text, forward, reverse };
        }
        (answer, lease_name)
    }

    /// What the server updates where this is asked for (RFC 4702 section 4; the manual's table of
    /// flags).
    fn division(&self, asked: ServerUpdates) -> ServerUpdates {
        let DdnsParameters { override_no_update, override_client_update, .. } = *self.parameters;
        match asked {
            _ if !self.updates => ServerUpdates::Nothing,
            ServerUpdates::Nothing if override_no_update => ServerUpdates::Both,
            ServerUpdates::Reverse if override_client_update => ServerUpdates::Both,
            asked => asked,
        }
    }

    /// The client's name, scrubbed and complete; a generated one where it has none or shall not
    /// keep it.
    fn completed(&self, name: &ClientName, address: IpAddr) -> String {
        let (name, is_full) = match name {
            ClientName::Empty => return self.generated(address, FinalDot::Written),
            _ if self.replaces(true) => return self.generated(address, FinalDot::Written),
            ClientName::Partial(name) => (name, false),
            ClientName::Full(name) => (name, true),
        };
        let labels = name.labels().map(|label| self.scrubbed(label));
        let labels: Vec<String> = labels.filter(|label| !label.is_empty()).collect();
        let text = labels.join(".");
        match (text.is_empty(), is_full) {
            (true, _) => self.generated(address, FinalDot::Written),
            (false, true) => text + ".",
            (false, false) => self.qualified(&text, FinalDot::Written),
        }
    }

    /// What is left of a name, or of a label, without the characters that names may not have.
    pub fn scrubbed(&self, name: &[u8]) -> String {
        let scrubbed = match &self.parameters.invalid_characters {
            Some(invalid) => {
                invalid.replace_all(name, NoExpand(self.parameters.replacement.as_bytes()))
            }
            None => name.into(),
        };
        // A NUL ends what others read, whatever the configuration says.
        String::from_utf8_lossy(&scrubbed).replace('\0', "")
    }

    /// A partial name with the suffix, if it does not have it already.
    pub fn qualified(&self, name: &str, dot: FinalDot) -> String {
        let suffix = self.parameters.qualifying_suffix.trim_matches('.');
        let name = name.strip_suffix('.').unwrap_or(name);
        let mut qualified = name.to_owned();
        let has_suffix = name
            .strip_suffix(suffix)
            .is_some_and(|front| suffix.is_empty() || front.is_empty() || front.ends_with('.'));
        if !has_suffix {
            qualified.push('.');
            qualified.push_str(suffix);
        }
        if dot == FinalDot::Written {
            qualified.push('.');
        }
        qualified
    }

    /// The name that an address gives: `PREFIX-192-0-2-1`, with the suffix.
    pub fn generated(&self, address: IpAddr, dot: FinalDot) -> String {
        let address = address.to_string().replace(['.', ':'], "-");
        let name = format!("{}-{address}", self.parameters.generated_prefix);
        self.qualified(name.trim_start_matches('-'), dot)
    }
}

#[cfg(test)]
mod tests {
    use kea_config::snapshot::ConflictResolution;
    use kea_options::NameEncoding;
    use kea_wire::V4;

    use super::*;

    fn parameters() -> DdnsParameters {
        DdnsParameters {
            send_updates: true,
            override_no_update: false,
            override_client_update: false,
            replace_client_name: ReplaceClientName::Never,
            generated_prefix: "myhost".into(),
            qualifying_suffix: "example.org.".into(),
            update_on_renew: false,
            conflict_resolution: ConflictResolution::CheckWithDhcid,
            ttl_percent: None,
            ttl: None,
            ttl_min: None,
            ttl_max: None,
            invalid_characters: Some(regex::bytes::Regex::new("[^A-Za-z0-9-]").unwrap()),
            replacement: "x".into(),
        }
    }

    fn asked(updates: ServerUpdates, name: &str) -> ClientFqdn {
        let name = match name {
            "" => ClientName::Empty,
            full if full.ends_with('.') => ClientName::Full(full.parse().unwrap()),
            partial => ClientName::Partial(partial.parse().unwrap()),
        };
        let encoding = NameEncoding::Wire;
        ClientFqdn { updates, overridden: false, encoding, name }
    }

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9));

    #[test]
    fn flags_are_answered_as_the_table_of_the_manual_says() {
        // Updates on, what is asked, both overridden or not => what is answered, and O.
        use ServerUpdates::{Both, Nothing, Reverse};
        for (updates, ask, overriding, expected) in [
            (true, Reverse, false, (Reverse, false)),
            (true, Reverse, true, (Both, true)),
            (true, Both, false, (Both, false)),
            (true, Nothing, false, (Nothing, false)),
            (true, Nothing, true, (Both, true)),
            (false, Both, true, (Nothing, true)),
            (false, Reverse, true, (Nothing, false)),
        ] {
            let mut parameters = parameters();
            parameters.override_client_update = overriding;
            parameters.override_no_update = overriding;
            let policy = NamePolicy { parameters: &parameters, updates };
            let (answer, lease) = policy.answer::<V4>(&asked(ask, "a"), None, ADDRESS);
            let given = (answer.updates, answer.overridden);
            assert_eq!(given, expected, "{updates} {ask:?} {overriding}");
            let told = (lease.forward, lease.reverse);
            assert_eq!(told, (given.0 == Both, given.0 != Nothing));
        }
    }

    #[test]
    fn names_are_scrubbed_completed_or_generated() {
        for (replace, name, expected) in [
            (ReplaceClientName::Never, "Alice", "alice.example.org."),
            (ReplaceClientName::Never, "my_host.example.org", "myxhost.example.org."),
            (ReplaceClientName::Never, "a.other.", "a.other."),
            (ReplaceClientName::Never, "", "myhost-192-0-2-9.example.org."),
            (ReplaceClientName::Always, "alice", "myhost-192-0-2-9.example.org."),
            (ReplaceClientName::WhenPresent, "alice", "myhost-192-0-2-9.example.org."),
            (ReplaceClientName::WhenNotPresent, "alice", "alice.example.org."),
        ] {
            let mut parameters = parameters();
            parameters.replace_client_name = replace;
            let policy = NamePolicy { parameters: &parameters, updates: true };
            let asked = asked(ServerUpdates::Both, name);
            let (answer, lease) = policy.answer::<V4>(&asked, None, ADDRESS);
            assert_eq!(lease.hostname, expected);
            assert_eq!(answer.name.to_string().to_ascii_lowercase(), expected);
        }
    }

    #[test]
    fn of_what_scrubbing_empties_nothing_is_left() {
        let mut parameters = parameters();
        parameters.replacement = "".into();
        for (name, expected) in [
            ("___", "myhost-192-0-2-9.example.org."),
            ("___.", "myhost-192-0-2-9.example.org."),
            ("a_b.___.org.", "ab.org."),
        ] {
            let policy = NamePolicy { parameters: &parameters, updates: true };
            let (answer, lease) =
                policy.answer::<V4>(&asked(ServerUpdates::Both, name), None, ADDRESS);
            assert_eq!(lease.hostname, expected, "{name}");
            assert_eq!(answer.name.to_string(), expected, "{name}");
        }
    }

    #[test]
    fn a_suffix_is_appended_once() {
        let mut parameters = parameters();
        let qualified = |parameters: &DdnsParameters, name: &str| {
            NamePolicy { parameters, updates: true }.qualified(name, FinalDot::Omitted)
        };
        assert_eq!(qualified(&parameters, "a"), "a.example.org");
        assert_eq!(qualified(&parameters, "a.example.org."), "a.example.org");
        assert_eq!(qualified(&parameters, "myexample.org"), "myexample.org.example.org");
        parameters.qualifying_suffix = "".into();
        assert_eq!(qualified(&parameters, "a"), "a");
    }
}
