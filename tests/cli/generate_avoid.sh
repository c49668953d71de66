#!/usr/bin/env bash
# A picture that avoids the shape of a first one, in every mode, with masks and a record of what was avoided.
source "$(dirname "$0")/common.bash"
make_scenes set/red_field 1 3
make_scenes set/blue_lake 4 6

small=(--quiet --side 32 --views 2 --steps 3 --float32)
expect_code 0 "$KANTEI" train diffusion set --stage autoencoder --out ae --widths 16,32 "${small[@]}"
expect_code 0 "$KANTEI" train diffusion set --autoencoder ae/model.safetensors --out unet --widths 32,64 --layers 1 "${small[@]}"

generate=("$KANTEI" generate "red field" --model unet/model --steps 2)
for mode in altered-mask inverted-mask negative-control reseeded-region reject; do
  expect_code 0 "${generate[@]}" --seed 7 --out $mode.png --avoid-shape $mode --avoid-tries 1
  for file in $mode.png $mode.png.json $mode.first.png $mode.first.png.json $mode.mask.png $mode.mask-after.png; do
    [ -f "$file" ] || fail "$mode does not write $file"
  done
  expect_in $mode.png.json "\"mode\": \"$mode\""
  expect_in $mode.png.json '"first_pixels_sha256"'
  # The first picture is the same whatever is done afterwards.
  cmp altered-mask.first.png $mode.first.png
done
cmp -s reject.png reject.first.png && fail "nothing was avoided"

# The record names the first picture and the masks by their pixels; both pictures are marked, each with its own record.
of_first=$(grep -o '"first_pixels_sha256": "[0-9a-f]*"' reject.png.json | cut -d'"' -f4)
grep -q "\"pixels_sha256\": \"$of_first\"" reject.first.png.json || fail "the record names another first picture"
for file in reject.png reject.first.png; do
  hash=$(grep -o '"claim_sha256": "[0-9a-f]*"' $file.json | cut -d'"' -f4)
  grep -qa "ClaimSha256=\"$hash\"" $file || fail "$file does not carry its record's hash"
done
expect_code 0 "$KANTEI" inspect --no-copy --json reject.png reject.first.png
expect_in out 'trainedAlgorithmicMedia'

# Alone, the option takes the default mode. The same seed is the same picture, whatever the count.
expect_code 0 "${generate[@]}" --seed 6 --count 2 --out many --avoid-shape
expect_in many/7.png.json '"mode": "altered-mask"'
cmp many/7.png altered-mask.png
# Finished pictures stay when the run is given again, unless something of them is missing or another thing was asked for.
touch -d '2001-01-01' many/6.png many/7.png
expect_code 0 "${generate[@]}" --seed 6 --count 2 --out many --avoid-shape
expect_in err "2 pictures were made before"
[ "$(date -r many/7.png +%Y)" = 2001 ] || fail "a finished picture was made again"
rm many/7.mask.png
expect_code 0 "${generate[@]}" --seed 6 --count 2 --out many --avoid-shape --json
expect_in err "1 pictures were made before"
expect_in out '"avoid_shape"'
[ -f many/7.mask.png ] || fail "the mask was not made again"
expect_code 0 "${generate[@]}" --seed 6 --count 2 --out many --avoid-shape altered-mask --avoid-strength 2
[ "$(date -r many/6.png +%Y)" != 2001 ] || fail "another strength, and the old picture was kept"
expect_code 0 "${generate[@]}" --seed 7 --out plain.png
cmp -s plain.png altered-mask.png && fail "the avoiding picture is the plain one"

expect_code 2 "${generate[@]}" --out no.png --avoid-shape sideways
expect_code 2 "${generate[@]}" --out no.png --avoid-strength 2
expect_code 2 "${generate[@]}" --out no.png --avoid-shape reject --avoid-tries 0
expect_in err "tries"
expect_code 2 "${generate[@]}" --out no.png --avoid-shape --init plain.png
expect_in err "words alone"
expect_code 2 "${generate[@]}" --out no.png --avoid-shape --init plain.png --mask plain.png
expect_in err "words alone"
[ ! -e no.png ] || fail "written in spite of an error"
