# Shared by the command-line tests: sh test_x.sh QUERN SOURCE_DIR
set -eu
QUERN=$1
SOURCE=$2
WORK=$(mktemp -d)
trap 'chmod -R u+rwX "$WORK"; rm -rf "$WORK"' EXIT
cd "$WORK"
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE || true
export QUERN_CHECK_LEAKS=1
failures=0
checks=0

# ranks N COMMAND...: under mpiexec for N > 1
ranks() {
    count=$1
    shift
    if [ "$count" -eq 1 ]; then
        "$@"
    else
        mpiexec -n "$count" "$@"
    fi
}

fail() {
    echo "FAILED: $1" >&2
    failures=$((failures + 1))
}

# check WHAT COMMAND...: the command succeeds
check() {
    what=$1
    shift
    checks=$((checks + 1))
    if ! "$@" >"$WORK/.stdout" 2>"$WORK/.stderr"; then
        fail "$what: '$*' failed"
        cat "$WORK/.stdout" "$WORK/.stderr" >&2
    fi
}

# same WHAT A B: equal texts
same() {
    checks=$((checks + 1))
    [ "$2" = "$3" ] || fail "$1: '$2' is not '$3'"
}

# contains WHAT TEXT PIECE
contains() {
    checks=$((checks + 1))
    case $2 in
    *"$3"*) ;;
    *) fail "$1: no '$3' in: $2" ;;
    esac
}

# refuses WHAT CODE TEXT COMMAND...: exits with CODE, one error that contains TEXT, no crash
refuses() {
    what=$1
    code=$2
    text=$3
    shift 3
    checks=$((checks + 1))
    set +e
    timeout 60 "$@" >"$WORK/.stdout" 2>"$WORK/.stderr"
    got=$?
    set -e
    errors=$(grep -c ': error: ' "$WORK/.stderr" || true)
    if [ "$got" -ne "$code" ]; then
        fail "$what: exit code $got, expected $code: $(cat "$WORK/.stderr")"
    elif [ "$errors" -lt 1 ]; then
        fail "$what: no error message: $(cat "$WORK/.stderr")"
    elif ! grep -qF -- "$text" "$WORK/.stderr"; then
        fail "$what: no '$text' in: $(cat "$WORK/.stderr")"
    fi
}

finish() {
    echo "$((checks - failures)) passed, $failures failed"
    [ "$failures" -eq 0 ]
}
