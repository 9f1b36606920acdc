//! Leases as rows of `lease4` and `lease6`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use kea_config::snapshot::DatabaseKind;
use kea_lease::{
    HwAddrSource, INFINITE, Lease, LeaseFamily, LeaseKind, LeaseState, SubnetId, V4Owner, V6Owner,
    no_hw_addr,
};
use kea_wire::{ClientId, Duid, HwAddr, Iaid, V4, V6};

use crate::value::{Row, Value};

/// A family whose leases are kept in tables.
pub trait LeaseRows: LeaseFamily {
    /// The table.
    const TABLE: &'static str;
    /// Its columns. The first one is the address.
    const ROW: &'static [&'static str];

    /// An address, as the first column has it.
    fn address_value(address: Self::Addr) -> Value;
    /// The values of a lease, in the order of the columns.
    fn values(kind: DatabaseKind, lease: &Lease<Self>) -> Vec<Value>;
    /// The address of a row.
    fn address(row: &Row) -> Option<Self::Addr>;
    /// The lease of a row, in the order of the columns.
    ///
    /// # Errors
    /// The column that cannot be understood.
    fn lease(row: &Row) -> Result<Lease<Self>, Unreadable>;
}

/// The column of a row that cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable(pub &'static str);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the column {} cannot be read", self.0)
    }
}

/// The column of the end of a lease, as it is asked for.
pub(crate) fn expire_asked(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Mysql => "UNIX_TIMESTAMP(expire)",
        DatabaseKind::Postgresql => "EXTRACT(EPOCH FROM expire)::bigint",
    }
}

/// The column of the end of a lease, as it is given.
pub(crate) fn expire_given(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Mysql => "FROM_UNIXTIME(?)",
        DatabaseKind::Postgresql => "TO_TIMESTAMP(?)",
    }
}

/// The last second that a column of MySQL can hold.
pub(crate) const LAST_SECOND: i64 = 0x7fff_ffff;

/// The end of a lease in its row: that of one for ever is when its client was heard.
pub(crate) fn expire<F: LeaseFamily>(lease: &Lease<F>) -> i64 {
    lease.expires().unwrap_or(lease.cltt)
}

fn cltt(expire: i64, valid_lifetime: u32) -> i64 {
    if valid_lifetime == INFINITE { expire } else { expire - i64::from(valid_lifetime) }
}

/// What there is not: Kea writes NULL in MySQL, and nothing in PostgreSQL.
fn none_of(kind: DatabaseKind, none: Value) -> Value {
    if kind == DatabaseKind::Mysql { Value::Null } else { none }
}

fn context(kind: DatabaseKind, context: &str) -> Value {
    let text = Value::Text(context.to_owned());
    if context.is_empty() { none_of(kind, text) } else { text }
}

fn state(row: &Row, column: usize) -> Result<LeaseState, Unreadable> {
    // NULL is what the column was before there were states.
    let number = if row.is_null(column) { Some(0) } else { row.number(column) };
    number.and_then(LeaseState::from_number).ok_or(Unreadable("state"))
}

/// Text in lower case, as names are kept.
fn hostname(row: &Row, column: usize) -> Box<str> {
    row.text(column).unwrap_or_default().to_ascii_lowercase().into()
}

impl LeaseRows for V4 {
    const TABLE: &'static str = "lease4";
    const ROW: &'static [&'static str] = &[
        "address",
        "hwaddr",
        "client_id",
        "valid_lifetime",
        "expire",
        "subnet_id",
        "fqdn_fwd",
        "fqdn_rev",
        "hostname",
        "state",
        "user_context",
    ];

    fn address_value(address: Ipv4Addr) -> Value {
        Value::Integer(address.to_bits().into())
    }

    fn values(kind: DatabaseKind, lease: &Lease<V4>) -> Vec<Value> {
        let identifier = Self::identifier(&lease.owner);
        let client_id = Value::Octets(identifier.to_vec());
        let has_none = identifier.is_empty();
        vec![
            Self::address_value(lease.address),
            // Of a declined lease there are none, which is not NULL.
            Value::Octets(lease.owner.hw_addr.octets().to_vec()),
            if has_none { none_of(kind, client_id) } else { client_id },
            lease.valid_lifetime.into(),
            expire(lease).into(),
            lease.subnet.0.into(),
            lease.fqdn_fwd.into(),
            lease.fqdn_rev.into(),
            (&*lease.hostname).into(),
            (lease.state as u8).into(),
            context(kind, &lease.user_context),
        ]
    }

    fn address(row: &Row) -> Option<Ipv4Addr> {
        row.number(0).map(Ipv4Addr::from_bits)
    }

    fn lease(row: &Row) -> Result<Lease<V4>, Unreadable> {
        let address = Self::address(row).ok_or(Unreadable("address"))?;
        let hw = row.octets(1).unwrap_or_default();
        let client_id = row.octets(2).unwrap_or_default();
        let valid_lifetime = row.number(3).ok_or(Unreadable("valid_lifetime"))?;
        let expire = row.integer(4).ok_or(Unreadable("expire"))?;
        let identifier = ClientId::new(client_id);
        if identifier.is_none() && !client_id.is_empty() {
            return Err(Unreadable("client_id"));
        }
        Ok(Lease {
            address,
            subnet: SubnetId(row.number(5).ok_or(Unreadable("subnet_id"))?),
            pool_id: 0,
            valid_lifetime,
            cltt: cltt(expire, valid_lifetime),
            state: state(row, 9)?,
            fqdn_fwd: row.boolean(6).unwrap_or(false),
            fqdn_rev: row.boolean(7).unwrap_or(false),
            hostname: hostname(row, 8),
            user_context: row.text(10).unwrap_or_default().into(),
            owner: V4Owner { hw_addr: hw_addr(HwAddr::ETHERNET, hw)?, client_id: identifier },
        })
    }
}

