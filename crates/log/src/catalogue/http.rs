//! Messages of HTTP servers and clients.

use super::catalogue;

catalogue! {
    [Info] Auth {
        HTTP_CLIENT_REQUEST_AUTHORIZED: "request authorised for user '%1'";
        HTTP_CLIENT_REQUEST_BAD_AUTH_HEADER: "malformed authentication header: %1";
        HTTP_CLIENT_REQUEST_NOT_AUTHORIZED: "request without valid credentials refused";
    }
    [Info] Http {
        HTTP_CONNECTION_HANDSHAKE_FAILED: "TLS handshake with %1 failed: %2";
    }
    [Warn] Http {
        HTTP_CLIENT_QUEUE_SIZE_GROWING:
            "%2 requests wait for URL %1",
            "The peer answers more slowly than requests come up.";
        HTTP_PREMATURE_CONNECTION_TIMEOUT_OCCURRED:
            "connection timed out too early: in transaction %1, transaction %2, current %3";
    }
    [Error] Http {
        HTTP_CONNECTION_CLOSE_CALLBACK_FAILED: "handler of a closed connection failed";
        HTTP_CONNECTION_SHUTDOWN_FAILED: "connection could not be shut down";
        HTTP_CONNECTION_STOP_FAILED: "connection could not be stopped";
    }
    [Debug 40] Http {
        HTTPS_REQUEST_RECEIVE_START: "receiving a request over TLS from %1";
        HTTP_BAD_CLIENT_REQUEST_RECEIVED: "bad request from %1: %2";
        HTTP_BAD_SERVER_RESPONSE_RECEIVED: "bad response from %1: %2";
        HTTP_CLIENT_MT_STARTED: "HTTP client runs %1 threads";
        HTTP_CLIENT_REQUEST_RECEIVED: "request received from %1";
        HTTP_CLIENT_REQUEST_SEND: "sending request %1 to %2";
        HTTP_CLIENT_REQUEST_TIMEOUT_OCCURRED: "no answer in time from %1";
        HTTP_CONNECTION_HANDSHAKE_START: "TLS handshake with %1, at most %2 seconds";
        HTTP_CONNECTION_SHUTDOWN: "shutting down connection from %1";
        HTTP_CONNECTION_STOP: "stopping connection from %1";
        HTTP_IDLE_CONNECTION_TIMEOUT_OCCURRED: "closing idle connection from %1";
        HTTP_REQUEST_RECEIVE_START: "receiving a request from %1, at most %2 seconds";
        HTTP_SERVER_RESPONSE_RECEIVED: "response received from %1";
        HTTP_SERVER_RESPONSE_SEND: "sending response %1 to %2";
    }
    [Debug 55] Http {
        HTTP_BAD_CLIENT_REQUEST_RECEIVED_DETAILS: "bad request from %1: %2";
        HTTP_BAD_SERVER_RESPONSE_RECEIVED_DETAILS: "bad response from %1: %2";
        HTTP_CLIENT_REQUEST_RECEIVED_DETAILS: "request from %1: %2";
        HTTP_CLIENT_REQUEST_SEND_DETAILS: "request to %1: %2";
        HTTP_DATA_RECEIVED: "%1 bytes received from %2";
        HTTP_SERVER_RESPONSE_RECEIVED_DETAILS: "response from %1: %2";
    }
}
