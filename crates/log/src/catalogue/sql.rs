//! Messages of the SQL backends.

use super::catalogue;

catalogue! {
    [Debug 50] Dhcpsrv {
        DHCPSRV_MYSQL_ADD_ADDR4: "MySQL: adding lease %1";
        DHCPSRV_MYSQL_ADD_ADDR6: "MySQL: adding lease %1 of type %2";
        DHCPSRV_MYSQL_UPDATE_ADDR4: "MySQL: updating lease %1";
        DHCPSRV_MYSQL_UPDATE_ADDR6: "MySQL: updating lease %1 of type %2";
        DHCPSRV_MYSQL_DELETE_ADDR: "MySQL: deleting lease %1";
        DHCPSRV_MYSQL_DELETE_EXPIRED_RECLAIMED4:
            "MySQL: deleting reclaimed leases that expired more than %1 seconds ago";
        DHCPSRV_MYSQL_DELETE_EXPIRED_RECLAIMED6:
            "MySQL: deleting reclaimed leases that expired more than %1 seconds ago";
        DHCPSRV_MYSQL_DELETED_EXPIRED_RECLAIMED: "MySQL: %1 reclaimed leases deleted";
        DHCPSRV_MYSQL_GET4: "MySQL: looking for all leases";
        DHCPSRV_MYSQL_GET6: "MySQL: looking for all leases";
        DHCPSRV_MYSQL_GET_DUID: "MySQL: looking for leases of DUID %1";
        DHCPSRV_MYSQL_GET_ADDR4: "MySQL: looking for lease %1";
        DHCPSRV_MYSQL_GET_ADDR6: "MySQL: looking for lease %1 of type %2";
        DHCPSRV_MYSQL_GET_CLIENTID: "MySQL: looking for leases of client id %1";
        DHCPSRV_MYSQL_GET_EXPIRED4: "MySQL: looking for at most %1 expired leases";
        DHCPSRV_MYSQL_GET_EXPIRED6: "MySQL: looking for at most %1 expired leases";
        DHCPSRV_MYSQL_GET_HOSTNAME4: "MySQL: looking for leases of name %1";
        DHCPSRV_MYSQL_GET_HOSTNAME6: "MySQL: looking for leases of name %1";
        DHCPSRV_MYSQL_GET_HWADDR: "MySQL: looking for leases of hardware address %1";
        DHCPSRV_MYSQL_GET_IAID_DUID: "MySQL: looking for leases of IAID %1, DUID %2, type %3";
        DHCPSRV_MYSQL_GET_IAID_SUBID_DUID:
            "MySQL: looking for leases of IAID %1 in subnet %2, DUID %3, type %4";
        DHCPSRV_MYSQL_GET_PAGE4: "MySQL: looking for at most %1 leases from %2 on";
        DHCPSRV_MYSQL_GET_PAGE6: "MySQL: looking for at most %1 leases from %2 on";
        DHCPSRV_MYSQL_GET_SUBID4: "MySQL: looking for leases of subnet %1";
        DHCPSRV_MYSQL_GET_SUBID6: "MySQL: looking for leases of subnet %1";
        DHCPSRV_MYSQL_GET_SUBID_CLIENTID:
            "MySQL: looking for the lease of subnet %1 and client id %2";
        DHCPSRV_MYSQL_GET_SUBID_HWADDR:
            "MySQL: looking for the lease of subnet %1 and hardware address %2";
        DHCPSRV_MYSQL_GET_VERSION: "MySQL: asking for the schema version";
        DHCPSRV_MYSQL_BEGIN_TRANSACTION: "MySQL: transaction begins";
        DHCPSRV_MYSQL_COMMIT: "MySQL: committing";
        DHCPSRV_MYSQL_ROLLBACK: "MySQL: rolling back";
        DHCPSRV_MYSQL_START_TRANSACTION: "MySQL: transaction begins";
        DHCPSRV_MYSQL_HOST_DB_GET_VERSION:
            "MySQL: asking for the schema version of the host database";
        DHCPSRV_MYSQL_TLS_CIPHER: "MySQL: TLS cipher in use: %1";
    }
    [Info] Dhcpsrv {
        DHCPSRV_MYSQL_DB: "opening MySQL lease database: %1";
        DHCPSRV_MYSQL_HOST_DB: "opening MySQL host database: %1";
        DHCPSRV_MYSQL_HOST_DB_READONLY: "MySQL host database is read only";
        DHCPSRV_MYSQL_HOST_DB_RECONNECT_ATTEMPT_SCHEDULE:
            "MySQL host database: attempt %1 of %2 in %3 milliseconds";
        DHCPSRV_MYSQL_LEASE_DB_RECONNECT_ATTEMPT_SCHEDULE:
            "MySQL lease database: attempt %1 of %2 in %3 milliseconds";
    }
    [Error] Dhcpsrv {
        DHCPSRV_MYSQL_FATAL_ERROR: "MySQL error that cannot be recovered: %1 in <%2>: %3 (code %4)";
        DHCPSRV_MYSQL_HOST_DB_RECONNECT_ATTEMPT_FAILED:
            "MySQL host database: connecting again failed: %1";
        DHCPSRV_MYSQL_HOST_DB_RECONNECT_FAILED:
            "MySQL host database: away for all %1 attempts to connect again";
        DHCPSRV_MYSQL_LEASE_DB_RECONNECT_ATTEMPT_FAILED:
            "MySQL lease database: connecting again failed: %1";
        DHCPSRV_MYSQL_LEASE_DB_RECONNECT_FAILED:
            "MySQL lease database: away for all %1 attempts to connect again";
        DHCPSRV_MYSQL_NO_TLS: "MySQL connection is not protected although TLS is required";
    }
    [Warn] Dhcpsrv {
        DHCPSRV_MYSQL_NEGATIVE_LEASES_STAT: "MySQL: recount of leases gave a negative number";
    }
    [Debug 50] Dhcpsrv {
        DHCPSRV_PGSQL_ADD_ADDR4: "PostgreSQL: adding lease %1";
        DHCPSRV_PGSQL_ADD_ADDR6: "PostgreSQL: adding lease %1 of type %2";
        DHCPSRV_PGSQL_UPDATE_ADDR4: "PostgreSQL: updating lease %1";
        DHCPSRV_PGSQL_UPDATE_ADDR6: "PostgreSQL: updating lease %1 of type %2";
        DHCPSRV_PGSQL_DELETE_ADDR: "PostgreSQL: deleting lease %1";
        DHCPSRV_PGSQL_DELETE_EXPIRED_RECLAIMED4:
            "PostgreSQL: deleting reclaimed leases that expired more than %1 seconds ago";
        DHCPSRV_PGSQL_DELETE_EXPIRED_RECLAIMED6:
            "PostgreSQL: deleting reclaimed leases that expired more than %1 seconds ago";
        DHCPSRV_PGSQL_GET4: "PostgreSQL: looking for all leases";
        DHCPSRV_PGSQL_GET6: "PostgreSQL: looking for all leases";
        DHCPSRV_PGSQL_GET_DUID: "PostgreSQL: looking for leases of DUID %1";
        DHCPSRV_PGSQL_GET_ADDR4: "PostgreSQL: looking for lease %1";
        DHCPSRV_PGSQL_GET_ADDR6: "PostgreSQL: looking for lease %1 of type %2";
        DHCPSRV_PGSQL_GET_CLIENTID: "PostgreSQL: looking for leases of client id %1";
        DHCPSRV_PGSQL_GET_EXPIRED4: "PostgreSQL: looking for at most %1 expired leases";
        DHCPSRV_PGSQL_GET_EXPIRED6: "PostgreSQL: looking for at most %1 expired leases";
        DHCPSRV_PGSQL_GET_HOSTNAME4: "PostgreSQL: looking for leases of name %1";
        DHCPSRV_PGSQL_GET_HOSTNAME6: "PostgreSQL: looking for leases of name %1";
        DHCPSRV_PGSQL_GET_HWADDR: "PostgreSQL: looking for leases of hardware address %1";
        DHCPSRV_PGSQL_GET_IAID_DUID: "PostgreSQL: looking for leases of IAID %1, DUID %2, type %3";
        DHCPSRV_PGSQL_GET_IAID_SUBID_DUID:
            "PostgreSQL: looking for leases of IAID %1 in subnet %2, DUID %3, type %4";
        DHCPSRV_PGSQL_GET_PAGE4: "PostgreSQL: looking for at most %1 leases from %2 on";
        DHCPSRV_PGSQL_GET_PAGE6: "PostgreSQL: looking for at most %1 leases from %2 on";
        DHCPSRV_PGSQL_GET_SUBID4: "PostgreSQL: looking for leases of subnet %1";
        DHCPSRV_PGSQL_GET_SUBID6: "PostgreSQL: looking for leases of subnet %1";
        DHCPSRV_PGSQL_GET_SUBID_CLIENTID:
            "PostgreSQL: looking for the lease of subnet %1 and client id %2";
        DHCPSRV_PGSQL_GET_SUBID_HWADDR:
            "PostgreSQL: looking for the lease of subnet %1 and hardware address %2";
        DHCPSRV_PGSQL_GET_VERSION: "PostgreSQL: asking for the schema version";
        DHCPSRV_PGSQL_BEGIN_TRANSACTION: "PostgreSQL: transaction begins";
        DHCPSRV_PGSQL_COMMIT: "PostgreSQL: committing";
        DHCPSRV_PGSQL_ROLLBACK: "PostgreSQL: rolling back";
        DHCPSRV_PGSQL_START_TRANSACTION: "PostgreSQL: transaction begins";
        DHCPSRV_PGSQL_HOST_DB_GET_VERSION:
            "PostgreSQL: asking for the schema version of the host database";
    }
    [Info] Dhcpsrv {
        DHCPSRV_PGSQL_DB: "opening PostgreSQL lease database: %1";
        DHCPSRV_PGSQL_HOST_DB: "opening PostgreSQL host database: %1";
        DHCPSRV_PGSQL_HOST_DB_READONLY: "PostgreSQL host database is read only";
        DHCPSRV_PGSQL_HOST_DB_RECONNECT_ATTEMPT_SCHEDULE:
            "PostgreSQL host database: attempt %1 of %2 in %3 milliseconds";
        DHCPSRV_PGSQL_LEASE_DB_RECONNECT_ATTEMPT_SCHEDULE:
            "PostgreSQL lease database: attempt %1 of %2 in %3 milliseconds";
        DHCPSRV_PGSQL_TLS_SUPPORT: "PostgreSQL connection is to use TLS: %1";
    }
    [Error] Dhcpsrv {
        DHCPSRV_PGSQL_FATAL_ERROR:
            "PostgreSQL error that cannot be recovered in <%1>: %2 (code %3)";
        DHCPSRV_PGSQL_HOST_DB_RECONNECT_ATTEMPT_FAILED:
            "PostgreSQL host database: connecting again failed: %1";
        DHCPSRV_PGSQL_HOST_DB_RECONNECT_FAILED:
            "PostgreSQL host database: away for all %1 attempts to connect again";
        DHCPSRV_PGSQL_LEASE_DB_RECONNECT_ATTEMPT_FAILED:
            "PostgreSQL lease database: connecting again failed: %1";
        DHCPSRV_PGSQL_LEASE_DB_RECONNECT_FAILED:
            "PostgreSQL lease database: away for all %1 attempts to connect again";
        DHCPSRV_PGSQL_NO_TLS_SUPPORT: "TLS cannot be used with PostgreSQL here: %1";
        DHCPSRV_PGSQL_DEALLOC_ERROR:
            "prepared statements could not be freed when closing the PostgreSQL lease database: %1";
    }
    [Warn] Dhcpsrv {
        DHCPSRV_PGSQL_NEGATIVE_LEASES_STAT: "PostgreSQL: recount of leases gave a negative number";
    }
    [Warn] Dhcpsrv {
        DHCPSRV_SQL_LEASE_CHANGED_BY_OTHERS:
            "lease %1: somebody else has changed its row of %2, which counts";
        DHCPSRV_SQL_LEASE_UNREADABLE: "lease %1: its row of %2 is passed over: %3";
    }
    [Error] Dhcpsrv {
        DHCPSRV_SQL_LEASE_REFUSED: "lease %1: the database does not take its row of %2: %3";
    }
    [Debug 50] Database {
        DATABASE_MYSQL_COMMIT: "MySQL: committing";
        DATABASE_MYSQL_ROLLBACK: "MySQL: rolling back";
        DATABASE_MYSQL_START_TRANSACTION: "MySQL: transaction begins";
        DATABASE_PGSQL_COMMIT: "PostgreSQL: committing";
        DATABASE_PGSQL_CREATE_SAVEPOINT: "PostgreSQL: savepoint %1";
        DATABASE_PGSQL_ROLLBACK: "PostgreSQL: rolling back";
        DATABASE_PGSQL_ROLLBACK_SAVEPOINT: "PostgreSQL: rolling back to savepoint %1";
        DATABASE_PGSQL_START_TRANSACTION: "PostgreSQL: transaction begins";
    }
    [Error] Database {
        DATABASE_INVALID_ACCESS: "database access string cannot be read: %1";
        DATABASE_MYSQL_FATAL_ERROR:
            "MySQL error that cannot be recovered: %1 in <%2>: %3 (code %4)";
        DATABASE_PGSQL_DEALLOC_ERROR: "PostgreSQL: prepared statements could not be freed: %1";
        DATABASE_PGSQL_FATAL_ERROR:
            "PostgreSQL error that cannot be recovered in <%1>: %2 (code %3)";
    }
}
