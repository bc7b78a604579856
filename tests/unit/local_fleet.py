"""A local fleet's stack, and programs of which none is there."""

from __future__ import annotations

from pathlib import Path

from berth.local import build

LOCAL = """\
config:
  berth:environment: local
  berth:gitops: {install: none}
  berth:deployRepo: {url: "http://127.0.0.1:7480/deploy.git"}
  berth:clusters:
    - name: here
      provider: existing
      cloud: aws
      region: local
      kubeconfig: .local/kubeconfig
      context: here
"""


class AnyBinary(build.Binaries):
    def __getitem__(self, name: str) -> str:
        return f"/bin/{name}"

    def data(self, module: str) -> list[Path]:
        del module
        return []
