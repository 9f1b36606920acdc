//! `recvmmsg` and `sendmmsg`: many datagrams with one call.
//!
//! Names (socket addresses) and control messages are kept as octets and read by safe code; the
//! pointers that the calls need are made from borrowed memory just before each call.

use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use kea_wire::HwAddr;

use crate::BATCH;

/// A socket address as the kernel has it: `sockaddr_in`, `sockaddr_in6` or `sockaddr_ll`.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct SockName {
    octets: [u8; 32],
    len: u8,
}

impl SockName {
    const EMPTY: SockName = SockName { octets: [0; 32], len: 0 };

    /// `sockaddr_ll`; `to` has at most eight octets.
    pub(crate) fn link(index: u32, ethertype: u16, to: &[u8]) -> Self {
        let mut name = Self::EMPTY;
        name.octets[0..2].copy_from_slice(&(libc::AF_PACKET as u16).to_ne_bytes());
        name.octets[2..4].copy_from_slice(&ethertype.to_be_bytes());
        name.octets[4..8].copy_from_slice(&index.to_ne_bytes());
        let to = &to[..to.len().min(8)];
        name.octets[11] = to.len() as u8;
        name.octets[12..12 + to.len()].copy_from_slice(to);
        name.len = 20;
        name
    }

    /// `sockaddr_in` or `sockaddr_in6`; `scope` is the interface's index for link-local addresses.
    pub(crate) fn internet(address: SocketAddr, scope: u32) -> Self {
        let mut name = Self::EMPTY;
        name.octets[2..4].copy_from_slice(&address.port().to_be_bytes());
        let family = match address.ip() {
            IpAddr::V4(four) => {
                name.octets[4..8].copy_from_slice(&four.octets());
                name.len = 16;
                libc::AF_INET
            }
            IpAddr::V6(six) => {
                name.octets[8..24].copy_from_slice(&six.octets());
                name.octets[24..28].copy_from_slice(&scope.to_ne_bytes());
                name.len = 28;
                libc::AF_INET6
            }
        };
        name.octets[0..2].copy_from_slice(&(family as u16).to_ne_bytes());
        name
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets[..self.len()]
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// The UDP peer, when it is one.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        let port = u16::from_be_bytes(self.take(2));
        match i32::from(u16::from_ne_bytes(self.take(0))) {
            libc::AF_INET => Some((Ipv4Addr::from(self.take::<4>(4)), port).into()),
            libc::AF_INET6 => {
                let scope = u32::from_ne_bytes(self.take(24));
                let ip = Ipv6Addr::from(self.take::<16>(8));
                Some(SocketAddrV6::new(ip, port, 0, scope).into())
            }
            _ => None,
        }
    }

    /// The sender's link-layer address, of a name received on a packet socket.
    pub(crate) fn hw_addr(&self) -> Option<HwAddr> {
        let htype = u16::from_ne_bytes(self.take(8));
        let len = usize::from(self.octets[11]).min(8);
        HwAddr::new(htype, &self.octets[12..12 + len])
    }

    fn take<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut octets = [0; N];
        octets.copy_from_slice(&self.octets[at..at + N]);
        octets
    }
}

/// Room for control messages: `in6_pktinfo` with its header takes 40 octets, `tpacket_auxdata` 40,
/// `timespec` 32 more, and the length of joined datagrams 24.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
struct ControlArea([u8; CONTROL_LEN]);

const CONTROL_LEN: usize = 96;

/// What the control messages of a received datagram tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Control {
    /// `IP_PKTINFO`, `IPV6_PKTINFO`: interface and destination address.
    pub(crate) destination: Option<(u32, IpAddr)>,
    /// `PACKET_AUXDATA`: the checksum is not filled in, or was checked by the device.
    pub(crate) checksum_settled: bool,
    /// `SO_TIMESTAMPNS`: when the system received it, since 1970-01-01T00:00Z.
    pub(crate) received: Option<Duration>,
    /// `UDP_GRO`: the length of each of the datagrams that come joined; the last one may be shorter.
    pub(crate) segment: Option<u32>,
}

impl Control {
    fn parse(mut rest: &[u8]) -> Self {
        let mut control = Control::default();
        while let Some((header, _)) = rest.split_first_chunk::<CMSG_HEADER_LEN>() {
            let word =
                |at: usize| i32::from_ne_bytes(header[at..at + 4].try_into().unwrap_or_default());
            let len =
                usize::from_ne_bytes(header[..size_of::<usize>()].try_into().unwrap_or_default());
            let Some(data) = rest.get(CMSG_HEADER_LEN..len) else { break };
            control.note(word(size_of::<usize>()), word(size_of::<usize>() + 4), data);
            rest = rest.get(len.next_multiple_of(size_of::<usize>())..).unwrap_or(&[]);
        }
        control
    }

