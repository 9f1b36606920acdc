#!/usr/bin/env python3
"""Ask Kea 2.2 what it makes of expressions and packets, and print the answers as JSON.

Usage, as root on a machine with Debian's kea-dhcp4 and kea-dhcp6:

    ./kea22-classes.py > kea22-classes.json

Everything happens in two network namespaces of its own. Each expression becomes the test of a class;
the debug log of the server tells the result of each test (EVAL_RESULT) and the steps that led to it
(EVAL_DEBUG_*). Per packet the answers are one character per expression: 1 true, 0 false, E error.
"""
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

SERVER, CLIENT = f"kea-expr-s{os.getpid()}", f"kea-expr-c{os.getpid()}"


def o4(code, payload):
    return bytes([code, len(payload)]) + payload


def o6(code, payload):
    return struct.pack("!HH", code, len(payload)) + payload


def packet4(options, op=1, htype=1, mac=bytes.fromhex("080027123456"), xid=0x12345678,
            ciaddr="0.0.0.0", giaddr="0.0.0.0", siaddr="0.0.0.0", yiaddr="0.0.0.0"):
    head = struct.pack("!BBBBIHH", op, htype, len(mac), 1 if giaddr != "0.0.0.0" else 0, xid, 7, 0x8000)
    head += b"".join(socket.inet_aton(a) for a in (ciaddr, yiaddr, siaddr, giaddr))
    return head + mac.ljust(16, b"\0") + bytes(192) + bytes.fromhex("63825363") + options + b"\xff"


def vendor4(enterprise, data):
    return struct.pack("!IB", enterprise, len(data)) + data


RAI = o4(1, b"eth0/1/foo") + o4(2, bytes.fromhex("0a1b2c3e")) + o4(5, bytes([10, 77, 0, 0])) + o4(200, b"")
PACKETS4 = [
    ("rich", packet4(
        o4(53, b"\1") + o4(61, b"foobar") + o4(12, b"one.two..four") + o4(60, b"docsis3.0")
        + o4(55, bytes([1, 3, 6])) + o4(93, b"\0\x09") + o4(230, b"priv") + o4(80, b"") + o4(51, struct.pack("!I", 3600))
        + o4(43, o4(1, b"sub") + o4(2, b"\7")) + o4(124, vendor4(4491, b"docsis3.0") + vendor4(4491, b"two"))
        + o4(125, vendor4(4491, o4(1, b"abcd") + o4(77, b"\xff") + o4(78, b"")))), 68),
    ("bare", packet4(o4(53, b"\1"), xid=1, mac=bytes.fromhex("020000000001")), 68),
    ("relayed", packet4(
        o4(53, b"\1") + o4(61, b"\1\x08\0\x27\x12\x34\x56") + o4(82, RAI) + o4(60, b"Aastra 57i"),
        giaddr="10.77.0.2"), 67),
    ("other vendor", packet4(
        o4(53, b"\3") + o4(50, bytes([10, 77, 0, 50])) + o4(12, b"Host-A") + o4(60, b"PXEClient:Arch:00009")
        + o4(124, vendor4(311, b"MSFT 5.0")) + o4(125, vendor4(3561, o4(1, b"x")))
        + o4(230, b"") , siaddr="10.77.0.9"), 68),
    ("inform", packet4(o4(53, b"\x08") + o4(61, b"foo") + o4(82, o4(1, b"foo")) + o4(12, b"foobar"),
                       ciaddr="10.77.0.2", mac=b"\x01\x02\x03", htype=6), 68),
    ("odd", packet4(o4(53, b"\1") + o4(61, bytes(range(250, 256))) + o4(12, b"a'b.c-d,e") + o4(55, bytes([6, 3]))
                    + o4(43, o4(1, b"")) + o4(125, vendor4(4491, o4(9, b"q"))) + o4(124, vendor4(4491, b"x"))
                    + o4(222, b"unknown"), giaddr="10.77.0.2", xid=0xffffffff), 67),
]

