#!/bin/sh
# A fresh clone in an empty folder with an empty pip cache: seconds and megabytes until the sign-in page answers,
# and until it answers again after a stop. Writes var/fresh.json of the project it was started in.
set -eu
project=$(cd "$(dirname "$0")/../.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
git clone -q "$project" "$place/foundry"
cd "$place/foundry"
export PIP_NO_CACHE_DIR=1 PIP_CACHE_DIR="$place/cache"
export CONSOLE_PORT="${CONSOLE_PORT:-18000}" GATEWAY_PORT="${GATEWAY_PORT:-18100}" SANDBOX_PORT="${SANDBOX_PORT:-18200}"

start() { # prints the seconds until the sign-in page answers; leaves the run's process id in $pid
    began=$(date +%s.%N)
    make run >"$place/$1.log" 2>&1 &
    pid=$!
    while ! curl -sf "http://127.0.0.1:$CONSOLE_PORT/login/" >/dev/null; do
        kill -0 "$pid" 2>/dev/null || { cat "$place/$1.log" >&2; exit 1; }
        sleep 0.1
    done
    seconds=$(echo "$(date +%s.%N) - $began" | bc)
}

stop() {
    up=$(cat var/up.lock)
    kill -INT "$up"
    wait "$pid" || true
}

start first; first=$seconds
while ! grep -q "^  Stop" "$place/first.log"; do sleep 0.1; done
megabytes=$(du -sm --exclude=.git . | cut -f1)
venv=$(du -sm .venv | cut -f1)
stop
start second; second=$seconds
while ! grep -q "^  Stop" "$place/second.log"; do sleep 0.1; done
stop
mkdir -p "$project/var"
printf '{"first_s": %s, "second_s": %s, "megabytes": %s, "venv_megabytes": %s, "python": "%s", "commit": "%s"}\n' \
    "$first" "$second" "$megabytes" "$venv" "$(.venv/bin/python -V | cut -d' ' -f2)" "$(git rev-parse --short HEAD)" \
    | tee "$project/var/fresh.json"
cat "$place/first.log"
