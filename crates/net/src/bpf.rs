//! Classic BPF programs: which packets a socket takes, and which worker gets them.
//!
//! Offset 0 differs by place: the IP header for packet sockets (`SOCK_DGRAM`) and their fan-out, the
//! UDP header for a filter on a UDP socket, the UDP payload for a reuse-port group.

use std::net::IpAddr;

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    pub(crate) code: u16,
    pub(crate) jt: u8,
    pub(crate) jf: u8,
    pub(crate) k: u32,
}

/// Takes DHCPv4 packets: UDP to `port`, whole, for us on the link layer, and to the limited
/// broadcast or one of `addresses`.
pub(crate) fn dhcp4_frames(port: u16, addresses: &[IpAddr]) -> Vec<Instruction> {
    let mut program = vec![
        load_byte(IP_PROTOCOL),
        jump_equal(UDP, 1, 0),
        DROP,
        load_half(IP_FRAGMENT),
        jump_set(MORE_FRAGMENTS_OR_OFFSET, 0, 1),
        DROP,
        load_word(PACKET_TYPE),
        jump_greater(PACKET_MULTICAST, 0, 1),
        DROP,
        load_x_ip_header_len(),
        load_half_indexed(UDP_DESTINATION_PORT),
        jump_equal(u32::from(port), 1, 0),
        DROP,
        load_word(IP_DESTINATION),
        jump_equal(u32::MAX, 0, 1),
        ACCEPT,
    ];
    for address in addresses {
        let IpAddr::V4(address) = address else { continue };
        program.extend([jump_equal(address.to_bits(), 0, 1), ACCEPT]);
    }
    program.push(DROP);
    program
}

/// For system calls: refuses these, and all of another architecture, with `EPERM`.
pub(crate) fn system_calls(architecture: u32, forbidden: &[u32]) -> Vec<Instruction> {
    const REFUSE: Instruction =
        op(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
    const ALLOW: Instruction = op(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW);
    let mut program = vec![
        load_word(CALL_ARCHITECTURE),
        jump_equal(architecture, 1, 0),
        REFUSE,
        load_word(CALL_NUMBER),
        // On x86-64, the other numbers of the same calls.
        jump_set(X32, 0, 1),
        REFUSE,
    ];
    for number in forbidden {
        program.extend([jump_equal(*number, 0, 1), REFUSE]);
    }
    program.push(ALLOW);
    program
}

/// Takes nothing.
pub(crate) fn nothing() -> Vec<Instruction> {
    vec![DROP]
}

/// For the fan-out of packet sockets: a number made of `chaddr`.
pub(crate) fn deal_dhcp4_frames() -> Vec<Instruction> {
    let mut program = vec![load_x_ip_header_len(), load_word_indexed(UDP_HEADER_LEN + CHADDR_TAIL)];
    program.extend(scatter());
    program.push(return_a());
    program
}

/// For a reuse-port group of DHCPv4 UDP sockets: the index of a member, by `chaddr`.
pub(crate) fn deal_dhcp4_datagrams(members: u32) -> Vec<Instruction> {
    let mut program = vec![load_word(CHADDR_TAIL)];
    program.extend(scatter());
    program.extend([modulo(members), return_a()]);
    program
}

/// For a reuse-port group of DHCPv6 UDP sockets: the index of a member, by [`identity6`].
pub(crate) fn deal_dhcp6_datagrams(members: u32) -> Vec<Instruction> {
    let mut program = identity6(0);
    program.extend(scatter());
    program.extend([modulo(members), return_a()]);
    program
}

/// For a reuse-port group of DHCPv4 clients: the index of a member, by the low octet of the
/// transaction identifier.
pub(crate) fn deal_dhcp4_answers(members: u32) -> Vec<Instruction> {
    vec![load_byte(7), modulo(members), return_a()]
}

/// The same for DHCPv6. Relay-reply messages hold the answer in their first option.
pub(crate) fn deal_dhcp6_answers(members: u32) -> Vec<Instruction> {
    vec![
        load_byte(0),
        jump_equal(RELAY_REPLY, 0, 2),
        load_byte(34 + 4 + 3),
        jump_always(1),
        load_byte(3),
        modulo(members),
        return_a(),
    ]
}

/// For one of several sockets that each get a copy of a multicast datagram: takes what
/// [`deal_dhcp6_datagrams`] would deal to member `index`.
pub(crate) fn share_dhcp6_multicast(index: u32, members: u32) -> Vec<Instruction> {
    let mut program = identity6(UDP_HEADER_LEN);
    program.extend(scatter());
    program.extend([modulo(members), jump_equal(index, 0, 1), ACCEPT, DROP]);
    program
}

/// Loads a word that is the same for all messages of one DHCPv6 client.
///
/// Relayed: the low word of the peer address, that of the inner envelope if there are two and the
/// relay message is the first or second option of the outer one. Direct: the tail of the DUID when
/// the client identifier is the first option, as nearly all clients have it; else the low word of
/// the source address. `payload` is where the message starts.
fn identity6(payload: u32) -> Vec<Instruction> {
    const PEER_TAIL: u32 = 30;
    const FIRST_HOP: u32 = 0;
    let relay_option = payload + 34;
    let first_option = payload + 4;
    vec![
        load_byte(payload),
        jump_equal(RELAY_FORWARD, 0, 18),
        load_byte(payload + 1),
        jump_equal(FIRST_HOP, 14, 0),
        // 4: the first option of a second relay.
        load_half(relay_option),
        jump_equal(OPTION_RELAY_MSG, 0, 4),
        load_byte(relay_option + 4),
        jump_equal(RELAY_FORWARD, 0, 10),
        load_word(relay_option + 4 + PEER_TAIL),
        jump_always(17),
        // 10: its second option.
        load_half(relay_option + 2),
        a_to_x(),
        load_half_indexed(relay_option + 4),
        jump_equal(OPTION_RELAY_MSG, 0, 4),
        load_byte_indexed(relay_option + 8),
        jump_equal(RELAY_FORWARD, 0, 2),
        load_word_indexed(relay_option + 8 + PEER_TAIL),
        jump_always(9),
        // 18: a single relay.
        load_word(payload + PEER_TAIL),
        jump_always(7),
        // 20: no relay. The last four octets of the first option; of its header if it is shorter.
        load_half(first_option),
        jump_equal(OPTION_CLIENTID, 0, 4),
        load_half(first_option + 2),
        a_to_x(),
        load_word_indexed(first_option),
        jump_always(1),
        // 26: another first option.
        load_word(IPV6_SOURCE_TAIL),
    ]
}

/// Spreads the word in A: clients made in one batch differ in few bits.
fn scatter() -> [Instruction; 2] {
    [multiply(0x9e37_79b1), shift_right(16)]
}

const IP_FRAGMENT: u32 = 6;
const IP_PROTOCOL: u32 = 9;
const IP_DESTINATION: u32 = 16;
const MORE_FRAGMENTS_OR_OFFSET: u32 = 0x3fff;
const UDP: u32 = 17;
const UDP_DESTINATION_PORT: u32 = 2;
const UDP_HEADER_LEN: u32 = 8;
/// `chaddr` is at 28; its octets 2..6 are those in which Ethernet addresses differ.
const CHADDR_TAIL: u32 = 30;
const RELAY_FORWARD: u32 = 12;
const RELAY_REPLY: u32 = 13;
const OPTION_CLIENTID: u32 = 1;
const OPTION_RELAY_MSG: u32 = 9;
/// `SKF_AD_OFF + SKF_AD_PKTTYPE`.
const PACKET_TYPE: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE) as u32;
/// `PACKET_HOST`, `PACKET_BROADCAST` and this are for us; `PACKET_OTHERHOST` and above are not.
const PACKET_MULTICAST: u32 = 2;
/// `SKF_NET_OFF` and the low word of the source address behind it.
const IPV6_SOURCE_TAIL: u32 = (libc::SKF_NET_OFF + 8 + 12) as u32;