    fn note(&mut self, level: i32, kind: i32, data: &[u8]) {
        match (level, kind) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                // in_pktinfo: index, local address, destination address of the header
                let index = data.first_chunk::<4>().map(|o| u32::from_ne_bytes(*o));
                let to = data.get(8..).and_then(|d| d.first_chunk::<4>());
                self.destination = index.zip(to.map(|o| Ipv4Addr::from(*o).into()));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                // in6_pktinfo: address, index
                let to = data.first_chunk::<16>().map(|o| Ipv6Addr::from(*o).into());
                let index = data.get(16..).and_then(|d| d.first_chunk::<4>());
                self.destination = index.map(|o| u32::from_ne_bytes(*o)).zip(to);
            }
            (libc::SOL_PACKET, libc::PACKET_AUXDATA) => {
                let status = data.first_chunk::<4>().map_or(0, |o| u32::from_ne_bytes(*o));
                let settled = libc::TP_STATUS_CSUMNOTREADY | libc::TP_STATUS_CSUM_VALID;
                self.checksum_settled = status & settled != 0;
            }
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                // timespec: seconds, nanoseconds
                let seconds = data.first_chunk::<8>().map(|o| i64::from_ne_bytes(*o));
                let nanos = data.get(8..).and_then(|d| d.first_chunk::<8>());
                let nanos = nanos.map(|o| i64::from_ne_bytes(*o));
                self.received = seconds.zip(nanos).and_then(|(seconds, nanos)| {
                    let seconds = Duration::from_secs(seconds.try_into().ok()?);
                    seconds.checked_add(Duration::from_nanos(nanos.try_into().ok()?))
                });
            }
            (libc::SOL_UDP, libc::UDP_GRO) => {
                self.segment = data.first_chunk::<4>().map(|o| u32::from_ne_bytes(*o));
            }
            _ => {}
        }
    }
}

const CMSG_HEADER_LEN: usize = size_of::<libc::cmsghdr>();

/// One datagram of a [`ReceiveRing`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) len: usize,
    pub(crate) name: SockName,
    pub(crate) control: Control,
    /// The datagram was longer than its slot.
    pub(crate) truncated: bool,
}

impl Received {
    /// The datagrams that came joined in `octets`; nearly always it is one.
    pub(crate) fn apart<'a>(&self, octets: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let len = self.control.segment.map_or(octets.len(), |len| len as usize).max(1);
        // An empty datagram is one, too.
        let count = octets.len().div_ceil(len).max(1);
        (0..count).map(move |i| &octets[i * len..((i + 1) * len).min(octets.len())])
    }
}

/// Preallocated room for one batch.
#[derive(Debug)]
pub(crate) struct ReceiveRing {
    storage: Vec<u8>,
    names: [SockName; BATCH],
    controls: [ControlArea; BATCH],
    received: Vec<Received>,
}

/// Any UDP datagram fits a slot. The odd stride keeps the heads of the slots from falling into the
/// same cache sets; memory that no datagram reaches is never touched.
const SLOT: usize = 65_536;
const STRIDE: usize = SLOT + 320;

impl ReceiveRing {
    pub(crate) fn new() -> Self {
        ReceiveRing {
            storage: vec![0; STRIDE * BATCH],
            names: [SockName::EMPTY; BATCH],
            controls: [ControlArea([0; CONTROL_LEN]); BATCH],
            received: Vec::with_capacity(BATCH),
        }
    }

