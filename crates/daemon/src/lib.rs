//! What every process shares: arguments, signals, the PID file, the life cycle.
#![forbid(unsafe_code)]

mod arguments;
mod configuration;
mod console;
mod control_plane;
mod explain;
mod layout;
mod lease_clean_up;
mod pid_file;
mod privileges;
mod program;
mod server;
mod service_manager;
mod version;

pub use arguments::{DHCP4, DHCP6, Explain, Program, Run};
pub use console::{fail, say};
pub use control_plane::{ControlPlane, Signals, Wish};
pub use layout::Layout;
pub use lease_clean_up::lfc_main;
pub use pid_file::{PidFile, PidFileError, pid_file_path};
pub use privileges::Confinement;
pub use program::{Tasks, main as program_main};
pub use server::main as dhcp_main;
pub use service_manager::{Phase, ServiceManager};
pub use version::{
    COMPATIBLE_WITH, VERSION, build_report, extended as extended_version, release_type,
};
