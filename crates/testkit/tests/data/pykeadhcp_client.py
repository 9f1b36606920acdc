"""What pykeadhcp, a client of Kea's API from PyPI, is told by our servers through our agent."""

from pykeadhcp import Kea
from pykeadhcp.models.dhcp4.client_class import ClientClass4
from pykeadhcp.models.dhcp4.subnet import Subnet4

kea = Kea(host="http://127.0.0.1", port=8000)

assert kea.ctrlagent.status_get().pid > 0
assert kea.ctrlagent.config_get().result == 0
assert "config-get" in kea.ctrlagent.list_commands().arguments

for daemon, family in ((kea.dhcp4, "Dhcp4"), (kea.dhcp6, "Dhcp6")):
    assert daemon.version_get().result == 0
    assert daemon.build_report().result == 0
    assert daemon.status_get().pid > 0
    assert "statistic-get-all" in daemon.list_commands().arguments
    configuration = daemon.config_get().arguments
    tested = {family: configuration[family]}
    assert daemon.config_test(tested).result == 0
    assert daemon.config_set(tested).result == 0
    tested = {family: {**configuration[family], "valid-lifetime": "long"}}
    assert daemon.config_test(tested).result == 1
    assert daemon.dhcp_disable(max_period=20).result == 0
    assert daemon.dhcp_enable().result == 0
    daemon.refresh_cached_config()

received = kea.dhcp4.statistic_get("pkt4-received").arguments["pkt4-received"]
assert received[0][0] == 0, received

assert [subnet.id for subnet in kea.dhcp4.subnet4_list()] == [7]
kea.dhcp4.subnet4_add([Subnet4(id=8, subnet="198.51.100.0/24")])
assert kea.dhcp4.subnet4_get(8).subnet == "198.51.100.0/24"
kea.dhcp4.subnet4_del(8)
assert [subnet.id for subnet in kea.dhcp4.subnet4_list()] == [7]

kea.dhcp4.class_add(ClientClass4(name="phones", test="option[60].hex == 'phone'"))
assert kea.dhcp4.class_get("phones").test == "option[60].hex == 'phone'"
kea.dhcp4.class_del("phones")
assert kea.dhcp4.class_list() == []

print("understood")
