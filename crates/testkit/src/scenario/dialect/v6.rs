//! Scenarios of DHCPv6.

use std::net::{Ipv6Addr, SocketAddrV6};

use super::{Dialect, RELAY_MAC, address, hex, mac, number, octets};
use crate::frame::Frame;
use crate::packet::Message;
use crate::packet::v6::{
    self, CLIENT_ID, IA_NA, IA_PD, IA_TA, Ia, IaLease, MessageType, Packet6, RelayHop, SERVER_ID,
    link_local,
};

/// `client NAME mac XX:… [duid XX:…]`: without a DUID it is that of the hardware address.
pub struct Client {
    mac: [u8; 6],
    duid: Vec<u8>,
}

impl Dialect for Packet6 {
    type Client = Client;

    const EXCHANGE: [&'static str; 4] = ["solicit", "advertise", "request", "reply"];

    fn client(words: &[&str]) -> Result<Client, String> {
        match words {
            ["mac", text] => {
                let mac = mac(text)?;
                Ok(Client { mac, duid: [&DUID_LL_ETHERNET[..], &mac].concat() })
            }
            ["mac", text, "duid", duid] => Ok(Client { mac: mac(text)?, duid: octets(duid)? }),
            _ => Err("client NAME mac XX:… [duid XX:…]".to_owned()),
        }
    }

    /// Messages that are for one server have the identifier of the one that answered last.
    fn query(kind: MessageType, client: &Client, xid: u32, last: Option<&Self>) -> Self {
        let mut packet = Packet6::query(kind, &client.duid, xid);
        let server = last.and_then(|last| last.option(SERVER_ID));
        let for_one_server =
            [MessageType::REQUEST, MessageType::RENEW, MessageType::RELEASE, MessageType::DECLINE];
        if let Some(server) = server.filter(|_| for_one_server.contains(&kind)) {
            packet.push_option(SERVER_ID, server);
        }
        packet
    }

    /// To all servers of the link, from the client or from a relay.
    fn frame(&self, client: &Client) -> Frame {
        let (from_mac, port) =
            if self.relays.is_empty() { (client.mac, 546) } else { (RELAY_MAC, 547) };
        let mut sent = self.clone();
        if let Some(nearest) = sent.relays.last_mut().filter(|hop| hop.peer.is_unspecified()) {
            nearest.peer = link_local(client.mac);
        }
        let from = SocketAddrV6::new(link_local(from_mac), port, 0, 0).into();
        Frame { from_mac, from, ..sent.to_all() }
    }

    fn apply(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["ia-na", iaid, rest @ ..] => self.push_ia(IA_NA, iaid, rest),
            ["ia-ta", iaid, rest @ ..] => self.push_ia(IA_TA, iaid, rest),
            ["ia-pd", iaid, rest @ ..] => self.push_ia(IA_PD, iaid, rest),
            ["relay", "link", link, rest @ ..] => self.push_relay(link, rest),
            ["relay", "option", name, rest @ ..] => {
                let text = rest.strip_prefix(&["="]).unwrap_or(rest).join(" ");
                let code = Self::OPTIONS.code(name).map_err(|e| e.to_string())?;
                let data = match rest {
                    [] => Vec::new(),
                    _ => Self::OPTIONS.value(name, &text).map_err(|e| e.to_string())?,
                };
                let relay = self.relays.first_mut().ok_or("a relay comes first")?;
                relay.options.push((code, data));
                Ok(())
            }
            ["elapsed", text] => {
                let hundredths: u16 = number(text)?;
                let code = Self::OPTIONS.code("elapsed-time").map_err(|e| e.to_string())?;
                self.remove_option(code);
                self.push_option(code, &hundredths.to_be_bytes());
                Ok(())
            }
            _ => Err(format!("no such detail: {}", words.join(" "))),
        }
    }

    fn ask(&mut self) {
        if self.associations().is_ok_and(|ias| ias.is_empty()) {
            self.push_option(IA_NA, &Ia::na(1).encode());
        }
    }

    fn take(&mut self, offer: &Self) {
        self.options.retain(|(code, _)| ![IA_NA, IA_TA, IA_PD, SERVER_ID].contains(code));
        self.push_option(SERVER_ID, offer.option(SERVER_ID).unwrap_or_default());
        for ia in offer.associations().unwrap_or_default() {
            self.push_option(ia.code, &ia.encode());
        }
    }

    fn leased(&self) -> Option<String> {
        Packet6::leased(self).map(|lease| lease.to_string())
    }

    /// `n1` is the first address of the association with identifier 1, `p1` the first prefix.
    fn given(&self) -> Vec<(String, String)> {
        let mut given = Vec::new();
        for ia in self.associations().unwrap_or_default() {
            let letter = if ia.code == IA_PD { 'p' } else { 'n' };
            let leases = ia.leases().unwrap_or_default();
            if let Some(lease) = leases.iter().find(|lease| lease.valid > 0) {
                given.push((format!("{letter}{}", ia.iaid), lease.to_string()));
            }
        }
        given
    }

