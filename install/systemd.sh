# berth as systemd units. Read by install.sh.
# shellcheck shell=bash disable=SC2154

# Starts the units, or moves running ones to the new release: the gateway by a reload, which loses no request.
start_units() {
	local changed=' '
	step "Starting berthd.service and berth-gateway.service"
	install_units
	write_listen_drop_in
	logged systemctl daemon-reload
	logged systemctl enable berth-gateway.socket berth-gateway.service berthd.service
	if [[ $changed == *' berth-gateway.socket '* ]]; then logged systemctl stop berth-gateway.service berth-gateway.socket; fi
	start_or_refuse start berth-gateway.socket
	# A reload starts the new code on the Node that runs already.
	if [[ $changed == *' berth-gateway.service '* || $node_before != "$("$current/bin/node" --version)" ]]; then
		start_or_refuse restart berth-gateway.service
	else
		start_or_refuse reload-or-restart berth-gateway.service
	fi
	start_or_refuse restart berthd.service
}

# Puts the units where systemd reads them, and notes in `changed` which are not as they were.
install_units() {
	local unit
	for unit in "$release"/systemd/*; do
		cmp -s "$unit" "$units/${unit##*/}" || changed+="${unit##*/} "
		install -m 0644 "$unit" "$units/"
	done
}

write_listen_drop_in() {
	local wanted=$'[Socket]\nListenStream=\nListenStream='$GATEWAY_ADDRESS
	[ "$GATEWAY_ADDRESS" != 127.0.0.1:80 ] || wanted=''
	[ "$wanted" != "$(cat "$listen_drop_in" 2>/dev/null)" ] || return 0
	changed+='berth-gateway.socket '
	rm -rf "${listen_drop_in%/*}"
	[ -n "$wanted" ] || return 0
	install -d "${listen_drop_in%/*}"
	printf '%s\n' "$wanted" >"$listen_drop_in"
}

start_or_refuse() {
	logged systemctl "$@" && return
	show_service_logs
	refuse "\`systemctl $*\` failed. Mend what the lines above say, then run this again.$(way_back)"
}

show_service_logs() {
	if has_systemd; then
		journalctl --no-pager -q -o cat -n 20 -u berthd -u berth-gateway -u berth-gateway.socket
	else
		tail -n 20 "$log_dir"/berthd.log
	fi | sed 's/^/    /' >&2
}

stop_units() {
	local unit
	for unit in berthd.service berth-gateway.service berth-gateway.socket; do
		[ ! -e "$units/$unit" ] || logged systemctl disable --now "$unit"
		rm -f "$units/$unit"
	done
	rm -rf "${listen_drop_in%/*}"
	logged systemctl daemon-reload
	logged systemctl reset-failed 'berth*' || true
}
