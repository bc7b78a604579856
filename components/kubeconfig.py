"""Kubeconfigs without a credential in them: each names a program that gets a token from whoever is logged in.

Pure functions from what a cloud knows of a cluster to a kubeconfig's text (JSON, which is YAML). One context, named
after the cluster. The programs take the identity of the environment, so the same text works for a person at a terminal
(`aws sso login`, `gcloud auth login`, `az login`) and for CI (`AWS_PROFILE` or a web identity token, workload identity
federation, `AAD_LOGIN_METHOD=workloadidentity`).
"""

from __future__ import annotations

import json
from typing import Any

from berth.settings.kinds import LOGIN_PROGRAMS, Provider

AKS_SERVER_ID = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application that every AKS cluster with Entra ID accepts tokens for. Source: AKS, "Use kubelogin"."""


def eks_kubeconfig(name: str, endpoint: str, ca_data: str, region: str, role_arn: str | None = None) -> str:
    """`ca_data` is base64, as EKS tells it. `role_arn`, where given, is assumed before the token is made."""
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    if role_arn:
        arguments += ["--role-arn", role_arn]
    hint = "the AWS CLI v2 is needed: it makes the cluster's tokens"
    return _kubeconfig(name, endpoint, ca_data, _exec(LOGIN_PROGRAMS[Provider.EKS], arguments, hint))


def gke_kubeconfig(name: str, endpoint: str, ca_data: str | None, impersonate: str | None = None) -> str:
    """`endpoint` is the API server's URL. `ca_data` is None for the DNS endpoint, whose certificate every machine
    trusts. `impersonate`, where given, is the service account to act as."""
    arguments = [f"--impersonate_service_account={impersonate}"] if impersonate else []
    hint = "gke-gcloud-auth-plugin is needed: gcloud components install gke-gcloud-auth-plugin"
    return _kubeconfig(name, endpoint, ca_data, _exec(LOGIN_PROGRAMS[Provider.GKE], arguments, hint, cluster_info=True))


def aks_kubeconfig(name: str, endpoint: str, ca_data: str, entra_tenant: str) -> str:
    """Logs in as the Azure CLI does, never by asking; AAD_LOGIN_METHOD in the environment chooses another way."""
    arguments = ["get-token", "--login", "azurecli", "--server-id", AKS_SERVER_ID, "--tenant-id", entra_tenant]
    hint = "kubelogin is needed: az aks install-cli"
    return _kubeconfig(name, endpoint, ca_data, _exec(LOGIN_PROGRAMS[Provider.AKS], arguments, hint))


def _exec(command: str, arguments: list[str], hint: str, *, cluster_info: bool = False) -> dict[str, Any]:
    return {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": command,
        "args": arguments,
        "installHint": hint,
        "interactiveMode": "Never",
        "provideClusterInfo": cluster_info,
    }


def _kubeconfig(name: str, endpoint: str, ca_data: str | None, login: dict[str, Any]) -> str:
    cluster = {"server": endpoint} | ({"certificate-authority-data": ca_data} if ca_data else {})
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"exec": login}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )
