"""The regions of each cloud and the zones in them, as the providers publish them.

A region that a provider opens later is one more line here. Sources: AWS "Regions and Availability Zones" (letters of
zones as a new account sees them), Google Cloud "Regions and zones", Azure "List of Azure regions" (regions without
availability zones have an empty entry). Left out are Azure's clouds apart in China and of the US government, which have
endpoints of their own, and qatarcentral, which has no API Server VNet Integration. A test compares AWS's with the list
in pulumi_aws.
"""

from __future__ import annotations

from berth.settings.kinds import Provider

_AWS = {
    "a b c": "af-south-1 ap-east-1 ap-east-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 "
    "ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-west-1 cn-northwest-1 eu-central-1 "
    "eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 eusc-de-east-1 il-central-1 "
    "me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-2 us-gov-east-1 us-gov-west-1",
    "a b c d": "ap-northeast-2 cn-north-1 us-west-2",
    "a c d": "ap-northeast-1",
    "a b d": "ca-central-1",
    "a b c d f": "us-east-1",  # not e: EKS has no control plane there
    "a c": "us-west-1",
}
_GCP = {
    "a b c": "africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 "
    "asia-south2 asia-southeast1 asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 "
    "europe-north1 europe-north2 europe-southwest1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 "
    "europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1 northamerica-northeast1 "
    "northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-east4 us-east5 us-south1 "
    "us-west1 us-west2 us-west3 us-west4",
    "a b c f": "us-central1",
    "b c d": "europe-west1 us-east1",
}
_AZURE = {
    "1 2 3": "australiaeast austriaeast belgiumcentral brazilsouth canadacentral centralindia centralus chilecentral "
    "eastasia eastus eastus2 francecentral germanywestcentral indonesiacentral israelcentral italynorth "
    "japaneast japanwest koreacentral malaysiawest mexicocentral newzealandnorth northeurope norwayeast polandcentral "
    "southafricanorth southcentralus southeastasia spaincentral swedencentral switzerlandnorth uaenorth "
    "uksouth westeurope westus2 westus3",
    "": "australiacentral australiasoutheast canadaeast francesouth germanynorth koreasouth "
    "northcentralus norwaywest southindia switzerlandwest uaecentral ukwest westcentralus "
    "westindia westus",
}


def _by_region(table: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {region: tuple(zones.split()) for zones, regions in table.items() for region in regions.split()}


ZONES: dict[Provider, dict[str, tuple[str, ...]]] = {
    Provider.EKS: _by_region(_AWS),
    Provider.GKE: _by_region(_GCP),
    Provider.AKS: _by_region(_AZURE),
}
"""The zones that Berth takes by itself, in this order, by provider and region: as the last part of a zone's name."""


def zone_name(provider: Provider, region: str, zone: str) -> str:
    """A zone's name as its cloud writes it: eu-west-1a, europe-west1-b, 1."""
    return {Provider.EKS: f"{region}{zone}", Provider.GKE: f"{region}-{zone}"}.get(provider, zone)
