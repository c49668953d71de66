#!/usr/bin/env bash
# From pictures in folders to a model, from words to a picture with its record; inspect says that it was generated.
source "$(dirname "$0")/common.bash"
make_scenes set/red_field 1 3
make_scenes set/blue_lake 4 6

small=(--quiet --side 32 --views 2 --steps 3 --float32)
expect_code 0 "$KANTEI" train diffusion set --stage autoencoder --out ae --widths 16,32 "${small[@]}"
expect_code 2 "$KANTEI" train diffusion set --out unet "${small[@]}"
expect_in err "--autoencoder"
expect_code 0 "$KANTEI" train diffusion set --autoencoder ae/model.safetensors --out unet --widths 32,64 --layers 1 "${small[@]}"
[ -f unet/model/unet/diffusion_pytorch_model.safetensors ] || fail "no model"

generate=("$KANTEI" generate "red field" --model unet/model --steps 2)
expect_code 0 "${generate[@]}" --seed 7 --out one.png --json
expect_in out '"claim_sha256"'
expect_in one.png.json '"prompt": "red field"'
hash=$(grep -o '"claim_sha256": "[0-9a-f]*"' one.png.json | cut -d'"' -f4)
grep -qa "ClaimSha256=\"$hash\"" one.png || fail "the picture does not carry its record's hash"

# The same seed is the same picture, whatever the count.
expect_code 0 "${generate[@]}" --seed 6 --count 2 --out many --preview-every 1
cmp one.png many/7.png
[ -f many/6.step-1.jpg ] || fail "no preview"
# Finished pictures stay when the run is given again; others are made.
touch -d '2001-01-01' many/6.png many/7.png
expect_code 0 "${generate[@]}" --seed 6 --count 3 --out many
expect_in err "2 pictures were made before"
[ "$(wc -l <out)" = 3 ] || fail "not all pictures are named"
[ -f many/8.png ] || fail "the rest was not made"
[ "$(date -r many/6.png +%Y)" = 2001 ] || fail "a finished picture was made again"
cp many/6.png six.png
head -c 200 six.png >many/6.png
expect_code 0 "${generate[@]}" --seed 6 --count 2 --out many
cmp six.png many/6.png
expect_code 0 "${generate[@]}" --seed 8 --out two.jpg --negative "blue lake" --scheduler euler --karras

expect_code 0 "$KANTEI" inspect --no-copy --json one.png two.jpg
expect_in out 'trainedAlgorithmicMedia'
expect_in out '"Kantei"'

# inspect looks for the record beside a picture, and says when the two do not belong together.
agreement() { "$KANTEI" inspect --no-copy --no-pixels --quiet --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["checks"]["metadata"].get("record", {}).get("agreement", "none"))'; }
mkdir beside
cp one.png one.png.json two.jpg beside/
expect_equal "$(agreement beside/one.png)" file
expect_code 0 "$KANTEI" inspect --no-copy --no-pixels --lang ja beside/one.png
expect_in out "one.png.json"
expect_equal "$(agreement beside/two.jpg)" none
cp one.png.json beside/two.jpg.json
expect_equal "$(agreement beside/two.jpg)" other_pixels
expect_code 0 "$KANTEI" inspect --no-copy --no-pixels beside/two.jpg
expect_in out "does not fit"
sed 's/"red field"/"blue lake"/' one.png.json >beside/one.png.json
expect_equal "$(agreement beside/one.png)" claim_changed
echo '{"claim": {"format": "other"}}' >beside/one.png.json
expect_equal "$(agreement beside/one.png)" none
{ cat one.png.json; head -c 1100000 /dev/zero | tr '\0' ' '; } >beside/one.png.json
expect_equal "$(agreement beside/one.png)" none

# Around the mask the pixels stay; a hole makes a composite.
expect_code 0 "${generate[@]}" --size 32x32 --out init.png
expect_code 0 "${generate[@]}" --init init.png --strength 0.5 --out again.png
expect_code 2 "${generate[@]}" --init init.png --mask set/red_field/scene1.jpg --out hole.png
expect_in err "mask"
expect_code 0 "${generate[@]}" --init init.png --mask one.png --out hole.png
expect_in hole.png.json '"mask"'
grep -qa "compositeWithTrainedAlgorithmicMedia" hole.png || fail "not marked as a composite"

expect_code 2 "${generate[@]}" --size 33x32 --out no.png
expect_in err "multiples of 2"
expect_code 2 "${generate[@]}" --size big --out no.png
expect_code 3 "$KANTEI" generate fox --model missing --out no.png
