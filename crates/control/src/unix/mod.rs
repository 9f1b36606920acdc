//! UNIX sockets: one command and one answer a connection.

mod listener;

pub(crate) use listener::UnixAcceptor;
