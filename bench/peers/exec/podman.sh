#!/bin/bash
# Prepares `podman run` in the folder named, with an image of nothing but /bin/true and its libraries, and prints
# the words that start it, as JSON.
set -euo pipefail
folder=$1
mkdir -p "$folder/files"
ldd /bin/true | grep -o '/[^ ]*' | while read -r library; do cp --parents -L "$library" "$folder/files"; done
mkdir -p "$folder/files/bin"
cp /bin/true "$folder/files/bin/true"
tar --create --directory "$folder/files" --file "$folder/image.tar" .
# Storage of its own, which ends with the folder; runc, since crun fails with the old control groups.
podman=(podman --root "$folder/storage" --runroot "$folder/run" --runtime runc --cgroup-manager cgroupfs)
"${podman[@]}" import --quiet "$folder/image.tar" keep-bench > /dev/null
limits=(--ulimit nofile=1024:1024 --ulimit nproc=2048:2048)
printf '%s\n' "${podman[@]}" run --rm --network none "${limits[@]}" keep-bench /bin/true | jq --raw-input . | jq --slurp .
