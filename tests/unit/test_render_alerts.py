"""Whom an agent tells how a tenant's syncs go: what each engine is given for it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from berth.render import Object, render_alerts
from tests.support import Sandbox, one, pick

WEBHOOK = "notify: [{type: webhook, secretName: on-call}]\n"
ALL = """\
notify:
  - {type: slack, secretName: channel}
  - {type: teams, secretName: channel}
  - {type: webhook, secretName: on-call, events: all}
  - {type: commitStatus, secretName: states, host: github}
"""
REVISION = "{{.app.status.sync.revision | urlquery}}"
FAILURES = ["unrendered", "refused", "degraded"]


def settings(sandbox: Sandbox, cluster: str = "aws-dev") -> dict[str, Any]:
    """What Argo CD's notifications controller is given, decoded."""
    project = sandbox.load()
    (item,) = render_alerts(sandbox.cluster(cluster), project.tenants_in(sandbox.cluster(cluster)))
    assert (item["metadata"]["name"], item["metadata"]["namespace"]) == ("argocd-notifications-cm", "argocd")
    return {key: json.loads(value) for key, value in item["data"].items()}


def of_kind(sandbox: Sandbox, kind: str, cluster: str = "aws-dev") -> dict[str, Object]:
    return {item["metadata"]["name"]: item for item in pick(sandbox.objects(cluster=cluster), kind)}


def test_nobody_is_told_unless_the_tenant_says_so(sandbox: Sandbox) -> None:
    assert not pick(sandbox.objects(), "Provider")
    assert not pick(sandbox.objects(), "Alert")
    sandbox.setting("berth:gitops: {engine: argocd}")
    annotations = one(sandbox.objects(), "Application")["metadata"].get("annotations", {})
    assert not [key for key in annotations if "notifications" in key]
    assert render_alerts(sandbox.cluster(), sandbox.load().tenants_in(sandbox.cluster())) == []


def test_with_flux_each_receiver_has_a_provider_and_an_alert_beside_the_sync_and_before_it(sandbox: Sandbox) -> None:
    sandbox.tenant(ALL)
    kinds = [item["kind"] for item in sandbox.objects()]
    assert kinds[-10:] == [*["Provider", "Alert"] * 4, "GitRepository", "Kustomization"]
    for kind in ("Provider", "Alert"):
        found = of_kind(sandbox, kind)
        assert list(found) == ["slack-channel", "teams-channel", "webhook-on-call", "commit-status-states"]
        assert {item["metadata"]["namespace"] for item in found.values()} == {"berth-acme"}


def test_the_address_is_in_a_secret_and_never_in_an_object(sandbox: Sandbox) -> None:
    sandbox.tenant(ALL)
    providers = of_kind(sandbox, "Provider")
    assert [item["spec"]["type"] for item in providers.values()] == ["slack", "msteams", "generic", "github"]
    assert [item["spec"]["secretRef"]["name"] for item in providers.values()] == [
        "channel", "channel", "on-call", "states",
    ]  # fmt: skip
    assert "address" not in {key for name in list(providers)[:3] for key in providers[name]["spec"]}
    assert not pick(sandbox.objects(), "Secret")


def test_with_flux_failures_are_told_unless_all_is_asked_for(sandbox: Sandbox) -> None:
    sandbox.tenant(ALL)
    found = [item["spec"]["eventSeverity"] for item in of_kind(sandbox, "Alert").values()]
    assert found == ["error", "error", "info", "info"]


def test_a_message_of_flux_names_cluster_and_environment(sandbox: Sandbox) -> None:
    sandbox.tenant(WEBHOOK, placements="placements: [{environments: [dev], clouds: [aws, gcp]}]\n")
    for cluster in ("aws-dev", "gcp-dev"):
        (alert,) = of_kind(sandbox, "Alert", cluster).values()
        told = {"cluster": cluster, "environment": "dev", "summary": f"acme in {cluster}"}
        assert alert["spec"]["eventMetadata"] == told
        assert {each["name"] for each in alert["spec"]["eventSources"]} == {"acme"}


