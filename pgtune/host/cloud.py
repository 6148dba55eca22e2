"""The cloud and the kind of instance, from what the machine's firmware says (DMI). No network is asked."""

from pathlib import Path

from pgtune.host import files

DMI = "sys/class/dmi/id"

# Who writes what into DMI: the field, how its value starts, the cloud. The first that fits counts.
CLOUDS = (
    ("sys_vendor", "Amazon EC2", "AWS"),
    ("bios_version", "4.2.amazon", "AWS"),  # the older instances on Xen
    ("product_name", "Google Compute Engine", "Google Cloud"),
    ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", "Azure"),  # other guests of Hyper-V lack it
    ("chassis_asset_tag", "OracleCloud.com", "Oracle Cloud"),
    ("sys_vendor", "Alibaba Cloud", "Alibaba Cloud"),
    ("sys_vendor", "DigitalOcean", "DigitalOcean"),
    ("sys_vendor", "Hetzner", "Hetzner Cloud"),
    ("sys_vendor", "Akamai", "Linode"),
    ("sys_vendor", "Linode", "Linode"),
    ("sys_vendor", "Vultr", "Vultr"),
    ("sys_vendor", "Scaleway", "Scaleway"),
    ("sys_vendor", "UpCloud", "UpCloud"),
    ("sys_vendor", "Exoscale", "Exoscale"),
    ("product_name", "OpenStack", "OpenStack"),
)
WITH_INSTANCE = {"AWS"}  # elsewhere the product name is the cloud's, not the instance's


def hint(root: Path) -> str | None:
    """The cloud, with the instance type where the firmware tells it, as `AWS m6i.large`; None where nothing tells."""
    for field, start, cloud in CLOUDS:
        if (files.text(root / DMI / field) or "").startswith(start):
            instance = files.text(root / DMI / "product_name") if cloud in WITH_INSTANCE else None
            return f"{cloud} {instance}" if instance and "." in instance else cloud
    return None


def virtual(root: Path) -> bool:
    """True if a hypervisor runs this machine: its disks are not what they say."""
    for line in (files.text(root / "proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return "hypervisor" in value.split()
    return (root / "sys/hypervisor/type").exists()
