#!/bin/sh
# A job over texts: the same on any number of ranks, lists of words in every kind of file, and
# faults with their place in the job file.
. "$(dirname "$0")/lib.sh" "$@"

mkdir jobs
cat >notes.csv <<'EOF'
id,text
1,"The Mill  grinds corn, fast. "
2,
3,""
4,"Wind mills are old; the wind was not."
5,"Ärger über | Straße ""x"""
EOF
printf 'the\nWAS\r\n\n' >jobs/stop.txt
cat >jobs/text.yaml <<'EOF'
name: text
input: ../notes.csv
stages:
  - {type: regex_tokenizer, input_col: text, output_col: words, pattern: '(*UCP)\W+'}
  - {type: stop_words_remover, input_col: words, output_col: kept, stop_words_file: stop.txt}
  - {type: stemmer, input_col: kept, output_col: stems}
  - {type: n_gram, input_col: stems, output_col: grams}
  - {type: text_statistics, input_col: text, features: [length, sentences], contains: [mill]}
  - {type: hashing_tf, input_col: stems, output_col: tf, num_features: 64}
save:
  model: model.h5
  features: {store: store, group: notes, columns: [id, stems, tf]}
EOF
for n in 1 2 3; do
    check "the job on $n ranks" ranks "$n" "$QUERN" run jobs/text.yaml --set "output=out.$n"
    "$QUERN" digest "out.$n/model.h5" | cut -d' ' -f1 >"digest.$n"
done
same "the model on 2 ranks" "$(cat digest.2)" "$(cat digest.1)"
same "the model on 3 ranks" "$(cat digest.3)" "$(cat digest.1)"

# The words of the file are in the model.
rm jobs/stop.txt
check "the model without the file" ranks 2 "$QUERN" transform out.1/model.h5 notes.csv -o all.csv
check "as a table file" "$QUERN" transform out.1/model.h5 notes.csv -o all.h5
check "and back" "$QUERN" convert all.h5 -o again.csv
check "lists survive a table file" cmp all.csv again.csv
contains "lists in CSV" "$(cat all.csv)" '"[""mill"",""grind"",""corn"",""fast""]"'
contains "a query over lists" \
    "$("$QUERN" sql --table t=all.h5 --format json "SELECT grams FROM t WHERE id = 4")" \
    '"grams": ["wind mill", "mill are", "are old", "old wind", "wind not"]'
same "words of a list" 4 \
    "$("$QUERN" sql --table t=all.h5 --format csv "SELECT size(stems) AS n FROM t WHERE id = 5" |
        tail -n 1)"
contains "lists of a feature version" \
    "$("$QUERN" sql --table f=out.2/store/groups/notes "SELECT stems FROM f WHERE id = 1")" grind

# What Spark makes of random texts.
check "the stages of the golden file" ranks 2 "$QUERN" run "$SOURCE/tests/golden/text.yaml" \
    --set output=spark
check "its texts" "$QUERN" transform spark/model.h5 "$SOURCE/tests/golden/text_spark.csv" -o ours.csv
check "tokens are Spark's" python3 "$SOURCE/tests/golden/compare_lists.py" ours.csv \
    "$SOURCE/tests/golden/text_spark.csv"

# fault CODE TEXT SED-SCRIPT
fault() {
    sed "$3" jobs/text.yaml >jobs/bad.yaml
    refuses "$2" "$1" "$2" "$QUERN" check jobs/bad.yaml
}
refuses "a file of stop words that is not there" 66 "jobs/stop.txt" "$QUERN" check jobs/text.yaml
printf 'the\n' >jobs/stop.txt
fault 65 "bad regular expression '(*UCP)\\W+(' at offset 10" 's/\\W+/\\W+(/'
fault 65 "unknown language 'englsh'" 's/input_col: kept, output_col: stems/&, language: englsh/'
fault 65 "column 'words' is list<string>, but must be string" \
    's/text_statistics, input_col: text/text_statistics, input_col: words/'
fault 65 "unknown feature 'size'" 's/features: \[length/features: [size/'
fault 65 "column 'text' is string, but must be list<string>" 's/n_gram, input_col: stems/n_gram, input_col: text/'
contains "the place of the fault" "$(cat "$WORK/.stderr")" "jobs/bad.yaml:7:31: error: n_gram: "
finish
