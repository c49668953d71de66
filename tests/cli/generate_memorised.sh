#!/usr/bin/env bash
# Words that lead further than is usual for the model are warned of, refused or loosened; mitigations stand in the record.
source "$(dirname "$0")/common.bash"
make_scenes set/red_field 1 2
make_scenes set/blue_lake 3 4

small=(--quiet --side 32 --views 2 --steps 3 --float32)
expect_code 0 "$KANTEI" train diffusion set --stage autoencoder --out ae --widths 16,32 "${small[@]}"
expect_code 0 "$KANTEI" train diffusion set --autoencoder ae/model.safetensors --out unet --widths 32,64 --layers 1 "${small[@]}"
model=unet/model
generate=("$KANTEI" generate "red field" --model "$model" --steps 2 --size 32x32 --seed 7)

# Nothing is measured unasked; without a profile a number is shown and nothing follows.
expect_code 0 "${generate[@]}" --out plain.png
expect_not_in plain.png.json '"memorisation"'
expect_not_in plain.png.json '"mitigations"'
expect_code 0 "${generate[@]}" --on-memorised warn --out asked.png
expect_in err "nothing follows"
expect_in asked.png.json '"memorisation"'
expect_not_in asked.png.json '"suspected"'
expect_code 2 "${generate[@]}" --on-memorised refuse --out no.png
expect_in err "kantei models memorisation"

# A profile: 24 prompts, of which at most one in ten is above the threshold.
for word in red blue field lake; do for n in 1 2 3 4 5 6; do echo "$word $n $word"; done; done >prompts.txt
expect_code 2 "$KANTEI" models memorisation "$model" --prompts prompts.txt
expect_in err "at least 100 prompts"
expect_code 0 "$KANTEI" models memorisation "$model/" --prompts prompts.txt --false-alarms 0.1 --seeds 2 --json
expect_in out '"threshold"'
[ -f "$model.memorisation.json" ] || fail "no profile beside the model"
# It is used from now on, and finished pictures are still finished.
expect_code 0 "${generate[@]}" --out plain.png
expect_in err "1 pictures were made before"
expect_code 0 "${generate[@]}" --out usual.png
expect_in usual.png.json '"share_below"'
cmp <(python3 -c 'import json;print(json.load(open("plain.png.json"))["claim"]["pixels_sha256"])') \
  <(python3 -c 'import json;print(json.load(open("usual.png.json"))["claim"]["pixels_sha256"])') || fail "looking changed the picture"

# A profile by which every prompt is suspicious.
python3 - "$model" <<'PY'
import json, sys
path = sys.argv[1] + ".memorisation.json"
profile = json.load(open(path))
assert profile["prompts"] == 24 and len(profile["quantiles"]) == 101 and profile["measured"]["seeds"] == 2, profile
assert sum(q > profile["threshold"] for q in profile["quantiles"]) <= 10, profile
profile["threshold"] = 0
profile["quantiles"] = [0] * 101
json.dump(profile, open("strict.json", "w"))
profile["model_sha256"] = "other"
json.dump(profile, open("foreign.json", "w"))
PY
strict=(--memorisation strict.json)
expect_code 0 "${generate[@]}" "${strict[@]}" --out warned.png
expect_in err "may be bound to a memorised picture"
expect_in err "above 100 % of 24 reference prompts"
expect_in warned.png.json '"suspected": true'
expect_code 1 "${generate[@]}" "${strict[@]}" --on-memorised refuse --out refused.png
expect_in err "nothing was generated"
[ ! -e refused.png ] || fail "a refused prompt was generated"
expect_code 0 "${generate[@]}" "${strict[@]}" --on-memorised mitigate --out loosened.png
expect_in err "switched on: random-tokens"
expect_in loosened.png.json '"name": "random-tokens"'
expect_code 0 "${generate[@]}" "${strict[@]}" --on-memorised mitigate --out loosened.png
expect_in err "1 pictures were made before"
expect_code 2 "${generate[@]}" --memorisation foreign.json --out no.png
expect_in err "another model"
echo '{"format": "kantei.memorisation", "format_version": 1}' >empty.json
expect_code 4 "${generate[@]}" --memorisation empty.json --out no.png

# Mitigations by name: recorded, reproducible, and another run for the same command without them.
expect_code 0 "${generate[@]}" --mitigate lower-guidance=2,best-of-noise=3 --out named.png
python3 - <<'PY'
import json
claim = json.load(open("named.png.json"))["claim"]
assert claim["mitigations"] == [{"name": "lower-guidance", "amount": 2.0}, {"name": "best-of-noise", "amount": 3.0}], claim
PY
touch -d '2001-01-01' named.png
expect_code 0 "${generate[@]}" --mitigate best-of-noise=3,lower-guidance=2 --out named.png
[ "$(date -r named.png +%Y)" = 2001 ] || fail "a finished picture was made again"
expect_code 0 "${generate[@]}" --mitigate best-of-noise=4,lower-guidance=2 --out named.png
[ "$(date -r named.png +%Y)" != 2001 ] || fail "another amount was taken for the same"
for name in random-tokens word-repetition embedding-noise pad-masking; do
  expect_code 0 "${generate[@]}" --mitigate "$name" --out "$name.png"
  cmp -s plain.png "$name.png" && fail "$name changed nothing"
done
expect_code 2 "${generate[@]}" --mitigate magic --out no.png
expect_in err "best-of-noise"
expect_code 2 "${generate[@]}" --mitigate best-of-noise --guidance 1 --out no.png
[ ! -e no.png ] || fail "a picture was written"
