# What install.sh tells, and where the noise of its tools goes. Read by install.sh.
# shellcheck shell=bash disable=SC2154

bold='' green='' yellow='' red='' plain=''
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' green=$'\e[32m' yellow=$'\e[33m' red=$'\e[31m' plain=$'\e[0m'
fi

step() { printf '%s==>%s %s\n' "$bold" "$plain" "$1"; }
done_with() { printf '%s==> %s%s\n' "$green" "$1" "$plain"; }
warn() { printf '%swarning:%s %s\n' "$yellow" "$plain" "$1" >&2; }

# Ends the run: what is wrong and what to do.
refuse() {
	printf '%serror:%s %s\n' "$red" "$plain" "$1" >&2
	exit 1
}

open_log() {
	install -d -m 0750 "$log_dir"
	(umask 077 && printf '\n==== %s\n' "$(date -Is)" >>"$log")
	trap unexpected ERR
}

# A command that no message was written for.
unexpected() {
	local failed=${BASH_COMMAND%%$'\n'*}
	refuse_with_log "\`$failed\` failed. Mend what the lines above say, then run this again."
}

# Runs a command with its output in the log.
logged() {
	printf '\n%s $ %s\n' "$(date +%T)" "$*" >>"$log"
	"$@" </dev/null >>"$log" 2>&1
}

# The same; where the command fails, shows the end of the log and ends the run with the message.
logged_or_refuse() {
	local message=$1
	shift
	logged "$@" || refuse_with_log "$message"
}

refuse_with_log() {
	tail -n 15 "$log" | sed 's/^/    /' >&2
	refuse "$1 The whole output is in $log."
}
