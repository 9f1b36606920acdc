//! Comparing an answer or a lease with the lines of an expectation.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::frame::Frame;
use crate::lease_file::LeaseRow;
use crate::option_text::{option_code, parse_option_value};
use crate::packet::Packet4;
use crate::scenario::parse::Detail;
use crate::scenario::play::Fault;

/// One line of an `expect` step against the answer. The error says what is different.
pub(super) fn check_reply(frame: &Frame, reply: &Packet4, line: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["option", name, "=", ..] => {
            let value = line.split_once('=').map_or("", |(_, value)| value.trim());
            let wanted = parse_option_value(name, value).map_err(|e| e.to_string())?;
            let is = reply.option(option_code(name).map_err(|e| e.to_string())?);
            if is.as_deref() == Some(wanted.as_slice()) {
                return Ok(());
            }
            Err(format!("option {name} is {}, not {}", hex(is.as_deref()), hex(Some(&wanted))))
        }
        ["option", name, "in", range] => {
            let value = field_text(reply, &format!("option {name}"))?;
            let number = u64::from_str_radix(&value.replace(':', ""), 16).unwrap_or(u64::MAX);
            let (low, high) = range.split_once('-').ok_or("a range is LOW-HIGH")?;
            let bound = |text: &str| text.parse::<u64>().map_err(|_| format!("no number: {text}"));
            within(name, number, bound(low)?, bound(high)?)
        }
        ["option", name, "present"] => field_text(reply, &format!("option {name}")).map(drop),
        ["no", "option", name] => {
            let code = option_code(name).map_err(|e| e.to_string())?;
            reply
                .option(code)
                .map_or(Ok(()), |is| Err(format!("option {name} is there: {}", hex(Some(&is)))))
        }
        ["options", codes] => {
            let is: Vec<String> = reply.options.iter().map(|(code, _)| code.to_string()).collect();
            equal("options", &is.join(","), codes)
        }
        ["first", "option", code] => {
            let first = reply.options.first().map_or(0, |(code, _)| *code);
            equal("first option", &first.to_string(), code)
        }
        ["last", "option", code] => {
            let last = reply.options.last().map_or(0, |(code, _)| *code);
            equal("last option", &last.to_string(), code)
        }
        ["to", wanted] => place("destination", frame.to, wanted),
        ["from", wanted] => place("source", frame.from, wanted),
        ["to-mac", wanted] => equal("hardware destination", &hex(Some(&frame.to_mac)), wanted),
        [field, "in", range] => {
            let is = number(&field_text(reply, field)?)?;
            let (low, high) = range.split_once('-').ok_or("a range is LOW-HIGH")?;
            within(field, is, number(low)?, number(high)?)
        }
        [field, "not", wanted] => {
            let is = field_text(reply, field)?;
            if is == *wanted { Err(format!("{field} is {is}")) } else { Ok(()) }
        }
        [field, wanted @ ..] => equal(field, &field_text(reply, field)?, &wanted.join(" ")),
        [] => Err("an empty detail".to_owned()),
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

/// A field of the answer as text: an address, a number, a name, or `option NAME` as hexadecimal
/// octets (as an address when it has four).
pub(super) fn field_text(reply: &Packet4, field: &str) -> Result<String, String> {
    if let Some(name) = field.strip_prefix("option ") {
        let code = option_code(name).map_err(|e| e.to_string())?;
        let data = reply.option(code).ok_or_else(|| format!("there is no option {name}"))?;
        return Ok(hex(Some(&data)));
    }
    Ok(match field {
        "ciaddr" => reply.ciaddr.to_string(),
        "yiaddr" => reply.yiaddr.to_string(),
        "siaddr" => reply.siaddr.to_string(),
        "giaddr" => reply.giaddr.to_string(),
        "flags" if reply.flags == 0x8000 => "broadcast".to_owned(),
        "flags" => reply.flags.to_string(),
        "hops" => reply.hops.to_string(),
        "secs" => reply.secs.to_string(),
        "sname" => text_field(&reply.sname),
        "file" => text_field(&reply.file),
        _ => return Err(format!("no such field: {field}")),
    })
}

/// A NUL-ended field; `none` when it is empty.
fn text_field(octets: &[u8]) -> String {
    let text = octets.split(|octet| *octet == 0).next().unwrap_or_default();
    if text.is_empty() { "none".to_owned() } else { String::from_utf8_lossy(text).into_owned() }
}

fn place(what: &str, is: SocketAddrV4, wanted: &str) -> Result<(), String> {
    let text = if wanted.contains(':') { is.to_string() } else { is.ip().to_string() };
    let wanted = wanted.replace("broadcast", "255.255.255.255");
    equal(what, &text, &wanted)
}

fn equal(what: &str, is: &str, wanted: &str) -> Result<(), String> {
    if is == wanted { Ok(()) } else { Err(format!("{what} is {is}, not {wanted}")) }
}

fn within(what: &str, is: u64, low: u64, high: u64) -> Result<(), String> {
    if (low..=high).contains(&is) {
        return Ok(());
    }
    Err(format!("{what} is {is}, not in {low}-{high}"))
}

/// An address or a number, for ranges.
fn number(text: &str) -> Result<u64, String> {
    let address = text.parse::<Ipv4Addr>().map(|address| u64::from(address.to_bits()));
    address.or_else(|_| text.parse()).map_err(|_| format!("neither address nor number: {text}"))
}

fn hex(octets: Option<&[u8]>) -> String {
    let Some(octets) = octets else { return "absent".to_owned() };
    let mut out = String::new();
    let _a_string_takes_all = kea_wire::write_colon_hex(&mut out, octets);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::MessageType;

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
}