EXPRESSIONS = """
'foo' == 'foo'
'foo' == 'bar'
0x5a7d == 'Z}'
0x5 == 0x05
'foo' == 0x666f6f
123 == 0x0000007b
1 == 0x01
123 == '123'
4294967295 == 0xffffffff
10.0.0.1 == 0x0a000001
::ffff:10.0.0.1 == 10.0.0.1
2001:db8::1 == 0x20010db8000000000000000000000001
not 'a' == 'b'
not not 'a' == 'b'
'a' == 'b' and 'x' == 'y' or 'c' == 'c'
'a' == 'b' and ('x' == 'y' or 'c' == 'c')
'a' == 'a' or 'x' == 'y' and 'c' == 'd'
not 'a' == 'a' or 'b' == 'b'
not ('a' == 'a' or 'b' == 'b')
substring('foobar',0,6) == 'foobar'
substring('foobar',3,3) == 'bar'
substring('foobar',3,all) == 'bar'
substring('foobar',1,4) == 'ooba'
substring('foobar',-5,4) == 'ooba'
substring('foobar',-1,-3) == 'oba'
substring('foobar',4,-2) == 'ob'
substring('foobar',10,2) == ''
substring('foobar',4,6) == 'ar'
substring('foobar',-6,1) == 'f'
substring('foobar',-7,3) == ''
substring('foobar',6,1) == ''
substring('foobar',2,-5) == 'fo'
substring('foobar',0,0) == ''
substring('foobar',0,-1) == ''
substring('foobar',-2,all) == 'ar'
substring('',0,all) == ''
concat('foo','bar') == 'foobar'
concat('','') == ''
'abc' + 'def' + 'ghi' + 'jkl' + '...' == 'abcdefghijkl...'
concat('a', 'b' + 'c') + 'd' == 'abcd'
ifelse('foo' == 'bar','us','them') == 'them'
ifelse('foo' == 'foo','us','them') == 'us'
hexstring('foo','-') == '66-6f-6f'
hexstring(0x0a1b2c3e,':') == '0a:1b:2c:3e'
hexstring(0x0A1B,'') == '0a1b'
hexstring('',':') == ''
hexstring('ab','--') == '61--62'
split('one.two..four','.',1) == 'one'
split('one.two..four','.',2) == 'two'
split('one.two..four','.',3) == ''
split('one.two..four','.',4) == 'four'
split('one.two..four','.',5) == ''
split('one.two..four','.',0) == ''
split('one.two..four','.',-1) == ''
split('a.b-c','.-',3) == 'c'
split('a.b','',1) == 'a.b'
split('a.b','',5) == 'a.b'
split('','.',1) == ''
split('.a.','.',1) == ''
split('.a.','.',2) == 'a'
split('.a.','.',3) == ''
addrtotext(192.10.0.1) == '192.10.0.1'
addrtotext(2003:db8::) == '2003:db8::'
addrtotext(::ffff:10.0.0.1) == '::ffff:10.0.0.1'
addrtotext(0x20010db8000000010000000000000001) == '2001:db8:0:1::1'
addrtotext('') == ''
addrtotext('abc') == ''
int8totext(0xff) == '-1'
uint8totext(0xff) == '255'
int16totext(0xffff) == '-1'
uint16totext(0xffff) == '65535'
int32totext(0xffffffff) == '-1'
uint32totext(4294967295) == '4294967295'
int8totext('') == ''
uint8totext(255) == '255'
int16totext(0x01) == '1'
uint32totext(0x010203) == '1'
int8totext(0x7f) == '127'
int16totext(0x8000) == '-32768'
pkt.iface == 'srv0'
pkt.len == 0
member('ALL')
member('KNOWN')
not member('KNOWN')
member('VENDOR_CLASS_docsis3.0')
member('HA_server1')
member('c-true')
member('c-false')
member('c-true') and not member('c-false')
vendor[*].exists
vendor[0].exists
vendor[4491].exists
vendor[311].exists
vendor.enterprise == 4491
vendor.enterprise == ''
vendor[4491].option[1].exists
vendor[4491].option[1].hex == 'abcd'
vendor[4491].option[77].hex == 0xff
vendor[4491].option[78].exists
vendor[4491].option[78].hex == ''
vendor[*].option[1].hex == 'x'
vendor[*].option[9].exists
vendor[3561].option[1].hex == 'x'
vendor-class[*].exists
vendor-class[0].exists
vendor-class[4491].exists
vendor-class[311].exists
vendor-class.enterprise == 4491
vendor-class.enterprise == ''
vendor-class[4491].data == 'docsis3.0'
vendor-class[4491].data[0] == 'docsis3.0'
vendor-class[4491].data[1] == 'two'
vendor-class[4491].data[2] == ''
vendor-class[*].data == ''
vendor-class[311].data == 'MSFT 5.0'
vendor-class[4491].data[3] == ''
substring(vendor-class[*].data,0,3) == 'doc'
""".strip().splitlines()

