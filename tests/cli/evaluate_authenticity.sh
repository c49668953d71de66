#!/usr/bin/env bash
# evaluate authenticity and calibrate, as a user meets their refusals: each with its own exit code and what to do.
source "$(dirname "$0")/common.bash"
make_scenes set/real 1 3
make_scenes set/made 4 6
{
  printf 'picture\tmask\toriginal\thistory\tengine\tsource\tsplit\n'
  for i in 1 2 3; do printf 'real/scene%s.jpg\t\t\tauthentic\tauthentic\tscenes\tval\n' "$i"; done
  for i in 4 5 6; do printf 'made/scene%s.jpg\t\t\tgenerated\tdrawn\tscenes\tval\n' "$i"; done
} >set/samples.tsv

expect_code 3 "$KANTEI" evaluate authenticity set --model nothing-of-that-name
expect_in err "nothing-of-that-name"
expect_code 3 "$KANTEI" calibrate --authentic set/real --fake set/made --out p.json --model nothing-of-that-name
expect_in err "nothing-of-that-name"
expect_code 4 "$KANTEI" evaluate authenticity set --model set/samples.tsv
expect_in err "samples.tsv"
expect_code 6 "$KANTEI" evaluate authenticity set --model "$(dirname "$KANTEI")/../../../models/copy-descriptor.safetensors"
expect_code 2 "$KANTEI" calibrate set
expect_in err "--out"
expect_code 2 "$KANTEI" evaluate authenticity set --layout zip
expect_code 2 "$KANTEI" calibrate set --out p.json --false-alarms 0.9
expect_code 2 "$KANTEI" evaluate authenticity set --examples -1
[ ! -e p.json ] || fail "a profile was written"
[ ! -e set/kantei-cache ] || fail "something was cached without a detector"
expect_code 0 "$KANTEI" evaluate authenticity --help
expect_in out "--robustness"