    /// Takes up to [`BATCH`] datagrams without waiting; tells how many.
    ///
    /// # Errors
    /// `WouldBlock` when there are none; the socket's pending error otherwise.
    pub(crate) fn receive(&mut self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        self.received.clear();
        let mut slices: [libc::iovec; BATCH] =
            std::array::from_fn(|_| libc::iovec { iov_base: std::ptr::null_mut(), iov_len: SLOT });
        for (slice, slot) in slices.iter_mut().zip(self.storage.chunks_mut(STRIDE)) {
            slice.iov_base = slot.as_mut_ptr().cast();
        }
        let mut headers: [libc::mmsghdr; BATCH] = std::array::from_fn(|i| {
            let mut header = empty_header();
            header.msg_hdr.msg_name = self.names[i].octets.as_mut_ptr().cast();
            header.msg_hdr.msg_namelen = self.names[i].octets.len() as libc::socklen_t;
            header.msg_hdr.msg_iov = &raw mut slices[i];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = self.controls[i].0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = self.controls[i].0.len() as _;
            header
        });
        // SAFETY: every header points to memory of `self` and of this frame that stays alive and
        // otherwise unused through the call, with its true lengths (a stride is longer than a slot).
        let count = unsafe {
            libc::recvmmsg(
                fd.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (i, header) in headers.iter().enumerate().take(count) {
            self.names[i].len = header.msg_hdr.msg_namelen.min(32) as u8;
            let control_len = header.msg_hdr.msg_controllen.min(CONTROL_LEN);
            self.received.push(Received {
                len: (header.msg_len as usize).min(SLOT),
                name: self.names[i],
                control: Control::parse(&self.controls[i].0[..control_len]),
                truncated: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            });
        }
        Ok(count)
    }

    /// The datagrams of the last [`Self::receive`].
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = (&Received, &[u8])> {
        self.received.iter().zip(self.storage.chunks(STRIDE)).map(|(r, slot)| (r, &slot[..r.len]))
    }
}

fn empty_header() -> libc::mmsghdr {
    // SAFETY: `mmsghdr` is integers and pointers, for which zero is a valid value.
    unsafe { std::mem::zeroed() }
}

/// One datagram to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) to: SockName,
    /// Interface index (0: by routing) and source address to send from, for UDP sockets.
    pub(crate) from: Option<(u32, IpAddr)>,
    pub(crate) payload: &'a [u8],
    /// Length of each datagram in the payload, for `UDP_SEGMENT`; the last one may be shorter.
    pub(crate) segment: usize,
}

impl<'a> Outgoing<'a> {
    /// How many datagrams it is.
    pub(crate) fn datagrams(&self) -> usize {
        self.payload.len().div_ceil(self.segment.max(1)).max(1)
    }

    /// The same, one by one.
    pub(crate) fn apart(self) -> impl Iterator<Item = Outgoing<'a>> {
        let each = self.payload.chunks(self.segment.max(1));
        each.map(move |payload| Outgoing { payload, segment: payload.len(), ..self })
    }
}

/// Sends the head of a batch of at most [`BATCH`] datagrams; tells how many went.
///
/// # Errors
/// Why the first of them could not be sent.
pub(crate) fn send_many(fd: BorrowedFd<'_>, batch: &[Outgoing<'_>]) -> io::Result<usize> {
    let batch = &batch[..batch.len().min(BATCH)];
    let mut names: [SockName; BATCH] = [SockName::EMPTY; BATCH];
    let mut controls = [ControlArea([0; CONTROL_LEN]); BATCH];
    let mut slices: [libc::iovec; BATCH] =
        std::array::from_fn(|_| libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 });
    let mut headers: [libc::mmsghdr; BATCH] = std::array::from_fn(|_| empty_header());
    for (i, outgoing) in batch.iter().enumerate() {
        names[i] = outgoing.to;
        slices[i].iov_base = outgoing.payload.as_ptr().cast_mut().cast();
        slices[i].iov_len = outgoing.payload.len();
        let header = &mut headers[i].msg_hdr;
        header.msg_name = names[i].octets.as_mut_ptr().cast();
        header.msg_namelen = u32::from(names[i].len);
        header.msg_iov = &raw mut slices[i];
        header.msg_iovlen = 1;
        let mut control_len = 0;
        if let Some((index, source)) = outgoing.from {
            control_len = write_packet_info(&mut controls[i], index, source);
        }
        if outgoing.payload.len() > outgoing.segment {
            control_len += write_segment(&mut controls[i].0[control_len..], outgoing.segment);
        }
        if control_len > 0 {
            header.msg_controllen = control_len as _;
            header.msg_control = controls[i].0.as_mut_ptr().cast();
        }
    }
    // SAFETY: the first `batch.len()` headers point to memory of this frame and to the payloads,
    // all alive through the call; sendmmsg reads them and writes only `msg_len`.
    let count = unsafe {
        libc::sendmmsg(
            fd.as_raw_fd(),
            headers.as_mut_ptr(),
            batch.len() as libc::c_uint,
            libc::MSG_DONTWAIT,
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Writes `IP_PKTINFO` or `IPV6_PKTINFO`; gives the length of the control data.
fn write_packet_info(area: &mut ControlArea, index: u32, source: IpAddr) -> usize {
    let (level, kind, data_len) = match source {
        IpAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_PKTINFO, 12),
        IpAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, 20),
    };
    let data = write_header(&mut area.0, level, kind, data_len);
    match source {
        IpAddr::V4(four) => {
            data[..4].copy_from_slice(&index.to_ne_bytes());
            data[4..8].copy_from_slice(&four.octets());
        }
        IpAddr::V6(six) => {
            data[..16].copy_from_slice(&six.octets());
            data[16..20].copy_from_slice(&index.to_ne_bytes());
        }
    }
    (CMSG_HEADER_LEN + data_len).next_multiple_of(size_of::<usize>())
}

