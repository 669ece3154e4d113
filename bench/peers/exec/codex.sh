#!/bin/bash
# Prepares the sandbox of the codex command line in the folder named and prints the words that start it, as JSON.
set -euo pipefail
folder=$1 program=$2/node_modules/.bin/codex
mkdir -p "$folder/home"
words=(env "CODEX_HOME=$folder/home" "$program" sandbox -c 'sandbox_mode="workspace-write"' -- /bin/true)
"${words[@]}" >&2
printf '%s\n' "${words[@]}" | jq --raw-input . | jq --slurp .
