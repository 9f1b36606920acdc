//! Explanations as text for people, and as JSON for programs.

use std::fmt::{self, Display, Write as _};

use kea_lease::{LeaseFamily, LeaseKind, PoolSpec};
use serde_json::{Value as Json, json};

use super::step::{
    AnswerOption, Cause, Explanation, HookEffect, LeaseStep, ReservationStep, Step, SubnetStep,
};

impl Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl Explanation {
    /// What came of the query, in a line.
    pub fn summary(&self) -> String {
        let mut leases = self.steps.iter().filter_map(|step| match step {
            Step::Lease(lease) => Some(lease.address.as_str()),
            _ => None,
        });
        let mut parts: Vec<String> = Vec::new();
        for step in &self.steps {
            match step {
                Step::Answered { message_type, .. } => parts.push(message_type.clone()),
                Step::Silence { reason } => parts.push(format!("no answer: {reason}")),
                _ => {}
            }
        }
        let summary = parts.pop().unwrap_or_default();
        match leases.next() {
            None => summary,
            Some(first) => leases.fold(format!("{summary} with {first}"), |summary, lease| {
                format!("{summary}, {lease}")
            }),
        }
    }

    /// The steps as a list of maps, each with a `step` that says what it is.
    pub fn to_json(&self) -> Json {
        self.steps.iter().map(Step::to_json).collect()
    }
}

/// A line, and indented ones for details.
impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Joined { class, cause } => write!(f, "class {class}: joined, {cause}"),
            Step::Tested { class, expression, result, because, .. } => {
                write!(f, "class {class}: {result}\n    test {expression}")?;
                because.iter().try_for_each(|step| write!(f, "\n      {}", step.text))
            }
            Step::NotTestable { class, reason } => write!(f, "class {class}: {reason}"),
            Step::StartedOver => {
                f.write_str("classes: evaluated again with those of the reservation")
            }
            Step::NotLetIn { subnet, guard } => {
                write!(f, "subnet {subnet}: passed over, it lets in only {}", guard.join(", "))
            }
            Step::Hooked { hooks, point, effect } => {
                write!(f, "hook {} at {point}: {effect}", hooks.join(", "))
            }
            Step::Placed(Some(subnet)) => write!(f, "subnet {subnet}: selected"),
            Step::Placed(None) => f.write_str("subnet: none fits"),
            Step::Reserved(hosts) if hosts.is_empty() => f.write_str("reservation: none"),
            Step::Reserved(hosts) => {
                join(f, hosts.iter().map(|host| format!("reservation: {host}")))
            }
            Step::Pools(pools) if pools.is_empty() => f.write_str("pools: none"),
            Step::Pools(pools) => join(
                f,
                pools.iter().map(|pool| {
                    let state = match (pool.is_open, pool.is_subnet_closed) {
                        (true, _) => "open to the client",
                        (false, true) => "closed as its subnet is",
                        (false, false) => "closed",
                    };
                    let guard = match &pool.guard[..] {
                        [] => String::new(),
                        guard => format!(", it lets in only {}", guard.join(", ")),
                    };
                    format!("pool {} of subnet {}: {state}{guard}", pool.range, pool.subnet)
                }),
            ),
            Step::Lease(lease) => write!(f, "lease {lease}"),
            Step::Answered { message_type, fields, options } => {
                write!(f, "answer {message_type}")?;
                for field in fields {
                    write!(f, "\n    {} = {}", field.name, field.value)?;
                }
                options.iter().try_for_each(|option| write!(f, "\n    {option}"))
            }
            Step::Sent { address, port } => write!(f, "sent to {address}, port {port}"),
            Step::Silence { reason } => write!(f, "no answer: {reason}"),
            Step::Message { id, text } => write!(f, "log {id} {text}"),
        }
    }
}

impl Display for HookEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HookEffect::NotAsked => f.write_str("not asked, it may act beyond an explanation"),
            HookEffect::None => f.write_str("nothing changed"),
            HookEffect::Classes { joined, left } if joined.is_empty() && left.is_empty() => {
                f.write_str("no class changed")
            }
            HookEffect::Classes { joined, left } => {
                let parts = [("joined", joined), ("left", left)];
                let parts = parts.iter().filter(|(_, classes)| !classes.is_empty());
                let parts = parts.map(|(verb, classes)| format!("{verb} {}", classes.join(", ")));
                f.write_str(&parts.collect::<Vec<_>>().join("; "))
            }
            HookEffect::Identifier(octets) => write!(f, "the client is known as {octets}"),
            HookEffect::Subnet(Some(subnet)) => write!(f, "subnet {subnet} instead"),
            HookEffect::Subnet(None) => f.write_str("no subnet instead"),
        }
    }
}

