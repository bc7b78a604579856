"""Workloads that reach for their node, for foreign images, addresses and hosts, or for more than their share."""

from __future__ import annotations

from typing import Any

from tests.e2e.attempts.model import CREATE, HIGH, LIMITS, POD_SECURITY, QUOTA, Attempt, B, C, O, R, Who, patch, policy
from tests.e2e.manifests import A, Manifest, container, cron_job, deployment, ingress, pod, pod_spec, service


def _pod_security(id: str, who: Who, what: str, message: str, *containers: Manifest, **spec: Any) -> Attempt:
    text = f'violates PodSecurity "restricted:v1.34": {message}'
    return Attempt(id, who, what, POD_SECURITY, text, CREATE, pod("intruder", *containers, **spec))


def _secured(**changes: Any) -> Manifest:
    whole = container()
    whole["securityContext"] = whole["securityContext"] | changes
    return whole


_PRIVILEGED = _secured(privileged=True, allowPrivilegeEscalation=True)
_NO_PRIVILEGED = 'violates PodSecurity "restricted:v1.34": privileged'

PODS: tuple[Attempt, ...] = (
    Attempt("privileged", R, "run a privileged pod", POD_SECURITY, _NO_PRIVILEGED, CREATE,
            pod("intruder", _PRIVILEGED)),
    Attempt("privileged-as-owner", C, "run a privileged pod", POD_SECURITY, _NO_PRIVILEGED, CREATE,
            pod("intruder", _PRIVILEGED)),
    _pod_security("host-path", R, "mount a node's disk", "restricted volume types",
                  volumes=[{"name": "host", "hostPath": {"path": "/"}}]),
    _pod_security("host-network", R, "use a node's network, past every NetworkPolicy", "host namespaces",
                  hostNetwork=True),
    _pod_security("host-pid", O, "see a node's processes", "host namespaces", hostPID=True),
    _pod_security("host-port", O, "listen on a node's port", "hostPort",
                  container(ports=[{"containerPort": 80, "hostPort": 80}])),
    _pod_security("capability", R, "add a capability", "unrestricted capabilities",
                  _secured(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]})),
    _pod_security("root", O, "run as root", "runAsUser=0", _secured(runAsUser=0)),
    _pod_security("escalation", O, "allow privilege escalation", "allowPrivilegeEscalation != false",
                  _secured(allowPrivilegeEscalation=True)),
    _pod_security("seccomp", R, "switch seccomp off", "seccompProfile",
                  _secured(seccompProfile={"type": "Unconfined"})),
    Attempt("privileged-init", O, "run a privileged init container", POD_SECURITY, _NO_PRIVILEGED, CREATE,
            pod("intruder", initContainers=[_PRIVILEGED | {"name": "first"}])),
)  # fmt: skip

FOREIGN_IMAGE = "images must come from the registries allowed for this tenant"
FOREIGN_PRIORITY = f"priority classes must be among those allowed for this tenant (): {HIGH}"
EVIL = "registry.example.net/evil:1"


def _image(id: str, who: Who, what: str, image: str, manifest: Manifest) -> Attempt:
    message = f"{FOREIGN_IMAGE} (registry.example.com): {image}"
    return Attempt(id, who, what, policy("berth-workloads"), message, CREATE, manifest)


def _look_alike(id: str, image: str, what: str) -> Attempt:
    return _image(id, R, f"run {what}: `{image}`", image, pod("intruder", container(image)))


IMAGES: tuple[Attempt, ...] = (
    _image("image-pod", R, "run a pod with an image from another registry", EVIL, pod("intruder", container(EVIL))),
    _image("image-deployment", O, "create a Deployment with such an image", EVIL,
           deployment("intruder", pod_spec(container(EVIL)))),
    _image("image-cronjob", R, "create a CronJob with such an image", EVIL,
           cron_job("intruder", pod_spec(container(EVIL)))),
    _image("image-init", O, "use such an image in an init container", EVIL,
           deployment("intruder", pod_spec(initContainers=[container(EVIL) | {"name": "first"}]))),
    _image("image-volume", R, "mount such an image as a volume", EVIL,
           pod("intruder", volumes=[{"name": "image", "image": {"reference": EVIL}}])),
    Attempt("image-update", O, "change a running Deployment to such an image", policy("berth-workloads"), FOREIGN_IMAGE,
            f"set image deployment/web web={EVIL} -n {A}"),
    _look_alike("image-longer-host", "registry.example.com.evil.example/x:1", "a host that begins like it"),
    _look_alike("image-similar-host", "registry.example.community/x:1", "another such host"),
    _look_alike("image-other-port", "registry.example.com:5000/x:1", "a registry on another port of the host"),
    _look_alike("image-without-registry", "web:1", "an image without a registry"),
    _look_alike("image-named-like-registry", "registry.example.com:1", "a default registry's image of that name"),
    _look_alike("image-in-user-part", "registry.example.net/registry.example.com/x:1", "the allowed name as a path"),
    Attempt("system-priority", R, "give a pod the platform's priority", policy("berth-workloads"),
            "system priority classes are the platform's", CREATE,
            pod("intruder", priorityClassName="system-cluster-critical")),
    Attempt("foreign-priority", R, "give a pod a priority class that is not on A's list", policy("berth-priorities"),
            FOREIGN_PRIORITY, CREATE, pod("intruder", priorityClassName=HIGH)),
    Attempt("foreign-priority-deployment", O, "give a Deployment such a class", policy("berth-priorities"),
            FOREIGN_PRIORITY, CREATE, deployment("intruder", pod_spec(priorityClassName=HIGH))),
    Attempt("foreign-priority-cronjob", R, "give a CronJob such a class", policy("berth-priorities"),
            FOREIGN_PRIORITY, CREATE, cron_job("intruder", pod_spec(priorityClassName=HIGH))),
    Attempt("foreign-priority-update", O, "change a running Deployment to such a class", policy("berth-priorities"),
            FOREIGN_PRIORITY,
            patch("deployment web", A, f'{{"spec":{{"template":{{"spec":{{"priorityClassName":"{HIGH}"}}}}}}}}')),
    Attempt("quota-cpu", O, "run a pod larger than the quota", QUOTA, "exceeded quota: berth, requested: requests.cpu",
            CREATE, pod("intruder", container(resources={"requests": {"cpu": "64"}, "limits": {"cpu": "64"}}))),
    Attempt("limit-memory", R, "run a container larger than the limit", LIMITS,
            "maximum memory usage per Container is 8Gi", CREATE,
            pod("intruder", container(resources={"limits": {"memory": "9Gi"}}))),
)  # fmt: skip

