#!/usr/bin/env bash
# kill -9 during `library add` at ten moments: nothing that was reported is lost, nothing is there twice, a rerun ends it.
source "$(dirname "$0")/common.bash"
count=150
make_scenes pictures 1 "$count"

started=$(date +%s%N)
"$KANTEI" library add --library whole pictures >/dev/null
milliseconds=$((($(date +%s%N) - started) / 1000000))

RANDOM=20
killed=0
for moment in 1 2 3 4 5 6 7 8 9 10; do
  # Nine moments that start anew are spread over the whole run; later ones hit the reruns too.
  [ $((moment % 3)) != 1 ] || rm -rf known
  "$KANTEI" library add --library known pictures >/dev/null 2>&1 &
  process=$!
  sleep "$(printf '%d.%03d' $((milliseconds * RANDOM / 32768 / 1000)) $((milliseconds * RANDOM / 32768 % 1000)))"
  kill -9 "$process" 2>/dev/null && killed=$((killed + 1))
  wait "$process" 2>/dev/null || true
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
[ "$killed" -ge 5 ] || fail "only $killed of ten runs were still going when they were killed"

expect_code 0 "$KANTEI" library add --library known pictures
expect_equal "$(count_pictures known)" "$count"
expect_equal "$(count_doubles known)" 0
expect_code 0 "$KANTEI" library verify --library known --rehash
expect_code 0 "$KANTEI" inspect --library known --csv pictures/scene77.jpg
expect_in out "strong"
