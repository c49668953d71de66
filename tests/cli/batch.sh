#!/usr/bin/env bash
# A batch goes on after bad files, names each, and ends with exit code 1; order and format of the output.
source "$(dirname "$0")/common.bash"
make_scenes mixed 1 3
: >mixed/scene0.jpg                                   # empty
echo "this is text" >mixed/scene15.jpg                # not a picture
head -c 3000 mixed/scene2.jpg >mixed/scene25.png      # cut off, and of another kind than its name says
printf 'II*\0\377\377\377\377' >mixed/scene26.tiff    # a directory beyond the end
ln -s nowhere mixed/scene27.jpg
echo "not listed" >mixed/notes.txt

expect_code 1 "$KANTEI" inspect --no-copy --json mixed
cp err inspect.err
lines=$(count_json_lines out)
[ "$lines" -ge 6 ] || fail "$lines lines"
# In the order of the names, whatever finished first.
grep -o '"path":"mixed/[^"]*"' out | sort -c || fail "not in order"
expect_in inspect.err "scene0.jpg"
expect_in inspect.err "scene15.jpg"
expect_in inspect.err "scene26.tiff"
expect_not_in inspect.err "scene1.jpg"
expect_not_in inspect.err "scene3.jpg"
expect_not_in out "notes.txt"

expect_code 1 "$KANTEI" inspect --no-copy --csv mixed missing.jpg
expect_in err "missing.jpg"
expect_equal "$(head -n 1 out | cut -d, -f1-5)" "path,sha256,format,width,height"
expect_code 1 "$KANTEI" inspect --no-copy mixed
expect_in out "scene3.jpg  320×240 jpeg"

expect_code 1 "$KANTEI" library add --library known mixed
expect_in out "failed"
expect_in err "scene15.jpg"
expect_code 1 "$KANTEI" library add --library known --json mixed
expect_in out '"code":'
expect_equal "$(count_json_lines out)" 1

expect_code 1 "$KANTEI" hash --json mixed
expect_code 1 "$KANTEI" realism --json mixed
expect_code 0 "$KANTEI" realism --csv mixed/scene1.jpg mixed/scene3.jpg
expect_equal "$(wc -l <out)" 3

# One report beside any other output; both languages; no library is a note, not an error.
expect_code 0 "$KANTEI" inspect --html report.html --json mixed/scene1.jpg
expect_equal "$(count_json_lines out)" 1
expect_in err "copies are not looked for"
expect_in report.html "<html"
expect_code 0 "$KANTEI" inspect --quiet --html report.ja.html --lang ja mixed/scene1.jpg
expect_in report.ja.html 'lang="ja"'
expect_equal "$(wc -c <err)" 0
! grep -qE '(src|href)="https?:' report.html || fail "the report needs the network"

# All the same answers whatever the number of threads.
expect_code 0 "$KANTEI" hash --jobs 1 mixed/scene1.jpg mixed/scene2.jpg mixed/scene3.jpg
cp out one
expect_code 0 "$KANTEI" hash --jobs 4 mixed/scene1.jpg mixed/scene2.jpg mixed/scene3.jpg
cmp out one
expect_code 0 "$KANTEI" hash --dihedral mixed/scene1.jpg
expect_equal "$(cut -d' ' -f1 out | sort -u | wc -l)" 8

# A reference of one's own.
make_scenes many 10 40
expect_code 0 "$KANTEI" realism fit many --name mine
expect_code 0 "$KANTEI" realism --reference mine --json many/scene11.jpg
expect_in out '"reference":"mine"'
expect_code 0 "$KANTEI" inspect --no-copy --reference mine --json many/scene11.jpg
expect_code 2 "$KANTEI" realism fit mixed/scene1.jpg --name few
expect_code 2 "$KANTEI" realism fit many --name ../escape
expect_code 2 "$KANTEI" realism fit many --name photo
expect_code 3 "$KANTEI" realism --reference unknown many
