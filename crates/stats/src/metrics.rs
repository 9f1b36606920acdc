//! Every statistic as data.

/// Which server's names apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerKind {
    /// `kea-dhcp4`.
    Dhcp4,
    /// `kea-dhcp6`.
    Dhcp6,
    /// `kea-dhcp-ddns`.
    Ddns,
}

impl ServerKind {
    /// The DHCP server for an IP version (`Family::VERSION`): 4, anything else is 6.
    pub const fn of_version(version: u8) -> Self {
        if version == 4 { Self::Dhcp4 } else { Self::Dhcp6 }
    }
}

/// When a statistic is part of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// From the start, with value 0.
    Always,
    /// From its first change.
    WhenCounted,
}

/// A table of statistics of one scope.
pub trait Metric: Copy + 'static {
    /// Its rows.
    const ALL: &'static [Self];

    /// Position in the table.
    fn index(self) -> usize;

    /// Name below the scope, `None` where the server has no such statistic.
    fn name(self, server: ServerKind) -> Option<&'static str>;

    /// When it is part of the answers.
    fn presence(self) -> Presence;
}

macro_rules! metrics {
    ($(#[$doc:meta])* $table:ident { $(
        $(#[$row_doc:meta])* $variant:ident $presence:ident: $v4:tt $v6:tt $ddns:tt;
    )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $table { $($(#[$row_doc])* $variant,)* }

        impl Metric for $table {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn index(self) -> usize {
                self as usize
            }

            fn name(self, server: ServerKind) -> Option<&'static str> {
                let names = match self {
                    $(Self::$variant => [name!($v4), name!($v6), name!($ddns)],)*
                };
                names[server as usize]
            }

            fn presence(self) -> Presence {
                match self { $(Self::$variant => Presence::$presence,)* }
            }
        }
    };
}

macro_rules! name {
    (_) => {
        None
    };
    ($name:literal) => {
        Some($name)
    };
}

metrics! {
    /// Statistics of a whole DHCP server.
    ServerMetric {
        /// Every datagram received, whatever becomes of it.
        Received Always: "pkt4-received" "pkt6-received" _;
        /// DHCPDISCOVER.
        DiscoverReceived Always: "pkt4-discover-received" _ _;
        /// DHCPOFFER, which a server should never get.
        OfferReceived Always: "pkt4-offer-received" _ _;
        /// SOLICIT.
        SolicitReceived Always: _ "pkt6-solicit-received" _;
        /// ADVERTISE, which a server should never get.
        AdvertiseReceived Always: _ "pkt6-advertise-received" _;
        /// DHCPREQUEST, REQUEST.
        RequestReceived Always: "pkt4-request-received" "pkt6-request-received" _;
        /// DHCPACK, which a server should never get.
        AckReceived Always: "pkt4-ack-received" _ _;
        /// DHCPNAK, which a server should never get.
        NakReceived Always: "pkt4-nak-received" _ _;
        /// REPLY, which a server should never get.
        ReplyReceived Always: _ "pkt6-reply-received" _;
        /// RENEW.
        RenewReceived Always: _ "pkt6-renew-received" _;
        /// REBIND.
        RebindReceived Always: _ "pkt6-rebind-received" _;
        /// DHCPRELEASE, RELEASE.
        ReleaseReceived Always: "pkt4-release-received" "pkt6-release-received" _;
        /// DHCPDECLINE, DECLINE.
        DeclineReceived Always: "pkt4-decline-received" "pkt6-decline-received" _;
        /// DHCPINFORM.
        InformReceived Always: "pkt4-inform-received" _ _;
        /// INFORMATION-REQUEST.
        InfrequestReceived Always: _ "pkt6-infrequest-received" _;
        /// CONFIRM.
        ConfirmReceived WhenCounted: _ "pkt6-confirm-received" _;
        /// DHCPV4-QUERY (RFC 7341).
        Dhcpv4QueryReceived Always: _ "pkt6-dhcpv4-query-received" _;
        /// DHCPV4-RESPONSE, which a server should never get.
        Dhcpv4ResponseReceived Always: _ "pkt6-dhcpv4-response-received" _;
        /// Message types that are not served, or none at all.
        UnknownReceived Always: "pkt4-unknown-received" "pkt6-unknown-received" _;
        /// Every packet sent.
        Sent Always: "pkt4-sent" "pkt6-sent" _;
        /// DHCPOFFER.
        OfferSent Always: "pkt4-offer-sent" _ _;
        /// ADVERTISE.
        AdvertiseSent Always: _ "pkt6-advertise-sent" _;
        /// DHCPACK.
        AckSent Always: "pkt4-ack-sent" _ _;
        /// DHCPNAK.
        NakSent Always: "pkt4-nak-sent" _ _;
        /// REPLY.
        ReplySent Always: _ "pkt6-reply-sent" _;
        /// DHCPV4-RESPONSE (RFC 7341).
        Dhcpv4ResponseSent Always: _ "pkt6-dhcpv4-response-sent" _;
        /// Could not be parsed; these also count as dropped.
        ParseFailed Always: "pkt4-parse-failed" "pkt6-parse-failed" _;
        /// Dropped for whatever reason.
        ReceiveDrop Always: "pkt4-receive-drop" "pkt6-receive-drop" _;
        /// … because too many answers wait already.
        QueueFull WhenCounted: "pkt4-queue-full" "pkt6-queue-full" _;
        /// … because they break the rules of the protocol.
        RfcViolation WhenCounted: "pkt4-rfc-violation" "pkt6-rfc-violation" _;
        /// … because the configuration says so: class DROP.
        AdminFiltered WhenCounted: "pkt4-admin-filtered" "pkt6-admin-filtered" _;
        /// … because they are another server's business.
        NotForUs WhenCounted: "pkt4-not-for-us" "pkt6-not-for-us" _;
        /// … because something failed here.
        ProcessingFailed WhenCounted: "pkt4-processing-failed" "pkt6-processing-failed" _;
        /// … because a limit of the client was reached.
        LimitExceeded WhenCounted: "pkt4-limit-exceeded" "pkt6-limit-exceeded" _;
        /// … because the service is switched off.
        ServiceDisabled WhenCounted: "pkt4-service-disabled" "pkt6-service-disabled" _;
        /// … because the same client's query is being answered.
        Duplicate WhenCounted: "pkt4-duplicate" "pkt6-duplicate" _;
        /// … because their clients have asked again since.
        Stale WhenCounted: "pkt4-stale" "pkt6-stale" _;
        /// Name change requests lost because too many wait to be sent.
        NameChangeDropped WhenCounted: "ncr-dropped" "ncr-dropped" _;
        /// DHCPLEASEQUERY (RFC 4388), LEASEQUERY (RFC 5007).
        LeaseQueryReceived WhenCounted: "pkt4-lease-query-received" "pkt6-lease-query-received" _;
        /// LEASEQUERY-REPLY.
        LeaseQueryReplySent WhenCounted: _ "pkt6-lease-query-reply-sent" _;
        /// DHCPLEASEUNKNOWN.
        LeaseQueryUnknownSent WhenCounted: "pkt4-lease-query-response-unknown-sent" _ _;
        /// DHCPLEASEUNASSIGNED.
        LeaseQueryUnassignedSent WhenCounted: "pkt4-lease-query-response-unassigned-sent" _ _;
        /// DHCPLEASEACTIVE.
        LeaseQueryActiveSent WhenCounted: "pkt4-lease-query-response-active-sent" _ _;
        /// Addresses assigned since start; kept over reconfiguration.
        CumulativeAssigned Always: "cumulative-assigned-addresses" "cumulative-assigned-nas" _;
        /// Prefixes assigned since start; kept over reconfiguration.
        CumulativeAssignedPrefixes Always: _ "cumulative-assigned-pds" _;
        /// Addresses now declined.
        Declined Always: "declined-addresses" "declined-addresses" _;
        /// Declined addresses recovered since start.
        ReclaimedDeclined Always: "reclaimed-declined-addresses" "reclaimed-declined-addresses" _;
        /// Leases reclaimed since start, addresses and prefixes together.
        Reclaimed Always: "reclaimed-leases" "reclaimed-leases" _;
        /// A reserved address was held by another client.
        ReservationConflicts Always: "v4-reservation-conflicts" _ _;
        /// Allocations that ended without a lease.
        AllocationFail Always: "v4-allocation-fail" "v6-allocation-fail" _;
        /// … because of client classes.
        AllocationFailClasses Always: "v4-allocation-fail-classes" "v6-allocation-fail-classes" _;
        /// … because no pool was usable.
        AllocationFailNoPools Always: "v4-allocation-fail-no-pools" "v6-allocation-fail-no-pools" _;
        /// … of a client on a shared network.
        AllocationFailSharedNetwork Always:
            "v4-allocation-fail-shared-network" "v6-allocation-fail-shared-network" _;
        /// … of a client on a subnet of its own.
        AllocationFailSubnet Always: "v4-allocation-fail-subnet" "v6-allocation-fail-subnet" _;
    }
}

metrics! {
    /// Statistics of a subnet, named `subnet[<id>].<name>`.
    SubnetMetric {
        /// Addresses of all pools.
        Total Always: "total-addresses" "total-nas" _;
        /// Addresses now assigned, declined ones included.
        Assigned Always: "assigned-addresses" "assigned-nas" _;
        /// Addresses assigned since the last configuration.
        CumulativeAssigned Always: "cumulative-assigned-addresses" "cumulative-assigned-nas" _;
        /// Prefixes of all prefix pools.
        TotalPrefixes Always: _ "total-pds" _;
        /// Prefixes now assigned.
        AssignedPrefixes Always: _ "assigned-pds" _;
        /// Prefixes assigned since the last configuration.
        CumulativeAssignedPrefixes Always: _ "cumulative-assigned-pds" _;
        /// Addresses now declined.
        Declined Always: "declined-addresses" "declined-addresses" _;
        /// Declined addresses recovered.
        ReclaimedDeclined Always: "reclaimed-declined-addresses" "reclaimed-declined-addresses" _;
        /// Leases reclaimed, addresses and prefixes together.
        Reclaimed Always: "reclaimed-leases" "reclaimed-leases" _;
        /// A reserved address was held by another client.
        ReservationConflicts Always: "v4-reservation-conflicts" _ _;
        /// Allocations that ended without a lease.
        AllocationFail WhenCounted: "v4-allocation-fail" "v6-allocation-fail" _;
        /// … because of client classes.
        AllocationFailClasses WhenCounted: "v4-allocation-fail-classes" "v6-allocation-fail-classes" _;
        /// … because no pool was usable.
        AllocationFailNoPools WhenCounted:
            "v4-allocation-fail-no-pools" "v6-allocation-fail-no-pools" _;
        /// … of a client on a shared network.
        AllocationFailSharedNetwork WhenCounted:
            "v4-allocation-fail-shared-network" "v6-allocation-fail-shared-network" _;
        /// … of a client on a subnet of its own.
        AllocationFailSubnet WhenCounted: "v4-allocation-fail-subnet" "v6-allocation-fail-subnet" _;
    }
}

metrics! {
    /// Statistics of the address pools of one number, named `subnet[<id>].pool[<pool>].<name>`. Servers of the 2.2
    /// generation had none of them.
    PoolMetric {
        /// Addresses of the pools.
        Total Always: "total-addresses" "total-nas" _;
        /// Addresses now assigned, declined ones included.
        Assigned Always: "assigned-addresses" "assigned-nas" _;
        /// Addresses assigned since the last configuration.
        CumulativeAssigned Always: "cumulative-assigned-addresses" "cumulative-assigned-nas" _;
        /// Addresses now declined.
        Declined Always: "declined-addresses" "declined-addresses" _;
        /// Declined addresses recovered.
        ReclaimedDeclined Always: "reclaimed-declined-addresses" "reclaimed-declined-addresses" _;
        /// Leases reclaimed.
        Reclaimed Always: "reclaimed-leases" "reclaimed-leases" _;
    }
}

metrics! {
    /// Statistics of the prefix pools of one number, named `subnet[<id>].pd-pool[<pool>].<name>`.
    PrefixPoolMetric {
        /// Prefixes of the pools.
        Total Always: _ "total-pds" _;
        /// Prefixes now assigned.
        Assigned Always: _ "assigned-pds" _;
        /// Prefixes assigned since the last configuration.
        CumulativeAssigned Always: _ "cumulative-assigned-pds" _;
        /// Leases reclaimed.
        Reclaimed Always: _ "reclaimed-leases" _;
    }
}

impl PoolMetric {
    /// What a pool of addresses counts where its subnet counts `metric`.
    pub fn of(metric: SubnetMetric) -> Option<Self> {
        Some(match metric {
            SubnetMetric::Total => Self::Total,
            SubnetMetric::Assigned => Self::Assigned,
            SubnetMetric::CumulativeAssigned => Self::CumulativeAssigned,
            SubnetMetric::Declined => Self::Declined,
            SubnetMetric::ReclaimedDeclined => Self::ReclaimedDeclined,
            SubnetMetric::Reclaimed => Self::Reclaimed,
            _ => return None,
        })
    }
}

impl PrefixPoolMetric {
    /// What a pool of prefixes counts where its subnet counts `metric`.
    pub fn of(metric: SubnetMetric) -> Option<Self> {
        Some(match metric {
            SubnetMetric::TotalPrefixes => Self::Total,
            SubnetMetric::AssignedPrefixes => Self::Assigned,
            SubnetMetric::CumulativeAssignedPrefixes => Self::CumulativeAssigned,
            SubnetMetric::Reclaimed => Self::Reclaimed,
            _ => return None,
        })
    }
}

metrics! {
    /// Statistics of the DDNS server.
    UpdateMetric {
        /// Valid name change requests received.
        NcrReceived Always: _ _ "ncr-received";
        /// Invalid ones.
        NcrInvalid Always: _ _ "ncr-invalid";
        /// Reception errors.
        NcrError Always: _ _ "ncr-error";
        /// DNS updates sent.
        UpdateSent Always: _ _ "update-sent";
        /// … signed with a TSIG key.
        UpdateSigned Always: _ _ "update-signed";
        /// … not signed.
        UpdateUnsigned Always: _ _ "update-unsigned";
        /// Updates that succeeded.
        UpdateSuccess Always: _ _ "update-success";
        /// Updates without answer.
        UpdateTimeout Always: _ _ "update-timeout";
        /// Updates that failed otherwise.
        UpdateError Always: _ _ "update-error";
    }
}

metrics! {
    /// Statistics of a TSIG key, named `key[<DNS name>].<name>`.
    KeyMetric {
        /// DNS updates sent.
        UpdateSent Always: _ _ "update-sent";
        /// Updates that succeeded.
        UpdateSuccess Always: _ _ "update-success";
        /// Updates without answer.
        UpdateTimeout Always: _ _ "update-timeout";
        /// Updates that failed otherwise.
        UpdateError Always: _ _ "update-error";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<M: Metric>(server: ServerKind) -> Vec<&'static str> {
        let mut names: Vec<_> = M::ALL.iter().filter_map(|metric| metric.name(server)).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn rows_sit_at_their_index() {
        for (index, metric) in ServerMetric::ALL.iter().enumerate() {
            assert_eq!(metric.index(), index);
        }
    }

    #[test]
    fn names_are_unique_and_belong_to_the_family() {
        for server in [ServerKind::Dhcp4, ServerKind::Dhcp6] {
            let names = names::<ServerMetric>(server);
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
            let foreign = if server == ServerKind::Dhcp4 { "pkt6-" } else { "pkt4-" };
            assert!(!names.iter().any(|name| name.starts_with(foreign)));
        }
    }

    #[test]
    fn the_ddns_server_has_nine_statistics() {
        assert_eq!(
            names::<UpdateMetric>(ServerKind::Ddns),
            [
                "ncr-error",
                "ncr-invalid",
                "ncr-received",
                "update-error",
                "update-sent",
                "update-signed",
                "update-success",
                "update-timeout",
                "update-unsigned"
            ]
        );
    }
}
