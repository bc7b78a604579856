"""The tenant file: its model, how it is read, and what it comes to in one cluster."""

from berth.tenants.load import LoadedProfile, LoadedTenant, load_profile, load_tenant
from berth.tenants.model import DeletionPolicy, Lifecycle, Profile, TenantFile
from berth.tenants.policy import PodSecurity, Policy
from berth.tenants.resolve import CloudAccount, GitSource, Tenant, resolve

__all__ = [
    "CloudAccount",
    "DeletionPolicy",
    "GitSource",
    "Lifecycle",
    "LoadedProfile",
    "LoadedTenant",
    "PodSecurity",
    "Policy",
    "Profile",
    "Tenant",
    "TenantFile",
    "load_profile",
    "load_tenant",
    "resolve",
]
