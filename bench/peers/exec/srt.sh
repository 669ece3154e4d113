#!/bin/bash
# Prepares sandbox-runtime in the folder named and prints the words that start it, as JSON.
set -euo pipefail
folder=$1 modules=$2/node_modules
cat > "$folder/settings.json" <<END
{
  "network": { "allowedDomains": [], "deniedDomains": [] },
  "filesystem": { "denyRead": [], "allowWrite": ["$folder"], "denyWrite": [] }
}
END
words=("$modules/.bin/node" "$modules/@anthropic-ai/sandbox-runtime/dist/cli.js" --settings "$folder/settings.json" /bin/true)
"${words[@]}" >&2
printf '%s\n' "${words[@]}" | jq --raw-input . | jq --slurp .
