#!/usr/bin/env bash
# Builds every directory that a cluster pulls, of one tenant or of all: build-overlays.sh [tenant]
# A tenant's directory is copied away first: its cluster sees nothing else, so no reference may leave it.
set -euo pipefail
shopt -s nullglob

cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
overlays=0
failures=0

fail() {
  echo "::error::$1"
  failures=$((failures + 1))
}

for directory in apps/*/; do
  [[ -z ${1:-} || $directory == "apps/$1/" ]] || continue
  tenant=$(basename "$directory")
  cp -R "$directory" "$scratch/$tenant"
  for overlay in "$scratch/$tenant"/*/*/kustomization.yaml; do
    overlay=$(dirname "$overlay")
    name=apps/${overlay#"$scratch"/}
    [[ $name == apps/*/environments/* ]] && continue
    overlays=$((overlays + 1))
    if ! kubectl kustomize "$overlay" > "$scratch/objects.yaml"; then
      fail "$name does not build"
    elif ! objects=$(grep -c '^kind: ' "$scratch/objects.yaml"); then
      # Flux would delete all that the cluster has of it.
      fail "$name comes to no object"
    elif unpinned=$(sed -n 's/^ *\(- \)\{0,1\}image: *//p' "$scratch/objects.yaml" |
      grep -Ev '(:[^/]+|@sha256:[0-9a-f]{64})$'); then
      fail "$name: no tag or digest for ${unpinned//$'\n'/, }: name it in the environment's images"
    else
      echo "$name: $objects objects"
    fi
  done
done

if ((overlays == 0)); then
  fail "nothing to build in apps/${1:-}"
fi
((failures == 0))
