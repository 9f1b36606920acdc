//! What the service manager is told (sd_notify(3)): that the program serves, reads its configuration
//! again, or stops. With `Type=notify` it waits for that.

use std::env;
use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use rustix::time::{ClockId, clock_gettime};

/// The service manager that started this process, if it wants to be told.
#[derive(Clone, Debug, Default)]
pub struct ServiceManager {
    socket: Option<SocketAddr>,
}

/// What the program does from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase<'a> {
    /// It serves; and one line about how it is.
    Serving(&'a str),
    /// It reads its configuration again. [`Phase::Serving`] follows.
    Reloading,
    /// It ends.
    Stopping,
}

impl ServiceManager {
    /// The one that the environment names.
    pub fn of_this_process() -> Self {
        let socket = env::var_os("NOTIFY_SOCKET");
        ServiceManager { socket: socket.and_then(|name| address(&name)) }
    }

    /// Tells it. Who cannot be told is no reason not to serve.
    pub fn tell(&self, phase: Phase<'_>) {
        let Some(socket) = &self.socket else { return };
        let text = match phase {
            Phase::Serving(status) => {
                format!("READY=1\nSTATUS={}", status.lines().next().unwrap_or_default())
            }
            Phase::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_micros()),
            Phase::Stopping => "STOPPING=1".to_owned(),
        };
        let sent =
            UnixDatagram::unbound().and_then(|sender| sender.send_to_addr(text.as_bytes(), socket));
        drop(sent);
    }
}

/// A path, or a name behind `@`.
fn address(name: &OsStr) -> Option<SocketAddr> {
    match name.as_bytes() {
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest).ok(),
        [b'/', ..] => SocketAddr::from_pathname(name).ok(),
        _ => None,
    }
}

/// With it the manager knows a reload that it asked for from an earlier one.
fn monotonic_micros() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(receiver: &UnixDatagram) -> String {
        let mut datagram = [0; 200];
        let len = receiver.recv(&mut datagram).unwrap();
        String::from_utf8(datagram[..len].to_vec()).unwrap()
    }

    #[test]
    fn it_is_told_at_a_path_and_at_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("kea-notify-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        let at_path = UnixDatagram::bind(&path).unwrap();
        let at_name = UnixDatagram::bind_addr(&abstract_name).unwrap();
        for (socket, receiver) in
            [(path.into_os_string(), at_path), (format!("@{name}").into(), at_name)]
        {
            let manager = ServiceManager { socket: address(&socket) };
            manager.tell(Phase::Serving("IPv4 subnets: 1\nand more"));
            assert_eq!(received(&receiver), "READY=1\nSTATUS=IPv4 subnets: 1");
            manager.tell(Phase::Reloading);
            let reloading = received(&receiver);
            let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
            assert!(micros.parse::<i64>().unwrap() > 0);
            manager.tell(Phase::Stopping);
            assert_eq!(received(&receiver), "STOPPING=1");
        }
    }

    #[test]
    fn what_is_no_address_is_left_alone() {
        assert!(address(OsStr::new("notify")).is_none());
        assert!(address(OsStr::new("")).is_none());
        assert!(address(OsStr::new(&format!("/{}", "x".repeat(200)))).is_none());
        // There may be nobody behind it.
        ServiceManager { socket: address(OsStr::new("/nonexistent/notify")) }.tell(Phase::Stopping);
        ServiceManager::default().tell(Phase::Stopping);
    }
}
