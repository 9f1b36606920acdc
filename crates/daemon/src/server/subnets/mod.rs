//! Commands over subnets and shared networks (manual chapter 21, `subnet_cmds`): what is answered, and
//! which configuration comes of it. Putting it in force is the server's business.

use kea_config::snapshot::{Dialect, Snapshot};
use kea_config::{Change, ChangeError, Changed, Members};
use kea_control::{Answer, Arguments};
use kea_lease::SubnetId;
use serde_json::{Value as Json, json};

use super::definitions::{definition, refusal, to_json};

/// A command over subnets or shared networks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    Look(Look),
    Alter(Alter),
}

/// It only looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    Subnets,
    Subnet,
    Networks,
    Network,
}

/// It changes the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) enum Alter {
    AddSubnet,
    ReplaceSubnet,
    AddToSubnet,
    TakeFromSubnet,
    RemoveSubnet,
    AddNetwork,
    RemoveNetwork,
    Join,
    Leave,
}

impl Alter {
    /// The subnet that stays and becomes another.
    pub(super) fn updated(self, arguments: Arguments<'_>) -> Option<SubnetId> {
        let of_definition = || {
            let members = arguments.json()?.as_object()?;
            let subnets = members.values().find_map(|value| value.as_array())?;
            u32::try_from(subnets.first()?.get("id")?.as_u64()?).ok()
        };
        match self {
            Alter::ReplaceSubnet | Alter::AddToSubnet | Alter::TakeFromSubnet => of_definition(),
            Alter::Join | Alter::Leave => arguments.integer("id"),
            Alter::AddSubnet | Alter::RemoveSubnet | Alter::AddNetwork | Alter::RemoveNetwork => {
                None
            }
        }
        .map(SubnetId)
    }
}

/// The commands; `#` stands for the version of the protocol.
pub(super) static COMMANDS: &[(&str, Command)] = &[
    ("subnet#-list", Command::Look(Look::Subnets)),
    ("subnet#-get", Command::Look(Look::Subnet)),
    ("subnet#-add", Command::Alter(Alter::AddSubnet)),
    ("subnet#-update", Command::Alter(Alter::ReplaceSubnet)),
    ("subnet#-delta-add", Command::Alter(Alter::AddToSubnet)),
    ("subnet#-delta-del", Command::Alter(Alter::TakeFromSubnet)),
    ("subnet#-del", Command::Alter(Alter::RemoveSubnet)),
    ("network#-list", Command::Look(Look::Networks)),
    ("network#-get", Command::Look(Look::Network)),
    ("network#-add", Command::Alter(Alter::AddNetwork)),
    ("network#-del", Command::Alter(Alter::RemoveNetwork)),
    ("network#-subnet-add", Command::Alter(Alter::Join)),
    ("network#-subnet-del", Command::Alter(Alter::Leave)),
];

/// What a command that looks answers.
pub(super) fn look<F: Dialect>(
    config: &Snapshot<F>,
    what: Look,
    arguments: Arguments<'_>,
) -> Answer {
    let family = format!("IPv{}", F::VERSION);
    match what {
        Look::Subnets => {
            let subnets = config.subnets().iter();
            let list: Vec<_> =
                subnets.map(|subnet| brief(subnet.id, &subnet.prefix_text)).collect();
            let count = list.len();
            let text =
                format!("{count} {family} subnet{} found", if count == 1 { "" } else { "s" });
            found(count, text, json!({ "subnets": list }))
        }
        Look::Networks => {
            let networks = config.networks().iter();
            let list: Vec<_> = networks.map(|network| json!({ "name": network.name })).collect();
            let text = format!("{} {family} network(s) found", list.len());
            found(list.len(), text, json!({ "shared-networks": list }))
        }
        Look::Subnet => match subnet(config, arguments) {
            Err(error) => refusal(&error),
            Ok(subnet) => {
                let (id, prefix) = (subnet.id, &subnet.prefix_text);
                let text = format!("Info about {family} subnet {prefix} (id {id}) returned");
                let whole = to_json(&config.render_subnet(subnet));
                // The manual's name of the list, and the one that Kea uses and its clients read.
                let list = format!("subnet{}", F::VERSION);
                Answer::success(text).and(json!({ "subnets": [whole], list: [whole] }))
            }
        },
        Look::Network => {
            let name = arguments.text("name").unwrap_or("");
            let Some(network) = config.network(name) else {
                return refusal(&ChangeError::NoNetwork(name.into()));
            };
            let text = format!("Info about {family} shared network '{name}' returned");
            let whole = to_json(&config.render_network(network));
            Answer::success(text).and(json!({ "shared-networks": [whole] }))
        }
    }
}

