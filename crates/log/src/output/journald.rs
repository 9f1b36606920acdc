//! The systemd journal's native protocol: a datagram of `FIELD=value` lines.

use std::io;
use std::path::Path;

use super::socket::DaemonSocket;
use crate::record::Record;

/// The journal. Arguments go along as fields, so that `journalctl KEA_ID=DHCP4_LEASE_ALLOC` finds them.
#[derive(Debug)]
pub(crate) struct Journal {
    ident: String,
    socket: DaemonSocket,
}

impl Journal {
    pub(crate) fn new(ident: &str, path: &Path) -> Self {
        Self { ident: ident.to_owned(), socket: DaemonSocket::new(path) }
    }

    pub(crate) fn send(&mut self, record: &Record<'_>, line: &[u8]) -> io::Result<()> {
        let message = record.head.message;
        let mut datagram = Vec::with_capacity(256 + line.len() * 2);
        field(&mut datagram, "MESSAGE", line.trim_ascii_end());
        let priority = message.severity.syslog_priority().to_string();
        field(&mut datagram, "PRIORITY", priority.as_bytes());
        field(&mut datagram, "SYSLOG_IDENTIFIER", self.ident.as_bytes());
        field(&mut datagram, "KEA_LOGGER", record.logger.as_bytes());
        field(&mut datagram, "KEA_ID", message.id.as_bytes());
        field(&mut datagram, "TID", record.head.thread.to_string().as_bytes());
        for (number, argument) in record.arguments.enumerate() {
            field(
                &mut datagram,
                &format!("KEA_ARGUMENT_{}", number + 1),
                argument.to_string().as_bytes(),
            );
        }
        self.socket.send(&datagram)
    }
}

/// Larger values are cut: a datagram beyond the socket's buffer would be refused as a whole.
const MAX_VALUE: usize = 48 * 1024;

/// A value with a line break is sent with its length instead of an equal sign.
fn field(datagram: &mut Vec<u8>, name: &str, value: &[u8]) {
    let value = &value[..value.len().min(MAX_VALUE)];
    datagram.extend_from_slice(name.as_bytes());
    if value.contains(&b'\n') {
        datagram.push(b'\n');
        datagram.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        datagram.push(b'=');
    }
    datagram.extend_from_slice(value);
    datagram.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_line_breaks_carry_their_length() {
        let mut datagram = Vec::new();
        field(&mut datagram, "A", b"b");
        field(&mut datagram, "C", b"d\ne");
        assert_eq!(datagram, b"A=b\nC\n\x03\0\0\0\0\0\0\0d\ne\n");
    }
}
