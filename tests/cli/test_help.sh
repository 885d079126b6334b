#!/bin/sh
# Help everywhere, and fast commands that do not start MPI.
. "$(dirname "$0")/lib.sh" "$@"

contains "help lists the commands" "$("$QUERN" --help)" "predict"
for command in run check sql fit transform predict evaluate describe inspect convert generate \
    store digest help version; do
    contains "quern $command --help" "$("$QUERN" $command --help)" "usage: quern $command"
    contains "quern help $command" "$("$QUERN" help $command)" "usage: quern $command"
done
contains "help lists stages" "$("$QUERN" help stages)" "string_indexer"
contains "help lists estimators" "$("$QUERN" help stages)" "linear_regression"
contains "help explains a stage" "$("$QUERN" help one_hot_encoder)" "drop_last"
contains "help explains the CSV reader" "$("$QUERN" help csv)" "delimiter"
refuses "help on nonsense" 2 "no command" "$QUERN" help nonsense
same "help is printed once under mpiexec" "$(mpiexec -n 3 "$QUERN" help | grep -c '^usage')" 1
printf 'a\n1\n' >a.csv
mpiexec -n 3 "$QUERN" convert a.csv -o b.csv --verbose 2>verbose
for rank in 0 1 2; do
    contains "--verbose lets rank $rank speak" "$(cat verbose)" "quern[$rank]: convert: done"
done
mpiexec -n 3 "$QUERN" convert a.csv -o b.csv --quiet 2>quiet
same "--quiet says nothing" "$(cat quiet)" ""
finish