EXPRESSIONS4 = """
substring(option[61].hex,0,3) == 'foo'
option[61].hex == 'foobar'
option[dhcp-client-identifier].exists
option[host-name].hex == 'foobar'
option[host-name].text == 'foobar'
option[12].text == 'one.two..four'
split(option[12].hex, '.', 2) == 'two'
split(option[host-name].text, 0x27, 1) == 'a'
split(option[12].hex, ',', 2) == 'e'
option[93].hex == 0x0009
option[93].hex == 9
option[53].hex == 0x01
option[53].exists
option[80].exists
option[80].hex == ''
option[230].exists
option[230].hex == ''
ifelse(option[230].exists, option[230].hex, 'none') == 'none'
ifelse(option[230].exists, option[230].hex, 'none') == 'priv'
uint32totext(option[51].hex) == '3600'
uint32totext(option[51].hex) == ''
option[55].hex == 0x010306
option[55].exists and option[93].exists
option[0].exists
option[255].exists
option[54].exists or option[61].exists
option[82].exists
option[82].option[1].exists
option[82].option[1].hex == 'foo'
option[82].option[200].exists
option[82].option[200].hex == ''
option[82].option[77].exists
option[82].option[77].hex == ''
option[43].option[1].exists
option[43].option[1].hex == 'sub'
option[43].option[2].hex == 0x07
option[43].exists
option[125].option[1].exists
option[125].option[1].hex == 'abcd'
option[61].option[1].exists
option[124].exists
option[12].option[1].hex == ''
relay4[1].hex == 'foo'
relay4[1].hex == 'eth0/1/foo'
relay4[1].exists
relay4[2].hex == 0x0a1b2c3e
relay4[200].exists
relay4[5].hex == 10.77.0.0
relay4[77].hex == ''
split(relay4[1].hex, '/', 3) == 'foo'
hexstring(relay4[2].hex, ':') == '0a:1b:2c:3e'
addrtotext(relay4[5].hex) == '10.77.0.0'
uint32totext(relay4[1].hex) == ''
pkt.src == 10.77.0.2
addrtotext(pkt.src) == '10.77.0.2'
pkt.dst == 255.255.255.255
pkt.dst == 10.77.0.1
pkt4.mac == 0x080027123456
pkt4.mac == 0x010203
hexstring(pkt4.mac, ':') == '08:00:27:12:34:56'
pkt4.hlen == 6
pkt4.hlen == 0x06
pkt4.hlen == 3
pkt4.htype == 1
pkt4.htype == 6
substring(hexstring(pkt4.htype,''),7,1) == '1'
pkt4.ciaddr == 0.0.0.0
pkt4.ciaddr == 10.77.0.2
pkt4.giaddr == 0.0.0.0
pkt4.giaddr == 10.77.0.2
pkt4.yiaddr == 0.0.0.0
pkt4.siaddr == 10.77.0.9
pkt4.siaddr == ''
pkt4.msgtype == 1
pkt4.msgtype == 0x00000001
pkt4.msgtype == 3
pkt4.msgtype == 8
pkt4.transid == 0x12345678
pkt4.transid == 1
pkt4.transid == 4294967295
substring(option[60].hex,0,6) == 'Aastra'
substring(option[60].hex,0,20) == 'PXEClient:Arch:00009'
substring(option[60].hex,15,5) == '00009'
option[60].hex == 'docsis3.0'
option[vendor-class-identifier].text == 'docsis3.0'
option[222].hex == 'unknown'
option[50].hex == 10.77.0.50
addrtotext(option[50].hex) == '10.77.0.50'
option[50].hex == '' and addrtotext(option[61].hex) == ''
option[50].exists or addrtotext(option[61].hex) == ''
ifelse(option[82].exists, relay4[1].hex, option[12].hex) == 'foo'
ifelse(option[50].exists, addrtotext('abc'), 'fine') == 'fine'
ifelse(member('c-true'), pkt4.mac + option[61].hex, '') == ''
""".strip().splitlines()

