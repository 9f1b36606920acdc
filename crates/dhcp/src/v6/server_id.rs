//! The server's own DUID (RFC 9915 section 11, the manual's section on the server identifier).

use kea_config::snapshot::{DuidKind as Form, ServerId};
use kea_wire::v6::DuidKind;
use kea_wire::{Duid, HwAddr};

/// What a new DUID can be made from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// Addresses of the machine's interfaces, most suitable first.
    pub links: &'a [HwAddr],
    /// Unix seconds.
    pub now: i64,
    /// Anything nobody can foresee.
    pub random: u64,
}

/// The server's DUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The DUID.
    pub duid: Duid,
    /// True when it belongs into the file.
    pub is_kept: bool,
}

/// The DUID that `settings` ask for: what they leave open comes from the one that was stored, if
/// that has the same form, else from `origin`. Without settings it is the stored one.
pub fn server_identity(
    settings: Option<&ServerId>,
    stored: Option<&Duid>,
    origin: &Origin<'_>,
) -> ServerIdentity {
    let Some(settings) = settings else {
        let duid = stored.cloned().unwrap_or_else(|| generated(UNSET, None, origin));
        return ServerIdentity { duid, is_kept: true };
    };
    ServerIdentity { duid: generated(settings, stored, origin), is_kept: settings.persist }
}

/// What a server without `server-id` settings makes.
const UNSET: Settings<'_> =
    Settings { kind: Form::Llt, htype: 0, time: 0, enterprise: 0, identifier: &[] };

/// The enterprise number of ISC, in DUIDs of servers that are given none.
const ISC: u32 = 2495;

#[derive(Clone, Copy)]
struct Settings<'a> {
    kind: Form,
    htype: u16,
    time: u32,
    enterprise: u32,
    identifier: &'a [u8],
}

impl<'a> From<&'a ServerId> for Settings<'a> {
    fn from(given: &'a ServerId) -> Self {
        Settings {
            kind: given.kind,
            htype: given.htype,
            time: given.time,
            enterprise: given.enterprise_id,
            identifier: &given.identifier,
        }
    }
}

fn generated<'a>(
    settings: impl Into<Settings<'a>>,
    stored: Option<&Duid>,
    origin: &Origin<'_>,
) -> Duid {
    let settings = settings.into();
    let stored = stored.map(Duid::kind);
    let random = origin.random.to_be_bytes();
    let en = |enterprise, identifier| DuidKind::En { enterprise, identifier };
    let without_link = en(ISC, &random[..6]);
    let kind = match settings.kind {
        Form::Llt => {
            let (old_htype, old_time, old_address) = match stored {
                Some(DuidKind::Llt { htype, time, address }) => (htype, time, address),
                _ => (0, 0, &[][..]),
            };
            let seconds = origin.now - Duid::TIME_EPOCH;
            // The time in a DUID counts modulo 2 to the 32.
            let time = first_set([settings.time, old_time, seconds as u32]);
            match link(settings, old_htype, old_address, origin) {
                Some((htype, address)) => DuidKind::Llt { htype, time, address },
                None => without_link,
            }
        }
        Form::Ll => {
            let (old_htype, old_address) = match stored {
                Some(DuidKind::Ll { htype, address }) => (htype, address),
                _ => (0, &[][..]),
            };
            match link(settings, old_htype, old_address, origin) {
                Some((htype, address)) => DuidKind::Ll { htype, address },
                None => without_link,
            }
        }
        Form::En => {
            let (old_enterprise, old_identifier) = match stored {
                Some(DuidKind::En { enterprise, identifier }) => (enterprise, identifier),
                _ => (0, &[][..]),
            };
            let identifiers = [settings.identifier, old_identifier];
            let identifier = identifiers.into_iter().find(|octets| !octets.is_empty());
            let enterprise = first_set([settings.enterprise, old_enterprise, ISC]);
            en(enterprise, identifier.unwrap_or(&random[..6]))
        }
    };
    // Too long an identifier cannot be one: then chance has to do.
    Duid::from_kind(kind)
        .or_else(|| Duid::from_kind(without_link))
        .unwrap_or_else(kea_lease::no_duid)
}

