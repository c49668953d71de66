#!/usr/bin/env bash
# A generated picture that a library knows is made again from another seed.
source "$(dirname "$0")/common.bash"
make_scenes set/red_field 1 3

small=(--quiet --side 64 --views 2 --steps 3 --float32)
expect_code 0 "$KANTEI" train diffusion set --stage autoencoder --out ae --widths 16,32 "${small[@]}"
expect_code 0 "$KANTEI" train diffusion set --autoencoder ae/model.safetensors --out unet --widths 32,64 --layers 1 "${small[@]}"

generate=("$KANTEI" generate "red field" --model unet/model --steps 2 --size 96x96)
expect_code 0 "${generate[@]}" --seed 7 --out first/
expect_code 0 "$KANTEI" library add --quiet --library known first/
# A stranger library lets the picture pass as it is.
make_scenes other 20 22
expect_code 0 "$KANTEI" library add --quiet --library strangers other/
expect_code 0 "${generate[@]}" --seed 7 --library strangers --out passed.png
expect_in passed.png.json '"met": true'
python3 - <<'PY'
import json
record = json.load(open("passed.png.json"))["claim"]
guard = record["guard"]
assert record["seed"] == 7 and guard["first_seed"] == 7 and len(guard["attempts"]) == 1, guard
assert guard["library"]["pictures"] == 3 and len(guard["library"]["uuid"]) > 8, guard
assert 0.5 < guard["threshold"] < 1 and guard["calibrated_on"] and guard["descriptor"], guard
PY

# The same seed again is a copy: another seed is taken. What a model makes that has hardly learnt is much alike, so the threshold is
# far up.
high=(--library known --copy-threshold 0.9995)
expect_code 0 "${generate[@]}" --seed 7 "${high[@]}" --attempts 6 --out again/
expect_in err "rejected"
[ -f again/7.png ] || fail "nothing was made"
cmp -s first/7.png again/7.png && fail "the copy was kept"
python3 - <<'PY'
import json
record = json.load(open("again/7.png.json"))["claim"]
guard = record["guard"]
assert guard["met"] is True and len(guard["attempts"]) >= 2, guard
first, last = guard["attempts"][0], guard["attempts"][-1]
assert first["seed"] == 7 and first["rejected"] and first["band"] == "strong" and first["nearest"].endswith("first/7.png"), first
assert first["probability"] >= guard["threshold"], first
assert last["kept"] and not last["rejected"] and last["seed"] == record["seed"] != 7, last
open("seed", "w").write(str(record["seed"]))
PY
# The claim's seed makes the picture without the guard.
expect_code 0 "${generate[@]}" --seed "$(cat seed)" --out same/
python3 - <<'PY'
import glob, json
same = json.load(open(glob.glob("same/*.json")[0]))["claim"]
assert same["pixels_sha256"] == json.load(open("again/7.png.json"))["claim"]["pixels_sha256"]
PY
# Finished pictures stay, until the library knows more.
touch -d '2001-01-01' again/7.png
expect_code 0 "${generate[@]}" --seed 7 "${high[@]}" --attempts 6 --out again/
[ "$(date -r again/7.png +%Y)" = 2001 ] || fail "a finished picture was made again"
expect_code 0 "$KANTEI" library add --quiet --library known other/
expect_code 0 "${generate[@]}" --seed 7 "${high[@]}" --attempts 6 --out again/
[ "$(date -r again/7.png +%Y)" != 2001 ] || fail "the picture was not compared with the new ones"

# When no attempt is left nothing is written, unless that is wished.
expect_code 1 "${generate[@]}" --seed 7 "${high[@]}" --attempts 1 --out none.png
expect_in err "nothing was written"
[ ! -e none.png ] && [ ! -e none.png.json ] || fail "a rejected picture was written"
expect_code 1 "${generate[@]}" --seed 7 "${high[@]}" --attempts 1 --keep-rejected --out kept.png
expect_in kept.png.json '"met": false'
expect_code 1 "${generate[@]}" --seed 7 "${high[@]}" --attempts 1 --keep-rejected --out kept.png
expect_in err "made before"
# One of a run that fails does not keep the others back.
expect_code 1 "${generate[@]}" --seed 6 --count 3 "${high[@]}" --attempts 1 --out many/
[ ! -e many/7.png ] || fail "a rejected picture was written"
# Permitted pictures are no copies.
expect_code 0 "$KANTEI" library add --quiet --library permitted --bank allow first/
expect_code 0 "${generate[@]}" --seed 7 --library permitted --attempts 1 --out permitted.png

# A library of hashes has no probabilities: the evidence decides.
expect_code 0 "$KANTEI" library add --quiet --library hashes --hashes-only --no-descriptor first/
expect_code 1 "${generate[@]}" --seed 7 --library hashes --attempts 1 --out no.png
expect_code 2 "${generate[@]}" --seed 7 --library hashes --copy-threshold 0.5 --out no.png
expect_in err "no descriptors"

# A pair that avoids a shape is compared, too; further attempts avoid harder.
expect_code 0 "${generate[@]}" --seed 7 --avoid-shape reseeded-region --out pair/
mkdir copied && cp pair/7.png copied/
expect_code 0 "$KANTEI" library add --quiet --library pairs copied/
expect_code 0 "${generate[@]}" --seed 7 --avoid-shape reseeded-region --library pairs --copy-threshold 0.9995 --attempts 6 --out guarded/
python3 - <<'PY'
import json
claim = json.load(open("guarded/7.png.json"))["claim"]
guard, attempts = claim["guard"], claim["guard"]["attempts"]
assert guard["met"] and guard["first_seed"] == 7 and guard["raise"] == 0.5, guard
assert len(attempts) > 1 and attempts[0]["rejected"] and attempts[0]["seed"] == 7, attempts
assert [a["strength"] for a in attempts] == [1 + 0.5 * i for i in range(len(attempts))], attempts
assert claim["avoid_shape"]["seeds"]["first"] == claim["seed"] == attempts[-1]["seed"], claim
assert "guard" not in json.load(open("guarded/7.first.png.json"))["claim"]
PY
touch -d '2001-01-01' guarded/7.png
expect_code 0 "${generate[@]}" --seed 7 --avoid-shape reseeded-region --library pairs --copy-threshold 0.9995 --attempts 6 --out guarded/
[ "$(date -r guarded/7.png +%Y)" = 2001 ] || fail "a finished pair was made again"
expect_code 1 "${generate[@]}" --seed 7 --avoid-shape reseeded-region --library pairs --copy-threshold 0.9995 --attempts 1 --out no.png
expect_in err "nothing was written"
expect_code 2 "${generate[@]}" --seed 7 --avoid-shape --mitigate random-tokens --out no.png
expect_in err "avoid-shape"
expect_code 2 "${generate[@]}" --library known --attempts 0 --out no.png
expect_code 2 "${generate[@]}" --library known --copy-threshold 2 --out no.png
expect_code 2 "${generate[@]}" --library known --copy-threshold 0 --out no.png
expect_code 2 "${generate[@]}" --library known --batch 2 --count 2 --out no/
expect_code 3 "${generate[@]}" --library missing --out no.png
[ ! -e no.png ] || fail "a picture was written"
