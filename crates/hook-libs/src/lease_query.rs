//! Leasequery (the manual's section on the leasequery library): who may ask. The answers are the server's.

use std::sync::Arc;

use kea_config::document::{Node, Value};
use kea_config::snapshot::{Dialect, Snapshot};
use kea_hooks::{Hook, LeaseQueryTerms, Loaded, Point};
use kea_wire::{Address as _, Prefix};

use crate::parameters::Parameters;

/// The library's file.
pub(crate) const FILE: &str = "libdhcp_lease_query.so";

/// Makes the hook.
pub(crate) fn load<F: Dialect>(parameters: Option<&Value>, _: &Snapshot<F>) -> Loaded<F> {
    let known: &[&str] = match F::VERSION {
        4 => &["requesters"],
        _ => &["requesters", "prefix-lengths"],
    };
    let parameters = Parameters::new(parameters, known)?;
    let addresses = format!("IPv{} addresses or prefixes", F::VERSION);
    let requesters = parameters.list("requesters", &addresses, requester::<F>)?;
    let requesters = requesters.filter(|requesters| !requesters.is_empty());
    let requesters = requesters.ok_or("it needs 'requesters', with one address at least")?;
    let lengths = parameters.list("prefix-lengths", "numbers from 1 to 128", prefix_length)?;
    let prefix_lengths = lengths.unwrap_or_default();
    Ok(Arc::new(LeaseQuery(Arc::new(LeaseQueryTerms { requesters, prefix_lengths }))))
}

struct LeaseQuery<F: Dialect>(Arc<LeaseQueryTerms<F>>);

impl<F: Dialect> Hook<F> for LeaseQuery<F> {
    fn name(&self) -> &str {
        "lease_query"
    }

    fn points(&self) -> &[Point] {
        &[]
    }

    fn lease_query(&self) -> Option<Arc<LeaseQueryTerms<F>>> {
        Some(Arc::clone(&self.0))
    }
}

/// An address, or a prefix.
fn requester<F: Dialect>(node: &Node) -> Option<Prefix<F::Addr>> {
    let text = node.as_str()?;
    text.parse().ok().or_else(|| Prefix::new(text.parse().ok()?, F::Addr::BITS))
}

fn prefix_length(node: &Node) -> Option<u8> {
    let Value::Integer(length) = node.value else { return None };
    u8::try_from(length).ok().filter(|length| (1..=128).contains(length))
}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use super::FILE;
    use crate::tests::check;

    #[test]
    fn parameters_are_checked_when_the_configuration_is() {
        let addresses = Some("'requesters' must be a list of IPv4 addresses or prefixes");
        let missing = Some("it needs 'requesters', with one address at least");
        for (parameters, wrong) in [
            (r#"{ "requesters": [ "192.0.2.1", "10.0.0.0/8" ] }"#, None),
            (r#"{ "requesters": [] }"#, missing),
            ("{}", missing),
            (r#"{ "requesters": "192.0.2.1" }"#, addresses),
            (r#"{ "requesters": [ "2001:db8::1" ] }"#, addresses),
            (r#"{ "requesters": [ "192.0.2.1/33" ] }"#, addresses),
            (r#"{ "requesters": [ 7 ] }"#, addresses),
            (
                r#"{ "requesters": [ "192.0.2.1" ], "prefix-lengths": [ 56 ] }"#,
                Some("'prefix-lengths' is not among its parameters"),
            ),
        ] {
            check::<V4>(FILE, parameters, wrong);
        }
        let lengths = Some("'prefix-lengths' must be a list of numbers from 1 to 128");
        for (parameters, wrong) in [
            (r#"{ "requesters": [ "2001:db8::1" ], "prefix-lengths": [ 56, 64 ] }"#, None),
            (r#"{ "requesters": [ "2001:db8::/32" ], "prefix-lengths": [] }"#, None),
            (r#"{ "requesters": [ "2001:db8::1" ], "prefix-lengths": [ 0 ] }"#, lengths),
            (r#"{ "requesters": [ "2001:db8::1" ], "prefix-lengths": [ 129 ] }"#, lengths),
            (
                r#"{ "requesters": [ "192.0.2.1" ] }"#,
                Some("'requesters' must be a list of IPv6 addresses or prefixes"),
            ),
        ] {
            check::<V6>(FILE, parameters, wrong);
        }
    }
}
