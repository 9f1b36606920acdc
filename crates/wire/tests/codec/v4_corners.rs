//! Corner cases of RFC 2131, 2132, 3046 and 3396.

use std::borrow::Cow;

use kea_wire::v4::{
    Area, Builder, Damage, Emitted, Message, MessageError, MessageType, Overload, ParseError,
    RelayAgentInfo, SubOptions, View, code,
};

/// A discover with that options field (after the cookie), `file` and `sname`.
fn packet(options: &[u8], file: &[u8], sname: &[u8]) -> Vec<u8> {
    let mut bytes =
        Message::request("02:00:00:00:00:01".parse().unwrap(), 1, MessageType::Discover).to_bytes();
    bytes.truncate(240);
    bytes[108..108 + file.len()].copy_from_slice(file);
    bytes[44..44 + sname.len()].copy_from_slice(sname);
    bytes.extend_from_slice(options);
    bytes
}

#[test]
fn what_is_no_dhcp_message_says_why() {
    let bytes = packet(&[255], &[], &[]);
    assert_eq!(View::parse(&bytes[..239]).err(), Some(ParseError::TooShort { len: 239 }));
    assert!(View::parse(&bytes[..240]).is_ok(), "no options at all");
    assert_eq!(View::parse(&vec![0; 65536]).err(), Some(ParseError::TooLong { len: 65536 }));
    let mut bootp = bytes;
    bootp[236..240].copy_from_slice(&[1, 2, 3, 4]);
    let error = View::parse(&bootp).unwrap_err();
    assert_eq!(error, ParseError::Cookie { found: [1, 2, 3, 4] });
    assert_eq!(error.to_string(), "magic cookie is 01020304 instead of 63825363");
}

#[test]
fn an_option_in_pieces_is_joined() {
    let bytes = packet(&[53, 1, 1, 60, 2, b'a', b'b', 12, 1, b'h', 60, 1, b'c', 255], &[], &[]);
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.option(60), Some(Cow::Owned(b"abc".to_vec())));
    assert_eq!(view.first_instance(60), Some(&b"ab"[..]));
    assert!(matches!(view.option(12), Some(Cow::Borrowed(b"h"))));
    assert_eq!(Message::parse(&bytes).unwrap().option(60), Some(&b"abc"[..]));
}

#[test]
fn pieces_are_joined_from_options_then_file_then_sname() {
    let options = [53, 1, 1, 52, 1, 3, 60, 1, b'1', 255];
    let bytes = packet(&options, &[60, 1, b'2', 255, 60, 1, b'x'], &[0, 60, 1, b'3', 255]);
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.overload(), Overload::Both);
    assert_eq!(view.option(60).as_deref(), Some(&b"123"[..]));
    assert_eq!((view.file(), view.sname()), (&[][..], &[][..]));
    assert_eq!(view.file_field()[..4], [60, 1, b'2', 255]);
    assert_eq!(view.damage(), None);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.option(code::OVERLOAD), None);
    assert_eq!(message.option(60), Some(&b"123"[..]));
}

#[test]
fn overload_inside_an_overloaded_field_counts_for_nothing() {
    let bytes = packet(&[52, 1, 1, 255], &[52, 1, 3, 255], &[12, 1, b'h', 255]);
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.overload(), Overload::File);
    assert_eq!(view.option(12), None);
    assert_eq!(view.sname(), [12, 1, b'h', 255]);
    // The other way round: only `sname`, which claims `file` too.
    let bytes = packet(&[52, 1, 2, 255], &[12, 1, b'h', 255], &[52, 1, 1, 255]);
    assert_eq!(View::parse(&bytes).unwrap().option(12), None);
}

#[test]
fn an_impossible_overload_is_none() {
    for value in [&[52, 1, 0][..], &[52, 1, 4], &[52, 0], &[52, 2, 1, 1]] {
        let bytes = packet(value, &[12, 1, b'h', 255], &[]);
        let view = View::parse(&bytes).unwrap();
        assert_eq!((view.overload(), view.has_option(12)), (Overload::None, false), "{value:?}");
    }
}