def test_each_cluster_has_a_commit_state_of_its_own(sandbox: Sandbox) -> None:
    sandbox.tenant(ALL, placements="placements: [{environments: [dev], clouds: [aws, gcp]}]\n")
    found = [of_kind(sandbox, "Provider", name)["commit-status-states"]["spec"] for name in ("aws-dev", "gcp-dev")]
    assert [each["commitStatusExpr"] for each in found] == ["'berth/aws-dev/acme'", "'berth/gcp-dev/acme'"]
    assert found[0]["address"] == "https://git.example.com/deploy.git"


def test_a_repo_that_is_cloned_over_ssh_gets_its_states_over_https(sandbox: Sandbox) -> None:
    source = "source: {url: 'ssh://git@git.example.com:22/acme/app.git', secretName: git}\n"
    sandbox.tenant(ALL + source)
    assert of_kind(sandbox, "Provider")["commit-status-states"]["spec"]["address"] == (
        "https://git.example.com/acme/app.git"
    )


def test_a_repo_at_an_address_of_ipv6_keeps_its_brackets(sandbox: Sandbox) -> None:
    source = "source: {url: 'ssh://git@[2001:db8::1]:22/acme/app.git', secretName: git}\n"
    sandbox.tenant(ALL + source)
    assert of_kind(sandbox, "Provider")["commit-status-states"]["spec"]["address"] == (
        "https://[2001:db8::1]/acme/app.git"
    )


