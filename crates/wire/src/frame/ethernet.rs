//! Ethernet II frames with or without VLAN tags (IEEE 802.3, 802.1Q).

/// The address of all stations.
pub const ETHERNET_BROADCAST: [u8; 6] = [0xff; 6];

/// An Ethernet frame, VLAN tags taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ethernet<'a> {
    /// Destination.
    pub destination: [u8; 6],
    /// Source.
    pub source: [u8; 6],
    /// The outermost tag.
    pub vlan: Option<VlanTag>,
    /// EtherType of the payload.
    pub ether_type: u16,
    /// What follows, link padding included.
    pub payload: &'a [u8],
}

/// Tag control information of IEEE 802.1Q: priority, drop eligibility, identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VlanTag(pub u16);

impl VlanTag {
    /// The VLAN identifier, 12 bits.
    pub fn id(self) -> u16 {
        self.0 & 0x0fff
    }

    /// The priority, 3 bits.
    pub fn priority(self) -> u8 {
        (self.0 >> 13) as u8
    }
}

/// Why octets are no Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EthernetError {
    /// The header or a VLAN tag is cut.
    TooShort {
        /// Octets there are.
        len: usize,
    },
    /// More tags than [`Ethernet::MAX_TAGS`].
    TooManyTags,
}

impl std::fmt::Display for EthernetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EthernetError::TooShort { len } => write!(f, "Ethernet frame is cut at {len} octets"),
            EthernetError::TooManyTags => {
                write!(f, "Ethernet frame has more than {} VLAN tags", Ethernet::MAX_TAGS)
            }
        }
    }
}

impl std::error::Error for EthernetError {}

impl<'a> Ethernet<'a> {
    /// EtherType of IPv4.
    pub const IPV4: u16 = 0x0800;
    /// EtherType of a customer VLAN tag (IEEE 802.1Q).
    pub const CUSTOMER_TAG: u16 = 0x8100;
    /// EtherType of a service VLAN tag (IEEE 802.1ad).
    pub const SERVICE_TAG: u16 = 0x88a8;
    /// Tags that are taken off at most.
    pub const MAX_TAGS: usize = 2;

    /// Reads a frame without its check sequence.
    ///
    /// # Errors
    /// When the header is cut, or has more tags than [`Self::MAX_TAGS`].
    pub fn parse(frame: &'a [u8]) -> Result<Self, EthernetError> {
        let too_short = EthernetError::TooShort { len: frame.len() };
        let (&destination, rest) = frame.split_first_chunk().ok_or(too_short)?;
        let (&source, rest) = rest.split_first_chunk().ok_or(too_short)?;
        let (&ether_type, mut payload) = rest.split_first_chunk().ok_or(too_short)?;
        let mut ether_type = u16::from_be_bytes(ether_type);
        let mut vlan = None;
        let mut tags = 0;
        while matches!(ether_type, Self::CUSTOMER_TAG | Self::SERVICE_TAG) {
            if tags == Self::MAX_TAGS {
                return Err(EthernetError::TooManyTags);
            }
            let (&[t1, t0, e1, e0], rest) = payload.split_first_chunk().ok_or(too_short)?;
            vlan = vlan.or(Some(VlanTag(u16::from_be_bytes([t1, t0]))));
            ether_type = u16::from_be_bytes([e1, e0]);
            payload = rest;
            tags += 1;
        }
        Ok(Ethernet { destination, source, vlan, ether_type, payload })
    }
}

pub(super) fn emit(
    buffer: &mut Vec<u8>,
    destination: [u8; 6],
    source: [u8; 6],
    vlan: Option<VlanTag>,
    ether_type: u16,
) {
    buffer.extend_from_slice(&destination);
    buffer.extend_from_slice(&source);
    if let Some(VlanTag(tag)) = vlan {
        buffer.extend_from_slice(&Ethernet::CUSTOMER_TAG.to_be_bytes());
        buffer.extend_from_slice(&tag.to_be_bytes());
    }
    buffer.extend_from_slice(&ether_type.to_be_bytes());
}