#[test]
fn padding_is_skipped_and_end_ends_each_area() {
    let options = [0, 0, 53, 1, 1, 0, 52, 1, 1, 255, 12, 1, b'x'];
    let bytes = packet(&options, &[0, 0, 15, 1, b'd', 0, 255, 6, 1], &[]);
    let view = View::parse(&bytes).unwrap();
    let found: Vec<_> = view.options().collect();
    assert_eq!(found, [(53, &[1][..]), (52, &[1]), (15, &b"d"[..])]);
    assert_eq!((view.has_option(0), view.has_option(255)), (false, false));
}

#[test]
fn a_missing_end_is_forgiven() {
    let bytes = packet(&[53, 1, 1], &[], &[]);
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.message_type(), view.damage()), (Some(MessageType::Discover), None));
}

#[test]
fn what_precedes_the_damage_is_used() {
    let bytes = packet(&[53, 1, 1, 12, 5, b'h', b'o'], &[], &[]);
    let view = View::parse(&bytes).unwrap();
    let damage =
        Damage { area: Area::Options, offset: 243, code: 12, claimed: Some(5), available: 2 };
    assert_eq!(view.message_type(), Some(MessageType::Discover));
    assert_eq!((view.damage(), view.option(12)), (Some(damage), None));
    assert_eq!(Message::parse(&bytes), Err(MessageError::Options(damage)));
    assert_eq!(damage.to_string(), "option 12 at offset 243 claims 5 octets where 2 are left");

    let bytes = packet(&[53, 1, 1, 12], &[], &[]);
    let damage = Damage { claimed: None, available: 0, ..damage };
    assert_eq!(View::parse(&bytes).unwrap().damage(), Some(damage));
}

#[test]
fn damage_in_an_overloaded_field_names_the_field() {
    let mut file = [0; 128];
    file[126..].copy_from_slice(&[12, 1]);
    let bytes = packet(&[53, 1, 1, 52, 1, 1, 255], &file, &[]);
    let view = View::parse(&bytes).unwrap();
    let damage = Damage { area: Area::File, offset: 234, code: 12, claimed: Some(1), available: 0 };
    assert_eq!(view.damage(), Some(damage));
    assert_eq!(view.message_type(), Some(MessageType::Discover));
}

#[test]
fn an_empty_option_is_there() {
    let bytes = packet(&[80, 0, 61, 0, 53, 0, 255], &[], &[]);
    let view = View::parse(&bytes).unwrap();
    assert!(view.rapid_commit());
    assert_eq!(view.option(61).as_deref(), Some(&[][..]));
    assert_eq!((view.client_id(), view.message_type()), (None, None));
}

#[test]
fn a_hardware_address_is_at_most_its_field() {
    let mut bytes = packet(&[255], &[], &[]);
    bytes[28..44].copy_from_slice(&[9; 16]);
    for (hlen, kept) in [(0, 0), (16, 16), (17, 16), (255, 16)] {
        bytes[2] = hlen;
        let view = View::parse(&bytes).unwrap();
        assert_eq!((view.hlen(), view.chaddr()), (hlen, &[9; 16][..kept]));
        assert_eq!(view.hw_addr().octets().len(), kept);
    }
    assert_eq!(Message::parse(&bytes), Err(MessageError::HardwareLength { found: 255 }));
    bytes[2] = 6;
    bytes[0] = 3;
    assert_eq!(Message::parse(&bytes), Err(MessageError::Op { found: 3 }));
}

#[test]
fn a_field_without_nul_is_whole() {
    let bytes = packet(&[255], &[b'f'; 128], &[b's'; 64]);
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.file().len(), view.sname().len()), (128, 64));
}

#[test]
fn damaged_sub_options_leave_those_before_them() {
    for (data, rest) in [(&[1, 1, 7, 2][..], &[2][..]), (&[1, 1, 7, 2, 3, 0], &[2, 3, 0])] {
        let info = RelayAgentInfo::new(data);
        assert!(info.is_damaged());
        assert_eq!((info.circuit_id(), info.remote_id()), (Some(&[7][..]), None));
        let mut sub_options = SubOptions::new(data);
        assert_eq!(sub_options.by_ref().count(), 1);
        assert_eq!(sub_options.rest(), rest);
    }
    // 0 and 255 are ordinary codes there, and an address has four octets.
    let info = RelayAgentInfo::new(&[0, 1, 8, 255, 1, 9, 5, 3, 1, 2, 3][..]);
    assert_eq!((info.sub_option(0), info.sub_option(255)), (Some(&[8][..]), Some(&[9][..])));
    assert_eq!((info.link_selection(), info.is_damaged()), (None, false));
}

