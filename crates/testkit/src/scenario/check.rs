//! Comparing an answer or a lease with the lines of an expectation.

use std::net::{IpAddr, SocketAddr};

use crate::frame::Frame;
use crate::lease_file::LeaseRow;
use crate::scenario::dialect::{Dialect, hex};
use crate::scenario::parse::Detail;
use crate::scenario::play::Fault;

/// One line of an `expect` step against the answer. The error says what is different.
pub(super) fn check_reply<D: Dialect>(frame: &Frame, reply: &D, line: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let codes = || -> Vec<String> { reply.option_codes().iter().map(u16::to_string).collect() };
    match words.as_slice() {
        ["options", wanted] => equal("options", &codes().join(","), wanted),
        ["first", "option", code] => {
            equal("first option", codes().first().map_or("none", String::as_str), code)
        }
        ["last", "option", code] => {
            equal("last option", codes().last().map_or("none", String::as_str), code)
        }
        ["to", wanted] => place("destination", frame.to, wanted),
        ["from", wanted] => place("source", frame.from, wanted),
        ["to-mac", wanted] => equal("hardware destination", &hex(&frame.to_mac), wanted),
        ["no", field @ ..] => match field_values(reply, field)?.as_slice() {
            [] => Ok(()),
            values => Err(format!("{} is there: {}", field.join(" "), values.join(" "))),
        },
        [] => Err("an empty detail".to_owned()),
        words => check_field(reply, words, line),
    }
}

fn check_field<D: Dialect>(reply: &D, words: &[&str], line: &str) -> Result<(), String> {
    let len = field_len::<D>(words).min(words.len());
    let (field, condition) = words.split_at(len);
    let (name, values) = (field.join(" "), field_values(reply, field)?);
    let is_option = field.len() > 1 && field[field.len() - 2] == "option";
    let absent = || format!("{name} is absent");
    match condition {
        ["present"] => values.first().map(drop).ok_or_else(absent),
        ["=", ..] if is_option => {
            let text = line.split_once('=').map_or("", |(_, value)| value.trim());
            let wanted = D::OPTIONS.value(field[field.len() - 1], text);
            let wanted = hex(&wanted.map_err(|e| e.to_string())?);
            if values.contains(&wanted) {
                return Ok(());
            }
            Err(format!("{name} is {}, not {wanted}", shown(&values)))
        }
        ["in", range] => {
            let is = values.first().ok_or_else(absent)?;
            let is = if is_option {
                u128::from_str_radix(&is.replace(':', ""), 16).unwrap_or(u128::MAX)
            } else {
                number(is)?
            };
            let (low, high) = range.split_once('-').ok_or("a range is LOW-HIGH")?;
            within(&name, is, number(low)?, number(high)?)
        }
        ["not", wanted] => match values.first().ok_or_else(absent)? {
            is if is == wanted => Err(format!("{name} is {is}")),
            _ => Ok(()),
        },
        wanted => equal(&name, &shown(&values), &wanted.join(" ")),
    }
}

/// The lines of an `expect lease` step against the row: `COLUMN = TEXT` or `COLUMN contains TEXT`.
pub(super) fn check_lease(row: &LeaseRow, details: &[Detail]) -> Result<(), Fault> {
    for detail in details {
        let (name, rest) = detail.text.split_once(' ').unwrap_or((&detail.text, ""));
        let is = row.column(name);
        let fits = if let Some(part) = rest.trim().strip_prefix("contains ") {
            is.contains(part.trim())
        } else if let Some(text) = rest.trim().strip_prefix('=') {
            is == text.trim()
        } else {
            return Err(Fault::at(detail, "COLUMN = TEXT or COLUMN contains TEXT"));
        };
        if !fits {
            return Err(Fault::at(detail, format!("column {name} is '{is}' in {row:?}")));
        }
    }
    Ok(())
}

/// The first value of a field of the answer as text.
pub(super) fn field_text<D: Dialect>(reply: &D, field: &str) -> Result<String, String> {
    let words: Vec<&str> = field.split_whitespace().collect();
    let values = field_values(reply, &words)?;
    values.into_iter().next().ok_or_else(|| format!("there is no {field}"))
}

/// The values of a field as text: an address, a number, a name, or of an option its octets.
fn field_values<D: Dialect>(reply: &D, field: &[&str]) -> Result<Vec<String>, String> {
    let ["option", name] = field else { return reply.field(field) };
    let code = D::OPTIONS.code(name).map_err(|e| e.to_string())?;
    Ok(reply.options_of(code).iter().map(|data| hex(data)).collect())
}

fn field_len<D: Dialect>(words: &[&str]) -> usize {
    if words.first() == Some(&"option") { 2 } else { D::field_len(words) }
}

fn shown(values: &[String]) -> String {
    if values.is_empty() { "absent".to_owned() } else { values.join(" and ") }
}

fn place(what: &str, is: SocketAddr, wanted: &str) -> Result<(), String> {
    let wanted = wanted.replace("broadcast", "255.255.255.255");
    let with_port = wanted.parse::<SocketAddr>().is_ok();
    equal(what, &if with_port { is.to_string() } else { is.ip().to_string() }, &wanted)
}