EXPRESSIONS6 = """
substring(option[1].hex,0,6) == 0x0002AABBCCDD
option[clientid].exists
option[1].hex == 0x0002AABBCCDD01020304
pkt6.msgtype == 1
pkt6.msgtype == 0x00000001
pkt6.msgtype == 0x01
pkt6.msgtype == 3
pkt6.msgtype == 12
pkt6.transid == 0x00123456
pkt6.transid == 1193046
pkt6.transid == 0x123456
option[1234].hex == 0x0002
option[1234].exists
option[1234].hex == ''
option[3].option[5].exists
option[3].option[5].hex == ''
substring(option[3].option[5].hex,0,16) == 2001:db8:1::5
substring(option[3].option[5].hex,20,4) == 0
substring(option[3].option[5].hex,16,4) == 100
addrtotext(substring(option[3].option[5].hex,0,16)) == '2001:db8:1::5'
option[25].option[26].exists
substring(option[25].option[26].hex,8,1) == 0x38
substring(option[25].option[26].hex,9,16) == 2001:db8:5::
substring(option[25].option[26].hex,4,4) == 0
substring(option[3].hex,0,4) == 0x00000001
substring(option[3].hex,0,4) == 7
option[3].exists and option[25].exists
option[4].option[5].exists
option[17].option[1].exists
option[17].option[1].hex == 'abcd'
option[16].exists
option[6].hex == 0x0017
option[14].exists
option[14].hex == ''
option[79].exists
option[18].exists
option[9].exists
option[65535].exists
relay6[0].peeraddr == ''
relay6[0].peeraddr == fe80::1
relay6[0].peeraddr == 2001:db8::c
relay6[1].peeraddr == 2001:db8::b
relay6[2].peeraddr == fe80::a
relay6[-1].peeraddr == fe80::a
relay6[-2].peeraddr == 2001:db8::b
relay6[-3].peeraddr == 2001:db8::c
relay6[3].peeraddr == ''
relay6[-4].peeraddr == ''
relay6[-4].linkaddr == ''
relay6[0].linkaddr == 2001:db8:1::1
relay6[-1].linkaddr == 2001:db8:1::1
relay6[0].linkaddr == ::
relay6[31].peeraddr == ''
relay6[-32].linkaddr == ''
relay6[0].option[18].exists
relay6[0].option[18].hex == ''
substring(relay6[0].option[18].hex,0,8) == 'port1234'
relay6[-1].option[18].hex == 'port1234/1'
relay6[1].option[37].exists
relay6[0].option[37].exists
relay6[-1].option[37].hex == 0x0000118bff
substring(relay6[-1].option[37].hex,0,4) == 4491
relay6[5].option[18].exists
relay6[5].option[18].hex == ''
addrtotext(relay6[0].peeraddr) == ''
addrtotext(relay6[-1].peeraddr) == 'fe80::a'
pkt.dst == ff02::1:2
addrtotext(pkt.dst) == 'ff02::1:2'
hexstring(substring(pkt.src,0,2), '') == 'fe80'
vendor[4491].option[2].option[1].hex == ''
int16totext(option[8].hex) == '5'
uint16totext(option[8].hex) == ''
uint32totext(option[1].hex) == ''
option[39].exists
split(option[39].hex, '.', 1) == ''
option[3].option[5].option[13].exists
ifelse(relay6[0].peeraddr == '', 'direct', 'relayed') == 'direct'
ifelse(relay6[0].peeraddr == '', 'direct', 'relayed') == 'relayed'
""".strip().splitlines()
# Not in the grammar of this version: nesting deeper than one level.
EXPRESSIONS6 = [e for e in EXPRESSIONS6 if e.count(".option[") + e.startswith("option[") < 3
                and "option[2].option" not in e]


