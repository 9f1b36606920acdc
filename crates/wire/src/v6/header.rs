//! The enumerations of DHCPv6: message types and status codes.

use crate::wire_enum::wire_enum;

wire_enum! {
    /// Message type (RFC 9915 section 7.3 and the IANA registry).
    MessageType: u8 {
        Solicit = 1 => "SOLICIT",
        Advertise = 2 => "ADVERTISE",
        Request = 3 => "REQUEST",
        Confirm = 4 => "CONFIRM",
        Renew = 5 => "RENEW",
        Rebind = 6 => "REBIND",
        Reply = 7 => "REPLY",
        Release = 8 => "RELEASE",
        Decline = 9 => "DECLINE",
        Reconfigure = 10 => "RECONFIGURE",
        InformationRequest = 11 => "INFORMATION-REQUEST",
        RelayForward = 12 => "RELAY-FORW",
        RelayReply = 13 => "RELAY-REPL",
        LeaseQuery = 14 => "LEASEQUERY",
        LeaseQueryReply = 15 => "LEASEQUERY-REPLY",
        LeaseQueryDone = 16 => "LEASEQUERY-DONE",
        LeaseQueryData = 17 => "LEASEQUERY-DATA",
        ReconfigureRequest = 18 => "RECONFIGURE-REQUEST",
        ReconfigureReply = 19 => "RECONFIGURE-REPLY",
        Dhcpv4Query = 20 => "DHCPV4-QUERY",
        Dhcpv4Response = 21 => "DHCPV4-RESPONSE",
        ActiveLeaseQuery = 22 => "ACTIVELEASEQUERY",
        StartTls = 23 => "STARTTLS",
        BindingUpdate = 24 => "BNDUPD",
        BindingReply = 25 => "BNDREPLY",
        PoolRequest = 26 => "POOLREQ",
        PoolResponse = 27 => "POOLRESP",
        UpdateRequest = 28 => "UPDREQ",
        UpdateRequestAll = 29 => "UPDREQALL",
        UpdateDone = 30 => "UPDDONE",
        Connect = 31 => "CONNECT",
        ConnectReply = 32 => "CONNECTREPLY",
        Disconnect = 33 => "DISCONNECT",
        State = 34 => "STATE",
        Contact = 35 => "CONTACT",
        AddrRegInform = 36 => "ADDR-REG-INFORM",
        AddrRegReply = 37 => "ADDR-REG-REPLY",
    }
}

impl MessageType {
    /// True for the two messages that envelop another one.
    pub fn is_relay(self) -> bool {
        matches!(self, MessageType::RelayForward | MessageType::RelayReply)
    }
}

wire_enum! {
    /// Status code (RFC 9915 section 21.13 and the IANA registry).
    StatusCode: u16 {
        Success = 0 => "Success",
        UnspecFail = 1 => "UnspecFail",
        NoAddrsAvail = 2 => "NoAddrsAvail",
        NoBinding = 3 => "NoBinding",
        NotOnLink = 4 => "NotOnLink",
        UseMulticast = 5 => "UseMulticast",
        NoPrefixAvail = 6 => "NoPrefixAvail",
        UnknownQueryType = 7 => "UnknownQueryType",
        MalformedQuery = 8 => "MalformedQuery",
        NotConfigured = 9 => "NotConfigured",
        NotAllowed = 10 => "NotAllowed",
        QueryTerminated = 11 => "QueryTerminated",
        DataMissing = 12 => "DataMissing",
        CatchUpComplete = 13 => "CatchUpComplete",
        NotSupported = 14 => "NotSupported",
        TlsConnectionRefused = 15 => "TLSConnectionRefused",
        AddressInUse = 16 => "AddressInUse",
        ConfigurationConflict = 17 => "ConfigurationConflict",
        MissingBindingInformation = 18 => "MissingBindingInformation",
        OutdatedBindingInformation = 19 => "OutdatedBindingInformation",
        ServerShuttingDown = 20 => "ServerShuttingDown",
        DnsUpdateNotSupported = 21 => "DNSUpdateNotSupported",
        ExcessiveTimeSkew = 22 => "ExcessiveTimeSkew",
    }
}