    fn facts(&self) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        let mut note = |name: String| {
            let words: Vec<&str> = name.split_whitespace().collect();
            let values = self.field(&words).unwrap_or_else(|why| vec![why]);
            if !values.is_empty() {
                facts.push((name, values.join(" and ")));
            }
        };
        note("status".to_owned());
        note("associations".to_owned());
        for ia in self.ias().unwrap_or_default() {
            let fields =
                ["t1", "t2", "status", "leases", "withdrawn", "preferred", "valid", "excluded"];
            fields.into_iter().for_each(|field| note(format!("{} {field}", ia_text(&ia))));
        }
        note("relays".to_owned());
        for (i, relay) in self.relays.iter().enumerate() {
            ["link", "peer", "hops", "options"]
                .into_iter()
                .for_each(|f| note(format!("relay {i} {f}")));
            let codes = relay.options.iter().map(|(code, _)| code);
            codes.for_each(|code| note(format!("relay {i} option {code}")));
        }
        facts.extend(super::option_facts(self, &[IA_NA, IA_TA, IA_PD, STATUS_CODE]));
        facts
    }

    fn answers(&self, query: &Self) -> bool {
        let same_relays = self.relays.len() == query.relays.len()
            && self.relays.iter().zip(&query.relays).all(|(is, was)| {
                let peer = was.peer.is_unspecified() || is.peer == was.peer;
                is.kind == RELAY_REPL && (is.hops, is.link) == (was.hops, was.link) && peer
            });
        let copied = |p: &Packet6| (p.xid, p.option(CLIENT_ID).map(<[u8]>::to_vec));
        copied(query) == copied(self) && same_relays && self.option(SERVER_ID).is_some()
    }

    fn field_len(words: &[&str]) -> usize {
        match words {
            ["relay", _, "option", ..] => 4,
            ["ia-na" | "ia-ta" | "ia-pd", _, "excluded" | "t1" | "t2" | "status", ..]
            | ["ia-na" | "ia-ta" | "ia-pd", _, "address" | "prefix" | "preferred" | "valid", ..]
            | ["ia-na" | "ia-ta" | "ia-pd", _, "leases" | "withdrawn", ..]
            | ["relay", ..] => 3,
            ["ia-na" | "ia-ta" | "ia-pd", ..] => 2,
            _ => 1,
        }
    }

    fn field(&self, words: &[&str]) -> Result<Vec<String>, String> {
        let one = |text: String| Ok(vec![text]);
        match words {
            ["status"] => one(status_text(&self.options)),
            ["relays"] => one(self.relays.len().to_string()),
            ["associations"] => {
                let ias = self.ias()?;
                let texts: Vec<String> = ias.iter().map(ia_text).collect();
                one(texts.join(","))
            }
            ["relay", at, rest @ ..] => {
                let relay = self.relays.get(number::<usize>(at)?).ok_or("no such relay")?;
                relay_field(relay, rest)
            }
            [kind @ ("ia-na" | "ia-ta" | "ia-pd"), iaid, rest @ ..] => {
                let wanted = format!("{kind} {}", number::<u32>(iaid)?);
                let ias = self.ias()?;
                let Some(ia) = ias.iter().find(|ia| ia_text(ia) == wanted) else {
                    return Ok(Vec::new());
                };
                ia_field(ia, rest)
            }
            _ => Err(format!("no such field: {}", words.join(" "))),
        }
    }

    fn describe(&self) -> String {
        let relays = self.relays.len();
        let ias = self.associations().unwrap_or_default();
        let ias: Vec<String> = ias
            .iter()
            .map(|ia| {
                let leases = ia.leases().unwrap_or_default();
                let leases: Vec<String> = leases
                    .iter()
                    .map(|lease| format!("{lease} for {}/{}", lease.preferred, lease.valid))
                    .collect();
                let status = status_text(&ia.options);
                format!("{} [{}] {}/{} {status}", ia_text(ia), leases.join(" "), ia.t1, ia.t2)
            })
            .collect();
        let status = status_text(&self.options);
        format!("{} xid={:#x} relays={relays} status={status} {ias:?}", self.kind, self.xid)
    }
}

