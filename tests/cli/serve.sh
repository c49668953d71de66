#!/usr/bin/env bash
# kantei serve as a newcomer meets it: first start, the whole API against its document, watch folder, audit log, restart.
source "$(dirname "$0")/common.bash"
make_scenes pictures 1 3
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; cd / && rm -rf "$work"' EXIT

start() {
  "$KANTEI" serve --library known --port 0 --no-descriptor --no-pixels --webhooks-private --jobs 2 "$@" >served 2>served.err &
  server=$!
  for _ in $(seq 600); do
    grep -q 'answers at' served && break
    kill -0 "$server" 2>/dev/null || { cat served served.err >&2; fail "the server ended"; }
    sleep 0.1
  done
  base=$(grep -o 'http://[0-9.:]*' served)
}
stop() {
  kill -TERM "$server"
  wait "$server" || fail "the server ended with $?"
  server=
}

# Not readable over the network without TLS.
expect_code 2 "$KANTEI" serve --library known --host 0.0.0.0 --port 0
expect_in err "--certificate"

start
password=$(grep -o 'one-time password .*' served | cut -d' ' -f3)
expect_code 0 python3 "$KANTEI_SOURCE/tests/http/contract.py" "$KANTEI_SOURCE/docs/openapi.yaml" "$base" "$password" \
  pictures/scene1.jpg pictures/scene2.jpg
expect_code 7 "$KANTEI" serve --library known --port 0 --no-descriptor --no-pixels
expect_in err "another kantei serve"
stop
expect_code 0 "$KANTEI" audit verify known
expect_in out "sound"
start
grep -q 'First start' served && fail "a second start made a password"
stop
