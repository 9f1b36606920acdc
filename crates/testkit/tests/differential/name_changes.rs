//! What a server sends to the name change daemon.

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use kea_testkit::Netns;
use serde_json::Value;

/// Listens where the daemon would.
pub(crate) struct NameChanges(UdpSocket);

impl NameChanges {
    pub(crate) fn listen(netns: &Netns) -> io::Result<Self> {
        let socket = netns.enter(|| UdpSocket::bind("127.0.0.1:53001"))?;
        socket.set_read_timeout(Some(SILENCE))?;
        Ok(NameChanges(socket))
    }

    /// All that came, until nothing comes for a while.
    pub(crate) fn all(&self) -> io::Result<Vec<Value>> {
        let mut requests = Vec::new();
        let mut buffer = [0; 4096];
        // A read that times out is the end.
        while let Ok(len) = self.0.recv(&mut buffer) {
            let text = buffer[..len].get(LENGTH_FIELD..).unwrap_or_default();
            requests.push(serde_json::from_slice(text).map_err(io::Error::other)?);
        }
        Ok(requests)
    }
}

const SILENCE: Duration = Duration::from_millis(200);
/// Octets before the JSON text.
const LENGTH_FIELD: usize = 2;
