#!/bin/sh
# Resolve pyproject.toml into requirements/*.txt: every file of every version with its hash, for all platforms and all
# supported Pythons, and no address. The first list resolves everything together; the others take their versions from
# it, so that no two lists disagree.
set -eu
cd "$(dirname "$0")/.."

compile() { # compile OUT ARGUMENT...: one list, from pyproject.toml
    out=requirements/$1.txt
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --only-binary :all: \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file "$out" "$@"
}

all=requirements/.all.txt
trap 'rm -f "$all"' EXIT
# The versions in force are kept, unless --upgrade is given.
cat requirements/*.txt >"$all" 2>/dev/null || true
compile .all "$@" --all-extras --group build --group data --group lock --group node pyproject.toml

compile base -c "$all" pyproject.toml
for extra in bench doors fuzz live; do
    compile "$extra" -c "$all" --extra "$extra" pyproject.toml
done
# The tests try what the optional parts do too.
compile dev -c "$all" --extra dev --extra doors --extra chat --extra parquet --extra hsm --extra evm --extra keyring --extra s3 pyproject.toml
compile build -c "$all" --group build
compile lock -c "$all" --group lock
compile node -c "$all" --group node
# Only the data files of this one are read, so what it depends on is left out.
compile demo -c "$all" --no-deps --group data
echo "requirements/ is up to date with pyproject.toml"
