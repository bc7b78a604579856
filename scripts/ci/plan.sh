#!/usr/bin/env bash
# What a pull request runs: files and schemas are right, and what would change against BASE, a Git ref. Without BASE, the
# whole plan. Leaves plan.txt, plan.md, plan.html and plan.json in out/plan. Needs no credential and no network.
# With BERTH_DEPLOY_REPO, the address of a deploy repo that anybody may read, also what tenants' workloads become; a dot
# stands for this repository itself.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=out/plan
berth=${BERTH:-.venv/bin/berth}

base=()
if [ -n "${1:-}" ] && [ -n "${1//0/}" ]; then # a branch's first push has a base of zeros
    base=(--base "$(git merge-base "$1" HEAD)") || {
        echo "plan: HEAD and $1 have no common commit here: fetch the whole history (fetch-depth: 0, GIT_DEPTH: 0)" >&2
        exit 2
    }
fi

workloads=()
case ${BERTH_DEPLOY_REPO:-} in
'') ;;
.) workloads=(--deploy-repo . ${base[1]:+--deploy-base "${base[1]}"}) ;;
*) workloads=(--deploy-repo out/deploy-repo) ;;
esac

clone() { # as anybody: no credential of the job, and none that is asked for
    [ "${workloads[1]:-}" = out/deploy-repo ] || return 0
    GIT_TERMINAL_PROMPT=0 GIT_ASKPASS='' GIT_ALLOW_PROTOCOL=https:file \
        git -c credential.helper= clone --quiet -- "$BERTH_DEPLOY_REPO" out/deploy-repo || {
        echo "plan: BERTH_DEPLOY_REPO is cloned without a credential: it has to be a repo that anybody may read" >&2
        return 2
    }
}

rm -rf "$out" out/deploy-repo
mkdir -p "$out"
code=0
{
    "$berth" validate &&
        "$berth" schema --check &&
        clone &&
        "$berth" plan "${base[@]}" "${workloads[@]}" --out "$out/plan.md" --out "$out/plan.html" --out "$out/plan.json"
} >"$out/plan.txt" 2>&1 || code=$?
cat "$out/plan.txt"
if [ ! -s "$out/plan.md" ]; then
    python3 -m scripts.forge fence "There is no plan: something is wrong" "$out/plan.txt" >"$out/plan.md"
fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    cat "$out/plan.md" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
