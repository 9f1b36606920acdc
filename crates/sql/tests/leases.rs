//! The journal of leases on tables of real databases.

mod way;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use kea_lease::{
    Durability, Journal, JournalLimits, Lease, Leases, LostClaims, Progress, SubnetId, Ticket,
    V4Owner,
};
use kea_sql::{Access, LeaseEvent, LeaseTable};
use kea_testkit::{DatabaseProduct, DatabaseServer};
use kea_wire::{ClientId, HwAddr, V4};

use way::configured;

/// Leases of one server, and what it told.
struct Side {
    leases: Arc<Leases<V4>>,
    lost: Arc<LostClaims<V4>>,
    journal: Journal,
    told: Arc<Mutex<Vec<String>>>,
}

impl Side {
    fn open(database: &DatabaseServer) -> Self {
        let (leases, lost) = (Arc::new(Leases::new()), Arc::default());
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = Arc::clone(&told);
        let tell = Box::new(move |event: LeaseEvent<'_, V4>| {
            events.lock().unwrap().push(match event {
                LeaseEvent::Lost(address) => format!("lost {address}"),
                LeaseEvent::Refused(address, _) => format!("refused {address}"),
                LeaseEvent::Unreadable(address, why) => format!("unreadable {address}: {why}"),
                LeaseEvent::Reopened => "reopened".to_owned(),
            });
        });
        let access = Access::from(&configured(database));
        let table = LeaseTable::open(&access, &leases, &lost, |_| true, tell).unwrap();
        let journal = Journal::new(
            Box::new(table),
            0,
            Durability::PowerLoss,
            JournalLimits::default(),
            Box::new(|_| {}),
            Box::new(|event| panic!("{event:?}")),
        );
        Side { leases, lost, journal, told }
    }

    fn claim(&self, lease: &Lease<V4>) -> Ticket {
        let mut table = self.leases.at(lease.address);
        table.put(lease);
        self.journal.append(lease)
    }

    fn delete(&self, address: Ipv4Addr) -> Ticket {
        let mut table = self.leases.at(address);
        let gone = table.remove(address).unwrap();
        self.journal.append_deletion(&gone)
    }

    fn settle(&self) {
        assert_eq!(self.journal.write_step(), Progress::Worked);
        assert_eq!(self.journal.sync_step(), Progress::Worked);
        assert_eq!(self.journal.durable(), self.journal.latest());
    }

    fn of(&self, address: Ipv4Addr) -> Option<Lease<V4>> {
        self.leases.at(address).get(address).map(kea_lease::LeaseRef::to_lease)
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 + number)
}

fn lease(number: u32, client: u8) -> Lease<V4> {
    let owner = V4Owner {
        hw_addr: HwAddr::new(1, &[2, 0, 0, 0, 0, client]).unwrap(),
        client_id: ClientId::new(&[1, client]),
    };
    Lease::new(address(number), SubnetId(1), owner, 3600, 1_800_000_000)
}

#[test]
fn changes_are_written_as_the_last_row_says_and_read_again() {
    for product in DatabaseProduct::ALL {
        let database = DatabaseServer::start(product).unwrap();
        let side = Side::open(&database);
        for number in 0..3000 {
            side.claim(&lease(number, 1));
        }
        side.settle();
        // Of one address several, in one batch; and one that comes and goes.
        side.claim(&lease(5, 2));
        side.claim(&lease(5, 3));
        side.delete(address(6));
        side.claim(&lease(9000, 1));
        side.delete(address(9000));
        let mut for_ever = lease(7, 7);
        (for_ever.valid_lifetime, for_ever.hostname) = (u32::MAX, "a.example".into());
        for_ever.user_context = "{ \"a\": [ 1, 2 ] }".into();
        side.claim(&for_ever);
        side.settle();
        assert_eq!(side.told(), Vec::<String>::new(), "{product:?}");

        let again = Side::open(&database);
        assert_eq!(again.leases.len(), 2999, "{product:?}");
        assert_eq!(again.of(address(5)), Some(lease(5, 3)));
        assert_eq!(again.of(address(6)), None);
        assert_eq!(again.of(address(7)), Some(for_ever));
        // What was read is known: it may be changed and deleted.
        again.claim(&lease(5, 4));
        again.delete(address(4));
        again.settle();
        assert_eq!((again.told(), again.lost.any()), (Vec::new(), false), "{product:?}");
        let count = database.run("SELECT COUNT(*) FROM lease4").unwrap();
        assert_eq!(count, [["2998"]]);
        let counted = database.run("SELECT leases FROM lease4_stat WHERE state = 0").unwrap();
        assert_eq!(counted, [["2998"]], "{product:?}: the triggers counted each once");
    }
}