impl Step {
    fn to_json(&self) -> Json {
        match self {
            Step::Joined { class, cause } => {
                json!({ "step": "class", "class": class, "member": true, "reason": cause.to_string() })
            }
            Step::Tested { class, expression, result, is_member, because } => {
                let because =
                    because.iter().map(|step| json!({ "id": step.id, "text": step.text }));
                json!({ "step": "class", "class": class, "member": is_member, "reason": result,
                        "test": expression, "because": because.collect::<Json>() })
            }
            Step::NotTestable { class, reason } => {
                json!({ "step": "class", "class": class, "member": false, "reason": reason })
            }
            Step::StartedOver => json!({ "step": "classes-again" }),
            Step::NotLetIn { subnet, guard } => {
                json!({ "step": "subnet-passed-over", "subnet": subnet.to_json(), "client-classes": guard })
            }
            Step::Hooked { hooks, point, effect } => {
                let mut step = json!({ "step": "hook", "hooks": hooks, "point": point });
                match effect {
                    HookEffect::NotAsked => step["asked"] = false.into(),
                    HookEffect::None => {}
                    HookEffect::Classes { joined, left } => {
                        (step["joined"], step["left"]) = (json!(joined), json!(left));
                    }
                    HookEffect::Identifier(octets) => step["flex-id"] = json!(octets),
                    HookEffect::Subnet(subnet) => {
                        step["subnet"] = subnet.as_ref().map(SubnetStep::to_json).into();
                    }
                }
                step
            }
            Step::Placed(subnet) => {
                json!({ "step": "subnet", "subnet": subnet.as_ref().map(SubnetStep::to_json) })
            }
            Step::Reserved(hosts) => {
                let hosts: Json = hosts.iter().map(ReservationStep::to_json).collect();
                json!({ "step": "reservations", "reservations": hosts })
            }
            Step::Pools(pools) => {
                let pools = pools.iter().map(|pool| {
                    json!({ "subnet-id": pool.subnet, "pool": pool.range, "open": pool.is_open,
                            "subnet-open": !pool.is_subnet_closed,
                            "client-classes": pool.guard })
                });
                json!({ "step": "pools", "pools": pools.collect::<Json>() })
            }
            Step::Lease(lease) => lease.to_json(),
            Step::Answered { message_type, fields, options } => {
                let fields: serde_json::Map<String, Json> = fields
                    .iter()
                    .map(|field| (field.name.to_owned(), field.value.clone().into()))
                    .collect();
                let options: Json = options.iter().map(AnswerOption::to_json).collect();
                json!({ "step": "answer", "message-type": message_type, "fields": fields,
                        "options": options })
            }
            Step::Sent { address, port } => {
                json!({ "step": "sent", "address": address, "port": port })
            }
            Step::Silence { reason } => json!({ "step": "no-answer", "reason": reason }),
            Step::Message { id, text } => json!({ "step": "message", "id": id, "text": text }),
        }
    }
}

impl Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Everyone => "every client is in it",
            Cause::Bootp => "the client speaks BOOTP",
            Cause::VendorClass => "by the vendor class that the client sent",
            Cause::Known => "the client has a reservation",
            Cause::Unknown => "the client has no reservation",
            Cause::Reservation => "by the client's reservation",
            Cause::Template => "by the value of the template",
        })
    }
}

impl Display for SubnetStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.id, self.prefix)?;
        if let Some(network) = &self.network {
            write!(f, " of shared network {network}")?;
        }
        f.write_char(')')
    }
}

impl SubnetStep {
    fn to_json(&self) -> Json {
        json!({ "id": self.id, "subnet": self.prefix, "shared-network-name": self.network })
    }
}

impl Display for ReservationStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subnet {
            Some(id) => write!(f, "of subnet {id}")?,
            None => f.write_str("global")?,
        }
        write!(f, ", {} {}", self.identifier_type, self.identifier)?;
        if !self.addresses.is_empty() {
            write!(f, ", {}", self.addresses.join(", "))?;
        }
        if !self.hostname.is_empty() {
            write!(f, ", name {}", self.hostname)?;
        }
        if !self.classes.is_empty() {
            write!(f, ", classes {}", self.classes.join(", "))?;
        }
        Ok(())
    }
}

impl ReservationStep {
    fn to_json(&self) -> Json {
        json!({ "subnet-id": self.subnet, "identifier-type": self.identifier_type,
                "identifier": self.identifier, "addresses": self.addresses,
                "hostname": self.hostname, "client-classes": self.classes })
    }
}

impl Display for LeaseStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of subnet {}", self.address, self.subnet)?;
        match &self.pool {
            Some(pool) => write!(f, ", pool {pool}")?,
            None => f.write_str(", reserved outside of pools")?,
        }
        write!(f, ", valid for {} s", self.valid_lifetime)?;
        self.preferred_lifetime.map_or(Ok(()), |seconds| write!(f, ", preferred for {seconds} s"))
    }
}

impl LeaseStep {
    fn to_json(&self) -> Json {
        let mut json = json!({ "step": "lease", "ip-address": self.address,
                               "subnet-id": self.subnet, "pool": self.pool,
                               "valid-lft": self.valid_lifetime });
        if let (Some(map), Some(seconds)) = (json.as_object_mut(), self.preferred_lifetime) {
            map.insert("preferred-lft".into(), seconds.into());
        }
        json
    }
}

impl Display for AnswerOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option {}", self.code)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        write!(f, " = {}    from {}", self.value, self.origin)
    }
}

impl AnswerOption {
    fn to_json(&self) -> Json {
        json!({ "code": self.code, "name": self.name, "value": self.value,
                "origin": self.origin.to_string() })
    }
}

/// The range of a pool, as it is written in a configuration.
pub(crate) fn range<F: LeaseFamily>(pool: &PoolSpec<F>) -> String {
    match pool.kind {
        LeaseKind::Prefix => {
            format!("{}-{} by /{}", pool.first, pool.last, pool.delegated_len)
        }
        LeaseKind::Address | LeaseKind::TemporaryAddress => {
            format!("{}-{}", pool.first, pool.last)
        }
    }
}

/// Octets as digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// One line for each.
fn join(f: &mut fmt::Formatter<'_>, lines: impl Iterator<Item = String>) -> fmt::Result {
    f.write_str(&lines.collect::<Vec<_>>().join("\n"))
}
