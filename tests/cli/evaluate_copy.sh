#!/usr/bin/env bash
# dataset copy-benchmark and evaluate copy, as a user runs them: made, scored, scored again from the cache, refused.
source "$(dirname "$0")/common.bash"
make_scenes pictures/one 1 50
make_scenes pictures/two 51 100

bench=(--out bench --references 12 --queries 8 --distractor-queries 6 --level easy --seed 5 --least-side 64 -q)
expect_code 0 "$KANTEI" dataset copy-benchmark pictures "${bench[@]}"
expect_in out "12 references, 8 copies, 6 strangers, 0 look-alikes"
expect_equal "$(ls bench/references | wc -l)" 12
expect_equal "$(ls bench/queries | wc -l)" 14
expect_equal "$(wc -l <bench/ground_truth.csv)" 15
sum=$(sha256sum bench/ground_truth.csv)

# Again is the same; other options in the same folder are refused, as are too few pictures.
expect_code 0 "$KANTEI" dataset copy-benchmark pictures "${bench[@]}" --json
expect_in out '"copies":8'
expect_equal "$(sha256sum bench/ground_truth.csv)" "$sum"
expect_code 2 "$KANTEI" dataset copy-benchmark pictures "${bench[@]}" --background 1
expect_in err "another folder"
expect_code 2 "$KANTEI" dataset copy-benchmark pictures/one --out small --references 12 --queries 8 --distractor-queries 6 -q
expect_in err "different usable pictures"
expect_code 3 "$KANTEI" dataset copy-benchmark nowhere --out small -q

# The truth can be checked afterwards; drawn scenes have nothing in common.
expect_code 0 "$KANTEI" dataset copy-benchmark pictures "${bench[@]}" --check-truth
expect_in out "0 pairs show the same picture"
expect_equal "$(wc -l <bench/same_pairs.csv)" 1
expect_equal "$(sha256sum bench/ground_truth.csv)" "$sum"

# Hashes alone need no network.
expect_code 0 "$KANTEI" evaluate copy bench --systems pdq,pdq-plain --bootstrap 20 --html report.html --out pairs.csv -q
expect_in out "µAP"
expect_in out "pdq-plain"
expect_in report.html "<svg"
expect_in report.html "Precision over recall"
expect_in pairs.csv "query_id,reference_id,score"

# The pairs that were written score the same when they come back as predictions.
expect_code 0 "$KANTEI" evaluate copy bench --systems pdq-plain --predictions pairs.csv --bootstrap 20 --json -q
expect_equal "$(count_json_lines out)" 1
python3 - <<'END' || fail "predictions do not score as the system that made them"
import json
report = json.load(open("out", encoding="utf-8"))
assert report["schema"] == "kantei.evaluate-copy/1"
own, given = report["systems"]
assert given["name"] == "pairs.csv"
for key in ("micro_average_precision", "recall_at_p90", "micro_average_precision_95", "edits", "curve"):
    assert own[key] == given[key], key
assert own["true_pairs"] == 8 and own["recall_at_p90"] > 0.3, own["recall_at_p90"]
assert report["protocol"]["seed"] == 1
END

# A list that is perfect scores 100, whatever made it.
awk -F, 'NR > 1 && $2 != "" { print $1 "," $2 ",0.5" }' bench/ground_truth.csv >perfect.csv
expect_code 0 "$KANTEI" evaluate copy bench --systems pdq --predictions perfect.csv --bootstrap 20 --json -q
python3 -c 'import json; assert json.load(open("out", encoding="utf-8"))["systems"][1]["micro_average_precision"] == 1' || fail "a perfect list is not perfect"

# Bad input: each is refused with its own exit code and says what to do.
expect_code 2 "$KANTEI" evaluate copy
expect_in err "--disc"
expect_code 3 "$KANTEI" evaluate copy nowhere
expect_code 2 "$KANTEI" evaluate copy bench --systems sift
expect_in err "choose pdq"
expect_code 3 "$KANTEI" evaluate copy bench --model nothing-of-that-name
sed '3s/,[^,]*$/,nan/' pairs.csv >nan.csv
expect_code 4 "$KANTEI" evaluate copy bench --systems pdq --predictions nan.csv
expect_in err "line 3"
sed 's/R0/X0/' pairs.csv >other.csv
expect_code 2 "$KANTEI" evaluate copy bench --systems pdq --predictions other.csv
expect_in err "another benchmark"

# The layout of DISC21, and pictures that are missing.
mkdir -p disc/list_files
cp -r bench/references bench/queries disc/
cut -d, -f1,2 bench/ground_truth.csv >disc/list_files/public_ground_truth.csv
expect_code 0 "$KANTEI" evaluate copy --disc disc --systems pdq --bootstrap 20 -q
expect_in out "14 queries, 8 with a source, 12 references"
rm "disc/queries/Q00003.jpg"
expect_code 3 "$KANTEI" evaluate copy --disc disc --systems pdq
expect_in err "Q00003"
expect_code 0 "$KANTEI" evaluate copy --disc disc --systems pdq --partial --bootstrap 20
expect_in err "left out"
expect_in out "13 queries"

# A picture that cannot be read is named and costs its pair; the rest goes on.
echo "no picture" >disc/queries/Q00004.jpg
expect_code 1 "$KANTEI" evaluate copy --disc disc --systems pdq --partial --bootstrap 20 -q
expect_in err "Q00004"
expect_in out "13 queries"