def packet6(kind, options, xid=0x123456):
    return bytes([kind]) + xid.to_bytes(3, "big") + options


def relay(inner, hops, link, peer, options=b""):
    head = bytes([12, hops]) + socket.inet_pton(socket.AF_INET6, link) + socket.inet_pton(socket.AF_INET6, peer)
    return head + options + o6(9, inner)


def vendor_class6(enterprise, *chunks):
    return o6(16, struct.pack("!I", enterprise) + b"".join(struct.pack("!H", len(c)) + c for c in chunks))


def vendor6(enterprise, options):
    return o6(17, struct.pack("!I", enterprise) + options)


ADDRESS = socket.inet_pton(socket.AF_INET6, "2001:db8:1::5")
DUID = o6(1, bytes.fromhex("0002aabbccdd01020304"))
IA_NA = o6(3, struct.pack("!III", 7, 0, 0) + o6(5, ADDRESS + struct.pack("!II", 100, 0)))
IA_PD = o6(25, struct.pack("!III", 9, 0, 0) + o6(26, struct.pack("!IIB", 0, 0, 56)
           + socket.inet_pton(socket.AF_INET6, "2001:db8:5::")))
RICH6 = packet6(1, DUID + IA_NA + IA_PD + o6(6, b"\0\x17") + o6(8, b"\0\5") + o6(14, b"") + o6(1234, b"\0\2")
                + vendor_class6(4491, b"docsis3.0", b"two") + vendor6(4491, o6(1, b"abcd") + o6(77, b"\xff") + o6(78, b"")))
BARE6 = packet6(1, DUID + o6(3, struct.pack("!III", 1, 0, 0)), xid=1)
OTHER6 = packet6(11, o6(1, bytes.fromhex("00030001080027123456")) + vendor_class6(311, b"MSFT 5.0")
                 + vendor6(3561, o6(1, b"x")) + vendor6(4491, o6(1, b"abcd")) + o6(1234, b""))
PACKETS6 = [
    ("rich", RICH6, 546),
    ("bare", BARE6, 546),
    ("other vendor", OTHER6, 546),
    ("one relay", relay(RICH6, 0, "2001:db8:1::1", "fe80::1", o6(18, b"port1234/1") + o6(37, bytes.fromhex("0000118bff"))), 547),
    ("three relays", relay(relay(relay(BARE6, 0, "2001:db8:1::1", "fe80::a", o6(18, b"port1234/1")), 1, "::", "2001:db8::b",
                                 o6(37, bytes.fromhex("0000118b01"))), 2, "::", "2001:db8::c"), 547),
]


def configuration(version, tests, log):
    classes = [{"name": "c-true", "test": "'a' == 'a'"}, {"name": "c-false", "test": "'a' == 'b'"}]
    classes += [{"name": f"x{n}", "test": test} for n, test in enumerate(tests)]
    classes.append({"name": "x-end", "test": "'end' == 'end'"})
    interfaces = {"interfaces": ["srv0"]}
    if version == 4:
        interfaces["dhcp-socket-type"] = "udp"
    return {f"Dhcp{version}": {
        "interfaces-config": interfaces,
        "lease-database": {"type": "memfile", "persist": False},
        "client-classes": classes,
        f"subnet{version}": [],
        "loggers": [{"name": f"kea-dhcp{version}", "severity": "DEBUG", "debuglevel": 99,
                     "output_options": [{"output": log, "flush": True, "pattern": "%m\n"}]}],
    }}


