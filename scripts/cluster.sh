#!/bin/sh
# A search on all GPUs of this machine, one trainer each; without GPUs, four trainers on the CPU.
# Sets up what is missing first, then does what `emars cluster` does with the same options:
#
#   scripts/cluster.sh [--gpus 0,1,2,3] [--config FILE] [--data DIR] [--out DIR]
set -eu
project=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# What set-up says is no output of the search.
node "$project/setup/setup.mjs" >&2
exec node "$project/bin/emars.mjs" cluster "$@"
