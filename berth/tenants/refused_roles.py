"""The common policies and roles that undo the guard-rails: no tenant may have them. Clouds have more, and add some.

Those over a whole account, project or subscription reach other tenants' data. Those over identities give the rights of
another. Those over clusters and their nodes go past everything that holds inside a cluster. What a policy or role of
one's own allows is not in its name: whoever writes it answers for it.
"""

from __future__ import annotations

import re

from berth.model import wrong

_FITTING_POLICY = "a policy for what the workload does"
_FITTING_ROLE = "a role for what the workload does"

_ADMIN_POLICIES = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
_POLICIES_OF_AWS = re.compile(
    r"arn:[^:]+:iam::aws:policy/(?:job-function/.*|(?:.*/)?(?:[^/]*Admin[^/]*|ReadOnlyAccess"
    r"|(?:IAM|AWSAccountManagement|AWSOrganizations|AWSSSO)[^/]*"
    r"|AmazonEKS[^/]*|AmazonEC2FullAccess|AmazonSSMFullAccess|AmazonVPCFullAccess|EC2InstanceConnect))"
)
"""Over the account; over identities and the organization; over clusters and their nodes."""

_ROLES_OVER_THE_PROJECT = re.compile(
    r"roles/(?:owner|editor|viewer|writer|reader|.*[aA]dmin.*|.*\.serviceAgent"
    r"|iam\.(?:serviceAccount|workloadIdentity|securityReviewer).*|resourcemanager\..*"
    r"|cloudbuild\..*[eE]ditor|deploymentmanager\.editor)"
)
_ROLES_OVER_CLUSTERS = re.compile(r"roles/(?:container|gkebackup|gkehub)\..*")

_AZURE_ADMIN_ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": "Managed Identity Contributor",
    "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
}
_AZURE_CLUSTER_ROLES = {
    "00493d72-78f6-4148-b6c5-d3ce8e4799dd": "Azure Arc Enabled Kubernetes Cluster User Role",
    "dffb1e0c-446f-4dde-a09f-99eb5cc68b96": "Azure Arc Kubernetes Admin",
    "8393591c-06b9-48a2-a542-1bd6b377f6a2": "Azure Arc Kubernetes Cluster Admin",
    "63f0a09d-1495-4db4-a681-037d84835eb4": "Azure Arc Kubernetes Viewer",
    "5b999177-9696-4545-85c7-50de3797e5a1": "Azure Arc Kubernetes Writer",
    "63bb64ad-9799-4770-b5c3-24ed299a07bf": "Azure Kubernetes Fleet Manager Contributor Role",
    "de2b316d-7a2c-4143-b4cd-c148f6a355a1": "Azure Kubernetes Fleet Manager Hub Agent Role",
    "850c5848-fc51-4a9a-8823-f220370626e3": "Azure Kubernetes Fleet Manager Hub Cluster User Role",
    "434fb43a-c01c-447e-9f67-c3ad923cfaba": "Azure Kubernetes Fleet Manager RBAC Admin",
    "d1f699ed-700a-4c77-a22f-29890ac7b115": "Azure Kubernetes Fleet Manager RBAC Admin for Member Clusters",
    "18ab4d3d-a1bf-4477-8ad9-8359bc988f69": "Azure Kubernetes Fleet Manager RBAC Cluster Admin",
    "79a36d98-eb96-4a76-ae1d-481dc98d2c23": "Azure Kubernetes Fleet Manager RBAC Cluster Admin for Member Clusters",
    "30b27cfc-9c84-438e-b0ce-70e35255df80": "Azure Kubernetes Fleet Manager RBAC Reader",
    "463ad26c-fcce-4469-9c7f-5653d8acbab5": "Azure Kubernetes Fleet Manager RBAC Reader for Member Clusters",
    "5af6afb3-c06c-4fa4-8848-71a8aee05683": "Azure Kubernetes Fleet Manager RBAC Writer",
    "50346970-0998-40f2-b47d-f3b8809840f8": "Azure Kubernetes Fleet Manager RBAC Writer for Member Clusters",
    "b29efa5f-7782-4dc3-9537-4d5bc70a5e9f": "Azure Kubernetes Service Arc Cluster Admin Role",
    "233ca253-b031-42ff-9fba-87ef12d6b55f": "Azure Kubernetes Service Arc Cluster User Role",
    "5d3f1697-4507-4d08-bb4a-477695db5f82": "Azure Kubernetes Service Arc Contributor Role",
    "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8": "Azure Kubernetes Service Cluster Admin Role",
    "1afdec4b-e479-420e-99e7-f82237c7c5e6": "Azure Kubernetes Service Cluster Monitoring User",
    "4abbcc35-e782-43d8-92c5-2d3f1bd2253f": "Azure Kubernetes Service Cluster User Role",
    "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8": "Azure Kubernetes Service Contributor Role",
    "289d8817-ee69-43f1-a0af-43a45505b488": "Azure Kubernetes Service Namespace Contributor",
    "c9f76ca8-b262-4b10-8ed2-09cf0948aa35": "Azure Kubernetes Service Namespace User",
    "3498e952-d568-435e-9b2c-8d77e338d7f7": "Azure Kubernetes Service RBAC Admin",
    "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": "Azure Kubernetes Service RBAC Cluster Admin",
    "7f6c6a51-bcf8-42ba-9220-52d62157d7db": "Azure Kubernetes Service RBAC Reader",
    "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb": "Azure Kubernetes Service RBAC Writer",
}
"""Source of both: "Azure built-in roles"; of the second, its part "Containers"."""


def no_admin_policy(arn: str) -> str:
    """Validator of a policy in AWS."""
    if arn.rpartition("/")[2] in _ADMIN_POLICIES or _POLICIES_OF_AWS.fullmatch(arn):
        raise wrong(
            _FITTING_POLICY,
            "administrator policies are not for tenants, nor those over the account, identities, clusters or nodes: "
            "they undo the guard-rails; write one that allows just what is needed",
        )
    return arn


def no_admin_role(role: str) -> str:
    """Validator of a role in Google Cloud."""
    if _ROLES_OVER_THE_PROJECT.fullmatch(role):
        raise wrong(
            _FITTING_ROLE,
            "basic and administrator roles, and roles over identities, are not for tenants: take a predefined role "
            "without admin in its name, or a custom one",
        )
    if _ROLES_OVER_CLUSTERS.fullmatch(role):
        raise wrong(
            _FITTING_ROLE,
            "a role over clusters reaches all tenants' objects, past the guard-rails: what a workload needs of its "
            "cluster is for the platform to give inside it",
        )
    return role


def no_azure_admin_role(role: str) -> str:
    """Validator of a role in Azure, by its id or its name."""
    name = (_AZURE_ADMIN_ROLES | _AZURE_CLUSTER_ROLES).get(role, role)
    if name in _AZURE_ADMIN_ROLES.values():
        raise wrong(_FITTING_ROLE, f"{name} is not for tenants")
    if name in _AZURE_CLUSTER_ROLES.values():
        raise wrong(
            _FITTING_ROLE,
            f"{name} is not for tenants: a role over clusters reaches all tenants' objects, past the guard-rails",
        )
    return role