fn hw_addr(htype: u16, octets: &[u8]) -> Result<HwAddr, Unreadable> {
    if octets.is_empty() {
        return Ok(no_hw_addr());
    }
    HwAddr::new(htype, octets).ok_or(Unreadable("hwaddr"))
}

impl LeaseRows for V6 {
    const TABLE: &'static str = "lease6";
    const ROW: &'static [&'static str] = &[
        "address",
        "duid",
        "valid_lifetime",
        "expire",
        "subnet_id",
        "pref_lifetime",
        "lease_type",
        "iaid",
        "prefix_len",
        "fqdn_fwd",
        "fqdn_rev",
        "hostname",
        "hwaddr",
        "hwtype",
        "hwaddr_source",
        "state",
        "user_context",
    ];

    fn address_value(address: Ipv6Addr) -> Value {
        Value::Text(address.to_string())
    }

    fn values(kind: DatabaseKind, lease: &Lease<V6>) -> Vec<Value> {
        let owner = &lease.owner;
        let hw = &owner.hw_addr;
        let none = || none_of(kind, Value::Integer(0));
        let of_hw = |value: u16| if hw.is_empty() { none() } else { value.into() };
        let hw_octets = Value::Octets(hw.octets().to_vec());
        // The column of PostgreSQL has a sign.
        let iaid = match kind {
            DatabaseKind::Mysql => Value::from(owner.iaid.0),
            DatabaseKind::Postgresql => Value::from(owner.iaid.0.cast_signed()),
        };
        vec![
            Self::address_value(lease.address),
            Value::Octets(owner.duid.octets().to_vec()),
            lease.valid_lifetime.into(),
            expire(lease).into(),
            lease.subnet.0.into(),
            owner.preferred_lifetime.into(),
            (owner.kind as u8).into(),
            iaid,
            owner.prefix_len.into(),
            lease.fqdn_fwd.into(),
            lease.fqdn_rev.into(),
            (&*lease.hostname).into(),
            if hw.is_empty() { none_of(kind, hw_octets) } else { hw_octets },
            of_hw(hw.htype()),
            of_hw(owner.hw_source.0),
            (lease.state as u8).into(),
            context(kind, &lease.user_context),
        ]
    }

    fn address(row: &Row) -> Option<Ipv6Addr> {
        row.text(0)?.trim().parse().ok()
    }

    fn lease(row: &Row) -> Result<Lease<V6>, Unreadable> {
        let address = Self::address(row).ok_or(Unreadable("address"))?;
        let duid = Duid::new(row.octets(1).unwrap_or_default()).ok_or(Unreadable("duid"))?;
        let valid_lifetime = row.number(2).ok_or(Unreadable("valid_lifetime"))?;
        let expire = row.integer(3).ok_or(Unreadable("expire"))?;
        let kind = match row.integer(6) {
            Some(0) => LeaseKind::Address,
            Some(1) => LeaseKind::TemporaryAddress,
            Some(2) => LeaseKind::Prefix,
            _ => return Err(Unreadable("lease_type")),
        };
        let prefix_len = match kind {
            LeaseKind::Prefix => row.number(8).filter(|len| *len <= 128),
            LeaseKind::Address | LeaseKind::TemporaryAddress => Some(128),
        };
        // Of PostgreSQL, a half of the numbers is below zero.
        let iaid = row.integer(7).ok_or(Unreadable("iaid"))? as u32;
        let hw = row.octets(12).unwrap_or_default();
        let hw = hw_addr(row.number(13).unwrap_or(HwAddr::ETHERNET), hw)?;
        let source = row.number(14).filter(|_| !hw.is_empty()).unwrap_or(0);
        Ok(Lease {
            address,
            subnet: SubnetId(row.number(4).ok_or(Unreadable("subnet_id"))?),
            pool_id: 0,
            valid_lifetime,
            cltt: cltt(expire, valid_lifetime),
            state: state(row, 15)?,
            fqdn_fwd: row.boolean(9).unwrap_or(false),
            fqdn_rev: row.boolean(10).unwrap_or(false),
            hostname: hostname(row, 11),
            user_context: row.text(16).unwrap_or_default().into(),
            owner: V6Owner {
                duid,
                iaid: Iaid(iaid),
                kind,
                prefix_len: prefix_len.ok_or(Unreadable("prefix_len"))?,
                preferred_lifetime: row.number(5).unwrap_or(0),
                hw_addr: hw,
                hw_source: HwAddrSource(source),
            },
        })
    }
}