impl Packet6 {
    /// `IAID [t1 N] [t2 N] [ADDRESS|PREFIX [for PREFERRED/VALID]]…`
    fn push_ia(&mut self, code: u16, iaid: &str, rest: &[&str]) -> Result<(), String> {
        let mut ia = Ia { code, ..Ia::na(number(iaid)?) };
        let mut leases: Vec<IaLease> = Vec::new();
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            let mut next = || words.next().copied().unwrap_or_default();
            match (*word, leases.last_mut()) {
                ("t1", _) => ia.t1 = number(next())?,
                ("t2", _) => ia.t2 = number(next())?,
                ("for", Some(lease)) => {
                    let (preferred, valid) =
                        next().split_once('/').ok_or("lifetimes are PREFERRED/VALID")?;
                    (lease.preferred, lease.valid) = (number(preferred)?, number(valid)?);
                }
                (text, _) => {
                    let (start, len) = text.split_once('/').unwrap_or((text, "128"));
                    leases.push(IaLease::prefix(address(start)?, number(len)?));
                }
            }
        }
        let ia = leases.iter().fold(ia, Ia::with_lease);
        self.push_option(code, &ia.encode());
        Ok(())
    }

    /// `LINK [peer ADDRESS] [hops N]`: one more relay, nearer to the server.
    fn push_relay(&mut self, link: &str, rest: &[&str]) -> Result<(), String> {
        let peer = self.relays.first().map_or(Ipv6Addr::UNSPECIFIED, |before| {
            if before.link.is_unspecified() { link_local(RELAY_MAC) } else { before.link }
        });
        let mut relay = RelayHop {
            kind: RELAY_FORW,
            hops: self.relays.len() as u8,
            link: address(link)?,
            peer,
            options: Vec::new(),
        };
        for pair in rest.chunks(2) {
            match pair {
                ["peer", text] => relay.peer = address(text)?,
                ["hops", text] => relay.hops = number(text)?,
                _ => return Err("relay link ADDRESS [peer ADDRESS] [hops N]".to_owned()),
            }
        }
        self.relays.insert(0, relay);
        Ok(())
    }

    fn ias(&self) -> Result<Vec<Ia>, String> {
        self.associations().map_err(|e| format!("an association that cannot be read: {e:?}"))
    }
}

fn relay_field(relay: &RelayHop, words: &[&str]) -> Result<Vec<String>, String> {
    Ok(match words {
        ["link"] => vec![relay.link.to_string()],
        ["peer"] => vec![relay.peer.to_string()],
        ["hops"] => vec![relay.hops.to_string()],
        ["options"] => {
            let codes: Vec<String> =
                relay.options.iter().map(|(code, _)| code.to_string()).collect();
            vec![codes.join(",")]
        }
        ["option", name] => {
            let code = Packet6::OPTIONS.code(name).map_err(|e| e.to_string())?;
            let found = relay.options.iter().filter(|(present, _)| *present == code);
            found.map(|(_, data)| hex(data)).collect()
        }
        _ => return Err(format!("no such field of a relay: {}", words.join(" "))),
    })
}

/// A field of an association. Lifetimes are those of what it gives.
fn ia_field(ia: &Ia, words: &[&str]) -> Result<Vec<String>, String> {
    let leases = ia.leases().map_err(|e| format!("a lease that cannot be read: {e:?}"))?;
    let given = leases.iter().find(|lease| lease.valid > 0);
    let of_given = |text: fn(&IaLease) -> String| given.map(text).into_iter().collect();
    let texts = |of: &mut dyn Iterator<Item = &IaLease>| {
        let texts: Vec<String> = of.map(ToString::to_string).collect();
        if texts.is_empty() { Vec::new() } else { vec![texts.join(",")] }
    };
    Ok(match words {
        [] => vec!["present".to_owned()],
        ["t1"] => vec![ia.t1.to_string()],
        ["t2"] => vec![ia.t2.to_string()],
        ["status"] => vec![status_text(&ia.options)],
        ["address" | "prefix"] => of_given(ToString::to_string),
        ["preferred"] => of_given(|lease| lease.preferred.to_string()),
        ["valid"] => of_given(|lease| lease.valid.to_string()),
        ["excluded"] => {
            let data = given.and_then(|lease| v6::first(&lease.options, PD_EXCLUDE));
            data.map(hex).into_iter().collect()
        }
        ["leases"] => texts(&mut leases.iter().filter(|lease| lease.valid > 0)),
        ["withdrawn"] => texts(&mut leases.iter().filter(|lease| lease.valid == 0)),
        _ => return Err(format!("no such field of an association: {}", words.join(" "))),
    })
}

fn ia_text(ia: &Ia) -> String {
    let kind = match ia.code {
        IA_NA => "ia-na",
        IA_TA => "ia-ta",
        _ => "ia-pd",
    };
    format!("{kind} {}", ia.iaid)
}

/// The name of a status (RFC 9915 section 21.13), or `none`.
fn status_text(options: &v6::Options) -> String {
    let Some((code, _)) = v6::status(options) else { return "none".to_owned() };
    let name = STATUS_NAMES.get(usize::from(code)).copied();
    name.map_or_else(|| code.to_string(), ToOwned::to_owned)
}

const STATUS_NAMES: [&str; 11] = [
    "Success",
    "UnspecFail",
    "NoAddrsAvail",
    "NoBinding",
    "NotOnLink",
    "UseMulticast",
    "NoPrefixAvail",
    "UnknownQueryType",
    "MalformedQuery",
    "NotConfigured",
    "NotAllowed",
];
const DUID_LL_ETHERNET: [u8; 4] = [0, 3, 0, 1];
const STATUS_CODE: u16 = 13;
const RELAY_FORW: u8 = 12;
const RELAY_REPL: u8 = 13;
const PD_EXCLUDE: u16 = 67;
