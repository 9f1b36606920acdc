//! Every example that is shipped loads, and says what it means to say.

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kea_config::document::Files;
use kea_config::snapshot::{Dialect, Snapshot};
use kea_config::{Diagnostics, Document, load};
use kea_expr::ClassSet;
use kea_wire::{V4, V6};

fn folder(version: u8) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/kea{version}"))
}

fn example<F: Dialect>(name: &str) -> (Snapshot<F>, Diagnostics) {
    let path = folder(F::VERSION).join(name);
    let path = path.to_str().unwrap();
    let loaded = Document::load(path, &Files).and_then(|(document, mut diagnostics)| {
        let (snapshot, more) = load::<F>(&Arc::new(document))?;
        diagnostics.append(more);
        Ok((snapshot, diagnostics))
    });
    loaded.unwrap_or_else(|problems| panic!("{problems}"))
}

fn all_load<F: Dialect>() -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder(F::VERSION)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (snapshot, diagnostics) = example::<F>(&name);
        let quiet = diagnostics.is_empty() || name == "legacy.json";
        assert!(quiet, "{name}: {diagnostics}");
        // What config-get would answer is a configuration of the same meaning.
        let rendered = snapshot.render();
        let again = support::snapshot::<F>(&rendered.to_pretty());
        assert_eq!(again.render().to_string(), rendered.to_string(), "{name}");
        count += 1;
    }
    count
}

#[test]
fn all_examples_load_without_complaint() {
    assert!(all_load::<V4>() >= 7);
    assert!(all_load::<V6>() >= 4);
}

#[test]
fn old_spellings_are_explained() {
    let (_, diagnostics) = example::<V4>("legacy.json");
    let said: Vec<_> = diagnostics
        .iter()
        .map(|problem| match &problem.hint {
            Some(hint) => format!("{}; {hint}", problem.message),
            None => problem.message.clone(),
        })
        .collect();
    assert_eq!(
        said,
        [
            "extra comma",
            "extra comma",
            "extra comma",
            "'reservation-mode' is deprecated; use 'reservations-global', 'reservations-in-subnet' and 'reservations-out-of-pool'",
            "'qualifying-suffix' is deprecated; write it in the global scope, with 'ddns-' before it",
            "'ip-address' is deprecated; use the list 'ip-addresses'",
            "subnets without 'id' are numbered automatically; leases are stored with the identifier: write it down, or removing a subnet renumbers the others",
        ]
    );
}

#[test]
fn the_options_example_gives_the_bytes_it_describes() {
    let (config, _) = example::<V4>("options.json");
    let nobody = ClassSet::new();
    let data = |space: &str, code: u16| {
        config.options.get(space, code).chosen(&nobody).next().unwrap().data.to_vec()
    };
    assert_eq!(data("dhcp4", 222), b"\x00\x07\xc0\x00\x02\x01north, upper floor");
    assert_eq!(data("dhcp4", 223), [1, 1, 12]);
    assert_eq!(data("dhcp4", 230), [1, 2, 255]);
    assert_eq!(data("dhcp4", 125), [0, 0, 0x7e, 0xd9, 0]);
    assert_eq!(data("vendor-32473", 1), b"https://config.example.org");
    let unasked = config.options.get("dhcp4", 252).sending(&nobody);
    assert!(unasked.is_some_and(|sending| sending.always));
    let pool = &config.subnets()[0].pools[0];
    let router = pool.options.get("dhcp4", 3).chosen(&nobody).next().unwrap();
    assert_eq!(router.data.as_ref(), [192, 0, 2, 2]);
}

#[test]
fn the_quickstart_listens_everywhere_and_keeps_its_leases() {
    let (config, _) = example::<V4>("quickstart.json");
    assert_eq!(*config.interfaces.interfaces, [kea_config::snapshot::Listen::All]);
    let kea_config::snapshot::LeaseDatabase::Memfile(file) = &config.lease_database else {
        panic!()
    };
    assert_eq!(file.path.as_deref(), Some("/var/lib/kea/kea-leases4.csv"));
    assert_eq!(config.subnets()[0].pools[0].range.total(), 191);
}
