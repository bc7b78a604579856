"""What must work, whatever the engine."""

from __future__ import annotations

from tests.e2e.attempts.model import CREATE, GOES, Allowed, C, O, R, T, Who, patch
from tests.e2e.manifests import (
    A,
    account,
    config_map,
    container,
    cron_job,
    deployment,
    ingress,
    metadata,
    pod,
    pod_spec,
    secret,
    service,
)

_OWN = "shop.example.com"

ALLOWED: tuple[Allowed, ...] = (
    Allowed("config-map", R, "create a ConfigMap", CREATE, config_map("allowed")),
    Allowed("config-map-with-a-token", T, "the same with a real token", CREATE, config_map("allowed-token")),
    Allowed("secret", O, "create a Secret", CREATE, secret("allowed")),
    Allowed("secret-with-a-certificate", C, "the same with a real certificate", CREATE, secret("allowed-certificate")),
    Allowed("deployment", R, "create a Deployment with an allowed image", CREATE, deployment("allowed", pod_spec())),
    Allowed("image-by-digest", O, "run a pod with an image by digest, and one as a volume", CREATE,
            pod("allowed", container(f"registry.example.com/storefront/web@sha256:{'0' * 64}"),
                volumes=[{"name": "data", "image": {"reference": "registry.example.com/storefront/data:1"}}])),
    Allowed("service", R, "create a Service with a DNS name of its own host", CREATE,
            service("allowed", {"external-dns.alpha.kubernetes.io/hostname": _OWN})),
    Allowed("ingress", R, "create an Ingress with its own host and TLS", CREATE,
            ingress("allowed", _OWN, tls=[{"hosts": [_OWN], "secretName": "tls"}])),
    Allowed("ingress-wildcard", O, "create an Ingress with a host under its wildcard, and an alias", CREATE,
            ingress("allowed-wildcard", f"eu.{_OWN}", {"nginx.ingress.kubernetes.io/server-alias": f"us.{_OWN}"})),
    Allowed("cron-job", R, "create a CronJob", CREATE, cron_job("allowed", pod_spec())),
    Allowed("disruption-budget", R, "create a PodDisruptionBudget", CREATE,
            {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata("allowed"),
             "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "allowed"}}}}),
    Allowed("autoscaler", O, "create a HorizontalPodAutoscaler", CREATE,
            {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata("allowed"),
             "spec": {"maxReplicas": 2, "scaleTargetRef": {
                 "apiVersion": "apps/v1", "kind": "Deployment", "name": "allowed"}}}),
    Allowed("volume-claim", O, "create a PersistentVolumeClaim", CREATE,
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata("allowed"),
             "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
    Allowed("service-account", O, "create a ServiceAccount of its own", CREATE, account("allowed")),
    Allowed("edit-service-account", R, "change that ServiceAccount",
            patch("serviceaccount allowed", A, '{"automountServiceAccountToken":false}')),
    Allowed("scale", O, "scale a Deployment", f"scale deployment/web -n {A} --replicas=2 --dry-run=server"),
    Allowed("delete", O, "delete an object of its own", f"delete secret allowed -n {A}"),
    *(
        Allowed(f"see-{resource}", O, f"read its own {resource}", f"get {resource} -n {A}", says=says)
        for resource, says in (
            ("resourcequotas", "berth"), ("limitranges", "berth"), ("networkpolicies", "berth"),
            ("rolebindings", "berth-owners"), ("events", "LAST SEEN"), ("pods", "web"),
        )
    ),
    *(
        Allowed(f"may-{verb}-{subresource}", O, f"{verb} {subresource} of its own pods",
                f"auth can-i {verb} pods --subresource={subresource} -n {A}", says="yes")
        for verb, subresource in (("get", "log"), ("create", "exec"), ("create", "portforward"))
    ),
    Allowed("delete-volumes-that-may-go", Who.ADMIN,
            "delete a namespace with volume claims of a tenant with `deletionPolicy: delete`",
            f"delete namespace {GOES}", says="deleted"),
    Allowed("change-default-account", Who.ADMIN, "change the ServiceAccount `default`",
            patch("serviceaccount default", A, '{"metadata":{"annotations":{"x":"y"}}}', "--dry-run=server")),
)  # fmt: skip