/// Writes `UDP_SEGMENT`; gives the length of the control data.
fn write_segment(area: &mut [u8], segment: usize) -> usize {
    // Joined datagrams are below 64 KiB each.
    let segment = u16::try_from(segment).unwrap_or(u16::MAX);
    let data = write_header(area, libc::SOL_UDP, libc::UDP_SEGMENT, size_of::<u16>());
    data[..2].copy_from_slice(&segment.to_ne_bytes());
    (CMSG_HEADER_LEN + size_of::<u16>()).next_multiple_of(size_of::<usize>())
}

/// Writes a `cmsghdr`; gives the room behind it.
fn write_header(area: &mut [u8], level: i32, kind: i32, data_len: usize) -> &mut [u8] {
    let word = size_of::<usize>();
    let (header, data) = area.split_at_mut(CMSG_HEADER_LEN);
    header[..word].copy_from_slice(&(CMSG_HEADER_LEN + data_len).to_ne_bytes());
    header[word..word + 4].copy_from_slice(&level.to_ne_bytes());
    header[word + 4..word + 8].copy_from_slice(&kind.to_ne_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let four: SocketAddr = "192.0.2.1:67".parse().unwrap();
        assert_eq!(SockName::internet(four, 7).peer(), Some(four));
        let six = SocketAddrV6::new("fe80::1".parse().unwrap(), 547, 0, 7).into();
        assert_eq!(SockName::internet(six, 7).peer(), Some(six));
        let link = SockName::link(3, 0x0800, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(link.hw_addr().unwrap().octets(), [1, 2, 3, 4, 5, 6]);
        assert_eq!((link.len(), link.peer()), (20, None));
    }

    #[test]
    fn packet_info_is_written_as_it_is_read() {
        for (source, len) in [("192.0.2.1", 32), ("2001:db8::1", 40)] {
            let source: IpAddr = source.parse().unwrap();
            let mut area = ControlArea([0; CONTROL_LEN]);
            assert_eq!(write_packet_info(&mut area, 5, source), len);
            let mut octets = area.0;
            if source.is_ipv4() {
                // Received, the destination is the third word; sent, the source is the second.
                octets.copy_within(20..24, 24);
            }
            assert_eq!(Control::parse(&octets[..len]).destination, Some((5, source)));
        }
    }

    #[test]
    fn the_time_of_reception_is_read() {
        let mut octets = Vec::new();
        octets.extend_from_slice(&(CMSG_HEADER_LEN + 16).to_ne_bytes());
        octets.extend_from_slice(&libc::SOL_SOCKET.to_ne_bytes());
        octets.extend_from_slice(&libc::SCM_TIMESTAMPNS.to_ne_bytes());
        octets.extend_from_slice(&1_800_000_000i64.to_ne_bytes());
        octets.extend_from_slice(&250_000_000i64.to_ne_bytes());
        let time = Duration::from_millis(1_800_000_000_250);
        assert_eq!(Control::parse(&octets).received, Some(time));
    }

    #[test]
    fn joined_datagrams_are_taken_apart() {
        let mut area = [0; CONTROL_LEN];
        assert_eq!(write_segment(&mut area, 2), 24);
        let written = [&18usize.to_ne_bytes()[..], &17i32.to_ne_bytes(), &103i32.to_ne_bytes()];
        assert_eq!(area[..18], [written.concat(), 2u16.to_ne_bytes().to_vec()].concat());
        // What comes is of another kind, and of four octets.
        area[..8].copy_from_slice(&20usize.to_ne_bytes());
        area[12..16].copy_from_slice(&104i32.to_ne_bytes());
        let control = Control { segment: Some(2), ..Control::default() };
        assert_eq!(Control::parse(&area[..24]), control);
        let apart = |control, octets: &'static [u8]| -> Vec<&[u8]> {
            let (len, name) = (octets.len(), SockName::EMPTY);
            Received { len, name, control, truncated: false }.apart(octets).collect()
        };
        assert_eq!(apart(control, b"aabbc"), [&b"aa"[..], b"bb", b"c"]);
        assert_eq!(apart(Control::default(), b"aabbc"), [b"aabbc"]);
        assert_eq!(apart(control, b""), [b""]);
        let to = SockName::EMPTY;
        let joined = Outgoing { to, from: None, payload: b"aabbc", segment: 2 };
        assert_eq!(joined.datagrams(), 3);
        let single: Vec<_> = joined.apart().map(|o| (o.payload, o.datagrams())).collect();
        assert_eq!(single, [(&b"aa"[..], 1), (b"bb", 1), (b"c", 1)]);
    }

    #[test]
    fn damaged_control_data_is_ignored() {
        assert_eq!(Control::parse(&[0xff; 40]), Control::default());
        assert_eq!(Control::parse(&[0; 40]), Control::default());
        assert_eq!(Control::parse(&[1; 7]), Control::default());
    }
}
