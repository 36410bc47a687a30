# berth where systemd isn't running: a daemon of its own, which starts its gateway itself. Read by install.sh.
# shellcheck shell=bash disable=SC2154

# Starts berthd, or replaces a running one and its gateway, whose port is closed for a moment: only systemd can keep it open.
start_bare() {
	start_engine
	stop_bare
	step "Starting berthd by itself, since systemd isn't running here"
	install -d -m 0750 -g berth "$runtime"
	BERTH_GATEWAY_LISTEN=$GATEWAY_ADDRESS NODE_USE_SYSTEM_CA=1 \
		setsid "$current/bin/node" "$current/src/berthd.ts" </dev/null >>"$log_dir/berthd.log" 2>&1 &
	warn "Nothing starts berth after a reboot: run this again then. Its log: $log_dir/berthd.log. To stop it: pkill -f $releases"
}

start_engine() {
	if logged docker version; then return; fi
	step "Starting Docker Engine, since systemd isn't running here"
	setsid dockerd </dev/null >>"$log_dir/dockerd.log" 2>&1 &
	local try
	for try in {1..120}; do
		if docker version >/dev/null 2>&1; then return; fi
		sleep 0.5
	done
	tail -n 15 "$log_dir/dockerd.log" | sed 's/^/    /' >&2
	refuse "Docker Engine does not answer after $((try / 2)) s. Its log is $log_dir/dockerd.log."
}

# The gateway goes last and drains by itself.
stop_bare() {
	stop_process "$(pid_of berthd.ts)" berthd
	stop_process "$(pid_of gateway.ts)" "the gateway"
}

# The process of ours that was started with this file. A gateway's other processes have a role between file and options.
pid_of() {
	local folder command
	for folder in /proc/[0-9]*; do
		command=$(tr '\0' ' ' 2>/dev/null <"$folder/cmdline") || continue
		if [[ $command == "$releases"/*"/src/$1 " || $command == "$releases"/*"/src/$1 --"* ]]; then echo "${folder#/proc/}"; fi
	done
}

stop_process() {
	local pid=$1 name=$2 try
	[ -n "$pid" ] || return 0
	kill "$pid" || return 0
	for try in {1..400}; do
		[ -e "/proc/$pid" ] || return 0
		sleep 0.1
	done
	warn "$name (process $pid) does not end after $((try / 10)) s: killing it."
	kill -9 "$pid" || true
}
