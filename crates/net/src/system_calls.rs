//! A filter of system calls: what neither a server nor a program that it starts has a use for.

use std::io;

use crate::bpf;
use crate::sys;

/// From now on this thread, the threads that it starts and the programs that these start are refused,
/// with `EPERM`, the system calls by which a process reads or alters others, mounts, loads code into
/// the kernel, leaves its namespaces, sets the clock or ends the system; and all calls of programs
/// that are built for another architecture. To be called before there are other threads.
///
/// What is refused is named, not what is allowed: the calls that a libc makes change from release to
/// release, and one that is missing in a list would end a server that is in order. `EPERM` is the answer
/// that a process without the capability gets, so that programs are prepared for it.
///
/// # Errors
/// The system has no such filter, or the process may not set one: it needs `CAP_SYS_ADMIN` or
/// `no_new_privs`.
pub fn forbid_system_calls() -> io::Result<()> {
    let architecture = ARCHITECTURE.ok_or(io::ErrorKind::Unsupported)?;
    let numbers = FORBIDDEN.iter().map(|number| *number as u32).collect::<Vec<_>>();
    sys::filter_system_calls(&bpf::system_calls(architecture, &numbers))
}

/// As the kernel calls it (`AUDIT_ARCH_…`), where it is known here: the number of the machine in ELF, of
/// 64 bits, with the low octet first.
const ARCHITECTURE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_0000 | 62)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_0000 | 183)
} else if cfg!(target_arch = "riscv64") {
    Some(0xc000_0000 | 243)
} else {
    None
};

/// Those that every architecture has.
const FORBIDDEN: &[libc::c_long] = &[
    // Other processes.
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    // The kernel's own memory and code, and ways into it that nothing here takes.
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_userfaultfd,
    // File systems and namespaces.
    libc::SYS_chroot,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_setns,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_umount2,
    libc::SYS_unshare,
    // The system as a whole.
    libc::SYS_acct,
    libc::SYS_clock_settime,
    libc::SYS_reboot,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_settimeofday,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// The filter is the thread's own: other tests go on without it.
    #[test]
    fn what_no_server_needs_is_refused_and_all_else_goes_on() {
        let filtered = std::thread::spawn(|| {
            if forbid_system_calls().is_err() {
                // Not as root. This, too, is the thread's own.
                rustix::thread::set_no_new_privs(true).unwrap();
                forbid_system_calls().unwrap();
            }
            let status = fs::read_to_string("/proc/thread-self/status").unwrap();
            assert!(status.lines().any(|line| line == "Seccomp:\t2"), "{status}");
            let ends = |program: &str, arguments: &[&str]| {
                let output = Command::new(program).args(arguments).output().unwrap();
                (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
            };
            assert_eq!(ends("true", &[]), (true, String::new()));
            let (is_well, said) = ends("unshare", &["--uts", "true"]);
            assert!(!is_well && said.contains("Operation not permitted"), "{said}");
            std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        });
        filtered.join().unwrap();
    }

    #[test]
    fn each_call_is_named_once() {
        let mut numbers = FORBIDDEN.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), FORBIDDEN.len());
        // Jumps of the program reach one instruction only, so that there may be any number.
        let program = bpf::system_calls(0, &[1, 2]);
        assert_eq!(program.len(), 6 + 2 * 2 + 1);
    }
}
