#!/usr/bin/env bash
# Make the locks anew from pyproject.toml and the pins in constraints.txt. First argument: uv.
# They hold for Python 3.11 and newer on all systems; markers tell the systems apart.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
    "$1" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command "make lock" --no-emit-index-url \
        -c constraints.txt "${@:2}"
}
# PyPI's torch for Linux brings CUDA; a machine that has the CPU build installs none of it.
compile "$1" requirements/torch.in -o requirements/torch.lock
cuda=$(grep -oE '^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)==' requirements/torch.lock | tr -d '=')
compile "$1" requirements/build.in -o requirements/build.lock
leave_out=$(printf -- '--no-emit-package %s ' $cuda)
# shellcheck disable=SC2086
compile "$1" pyproject.toml $leave_out -o requirements/run.lock
# shellcheck disable=SC2086
compile "$1" pyproject.toml --extra dev $leave_out -o requirements/dev.lock
# What only llama-cpp-python needs: it comes as source, so it is compiled on its own.
# shellcheck disable=SC2086
compile "$1" pyproject.toml --extra gguf $leave_out -o requirements/gguf.lock
