//! The system calls that have no safe wrapper elsewhere. All `unsafe` of the crate is here.
#![allow(unsafe_code)]

mod mmsg;

pub(crate) use mmsg::{Outgoing, ReceiveRing, Received, SockName, send_many};

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use socket2::{SockAddr, Socket};

use crate::bpf::Instruction;

/// The descriptor that `owner` keeps open, for owners that only tell its number.
pub(crate) fn borrow<T>(_owner: &T, fd: RawFd) -> BorrowedFd<'_> {
    // SAFETY: the callers pass the descriptor that `owner` owns, and the result does not outlive
    // the borrow of `owner`. None of these owners closes its descriptor before it is dropped.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// The link-layer address to bind a packet socket to one interface and EtherType.
pub(crate) fn link_address(index: u32, ethertype: u16) -> SockAddr {
    let name = SockName::link(index, ethertype, &[]);
    let fill = |storage: *mut socket2::SockAddrStorage, len: *mut libc::socklen_t| {
        // SAFETY: `storage` points to zeroed memory larger than any `SockName`, `len` to its
        // length, both exclusively ours during the call.
        unsafe {
            std::ptr::copy_nonoverlapping(name.octets().as_ptr(), storage.cast::<u8>(), name.len());
            *len = name.len() as libc::socklen_t;
        }
        Ok(())
    };
    // SAFETY: `fill` leaves a valid `sockaddr_ll` and its length.
    let filled = unsafe { SockAddr::try_init(fill) };
    match filled {
        Ok(((), address)) => address,
        Err(_) => unreachable!("`fill` returns Ok"),
    }
}

/// Sets an option whose value is a C `int`.
pub(crate) fn set_int(socket: &Socket, level: i32, name: i32, value: i32) -> io::Result<()> {
    set(socket, level, name, &value)
}

/// Attaches a program that picks a member of the socket's reuse-port group.
pub(crate) fn attach_reuseport(socket: &Socket, program: &[Instruction]) -> io::Result<()> {
    with_program(program, |program| {
        set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_CBPF, program)
    })
}

/// Attaches, or replaces in one step, the program that decides which packets the socket takes.
pub(crate) fn attach_filter(socket: &Socket, program: &[Instruction]) -> io::Result<()> {
    with_program(program, |program| set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, program))
}

/// Attaches the program that picks a member of a packet socket's fan-out group.
pub(crate) fn attach_fanout(socket: &Socket, program: &[Instruction]) -> io::Result<()> {
    with_program(program, |program| {
        set(socket, libc::SOL_PACKET, libc::PACKET_FANOUT_DATA, program)
    })
}

/// What the kernel threw away because the receive buffer was full, since the socket was opened.
pub(crate) fn receive_drops(socket: &Socket) -> io::Result<u32> {
    // SO_MEMINFO gives an array of u32, SK_MEMINFO_DROPS is the ninth.
    let mut info = [0u32; 9];
    get(socket, libc::SOL_SOCKET, libc::SO_MEMINFO, &mut info)?;
    Ok(info[8])
}

/// The fan-out group that a packet socket is in, and its mode, as `PACKET_FANOUT` gives them.
pub(crate) fn fanout(socket: &Socket) -> io::Result<i32> {
    let mut value = 0i32;
    get(socket, libc::SOL_PACKET, libc::PACKET_FANOUT, &mut value)?;
    Ok(value)
}

/// Sets a filter of this thread's system calls, which what it starts inherits.
pub(crate) fn filter_system_calls(program: &[Instruction]) -> io::Result<()> {
    with_program(program, |program| {
        // SAFETY: `program` and the instructions that it points to live through the call, in which
        // the kernel copies them.
        let result = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                // Nothing is kept from whom it might be guessed out of the processor: no mitigation of
                // that is needed, which would cost time.
                libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                std::ptr::from_ref(program),
            )
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    })
}

fn with_program<R>(program: &[Instruction], call: impl FnOnce(&libc::sock_fprog) -> R) -> R {
    let mut instructions: Vec<libc::sock_filter> = program
        .iter()
        .map(|i| libc::sock_filter { code: i.code, jt: i.jt, jf: i.jf, k: i.k })
        .collect();
    call(&libc::sock_fprog { len: instructions.len() as u16, filter: instructions.as_mut_ptr() })
}

/// Plain C data, which the kernel copies in.
trait OptionValue {}
impl OptionValue for i32 {}
impl OptionValue for libc::sock_fprog {}

/// Plain C data that is valid for every bit pattern, so that the kernel may write it.
trait OptionResult {}
impl OptionResult for i32 {}
impl<const N: usize> OptionResult for [u32; N] {}

fn set<T: OptionValue>(socket: &Socket, level: i32, name: i32, value: &T) -> io::Result<()> {
    // SAFETY: the pointer and the length describe `value`, which lives through the call; a
    // `sock_fprog` in turn points to instructions that `with_program` keeps alive.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn get<T: OptionResult>(socket: &Socket, level: i32, name: i32, value: &mut T) -> io::Result<()> {
    let mut len = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` octets to `value`, and
    // `OptionResult` types are valid for every bit pattern.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            std::ptr::from_mut(value).cast(),
            &raw mut len,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
