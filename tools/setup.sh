#!/bin/sh
# Installs the Debian packages that are missing for one job: setup.sh run|test|lint|fuzz|bench|all.
#
# The list, with a reason for each package, is tools/packages.txt. When nothing is missing,
# nothing is run and no network is used. Works as root, or through sudo.
set -eu

table=$(dirname "$0")/packages.txt

usage() {
    echo "usage: setup.sh run|test|lint|fuzz|bench|all" >&2
    exit 2
}

say() {
    echo "setup: $*" >&2
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

is_known() {
    apt-cache show "$1" >/dev/null 2>&1
}

# Lines of the table for the wanted job, one per line: the names of one package.
wanted_rows() {
    while IFS='|' read -r names purposes rest; do
        case $names in
        '' | '#'*) continue ;;
        esac
        for purpose in $purposes; do
            if [ "$job" = all ] || [ "$purpose" = run ] || [ "$purpose" = "$job" ]; then
                echo "$names"
                break
            fi
        done
    done <"$table"
}

# Rows of which no name is installed.
missing_rows() {
    wanted_rows | while read -r names; do
        found=no
        for name in $names; do
            if is_installed "$name"; then
                found=yes
                break
            fi
        done
        if [ $found = no ]; then
            echo "$names"
        fi
    done
}

# Of each missing row, the first name that this Debian knows.
choose_names() {
    missing_rows | while read -r names; do
        chosen=
        for name in $names; do
            if is_known "$name"; then
                chosen=$name
                break
            fi
        done
        # none is known: name the first, so that apt-get says so
        echo "${chosen:-${names%% *}}"
    done | sort -u
}

twice() {
    "$@" || {
        say "trying once more: $*"
        sleep "${SETUP_RETRY_SECONDS:-5}"
        "$@"
    }
}

# Runs apt-get as root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif [ -t 0 ]; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

[ $# -eq 1 ] || usage
job=$1
case $job in
run | test | lint | fuzz | bench | all) ;;
*) usage ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
    say "this is not Debian; install what $table names by hand"
    exit 0
fi

missing=$(missing_rows)
[ -n "$missing" ] || exit 0

# One name per row is enough to tell a person.
# shellcheck disable=SC2086 # words are wanted
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    say "packages are missing, and there is neither root nor sudo to install them. As root:"
    say "apt-get install --no-install-recommends $(echo "$missing" | sed 's/ .*//' | tr '\n' ' ')"
    exit 1
fi

say "missing: $(echo "$missing" | sed 's/ .*//' | tr '\n' ' ')"
twice as_root apt-get -q update
names=$(choose_names)
# shellcheck disable=SC2086 # words are wanted
twice as_root apt-get -q -y install --no-install-recommends $names

still=$(missing_rows)
if [ -n "$still" ]; then
    say "still missing: $(echo "$still" | tr '\n' ' ')"
    exit 1
fi
