//! The proof of the prover: the simulator finds every defect that can be switched on, with clients of
//! either protocol.
#![allow(clippy::print_stdout)] // seeds, for whoever looks for better ones

use kea_lease::Fault;
use kea_sim::{Protocol, Rule, Settings, run};
use kea_wire::{V4, V6};

/// Seeds that are tried for each defect, behind the one that is known to find it soon.
const SEEDS: std::ops::Range<u64> = 1..100;
const SETTINGS: Settings = Settings { exchanges: 4_000 };

/// The first violation with a defect in place.
fn found<F: Protocol>(fault: Fault, first: u64) -> Rule {
    Fault::inject(Some(fault));
    let mut seeds = std::iter::once(first).chain(SEEDS);
    let broken = seeds.find_map(|seed| run::<F>(seed, SETTINGS).violation.map(|v| (seed, v)));
    Fault::inject(None);
    let (seed, violation) = broken.unwrap_or_else(|| panic!("{fault:?} is not found"));
    // For whoever wants it to be found sooner.
    println!("{fault:?} of DHCPv{} is found by seed {seed}: {violation}", F::VERSION);
    violation.rule
}

macro_rules! finds {
    ($($name:ident: $fault:ident($v4:literal, $v6:literal) => $($rule:ident)|+;)*) => {
        mod v4 {
            use super::*;
            $(
                #[test]
                fn $name() {
                    let rule = found::<V4>(Fault::$fault, $v4);
                    assert!(matches!(rule, $(Rule::$rule)|+), "found as {rule:?}");
                }
            )*
        }

        mod v6 {
            use super::*;
            $(
                #[test]
                fn $name() {
                    let rule = found::<V6>(Fault::$fault, $v6);
                    assert!(matches!(rule, $(Rule::$rule)|+), "found as {rule:?}");
                }
            )*
        }

        /// Every defect has its tests.
        #[test]
        fn no_defect_is_forgotten() {
            let all = Fault::ALL.into_iter().filter(|fault| *fault != Fault::IgnoredOverlap);
            assert_eq!(all.collect::<Vec<_>>(), vec![$(Fault::$fault),*]);
        }
    };
}

/// In DHCPv4 there are no prefixes.
#[test]
fn an_ignored_overlap() {
    assert_eq!(found::<V6>(Fault::IgnoredOverlap, 21), Rule::OneHolder);
}

finds! {
    an_answer_before_its_commit: AnswerBeforeCommit(4, 4) => Durable;
    a_forgotten_row: ForgottenRow(4, 4) => Durable | Restartable;
    a_skipped_sync: SkippedSync(4, 4) => Durable;
    a_missing_repair: NoRepair(5, 5) => Durable | Restartable;
    a_torn_row_kept: TornRowKept(47, 5) => Durable | Restartable;
    an_ignored_expiry: IgnoredExpiry(1, 1) => Available | Recovers | Counted | Renewable;
    an_unreserved_address: UnreservedAddress(1, 1) => Reserved;
    wrong_counts: WrongCounts(1, 1) => Counted;
    a_stale_clean_up: StaleCleanUp(19, 19) => Durable | Restartable;
    a_skipped_conflict_check: SkippedConflictCheck(1, 1) => OneHolder;
    swapped_subnets: SwappedSubnets(1, 1) => InPlace;
    an_ignored_class: IgnoredClass(1, 1) => InPlace;
    a_foreign_release: ForeignRelease(1, 1) => OwnLease;
    a_missing_probation: NoProbation(1, 2) => Probation;
    a_double_count: DoubleCount(1, 1) => Counted;
    an_unrecorded_renewal: UnrecordedRenewal(4, 4) => Durable | Restartable;
    a_wrong_lifetime: WrongLifetime(1, 1) => Truthful;
    an_uncounted_drop: UncountedDrop(1, 1) => Accounted;
    an_unrecorded_reclamation: UnrecordedReclamation(12, 4) => Restartable;
}
