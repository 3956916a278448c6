#!/bin/sh
# Begins a search, or goes on with it where it was cut off: what a service manager may start again and again.
#
#   deploy/search.sh RUN CONFIG [flags of emars search for processes and broker, as --creds, --trainers]
#
# RUN is the folder of the run, CONFIG its configuration (`data: {path: …}` in it names the scans). EMARS names the program.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 RUN CONFIG [flags of emars search]" >&2; exit 2; }
run=$1
config=$2
shift 2
emars=${EMARS:-$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/bin/emars.mjs}
if [ -e "$run/config.yaml" ]; then
  exec "$emars" search --resume "$run" "$@"
fi
exec "$emars" search --config "$config" --out "$run" "$@"
