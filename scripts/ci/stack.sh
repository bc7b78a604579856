#!/usr/bin/env bash
# One command on one stack, in CI: stack.sh preview|up|drift STACK. Leaves what was printed in out/stacks/STACK.txt and, for
# drift, one word in out/stacks/STACK.outcome: clean, drift or failed. Drift found is no failure; not to have looked is.
# Before "up", the plan of what has come since the stack was deployed last, in STACK.plan.txt and .md: a guard that stops it
# stops the deploy, until it is approved or taken back. With BERTH_FIRST=true, as for the stack that a change comes to
# first, it is the plan of all stacks: what changes together is seen there.
# With BERTH_NIGHT=drift, the clusters are asked too, which takes the right to apply there what Berth makes: berth drift.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=out/stacks
stack=${2:-}
berth=${BERTH:-.venv/bin/berth}

case ${1:-} in
preview) arguments=(preview) title="Preview of $stack" ;;
up) arguments=(up --yes) title="Deployed to $stack" ;;
# What the clouds have beside what was deployed: the program does not run, so a commit that waits is no drift.
drift) arguments=(refresh --preview-only --expect-no-changes) title="Drift of $stack" ;;
*)
    echo "usage: stack.sh preview|up|drift STACK" >&2
    exit 2
    ;;
esac
if ! [[ $stack =~ ^[A-Za-z0-9][A-Za-z0-9_.-]*$ ]]; then
    echo "stack.sh: \"$stack\" is no name of a stack" >&2
    exit 2
fi
if [ -z "${PULUMI_BACKEND_URL:-}${PULUMI_ACCESS_TOKEN:-}" ]; then
    echo "stack.sh: no PULUMI_BACKEND_URL: the environment of $stack has to say where the state is" >&2
    exit 2
fi

plan() { # called where a failure does not end the script: each one is handed on
    local base code=0 stacks=(--stack "$stack")
    base=$(python3 scripts/ci/deployed.py "$stack") || return $?
    if [ -z "$base" ]; then
        echo "stack.sh: nothing is deployed to $stack yet, and nothing to compare with"
        return
    fi
    if ! git cat-file -e "$base^{commit}"; then
        echo "stack.sh: $stack was deployed with $base, which is not here: fetch the whole history, or deploy by hand" >&2
        return 2
    fi
    if [ "${BERTH_FIRST:-}" = true ]; then stacks=(); fi
    "$berth" plan --base "$base" "${stacks[@]}" --out "$out/$stack.plan.md" 2>&1 | tee "$out/$stack.plan.txt" || code=$?
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s "$out/$stack.plan.md" ]; then
        cat "$out/$stack.plan.md" >>"$GITHUB_STEP_SUMMARY"
    fi
    if [ "$code" != 0 ]; then echo "stack.sh: nothing was deployed: the plan since $base is stopped" >&2; fi
    return "$code"
}

mkdir -p "$out"
rm -f "$out/$stack".plan.*
if [ "$1" = up ]; then plan || exit $?; fi
code=0
pulumi "${arguments[@]}" --stack "$stack" --non-interactive --color never --suppress-progress 2>&1 |
    tee "$out/$stack.txt" || code=$?
if [ "$1" = drift ]; then
    codes=("$code") code=0 outcome=clean
    if [ "${BERTH_NIGHT:-}" = drift ]; then
        asked=0
        # Kubeconfigs are among the outputs: they are in no file, and not printed.
        { pulumi stack output --json --show-secrets --stack "$stack" --non-interactive --color never |
            "$berth" drift --stack "$stack" --outputs -; } 2>&1 | tee -a "$out/$stack.txt" || asked=$?
        codes+=("$asked")
    fi
    for each in "${codes[@]}"; do
        case $each in
        0) ;;
        7) outcome=drift ;; # of pulumi for changes where none were expected, and of berth for drift
        *) code=$each ;;
        esac
    done
    # What was found is told, even where not all could be looked at.
    if [ "$code" != 0 ] && [ "$outcome" = clean ]; then outcome=failed; fi
    echo "$outcome" >"$out/$stack.outcome"
    title="$title: $outcome"
fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    python3 -m scripts.forge fence "$title" "$out/$stack.txt" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
