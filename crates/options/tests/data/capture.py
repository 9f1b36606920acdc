#!/usr/bin/env python3
"""Records what Kea 2.2 puts on the wire for option data: kea22-options4.json, kea22-options6.json.

Run as root with Debian's kea-dhcp4-server and kea-dhcp6-server installed:
    capture.py 4|6 CASES.json > kea22-optionsN.json
The cases are option-data with the definitions and sub-options they need; a recorded file can be given
as the cases to record them again.
Server and client stand in two network namespaces of their own. Each case is one configuration that
is set through the control socket, one query, and the octets of the option in the answer; or the
server's reason for refusing the configuration.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

VERSION = int(sys.argv[1])
CASES = json.load(open(sys.argv[2]))
TAG = f"keaopt{os.getpid()}"
SERVER, CLIENT = TAG + "s", TAG + "c"
CLONE_NEWNET = 0x40000000


def sh(*words):
    subprocess.run(words, check=True)


def setup():
    for ns in (SERVER, CLIENT):
        sh("ip", "netns", "add", ns)
        sh("ip", "-n", ns, "link", "set", "lo", "up")
    sh("ip", "link", "add", "srv0", "netns", SERVER, "type", "veth", "peer", "cli0", "netns", CLIENT)
    for ns, dev, v4, v6 in ((SERVER, "srv0", "192.0.2.1/24", "2001:db8:1::1/64"),
                            (CLIENT, "cli0", "192.0.2.2/24", "2001:db8:1::2/64")):
        sh("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0",
           f"net.ipv6.conf.{dev}.accept_dad=0")
        sh("ip", "-n", ns, "addr", "add", v4, "dev", dev)
        sh("ip", "-n", ns, "addr", "add", v6, "dev", dev, "nodad")
        sh("ip", "-n", ns, "link", "set", dev, "up")


    for ns in (SERVER, CLIENT):
        show = ["ip", "-n", ns, "-6", "addr", "show", "scope", "link", "-tentative"]
        while b"fe80" not in subprocess.run(show, capture_output=True).stdout:
            time.sleep(0.1)


def config(path, options, defs):
    common = {
        "interfaces-config": {"interfaces": ["srv0"]},
        "lease-database": {"type": "memfile", "persist": False},
        "control-socket": {"socket-type": "unix", "socket-name": path},
        "option-data": options,
        "option-def": defs,
        "loggers": [{"name": "*", "severity": "FATAL"}],
    }
    if VERSION == 4:
        common["interfaces-config"]["dhcp-socket-type"] = "udp"
        common["subnet4"] = [{"subnet": "192.0.2.0/24", "id": 1,
                              "pools": [{"pool": "192.0.2.10-192.0.2.250"}]}]
    else:
        common["subnet6"] = [{"subnet": "2001:db8:1::/64", "id": 1, "interface": "srv0"}]
    return {f"Dhcp{VERSION}": common}


def command(path, name, arguments=None):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(json.dumps({"command": name, "arguments": arguments or {}}).encode())
        s.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    return json.loads(answer)


def query4(sock, code, xid):
    packet = struct.pack("!BBBBIHH4s4s4s4s16s64s128s", 1, 1, 6, 1, xid, 0, 0, b"\0" * 4, b"\0" * 4,
                         b"\0" * 4, socket.inet_aton("192.0.2.2"), b"\2\0\0\0\0\1", b"", b"")
    packet += b"\x63\x82\x53\x63" + b"\x35\x01\x01" + bytes([55, 1, code]) + b"\xff"
    sock.sendto(packet, ("192.0.2.1", 67))
    while True:
        data = sock.recv(65536)
        if struct.unpack("!I", data[4:8])[0] == xid:
            break
    found, at = [], 240
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        length = data[at + 1]
        if data[at] == code:
            found.append(data[at + 2:at + 2 + length].hex())
        at += 2 + length
    return found


def query6(sock, code, xid):
    oro = struct.pack("!HHH", 6, 2, code)
    packet = b"\x0b" + xid.to_bytes(3, "big") + b"\0\1\0\x0a\0\3\0\1\2\0\0\0\0\1" + oro
    sock.sendto(packet, ("ff02::1:2", 547, 0, socket.if_nametoindex("cli0")))
    while True:
        data = sock.recv(65536)
        if data[1:4] == xid.to_bytes(3, "big"):
            break
    found, at = [], 4
    while at + 4 <= len(data):
        number, length = struct.unpack("!HH", data[at:at + 4])
        if number == code:
            found.append(data[at + 4:at + 4 + length].hex())
        at += 4 + length
    return found


def enter(ns):
    import ctypes
    fd = os.open(f"/var/run/netns/{ns}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def client_socket():
    enter(CLIENT)
    if VERSION == 4:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("192.0.2.2", 67))
    else:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.bind(("::", 546))
    sock.settimeout(0.5)
    return sock


def run(path, sock, case, number):
    option = {k: case[k] for k in ("name", "code", "space", "data", "csv-format") if k in case}
    option["always-send"] = True
    options = [option] + case.get("sub-options", [])
    answer = command(path, "config-set", config(path, options, case.get("defs", [])))
    if answer["result"] != 0:
        return {"refused": answer["text"]}
    query = query4 if VERSION == 4 else query6
    for attempt in range(3):
        try:
            found = query(sock, case["code"], number * 4 + attempt + 1)
        except socket.timeout:
            continue
        if len(found) > 1:
            return {"instances": found}
        return {"hex": found[0]} if found else {"absent": True}
    return {"silent": True}


def main():
    work = tempfile.mkdtemp(prefix=TAG)
    path = os.path.join(work, "ctrl")
    os.makedirs("/var/lib/kea", exist_ok=True)  # where kea-dhcp6 keeps its identifier
    first = os.path.join(work, "kea.json")
    json.dump(config(path, [], []), open(first, "w"))
    setup()
    env = dict(os.environ, KEA_PIDFILE_DIR=work, KEA_LOCKFILE_DIR=work)

    def start():
        if os.path.exists(path):
            os.unlink(path)
        words = ["ip", "netns", "exec", SERVER, f"kea-dhcp{VERSION}", "-c", first]
        process = subprocess.Popen(words, env=env, stdout=sys.stderr)
        while not os.path.exists(path):
            time.sleep(0.05)
        time.sleep(0.1)
        return process

    server = start()
    results = []
    try:
        sock = client_socket()
        for number, case in enumerate(CASES):
            answers = ("hex", "instances", "absent", "silent", "refused", "crashed")
            result = {k: v for k, v in case.items() if k not in answers}
            try:
                result.update(run(path, sock, case, number))
            except OSError:
                result["crashed"] = True
                server.kill()
                server.wait()
                server = start()
            results.append(result)
    finally:
        server.terminate()
        server.wait()
        for ns in (SERVER, CLIENT):
            subprocess.run(["ip", "netns", "del", ns])
    print("[\n" + ",\n".join(" " + json.dumps(r) for r in results) + "\n]")


main()
