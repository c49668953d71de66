#!/usr/bin/env bash
# kill -9 during `library add` at ten moments: nothing that was reported is lost, nothing is there twice, a rerun ends it.
source "$(dirname "$0")/common.bash"
count=150
make_scenes pictures 1 "$count"

started=$(date +%s%N)
"$KANTEI" library add --library whole pictures >/dev/null
milliseconds=$((($(date +%s%N) - started) / 1000000))

RANDOM=20
for moment in 1 2 3 4 5 6 7 8 9 10; do
  # Some start anew and are spread over the whole run, some hit a rerun.
  [ $((moment % 3)) != 1 ] || rm -rf known
  # How fast the machine is changes under load: a run that ended before its kill starts anew with an earlier one.
  for try in 1 2 3 4 5 6 7 8; do
    "$KANTEI" library add --library known pictures >/dev/null 2>&1 &
    process=$!
    sleep "$(printf '%d.%03d' $((milliseconds * RANDOM / 32768 / try / 1000)) $((milliseconds * RANDOM / 32768 / try % 1000)))"
    kill -9 "$process" 2>/dev/null || true
    code=0
    wait "$process" 2>/dev/null || code=$?
    [ "$code" != 137 ] || break
    rm -rf known
  done
  [ "$code" = 137 ] || fail "eight runs ended before they could be killed"
  [ -e known ] || continue
  # Killed before the catalogue was there at all: then there is nothing to check.
  code=0
  "$KANTEI" library verify --library known >out 2>err || code=$?
  [ "$code" = 0 ] || [ "$code" = 3 ] || { cat out err; fail "not sound after kill $moment"; }
  [ "$code" = 0 ] || continue
  now=$(count_pictures known)
  [ "$now" -le "$count" ] || fail "$now pictures after kill $moment"
  expect_equal "$(count_doubles known)" 0
done

expect_code 0 "$KANTEI" library add --library known pictures
expect_equal "$(count_pictures known)" "$count"
expect_equal "$(count_doubles known)" 0
expect_code 0 "$KANTEI" library verify --library known --rehash
expect_code 0 "$KANTEI" inspect --library known --csv pictures/scene77.jpg
expect_in out "strong"
