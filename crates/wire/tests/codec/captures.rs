//! Packets recorded from ISC dhclient 4.4, BusyBox udhcpc 1.35, dhcpcd 9.4 and Kea 2.2.

macro_rules! captures {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) fn $name() -> Vec<u8> {
            octets(include_str!(concat!("captures/", $file, ".hex")))
        })*
    };
}

captures! {
    dhclient_discover = "dhclient-discover";
    dhclient_discover_frame = "dhclient-discover-frame";
    dhclient_request = "dhclient-request";
    dhclient_request6 = "dhclient-request6";
    dhclient_solicit = "dhclient-solicit";
    kea_ack = "kea-ack";
    kea_advertise = "kea-advertise";
    kea_offer = "kea-offer";
    kea_offer_frame = "kea-offer-frame";
    kea_offer_to_dhcpcd = "kea-offer-to-dhcpcd";
    kea_reply = "kea-reply";
    udhcpc_discover = "udhcpc-discover";
}

fn octets(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    kea_wire::parse_colon_hex(&digits).unwrap().to_vec()
}