/// Hardware type and address: as set, as stored, or of an interface.
fn link<'a>(
    settings: Settings<'a>,
    old_htype: u16,
    old_address: &'a [u8],
    origin: &Origin<'a>,
) -> Option<(u16, &'a [u8])> {
    let own = origin.links.iter().find(|link| !link.is_empty());
    let own_address = own.map_or(&[][..], |link| link.octets());
    let addresses = [settings.identifier, old_address, own_address];
    let address = addresses.into_iter().find(|octets| !octets.is_empty())?;
    let own_htype = own.map_or(HwAddr::ETHERNET, HwAddr::htype);
    Some((first_set([settings.htype, old_htype, own_htype]), address))
}

fn first_set<N: Copy + Default + PartialEq>(numbers: [N; 3]) -> N {
    numbers.into_iter().find(|number| *number != N::default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(kind: Form) -> ServerId {
        ServerId {
            kind,
            htype: 0,
            time: 0,
            enterprise_id: 0,
            identifier: Box::default(),
            persist: true,
        }
    }

    fn made(settings: Option<&ServerId>, stored: Option<&str>) -> String {
        let links = [HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).unwrap()];
        let origin = Origin {
            links: &links,
            now: Duid::TIME_EPOCH + 0x1122_3344,
            random: 0xa1a2_a3a4_a5a6_a7a8,
        };
        let stored = stored.map(|text| text.parse().unwrap());
        server_identity(settings, stored.as_ref(), &origin).duid.to_string()
    }

    const GENERATED: &str = "00:01:00:01:11:22:33:44:02:00:00:00:00:01";
    const OTHER_LLT: &str = "00:01:00:06:00:00:00:09:02:00:00:00:00:99";

    #[test]
    fn without_settings_it_is_the_stored_one_or_an_llt() {
        assert_eq!(made(None, None), GENERATED);
        assert_eq!(made(None, Some("00:02:00:00:00:09:01")), "00:02:00:00:00:09:01");
    }

    #[test]
    fn samples_of_the_manual() {
        let identifier: Box<[u8]> = [0xa6, 0x5d, 0xc7, 0x41, 0x0f, 0x05].into();
        let llt = ServerId {
            htype: 8,
            time: 2_518_920_166,
            identifier: identifier.clone(),
            ..settings(Form::Llt)
        };
        assert_eq!(made(Some(&llt), None), "00:01:00:08:96:23:ab:e6:a6:5d:c7:41:0f:05");
        let ll = ServerId { htype: 8, identifier, ..settings(Form::Ll) };
        assert_eq!(made(Some(&ll), Some(OTHER_LLT)), "00:03:00:08:a6:5d:c7:41:0f:05");
        let en = ServerId {
            enterprise_id: 2495,
            identifier: [0x87, 0xab, 0xef, 0x7a, 0x5b, 0xb5, 0x45].into(),
            ..settings(Form::En)
        };
        assert_eq!(made(Some(&en), None), "00:02:00:00:09:bf:87:ab:ef:7a:5b:b5:45");
    }

    #[test]
    fn what_is_left_open_comes_from_the_same_form_or_anew() {
        assert_eq!(made(Some(&settings(Form::Llt)), Some(OTHER_LLT)), OTHER_LLT);
        let only_time = ServerId { time: 7, ..settings(Form::Llt) };
        let expected = "00:01:00:06:00:00:00:07:02:00:00:00:00:99";
        assert_eq!(made(Some(&only_time), Some(OTHER_LLT)), expected);
        assert_eq!(made(Some(&settings(Form::Llt)), Some("00:02:00:00:00:09:01")), GENERATED);
        assert_eq!(
            made(Some(&settings(Form::En)), Some(OTHER_LLT)),
            "00:02:00:00:09:bf:a1:a2:a3:a4:a5:a6"
        );
        assert_eq!(
            made(Some(&settings(Form::En)), Some("00:02:00:00:00:09:01")),
            "00:02:00:00:00:09:01"
        );
        assert_eq!(made(Some(&settings(Form::Ll)), None), "00:03:00:01:02:00:00:00:00:01");
    }

    #[test]
    fn only_a_persistent_one_is_kept() {
        let origin = Origin { links: &[], now: 0, random: 1 };
        let passing = ServerId { persist: false, ..settings(Form::En) };
        assert!(!server_identity(Some(&passing), None, &origin).is_kept);
        assert!(server_identity(None, None, &origin).is_kept);
    }
}