#[test]
fn of_two_servers_the_first_wins_and_the_other_knows() {
    for product in DatabaseProduct::ALL {
        let database = DatabaseServer::start(product).unwrap();
        let (one, two) = (Side::open(&database), Side::open(&database));
        one.claim(&lease(1, 1));
        one.claim(&lease(2, 1));
        one.settle();
        // The address is free as far as the other knows.
        let lost = two.claim(&lease(1, 2));
        let kept = two.claim(&lease(3, 2));
        two.settle();
        assert_eq!(two.told(), ["lost 10.0.0.1"], "{product:?}");
        assert_eq!(two.of(address(1)), Some(lease(1, 1)));
        assert!(two.lost.concerns(address(1), lost) && !two.lost.concerns(address(3), kept));
        // From now on it knows the row, and may change it.
        let fresh = two.claim(&lease(1, 5));
        assert!(!two.lost.concerns(address(1), fresh));
        two.settle();
        assert_eq!(two.told(), Vec::<String>::new());
        // Now it is the first that does not know: its change and its deletion are lost.
        one.claim(&lease(1, 1));
        two.delete(address(1));
        two.claim(&lease(2, 2));
        two.settle();
        assert_eq!(two.told(), ["lost 10.0.0.2"]);
        one.delete(address(3).min(address(1)));
        one.settle();
        // Both wanted it gone.
        assert_eq!((one.told(), one.of(address(1))), (Vec::new(), None), "{product:?}");
        database
            .run(&format!("DELETE FROM lease4 WHERE address = {}", address(2).to_bits()))
            .unwrap();
        one.claim(&lease(2, 9));
        one.settle();
        assert_eq!((one.told(), one.of(address(2))), (vec!["lost 10.0.0.2".to_owned()], None));
        one.claim(&lease(2, 9));
        one.settle();
        assert_eq!(Side::open(&database).of(address(2)), Some(lease(2, 9)));
    }
}

/// What comes after a claim that lost, and was decided before that was known, is lost with it.
#[test]
fn rows_that_build_on_a_lost_claim_do_not_count() {
    let database = DatabaseServer::start(DatabaseProduct::Postgresql).unwrap();
    let (one, two) = (Side::open(&database), Side::open(&database));
    one.claim(&lease(1, 1));
    one.settle();
    two.claim(&lease(1, 2));
    assert_eq!(two.journal.write_step(), Progress::Worked);
    let builds_on_it = two.claim(&lease(1, 3));
    assert_eq!(two.journal.sync_step(), Progress::Worked);
    assert!(two.lost.concerns(address(1), builds_on_it));
    two.settle();
    assert_eq!(two.told(), ["lost 10.0.0.1"]);
    assert_eq!(Side::open(&database).of(address(1)), Some(lease(1, 1)));
}

#[test]
fn one_row_that_is_not_taken_is_in_nobodys_way() {
    for product in DatabaseProduct::ALL {
        let database = DatabaseServer::start(product).unwrap();
        let side = Side::open(&database);
        let mut bad = lease(50, 1);
        match product {
            DatabaseProduct::Mysql => bad.cltt = 0x7fff_ffff,
            // What the column is too short for.
            DatabaseProduct::Postgresql => bad.hostname = "a".repeat(300).into(),
        }
        for number in 0..100 {
            side.claim(&if number == 50 { bad.clone() } else { lease(number, 1) });
        }
        side.settle();
        assert_eq!(side.told(), ["refused 10.0.0.50"], "{product:?}");
        assert_eq!((side.of(address(50)), side.leases.len()), (None, 99));
        let unreadable =
            format!("UPDATE lease4 SET valid_lifetime = NULL WHERE address = {}", 0x0a00_0001);
        database.run(&unreadable).unwrap();
        let again = Side::open(&database);
        let told = "unreadable 10.0.0.1: the column valid_lifetime cannot be read";
        assert_eq!((again.told(), again.leases.len()), (vec![told.to_owned()], 98), "{product:?}");
        again.claim(&lease(1, 8));
        again.settle();
        assert_eq!(Side::open(&database).of(address(1)), Some(lease(1, 8)), "{product:?}");
    }
}

#[test]
fn a_connection_that_is_ended_costs_nothing() {
    for product in DatabaseProduct::ALL {
        let database = DatabaseServer::start(product).unwrap();
        let side = Side::open(&database);
        for number in 0..5 {
            assert_eq!(database.end_connections().unwrap(), 1);
            side.claim(&lease(number, 1));
            side.settle();
            assert_eq!(side.told(), ["reopened"], "{product:?}");
        }
        assert_eq!(Side::open(&database).leases.len(), 5);
    }
}