#[test]
fn long_options_leave_in_pieces_of_255() {
    let query = packet(&[255], &[], &[]);
    let query = View::parse(&query).unwrap();
    let long: Vec<u8> = (0..600).map(|i| i as u8).collect();
    let mut buffer = Vec::new();
    let mut builder = Builder::reply(&mut buffer, &query, MessageType::Ack);
    builder.option(240, &long).option(12, &[]).relay_agent_info(&long[..256]);
    assert_eq!(builder.finish().len, 243 + 606 + 2 + 260 + 1);
    assert_eq!(buffer[243..245], [240, 255]);
    assert_eq!(buffer[500..502], [240, 255]);
    assert_eq!(buffer[757..759], [240, 90]);
    let view = View::parse(&buffer).unwrap();
    assert_eq!(view.option(240).as_deref(), Some(&long[..]));
    assert_eq!(view.option(82).as_deref(), Some(&long[..256]));
    assert_eq!(view.option(12).as_deref(), Some(&[][..]));
}

/// Builds an answer with those options and a limit on its size.
fn limited(options: &[(u8, Vec<u8>)], limit: usize, sname: &[u8]) -> (Vec<u8>, Emitted) {
    let query = packet(&[255], &[], &[]);
    let query = View::parse(&query).unwrap();
    let mut buffer = Vec::new();
    let mut builder = Builder::reply(&mut buffer, &query, MessageType::Ack);
    builder.max_len(limit).sname(sname).relay_agent_info(&[1, 1, 9]);
    for (code, data) in options {
        builder.option(*code, data);
    }
    let emitted = builder.finish();
    assert_eq!(emitted.len, buffer.len());
    (buffer, emitted)
}

#[test]
fn options_move_to_the_header_only_when_the_limit_demands_it() {
    let options = [(60, vec![1; 200]), (43, vec![2; 100]), (12, vec![3; 40]), (15, vec![4; 50])];
    let full = 243 + 202 + 102 + 42 + 52 + 5 + 1;
    let (bytes, emitted) = limited(&options, full, b"");
    assert_eq!((emitted.len, emitted.overload), (full, Overload::None));
    assert_eq!(View::parse(&bytes).unwrap().overload(), Overload::None);

    let (bytes, emitted) = limited(&options, full - 1, b"");
    assert_eq!((emitted.overload, emitted.omitted), (Overload::File, vec![]));
    assert!(emitted.len < full);
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.overload(), view.damage()), (Overload::File, None));
    for (code, data) in &options {
        assert_eq!(view.option(*code).as_deref(), Some(&data[..]), "{code}");
    }
    assert_eq!(bytes[bytes.len() - 6..], [82, 3, 1, 1, 9, 255]);
    assert_eq!(bytes[108..110], [15, 50], "what did not fit any more stands in `file`");
}

#[test]
fn a_field_in_use_is_not_overloaded_and_the_rest_is_reported() {
    let options = [(60, vec![1; 250]), (43, vec![2; 125]), (12, vec![3; 61]), (15, vec![4; 62])];
    let (bytes, emitted) = limited(&options, 0, b"");
    assert_eq!((emitted.overload, emitted.omitted), (Overload::Both, vec![15]));
    assert!(bytes.len() <= Builder::MIN_LIMIT);
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.options().map(|(code, _)| code).collect::<Vec<_>>(), [53, 60, 52, 82, 43, 12]);

    let (bytes, emitted) = limited(&options, 0, b"server");
    assert_eq!((emitted.overload, emitted.omitted), (Overload::File, vec![12, 15]));
    assert_eq!(View::parse(&bytes).unwrap().sname(), b"server");
}

#[test]
fn pieces_of_an_option_stay_in_order_or_leave_together() {
    let long: Vec<u8> = (0..350).map(|i| i as u8).collect();
    let (bytes, emitted) = limited(&[(240, long.clone())], 0, b"");
    assert_eq!((emitted.overload, emitted.omitted), (Overload::File, vec![]));
    assert_eq!(View::parse(&bytes).unwrap().option(240).as_deref(), Some(&long[..]));

    let (bytes, emitted) = limited(&[(240, vec![7; 600]), (12, vec![1])], 0, b"");
    assert_eq!((emitted.overload, emitted.omitted), (Overload::None, vec![240]));
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.has_option(240), view.has_option(12)), (false, true));
}