/// The configuration that comes of a command, and the answer once it is in force.
///
/// # Errors
/// The answer, when nothing comes of it.
pub(super) fn alter<F: Dialect>(
    config: &Snapshot<F>,
    how: Alter,
    arguments: Arguments<'_>,
) -> Result<(Snapshot<F>, Answer), Answer> {
    let change = change::<F>(how, arguments)?;
    let changed = config.with(&change).map_err(|error| refusal(&error))?;
    let answer = answer(&changed, how, arguments);
    Ok((changed.snapshot, answer))
}

fn change<F: Dialect>(how: Alter, arguments: Arguments<'_>) -> Result<Change, Answer> {
    let subnet = || definition(arguments, F::PROTOCOL.subnets());
    let id = SubnetId(arguments.integer("id").unwrap_or(0));
    let name = || arguments.text("name").unwrap_or("").into();
    Ok(match how {
        Alter::AddSubnet => Change::AddSubnet(subnet()?),
        Alter::ReplaceSubnet => Change::ReplaceSubnet(subnet()?),
        Alter::AddToSubnet => Change::AddToSubnet(subnet()?),
        Alter::TakeFromSubnet => Change::TakeFromSubnet(subnet()?),
        Alter::RemoveSubnet => Change::RemoveSubnet(id),
        Alter::AddNetwork => Change::AddNetwork(definition(arguments, "shared-networks")?),
        Alter::RemoveNetwork => {
            let members = match arguments.text("subnets-action") {
                Some("delete") => Members::Remove,
                _ => Members::Keep,
            };
            Change::RemoveNetwork(name(), members)
        }
        Alter::Join => Change::Join(name(), id),
        Alter::Leave => Change::Leave(name(), id),
    })
}

fn answer<F: Dialect>(changed: &Changed<F>, how: Alter, arguments: Arguments<'_>) -> Answer {
    let family = format!("IPv{}", F::VERSION);
    if let Some(name) = &changed.network {
        let text = match how {
            Alter::AddNetwork => format!("A new {family} shared network '{name}' added"),
            _ => format!("{family} shared network '{name}' deleted"),
        };
        return Answer::success(text).and(json!({ "shared-networks": [{ "name": name }] }));
    }
    let (id, prefix) = match &changed.subnet {
        Some((id, prefix)) => (*id, &**prefix),
        None => (SubnetId(0), ""),
    };
    let network = arguments.text("name").unwrap_or("");
    let text = match how {
        Alter::AddSubnet => format!("{family} subnet added"),
        Alter::RemoveSubnet => format!("{family} subnet {prefix} (id {id}) deleted"),
        Alter::Join => {
            let subnet = format!("{family} subnet {prefix} (id {id})");
            return Answer::success(format!("{subnet} is now part of shared network '{network}'"));
        }
        Alter::Leave => {
            let subnet = format!("{family} subnet {prefix} (id {id})");
            return Answer::success(format!(
                "{subnet} is now removed from shared network '{network}'"
            ));
        }
        _ => format!("{family} subnet updated"),
    };
    Answer::success(text).and(json!({ "subnets": [brief(id, prefix)] }))
}

fn subnet<'c, F: Dialect>(
    config: &'c Snapshot<F>,
    arguments: Arguments<'_>,
) -> Result<&'c kea_config::snapshot::Subnet<F>, ChangeError> {
    match (arguments.integer("id").map(SubnetId), arguments.text("subnet")) {
        (Some(id), _) => config.subnet(id).ok_or(ChangeError::NoSubnet(id)),
        (None, Some(text)) => {
            config.subnet_of_prefix(text).ok_or_else(|| ChangeError::NoPrefix(text.into()))
        }
        (None, None) => Err(ChangeError::Unnamed),
    }
}

fn brief(id: SubnetId, prefix: &str) -> Json {
    json!({ "id": id.0, "subnet": prefix })
}

fn found(count: usize, text: String, arguments: Json) -> Answer {
    let answer = if count == 0 { Answer::empty(text) } else { Answer::success(text) };
    answer.and(arguments)
}

#[cfg(test)]
mod tests;
