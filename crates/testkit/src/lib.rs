//! The test network, clients, the side-by-side server and the scenario runner.
#![forbid(unsafe_code)]