/// Places in `struct seccomp_data`.
const CALL_NUMBER: u32 = 0;
const CALL_ARCHITECTURE: u32 = 4;
const X32: u32 = 0x4000_0000;

const DROP: Instruction = op(libc::BPF_RET | libc::BPF_K, 0);
const ACCEPT: Instruction = op(libc::BPF_RET | libc::BPF_K, u32::MAX);

const fn op(code: u32, k: u32) -> Instruction {
    Instruction { code: code as u16, jt: 0, jf: 0, k }
}

const fn jump(code: u32, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code: (libc::BPF_JMP | code) as u16, jt, jf, k }
}

const fn load_byte(at: u32) -> Instruction {
    op(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, at)
}

const fn load_half(at: u32) -> Instruction {
    op(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, at)
}

const fn load_word(at: u32) -> Instruction {
    op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at)
}

const fn load_byte_indexed(at: u32) -> Instruction {
    op(libc::BPF_LD | libc::BPF_B | libc::BPF_IND, at)
}

const fn load_half_indexed(at: u32) -> Instruction {
    op(libc::BPF_LD | libc::BPF_H | libc::BPF_IND, at)
}

const fn load_word_indexed(at: u32) -> Instruction {
    op(libc::BPF_LD | libc::BPF_W | libc::BPF_IND, at)
}

const fn load_x_ip_header_len() -> Instruction {
    op(libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH, 0)
}

const fn a_to_x() -> Instruction {
    op(libc::BPF_MISC | libc::BPF_TAX, 0)
}

const fn multiply(k: u32) -> Instruction {
    op(libc::BPF_ALU | libc::BPF_MUL | libc::BPF_K, k)
}

const fn shift_right(k: u32) -> Instruction {
    op(libc::BPF_ALU | libc::BPF_RSH | libc::BPF_K, k)
}

const fn modulo(k: u32) -> Instruction {
    op(libc::BPF_ALU | libc::BPF_MOD | libc::BPF_K, k)
}

const fn return_a() -> Instruction {
    op(libc::BPF_RET | libc::BPF_A, 0)
}

const fn jump_equal(k: u32, jt: u8, jf: u8) -> Instruction {
    jump(libc::BPF_JEQ | libc::BPF_K, k, jt, jf)
}

const fn jump_greater(k: u32, jt: u8, jf: u8) -> Instruction {
    jump(libc::BPF_JGT | libc::BPF_K, k, jt, jf)
}

const fn jump_set(k: u32, jt: u8, jf: u8) -> Instruction {
    jump(libc::BPF_JSET | libc::BPF_K, k, jt, jf)
}

const fn jump_always(k: u32) -> Instruction {
    op(libc::BPF_JMP | libc::BPF_JA, k)
}
