//! Records how this binary was built, for `-V` and `-W`.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_else(|| "rustc (version unknown)".into());
    println!("cargo::rustc-env=KEA_BUILD_COMPILER={}", version.trim());
    for (name, from) in [("KEA_BUILD_TARGET", "TARGET"), ("KEA_BUILD_PROFILE", "PROFILE")] {
        println!("cargo::rustc-env={name}={}", env::var(from).unwrap_or_default());
    }
}