FOREIGN_HOST = "hosts must be among those allowed for this tenant (shop.example.com, *.shop.example.com): "


def _host(id: str, who: Who, what: str, refused: str, manifest: Manifest) -> Attempt:
    return Attempt(id, who, what, policy("berth-hosts"), FOREIGN_HOST + refused, CREATE, manifest)


def _raw(id: str, key: str, what: str) -> Attempt:
    message = f"annotations with configuration of the controller's own are refused: {key}"
    manifest = ingress("intruder", "shop.example.com", {key: "x"})
    return Attempt(id, R, what, policy("berth-hosts"), message, CREATE, manifest)


NETWORK: tuple[Attempt, ...] = (
    Attempt("load-balancer", R, "create a Service of type LoadBalancer", QUOTA,
            "exceeded quota: berth, requested: services.loadbalancers=1", CREATE,
            service("intruder", type="LoadBalancer")),
    Attempt("node-port", O, "create a Service of type NodePort", QUOTA,
            "exceeded quota: berth, requested: services.nodeports=1", CREATE, service("intruder", type="NodePort")),
    Attempt("become-load-balancer", O, "turn an own Service into a LoadBalancer", QUOTA,
            "exceeded quota: berth, requested: services.loadbalancers=1",
            patch("service web", A, '{"spec":{"type":"LoadBalancer"}}')),
    Attempt("external-ips", R, "take over an address with externalIPs", policy("berth-services"),
            "externalIPs can take over other tenants' addresses", CREATE,
            service("intruder", externalIPs=["10.0.0.9"])),
    Attempt("external-name", O, "lead a Service to B's name with ExternalName", policy("berth-services"),
            "a Service of type ExternalName can stand for any name", CREATE,
            service("intruder", type="ExternalName", externalName=f"collector.{B}.svc.cluster.local")),
    _host("foreign-host", R, "claim another tenant's host", "ledger.example.com",
          ingress("intruder", "ledger.example.com")),
    _host("parent-host", O, "claim the parent of the own host, as a wildcard", "*.example.com",
          ingress("intruder", "*.example.com")),
    _host("wildcard-look-alike", R, "claim a host that ends like the wildcard", "evil-shop.example.com",
          ingress("intruder", "evil-shop.example.com")),
    _host("no-host", R, "claim all hosts with a rule that names none", "any host", ingress("intruder", None)),
    _host("second-rule", O, "hide a foreign host behind an own one", "ledger.example.com",
          ingress("intruder", None, rules=[
              ingress("x", host)["spec"]["rules"][0] for host in ("shop.example.com", "ledger.example.com")])),
    _host("tls-host", O, "claim a foreign host's TLS", "ledger.example.com",
          ingress("intruder", "shop.example.com", tls=[{"hosts": ["ledger.example.com"], "secretName": "tls"}])),
    Attempt("default-backend", O, "claim all hosts with a default backend", policy("berth-hosts"),
            "a default backend takes every host", CREATE,
            ingress("intruder", "shop.example.com",
                    defaultBackend={"service": {"name": "web", "port": {"number": 80}}})),
    _host("alias-annotation", R, "claim a foreign host with an ingress controller's alias annotation",
          "ledger.example.com",
          ingress("intruder", "shop.example.com",
                  {"nginx.ingress.kubernetes.io/server-alias": "www.shop.example.com, ledger.example.com"})),
    _host("dns-annotation", O, "claim a foreign name in DNS with a Service's annotation", "ledger.example.com",
          service("intruder", {"external-dns.alpha.kubernetes.io/hostname": "ledger.example.com"})),
    _raw("snippet-annotation", "nginx.ingress.kubernetes.io/server-snippet",
         "write into the ingress controller's own configuration"),
    _raw("balancer-annotation", "alb.ingress.kubernetes.io/conditions.web",
         "add rules of its own to a cloud's load balancer"),
)  # fmt: skip
