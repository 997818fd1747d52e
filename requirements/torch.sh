#!/usr/bin/env bash
# Install torch, hash-checked: the CPU build where pip finds it, else PyPI's. Arguments: pip's command.
set -euo pipefail
cd "$(dirname "$0")"
if problem=$("$@" --require-hashes --no-deps -r torch-cpu.lock 2>&1); then exit 0; fi
# Only the absence of the CPU build is a reason to go on; a wrong hash is not.
if [[ $problem != *"No matching distribution"* ]]; then
    echo "$problem" >&2
    exit 1
fi
"$@" --require-hashes --only-binary :all: -r torch.lock