def follow(log, position, deadline):
    """The log from a position up to the end of a classification."""
    while time.time() < deadline:
        text = open(log, "rb").read()[position:].decode("utf-8", "replace")
        if "Expression x-end evaluated to" in text:
            return text, position + len(text.encode())
        time.sleep(0.01)
    sys.exit(f"no classification at {position} of: {open(log, errors='replace').read()[-3000:]}")


def answers(text, count):
    results, traces, steps = {}, {}, []
    for line in text.splitlines():
        result = re.match(r"EVAL_RESULT Expression (\S+) evaluated to (.*)", line)
        if line.startswith("EVAL_DEBUG_"):
            steps.append(line)
        elif result:
            name, value = result.groups()
            results[name] = value if value in "01" else "E"
            traces[name] = steps
            steps = []
        elif "EVAL_RESULT" in line:
            print(line, file=sys.stderr)
    return "".join(results.get(f"x{n}", "E") for n in range(count)), [traces.get(f"x{n}", []) for n in range(count)]


def in_server(*command, **keywords):
    return subprocess.Popen(["ip", "netns", "exec", SERVER, *command], **keywords)


def ask(version, tests, packets):
    with tempfile.TemporaryDirectory() as folder:
        log, config = f"{folder}/log", f"{folder}/config.json"
        with open(config, "w") as out:
            json.dump(configuration(version, tests, log), out)
        environment = dict(os.environ, KEA_PIDFILE_DIR=folder, KEA_LOCKFILE_DIR=folder)
        server = in_server(f"kea-dhcp{version}", "-c", config, env=environment, stdout=subprocess.DEVNULL)
        try:
            deadline = time.time() + 10
            while not (os.path.exists(log) and f"DHCP{version}_STARTED" in open(log, errors="replace").read()):
                if server.poll() is not None or time.time() > deadline:
                    sys.exit(open(log, errors="replace").read()[-3000:])
                time.sleep(0.05)
            position, answered, steps = os.path.getsize(log), [], []
            for name, octets, port in packets:
                send(version, octets, port)
                print("packet", name, file=sys.stderr)
                text, position = follow(log, position, time.time() + 5)
                result, trace = answers(text, len(tests))
                answered.append({"name": name, "octets": octets.hex(), "relayed": port in (67, 547), "results": result})
                steps.append(trace)
            return {"expressions": tests, "packets": answered, "steps": steps[0]}
        finally:
            server.terminate()
            server.wait()


def send(version, octets, port):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"cli0")
        if version == 4:
            sender.bind(("10.77.0.2", port))
            sender.sendto(octets, ("10.77.0.1", 67))
        else:
            sender.bind(("::", port))
            sender.sendto(octets, ("ff02::1:2", 547, 0, socket.if_nametoindex("cli0")))


def run(command):
    subprocess.run(command.split(), check=True)


def main():
    if "--inside" not in sys.argv:
        try:
            for namespace in (SERVER, CLIENT):
                run(f"ip netns add {namespace}")
            run(f"ip link add srv0 netns {SERVER} type veth peer name cli0 netns {CLIENT}")
            for namespace, link, host in ((SERVER, "srv0", 1), (CLIENT, "cli0", 2)):
                run(f"ip -n {namespace} addr add 10.77.0.{host}/24 dev {link}")
                run(f"ip netns exec {namespace} sysctl -qw net.ipv6.conf.{link}.accept_dad=0")
                run(f"ip -n {namespace} link set lo up")
                run(f"ip -n {namespace} link set {link} up")
            time.sleep(2)
            run(f"ip netns exec {CLIENT} {sys.executable} {os.path.abspath(__file__)} --inside {SERVER}")
        finally:
            for namespace in (SERVER, CLIENT):
                subprocess.run(["ip", "netns", "del", namespace], check=False)
        return
    globals()["SERVER"] = sys.argv[sys.argv.index("--inside") + 1]
    found = {
        "4": ask(4, EXPRESSIONS + EXPRESSIONS4, PACKETS4),
        "6": ask(6, EXPRESSIONS + EXPRESSIONS6, PACKETS6),
    }
    json.dump(found, sys.stdout, indent=1)
    print()


main()
