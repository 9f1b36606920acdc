//! Classless static routes: option 121 (RFC 3442).

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use kea_wire::{Prefix, PrefixError};

/// One route: where to, and through which router. Written `10.0.0.0/8 - 192.0.2.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The destination; host bits do not reach the wire.
    pub destination: Prefix<Ipv4Addr>,
    /// The next hop, or 0.0.0.0 for a destination on the link.
    pub router: Ipv4Addr,
}

/// Why a text is not a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteError {
    /// There is not exactly one `-`.
    Form,
    /// What stands before the `-` is no prefix.
    Destination(PrefixError),
    /// What stands after the `-` is no IPv4 address.
    Router,
}

impl Route {
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let len = self.destination.len();
        out.push(len);
        let destination = self.destination.first().octets();
        out.extend(destination.iter().take(usize::from(len.div_ceil(8))));
        out.extend_from_slice(&self.router.octets());
    }

    /// The route at the beginning of `octets`, and the number of octets it takes. `None` when they
    /// end before it does, or the width of the destination exceeds 32.
    pub(crate) fn read(octets: &[u8]) -> Option<(Self, usize)> {
        let (&len, rest) = octets.split_first()?;
        let significant = usize::from(len.div_ceil(8));
        let mut destination = [0; 4];
        destination.get_mut(..significant)?.copy_from_slice(rest.get(..significant)?);
        let router: [u8; 4] = rest.get(significant..significant + 4)?.try_into().ok()?;
        let destination = Prefix::new(Ipv4Addr::from(destination), len)?;
        let route = Route { destination, router: Ipv4Addr::from(router) };
        Some((route, 1 + significant + 4))
    }
}

impl FromStr for Route {
    type Err = RouteError;
    fn from_str(text: &str) -> Result<Self, RouteError> {
        let (destination, router) = text.split_once('-').ok_or(RouteError::Form)?;
        if router.contains('-') {
            return Err(RouteError::Form);
        }
        let given: Prefix<Ipv4Addr> =
            destination.trim().parse().map_err(RouteError::Destination)?;
        let destination = Prefix::new(given.first(), given.len()).unwrap_or(given);
        let router = router.trim().parse().map_err(|_| RouteError::Router)?;
        Ok(Route { destination, router })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} - {}", self.destination, self.router)
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteError::Form => f.write_str("a route is written DESTINATION/LENGTH - ROUTER"),
            RouteError::Destination(error) => error.fmt(f),
            RouteError::Router => f.write_str("the router is not an IPv4 address"),
        }
    }
}

impl std::error::Error for RouteError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of RFC 3442: destination, and its descriptor.
    #[test]
    fn destination_descriptors() {
        let rows: [(&str, &[u8]); 8] = [
            ("0.0.0.0/0", &[0]),
            ("10.0.0.0/8", &[8, 10]),
            ("10.0.0.0/24", &[24, 10, 0, 0]),
            ("10.17.0.0/16", &[16, 10, 17]),
            ("10.27.129.0/24", &[24, 10, 27, 129]),
            ("10.229.0.128/25", &[25, 10, 229, 0, 128]),
            ("10.198.122.47/32", &[32, 10, 198, 122, 47]),
            ("10.229.255.255/17", &[17, 10, 229, 128]),
        ];
        for (destination, descriptor) in rows {
            let route: Route = format!("{destination} - 192.0.2.1").parse().unwrap();
            let mut wire = Vec::new();
            route.write(&mut wire);
            assert_eq!(wire, [descriptor, &[192, 0, 2, 1]].concat(), "{destination}");
            assert_eq!(Route::read(&wire), Some((route, wire.len())));
            assert_eq!(Route::read(&wire[..wire.len() - 1]), None);
        }
    }

    #[test]
    fn what_is_no_route_says_why() {
        let error = |text: &str| text.parse::<Route>().unwrap_err();
        assert_eq!(error("10.0.0.0/8"), RouteError::Form);
        assert_eq!(error("10.0.0.0/8 - 10.0.0.1 - 10.0.0.2"), RouteError::Form);
        assert_eq!(error("10.0.0.0 - 10.0.0.1"), RouteError::Destination(PrefixError::NoLength));
        assert_eq!(error("10.0.0.0/8 - x"), RouteError::Router);
        assert_eq!(Route::read(&[33, 1, 2, 3, 4, 5, 6, 7, 8, 9]), None);
    }
}
