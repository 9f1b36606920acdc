//! Interfaces, sockets and worker loops.

