//! Messages of host reservations.

use super::catalogue;

catalogue! {
    [Debug 50] Hosts {
        HOSTS_BACKEND_DEREGISTER: "host backend %1 withdrawn";
        HOSTS_BACKEND_REGISTER: "host backend %1 offered";
    }
    [Warn] Hosts {
        HOSTS_ROW_PASSED_OVER: "%1: table %2: the reservation of host_id %3 is passed over: %4";
        HOSTS_ADDRESS_REPEATED: "%1: %2 is reserved for several clients in subnet %3: %4",
            "Only one of them can have it at a time: whoever comes first. Set 'ip-reservations-unique' to \
             false if that is intended, or leave it to one of them.";
        HOSTS_NOT_READ: "%1: changes of reservations cannot be read: %2",
            "What was read last stays in force.";
    }
    [Info] Hosts {
        HOSTS_OF_OTHER_SUBNETS:
            "%1: %2 reservations are of subnets that are not configured, such as %3 (host_id %4)";
        HOSTS_BACKENDS_REGISTERED: "host backends at hand: %1";
        HOSTS_CFG_CACHE_HOST_DATA_SOURCE: "reservations are cached in %1";
        HOSTS_CFG_CLOSE_HOST_DATA_SOURCE: "closing host source %1";
    }
    [Debug 40] Hosts {
        HOSTS_CFG_GET_ALL_ADDRESS4: "looking for all reservations for address %1";
        HOSTS_CFG_GET_ALL_ADDRESS6: "looking for all reservations for address %1";
        HOSTS_CFG_GET_ALL_IDENTIFIER: "looking for all reservations for identifier %1";
        HOSTS_CFG_GET_ALL_SUBNET_ID_ADDRESS4:
            "looking for all reservations of subnet %1 for address %2";
        HOSTS_CFG_GET_ALL_SUBNET_ID_ADDRESS6:
            "looking for all reservations of subnet %1 for address %2";
        HOSTS_CFG_GET_ONE_SUBNET_ID_ADDRESS4:
            "looking for one reservation of subnet %1 for address %2";
        HOSTS_CFG_GET_ONE_SUBNET_ID_ADDRESS6:
            "looking for one reservation of subnet %1 for address %2";
        HOSTS_CFG_GET_ONE_SUBNET_ID_IDENTIFIER:
            "looking for one %1 reservation of subnet %2 for identifier %3";
        HOSTS_ROW_REPEATED:
            "%1: another reservation for %2 %3 in subnet %4 has a lower host_id, and counts";
        HOSTS_CFG_ADD_HOST: "adding reservation %1";
        HOSTS_MGR_ALTERNATE_GET_ALL_SUBNET_ID_ADDRESS4:
            "asking other sources for all reservations of subnet %1 for address %2";
        HOSTS_MGR_ALTERNATE_GET_ALL_SUBNET_ID_ADDRESS6:
            "asking other sources for all reservations of subnet %1 for address %2";
        HOSTS_CFG_GET_ALL: "looking for all reservations";
        HOSTS_CFG_GET_ALL_HOSTNAME: "looking for all reservations for name %1";
        HOSTS_CFG_GET_ALL_HOSTNAME_SUBNET_ID4:
            "looking for all reservations for name %1 in subnet %2";
        HOSTS_CFG_GET_ALL_HOSTNAME_SUBNET_ID6:
            "looking for all reservations for name %1 in subnet %2";
        HOSTS_CFG_GET_ALL_SUBNET_ID4: "looking for all reservations of subnet %1";
        HOSTS_CFG_GET_ALL_SUBNET_ID6: "looking for all reservations of subnet %1";
        HOSTS_CFG_GET_ONE_PREFIX: "looking for one reservation for prefix %1/%2";
        HOSTS_CFG_DEL_ALL_SUBNET4: "%1 reservations of subnet %2 deleted";
        HOSTS_CFG_DEL_ALL_SUBNET6: "%1 reservations with %2 addresses of subnet %3 deleted";
        HOSTS_MGR_ALTERNATE_GET4_SUBNET_ID_ADDRESS4:
            "asking other sources for a reservation of subnet %1 for address %2";
        HOSTS_MGR_ALTERNATE_GET6_PREFIX: "asking other sources for a reservation for prefix %1/%2";
        HOSTS_MGR_ALTERNATE_GET6_SUBNET_ID_ADDRESS6:
            "asking other sources for a reservation of subnet %1 for address %2";
    }
    [Debug 45] Hosts {
        HOSTS_CFG_GET_ALL_ADDRESS4_COUNT: "reservations for address %1: %2 found";
        HOSTS_CFG_GET_ALL_ADDRESS6_COUNT: "reservations for address %1: %2 found";
        HOSTS_CFG_GET_ALL_IDENTIFIER_COUNT: "reservations for identifier %1: %2 found";
        HOSTS_CFG_GET_ALL_SUBNET_ID_ADDRESS4_COUNT:
            "reservations of subnet %1 for address %2: %3 found";
        HOSTS_CFG_GET_ALL_SUBNET_ID_ADDRESS6_COUNT:
            "reservations of subnet %1 for address %2: %3 found";
        HOSTS_CFG_GET_ONE_SUBNET_ID_ADDRESS4_HOST: "reservation of subnet %1 for address %2: %3";
        HOSTS_CFG_GET_ONE_SUBNET_ID_ADDRESS4_NULL: "no reservation of subnet %1 for address %2";
        HOSTS_CFG_GET_ONE_SUBNET_ID_ADDRESS6_HOST: "reservation of subnet %1 for address %2: %3";
        HOSTS_CFG_GET_ONE_SUBNET_ID_ADDRESS6_NULL: "no reservation of subnet %1 for address %2";
        HOSTS_CFG_GET_ONE_SUBNET_ID_IDENTIFIER_HOST:
            "reservation of subnet %1 for identifier %2: %3";
        HOSTS_CFG_GET_ONE_SUBNET_ID_IDENTIFIER_NULL:
            "no reservation of subnet %1 for identifier %2";
        HOSTS_CFG_GET_ALL_COUNT: "reservations: %1 found";
        HOSTS_CFG_GET_ALL_HOSTNAME_COUNT: "reservations for name %1: %2 found";
        HOSTS_CFG_GET_ALL_HOSTNAME_SUBNET_ID4_COUNT:
            "reservations for name %1 in subnet %2: %3 found";
        HOSTS_CFG_GET_ALL_HOSTNAME_SUBNET_ID6_COUNT:
            "reservations for name %1 in subnet %2: %3 found";
        HOSTS_CFG_GET_ALL_SUBNET_ID4_COUNT: "reservations of subnet %1: %2 found";
        HOSTS_CFG_GET_ALL_SUBNET_ID6_COUNT: "reservations of subnet %1: %2 found";
        HOSTS_CFG_GET_ONE_PREFIX_HOST: "reservation for prefix %1/%2: %3";
        HOSTS_CFG_GET_ONE_PREFIX_NULL: "no reservation for prefix %1/%2";
    }
    [Debug 55] Hosts {
        HOSTS_CFG_GET_ALL_ADDRESS4_HOST: "reservation for address %1: %2";
        HOSTS_CFG_GET_ALL_ADDRESS6_HOST: "reservation for address %1: %2";
        HOSTS_CFG_GET_ALL_IDENTIFIER_HOST: "reservation for identifier %1: %2";
        HOSTS_CFG_GET_ALL_SUBNET_ID_ADDRESS4_HOST: "reservation of subnet %1 for address %2: %3";
        HOSTS_CFG_GET_ALL_SUBNET_ID_ADDRESS6_HOST: "reservation of subnet %1 for address %2: %3";
        HOSTS_CFG_GET_ALL_HOST: "reservation: %1";
        HOSTS_CFG_GET_ALL_HOSTNAME_HOST: "reservation for name %1: %2";
        HOSTS_CFG_GET_ALL_HOSTNAME_SUBNET_ID4_HOST: "reservation for name %1 in subnet %2: %3";
        HOSTS_CFG_GET_ALL_HOSTNAME_SUBNET_ID6_HOST: "reservation for name %1 in subnet %2: %3";
        HOSTS_CFG_GET_ALL_SUBNET_ID4_HOST: "reservation of subnet %1: %2";
        HOSTS_CFG_GET_ALL_SUBNET_ID6_HOST: "reservation of subnet %1: %2";
    }
}