def test_with_argo_cd_an_application_subscribes_to_its_own_receivers_and_no_other(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(ALL)
    assert not pick(sandbox.objects(), "Provider")
    annotations = one(sandbox.objects(), "Application")["metadata"]["annotations"]
    told = json.loads(annotations["notifications.argoproj.io/subscriptions"])
    keys = [f"acme__{name}" for name in ("slack-channel", "teams-channel", "webhook-on-call", "commit-status-states")]
    assert [each["trigger"] for each in told] == [[key] for key in keys]
    assert [each["destinations"] for each in told] == [[{"service": key, "recipients": [""]}] for key in keys]
    assert {key for key in settings(sandbox) if key.startswith("service.")} == {f"service.webhook.{k}" for k in keys}


def test_tenants_whose_names_run_into_each_other_share_no_key(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant("notify: [{type: webhook, secretName: a}]\n", name="acme")
    sandbox.tenant("notify: [{type: webhook, secretName: a}]\n", name="acme-webhook")
    services = [key for key in settings(sandbox) if key.startswith("service.")]
    assert services == ["service.webhook.acme-webhook__webhook-a", "service.webhook.acme__webhook-a"]


def test_the_address_of_argo_cd_is_a_key_of_its_secret(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(WEBHOOK)
    assert settings(sandbox)["service.webhook.acme__webhook-on-call"]["url"] == "$acme__webhook-on-call"


def test_a_message_of_argo_cd_names_cluster_and_environment(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(WEBHOOK)
    found = settings(sandbox)
    for failure in FAILURES:
        template = found[f"template.acme__webhook-on-call-{failure}"]["webhook"]["acme__webhook-on-call"]
        assert template["method"] == "POST"
        assert '"cluster": "aws-dev", "environment": "dev", "tenant": "acme", "severity": "error"' in template["body"]
        assert '"revision": {{.app.status.sync.revision | toJson}}' in template["body"]


@pytest.mark.parametrize(
    ("line", "told"), [(WEBHOOK, FAILURES), (WEBHOOK.replace("call}", "call, events: all}"), [*FAILURES, "done"])]
)
def test_with_argo_cd_failures_are_told_unless_all_is_asked_for(sandbox: Sandbox, line: str, told: list[str]) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(line)
    sent = [each["send"] for each in settings(sandbox)["trigger.acme__webhook-on-call"]]
    assert sent == [[f"acme__webhook-on-call-{name}"] for name in told]


def test_with_argo_cd_a_commit_is_good_only_when_the_cluster_equals_it(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(WEBHOOK.replace("call}", "call, events: all}"))
    done = settings(sandbox)["trigger.acme__webhook-on-call"][-1]
    for condition in ("phase == 'Succeeded'", "sync?.status == 'Synced'", "health?.status == 'Healthy'"):
        assert condition in done["when"]


def test_with_argo_cd_a_sync_that_is_tried_again_has_failed_and_is_told_once_for_all_its_tries(
    sandbox: Sandbox,
) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(WEBHOOK)
    _, refused, _ = settings(sandbox)["trigger.acme__webhook-on-call"]
    assert "phase == 'Running' and (app.status?.operationState?.retryCount ?? 0) > 0" in refused["when"]
    assert "sync?.revision" in refused["oncePer"]
    assert "startedAt" in refused["oncePer"]


def test_with_argo_cd_what_does_not_render_is_told_each_time_though_the_revision_is_a_branch_then(
    sandbox: Sandbox,
) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(WEBHOOK)
    assert "oncePer" not in settings(sandbox)["trigger.acme__webhook-on-call"][0]


def test_with_argo_cd_each_commit_gets_a_state_whether_or_not_it_changes_the_tenant(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant("notify: [{type: commitStatus, secretName: s, host: gitlab}]\n")
    *_, changed, every = settings(sandbox)["trigger.acme__commit-status-s"]
    assert changed["when"] == every["when"]
    assert (changed.get("oncePer"), every["oncePer"]) == (None, "app.status?.sync?.revision")


def test_channels_of_argo_cd_get_what_they_take(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(ALL)
    found = settings(sandbox)
    slack = found["template.acme__slack-channel-degraded"]["webhook"]["acme__slack-channel"]["body"]
    teams = found["template.acme__teams-channel-degraded"]["webhook"]["acme__teams-channel"]["body"]
    assert '{"text": {{' in slack
    card = json.loads(teams[teams.index('{"type"') :].replace("{{$said | toJson}}", '"any"'))
    (attached,) = card["attachments"]
    assert attached["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attached["content"]["body"][0]["text"] == "acme in aws-dev (dev): failed"


def test_templates_of_argo_cd_are_of_one_line_as_a_text_in_them_may_not_hold_another(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(ALL)
    bodies = [
        request["body"]
        for key, item in settings(sandbox).items()
        if key.startswith("template.")
        for request in item["webhook"].values()
    ]
    assert len(bodies) == 3 + 3 + 4 + 4
    assert not [body for body in bodies if "\n" in body]


def test_no_text_of_a_tenant_names_a_key_of_the_secret_of_all_tenants(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    source = "source: {url: 'https://git.example.com/$other__webhook-a/x.git', secretName: git}\n"
    sandbox.tenant("notify: [{type: commitStatus, secretName: s, host: gitea}]\n" + source)
    service = settings(sandbox)["service.webhook.acme__commit-status-s"]
    assert service["url"] == "https://git.example.com/api/v1/repos/%24other__webhook-a/x/statuses"
    assert re.findall(r"[$][\w-]+", json.dumps(service)) == ["$acme__commit-status-s"]


@pytest.mark.parametrize(
    ("host", "url", "header", "state"),
    [
        ("github", "https://git.example.com/api/v3/repos/deploy/statuses", "Bearer $acme__commit-status-s", "failure"),
        ("gitlab", "https://git.example.com/api/v4/projects/deploy/statuses", "$acme__commit-status-s", "failed"),
        ("gitea", "https://git.example.com/api/v1/repos/deploy/statuses", "token $acme__commit-status-s", "failure"),
    ],
)
def test_a_commit_state_of_argo_cd_is_posted_to_its_host_under_the_clusters_name(
    sandbox: Sandbox, host: str, url: str, header: str, state: str
) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant(f"notify: [{{type: commitStatus, secretName: s, host: {host}}}]\n")
    found = settings(sandbox)
    service = found["service.webhook.acme__commit-status-s"]
    assert service["url"] == url
    assert service["headers"][1]["value"] == header
    request = found["template.acme__commit-status-s-refused"]["webhook"]["acme__commit-status-s"]
    assert request["path"] == REVISION
    body = json.loads(request["body"])
    assert body["state"] == state
    assert body["name" if host == "gitlab" else "context"] == "berth/aws-dev/acme"


def test_the_public_github_has_an_address_of_its_own(sandbox: Sandbox) -> None:
    sandbox.stack("https://git.example.com/deploy.git", "https://github.com/example/deploy.git")
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant("notify: [{type: commitStatus, secretName: s, host: github}]\n")
    assert settings(sandbox)["service.webhook.acme__commit-status-s"]["url"] == (
        "https://api.github.com/repos/example/deploy/statuses"
    )