fn equal(what: &str, is: &str, wanted: &str) -> Result<(), String> {
    if is == wanted { Ok(()) } else { Err(format!("{what} is {is}, not {wanted}")) }
}

fn within(what: &str, is: u128, low: u128, high: u128) -> Result<(), String> {
    if (low..=high).contains(&is) {
        return Ok(());
    }
    Err(format!("{what} is {is}, not in {low}-{high}"))
}

/// An address or a number, for ranges.
fn number(text: &str) -> Result<u128, String> {
    match text.parse() {
        Ok(IpAddr::V4(address)) => Ok(u128::from(address.to_bits())),
        Ok(IpAddr::V6(address)) => Ok(address.to_bits()),
        Err(_) => text.parse().map_err(|_| format!("neither address nor number: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::packet::Message as _;
    use crate::packet::v4::{MessageType, Packet4};
    use crate::packet::v6::{Ia, IaLease, Packet6, RelayHop};

    #[test]
    fn every_form_of_line_is_checked() {
        let mut reply = Packet4::query(MessageType::Offer, [2, 0, 0, 0, 0, 1], 7)
            .with_option(51, &3600u32.to_be_bytes())
            .with_option(82, &[1, 2, 3, 4]);
        reply.yiaddr = Ipv4Addr::new(192, 0, 2, 10);
        reply.file[..3].copy_from_slice(b"pxe");
        let frame = Frame {
            to_mac: [0xff; 6],
            from_mac: [2; 6],
            from: "192.0.2.1:67".parse().unwrap(),
            to: "255.255.255.255:68".parse().unwrap(),
            payload: reply.encode(),
        };
        let check = |line: &str| check_reply(&frame, &reply, line);
        for good in [
            "yiaddr 192.0.2.10",
            "yiaddr in 192.0.2.10-192.0.2.20",
            "yiaddr not 192.0.2.11",
            "option lease-time = 3600",
            "option lease-time in 3599-3600",
            "option 82 present",
            "no option 58",
            "options 53,51,82",
            "first option 53",
            "last option 82",
            "to broadcast",
            "to 255.255.255.255:68",
            "from 192.0.2.1:67",
            "to-mac ff:ff:ff:ff:ff:ff",
            "file pxe",
            "sname none",
            "flags 0",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "yiaddr 192.0.2.11",
            "yiaddr in 192.0.2.11-192.0.2.20",
            "yiaddr not 192.0.2.10",
            "option lease-time = 3601",
            "option lease-time in 1-2",
            "option 12 present",
            "no option 51",
            "options 53,82,51",
            "last option 51",
            "to 192.0.2.10",
            "from 192.0.2.1:68",
            "file px",
            "flags broadcast",
            "colour red",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn associations_and_relays_are_looked_into() {
        let lease = IaLease {
            preferred: 30,
            valid: 40,
            options: vec![(67, vec![64, 1])],
            ..IaLease::prefix("2001:db8:8::".parse().unwrap(), 56)
        };
        let gone = IaLease::address("2001:db8::9".parse().unwrap());
        let refused = Ia { options: vec![(13, vec![0, 2, b'n'])], ..Ia::na(3) };
        let mut reply = Packet6::query(crate::packet::v6::MessageType::REPLY, &[0, 3, 0, 1, 5], 7)
            .with_ia(&Ia { t1: 10, t2: 20, ..Ia::pd(1) }.with_lease(&lease))
            .with_ia(&Ia::na(2).with_lease(&gone))
            .with_ia(&refused)
            .with_option(23, &[0xff; 16])
            .with_option(17, &[1])
            .with_option(17, &[2]);
        reply.relays.push(RelayHop {
            kind: 13,
            hops: 3,
            link: "2001:db8::1".parse().unwrap(),
            peer: "fe80::5".parse().unwrap(),
            options: vec![(18, b"eth".to_vec())],
        });
        let frame = reply.to_all();
        let check = |line: &str| check_reply(&frame, &reply, line);
        for good in [
            "associations ia-pd 1,ia-na 2,ia-na 3",
            "ia-pd 1 prefix 2001:db8:8::/56",
            "ia-pd 1 t1 10",
            "ia-pd 1 t2 in 19-21",
            "ia-pd 1 preferred 30",
            "ia-pd 1 valid 40",
            "ia-pd 1 excluded 40:01",
            "ia-pd 1 status none",
            "ia-na 2 withdrawn 2001:db8::9",
            "no ia-na 2 leases",
            "no ia-na 4",
            "ia-na 3 status NoAddrsAvail",
            "status none",
            "option 17 = hex:02",
            "relay 0 link 2001:db8::1",
            "relay 0 option interface-id = eth",
            "no relay 0 option remote-id",
            "relays 1",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "ia-pd 1 prefix 2001:db8:8::/57",
            "ia-pd 2 t1 10",
            "ia-pd 1 valid in 1-2",
            "no ia-na 2",
            "ia-na 2 address 2001:db8::9",
            "ia-na 3 status Success",
            "option 17 = hex:03",
            "relay 1 link 2001:db8::1",
            "no relay 0 option interface-id",
            "status Success",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
