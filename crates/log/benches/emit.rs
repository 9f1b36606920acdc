//! What a message costs the thread that logs it.

use divan::{Bencher, black_box};
use kea_log::{ClientLabel, Handle, LoggerConfig, Logging, LoggingOptions, OutputConfig, log};

fn main() {
    divan::main();
}

const MAC: &[u8] = &[0, 0x0c, 1, 2, 3, 4];
const LABEL: ClientLabel<'_> = ClientLabel::V4 {
    hardware: Some((1, MAC)),
    client_id: Some(&[1, 0, 0x0c, 1, 2, 3, 4]),
    xid: 0x1234,
};

fn started() -> Option<(Logging, Handle, tempfile::TempDir)> {
    let folder = tempfile::tempdir().ok()?;
    let file = folder.path().join("kea.log").display().to_string();
    let mut logging = Logging::start(LoggingOptions::new("kea-dhcp4")).ok()?;
    let handle = logging.handle();
    let root = LoggerConfig {
        name: "kea-dhcp4".into(),
        outputs: vec![OutputConfig::to(file)],
        ..LoggerConfig::default()
    };
    handle.configure(&[root]).ok()?;
    logging.start_writer().ok()?;
    Some((logging, handle, folder))
}

#[divan::bench]
fn disabled(bencher: Bencher<'_, '_>) {
    let Some((_logging, log, _folder)) = started() else { return };
    bencher.bench_local(|| log!(log, DHCP4_SUBNET_SELECTED, black_box(LABEL), 7));
}

#[divan::bench]
fn label_alone(bencher: Bencher<'_, '_>) {
    use std::fmt::Write;
    let mut out = String::new();
    bencher.bench_local(|| {
        out.clear();
        write!(out, "{}", black_box(LABEL))
    });
}

/// Lines that gather while a writer rests.
const BATCH: u32 = 200;

fn log_batch(log: &Handle) {
    let address = std::net::Ipv4Addr::new(192, 0, 2, 77);
    for lifetime in 0..BATCH {
        log!(log, DHCP4_LEASE_ALLOC, black_box(LABEL), address, lifetime);
    }
}

/// What 200 lines cost the thread that serves packets.
#[divan::bench(sample_count = 200)]
fn queued_200(bencher: Bencher<'_, '_>) {
    let Some((_logging, log, _folder)) = started() else { return };
    bencher.with_inputs(|| log.flush()).bench_local_values(|()| log_batch(&log));
}

/// What 200 lines cost altogether, to the file.
#[divan::bench(sample_count = 200)]
fn written_200(bencher: Bencher<'_, '_>) {
    let Some((_logging, log, _folder)) = started() else { return };
    bencher.bench_local(|| {
        log_batch(&log);
        log.flush();
    });
}
