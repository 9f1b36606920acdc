//! The proof of the prover: the simulator finds every defect that can be switched on.

use kea_lease::Fault;
use kea_sim::{Rule, Settings, run};
use kea_wire::V4;

/// Seeds that are tried for each defect.
const SEEDS: std::ops::Range<u64> = 1..100;
const SETTINGS: Settings = Settings { exchanges: 4_000 };

/// The first violation with a defect in place.
fn found(fault: Fault) -> Rule {
    Fault::inject(Some(fault));
    let broken = SEEDS.into_iter().find_map(|seed| run::<V4>(seed, SETTINGS).violation);
    Fault::inject(None);
    broken.map(|violation| violation.rule).unwrap_or_else(|| panic!("{fault:?} is not found"))
}

macro_rules! finds {
    ($($name:ident: $fault:ident => $($rule:ident)|+;)*) => {
        $(
            #[test]
            fn $name() {
                let rule = found(Fault::$fault);
                assert!(matches!(rule, $(Rule::$rule)|+), "found as {rule:?}");
            }
        )*

        /// Every defect has its test.
        #[test]
        fn no_defect_is_forgotten() {
            assert_eq!(Fault::ALL.to_vec(), vec![$(Fault::$fault),*]);
        }
    };
}

finds! {
    an_answer_before_its_commit: AnswerBeforeCommit => Durable;
    a_forgotten_row: ForgottenRow => Durable | Restartable;
    a_skipped_sync: SkippedSync => Durable;
    a_missing_repair: NoRepair => Durable | Restartable;
    a_torn_row_kept: TornRowKept => Durable | Restartable;
    an_ignored_expiry: IgnoredExpiry => Available | Recovers | Counted | Renewable;
    an_unreserved_address: UnreservedAddress => Reserved;
    wrong_counts: WrongCounts => Counted;
    a_stale_clean_up: StaleCleanUp => Durable | Restartable;
    a_skipped_conflict_check: SkippedConflictCheck => OneHolder;
    swapped_subnets: SwappedSubnets => InPlace;
    an_ignored_class: IgnoredClass => InPlace;
    a_foreign_release: ForeignRelease => OwnLease;
    a_missing_probation: NoProbation => Probation;
    a_double_count: DoubleCount => Counted;
    an_unrecorded_renewal: UnrecordedRenewal => Durable | Restartable;
    a_wrong_lifetime: WrongLifetime => Truthful;
    an_uncounted_drop: UncountedDrop => Accounted;
    an_unrecorded_reclamation: UnrecordedReclamation => Restartable;
}