/// What tells a row from another one of the same address: of a lease as its row says it, so that what was
/// written and what is read are the same.
pub(crate) fn fingerprint<F: LeaseRows>(kind: DatabaseKind, lease: &Lease<F>) -> u64 {
    use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
    let mut hasher = FINGERPRINTS.build_hasher();
    for value in F::values(kind, lease) {
        match value {
            Value::Null => 0u8.hash(&mut hasher),
            Value::Integer(number) => (1u8, number).hash(&mut hasher),
            Value::Boolean(value) => (1u8, i64::from(value)).hash(&mut hasher),
            Value::Text(text) => (2u8, text.as_bytes()).hash(&mut hasher),
            Value::Octets(octets) => (2u8, octets).hash(&mut hasher),
            Value::Real(number) => (3u8, number.to_bits()).hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// Within one process the same for the same values.
static FINGERPRINTS: std::hash::BuildHasherDefault<std::hash::DefaultHasher> =
    std::hash::BuildHasherDefault::new();

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(lifetime: u32) -> Lease<V6> {
        let owner = V6Owner {
            duid: Duid::new(&[0, 3, 0, 1, 2]).unwrap(),
            iaid: Iaid(0xffff_fff0),
            kind: LeaseKind::Prefix,
            prefix_len: 56,
            preferred_lifetime: 10,
            hw_addr: HwAddr::new(6, &[1, 2, 3]).unwrap(),
            hw_source: HwAddrSource(4),
        };
        let address = "2001:db8::".parse().unwrap();
        let mut lease = Lease::new(address, SubnetId(7), owner, lifetime, 1_700_000_000);
        lease.hostname = "a.example.org".into();
        lease.user_context = "{ \"a\": 1 }".into();
        lease
    }

    #[test]
    fn a_lease_is_the_same_after_its_row() {
        for kind in [DatabaseKind::Mysql, DatabaseKind::Postgresql] {
            for lifetime in [3600, INFINITE] {
                let lease = lease(lifetime);
                let row = Row::new(V6::values(kind, &lease));
                assert_eq!(row.0.len(), V6::ROW.len());
                assert_eq!(V6::lease(&row).as_ref(), Ok(&lease));
            }
        }
        let forever = V6::values(DatabaseKind::Mysql, &lease(INFINITE));
        assert_eq!(forever[3], Value::Integer(1_700_000_000), "the end is when it was heard");
        let iaid = |kind| V6::values(kind, &lease(1))[7].clone();
        assert_eq!(iaid(DatabaseKind::Mysql), Value::Integer(0xffff_fff0));
        assert_eq!(iaid(DatabaseKind::Postgresql), Value::Integer(-16));
    }

    #[test]
    fn what_is_not_known_is_null() {
        let owner = V4Owner { hw_addr: no_hw_addr(), client_id: None };
        let address = Ipv4Addr::new(192, 0, 2, 1);
        let mut lease = Lease::<V4>::new(address, SubnetId(1), owner, 60, 100);
        lease.state = LeaseState::Declined;
        let values = V4::values(DatabaseKind::Mysql, &lease);
        assert_eq!([&values[2], &values[10]], [&Value::Null; 2]);
        assert_eq!(values[1], Value::Octets(Vec::new()));
        assert_eq!(values[0], Value::Integer(0xc000_0201));
        assert_eq!(V4::lease(&Row::new(values)), Ok(lease));
    }

    #[test]
    fn a_column_that_cannot_be_read_is_named() {
        let mut values = V4::values(
            DatabaseKind::Mysql,
            &Lease::new(
                Ipv4Addr::LOCALHOST,
                SubnetId(1),
                V4Owner { hw_addr: no_hw_addr(), client_id: None },
                1,
                1,
            ),
        );
        values[9] = Value::Integer(77);
        let unreadable = V4::lease(&Row::new(values)).unwrap_err();
        assert_eq!(unreadable.to_string(), "the column state cannot be read");
    }
}
