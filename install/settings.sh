# Accounts, folders, and what berth.toml says. Read by install.sh.
# shellcheck shell=bash disable=SC2154,SC2034

make_accounts_and_folders() {
	getent group berth >/dev/null || logged groupadd --system berth
	getent passwd berth-gateway >/dev/null ||
		logged useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin berth-gateway
	install -d -m 0750 -g berth "$config_dir"
	[ -e "$config" ] || install -m 0640 -g berth "$release/install/berth.toml" "$config"
	install -d -m 0700 "$data"
}

# Sets SOCKET, DATA_DIR, API_ADDRESS, GATEWAY_LISTEN, GATEWAY_WORKERS and DRAIN_TIMEOUT to what berthd will make of its file.
read_settings() {
	local settings
	settings=$("$release/bin/node" "$release/install/settings.ts") ||
		refuse "Mend $config as the line above says, then run this again. $(untouched)"
	eval "$settings"
}

# Sets GATEWAY_ADDRESS: what berth.toml says, else the one of an earlier installation, else port 80, or 8080 where 80 is taken.
choose_gateway_address() {
	local before=''
	[ ! -e "$gateway_env" ] || before=$(sed -n 's/^BERTH_GATEWAY_LISTEN=//p' "$gateway_env")
	GATEWAY_ADDRESS=${GATEWAY_LISTEN:-$before}
	if [ -n "$GATEWAY_ADDRESS" ] && [ "$GATEWAY_ADDRESS" = "$before" ] && gateway_runs; then return; fi
	if [ -n "$GATEWAY_ADDRESS" ] && is_free "$GATEWAY_ADDRESS"; then return; fi
	[ -z "$GATEWAY_LISTEN" ] ||
		refuse "Another program has $GATEWAY_LISTEN, which $config gives the gateway. Choose another, then run this again. $(untouched)"
	for GATEWAY_ADDRESS in 127.0.0.1:80 127.0.0.1:8080; do
		if is_free "$GATEWAY_ADDRESS"; then break; fi
		GATEWAY_ADDRESS=''
	done
	[ -n "$GATEWAY_ADDRESS" ] ||
		refuse "Other programs have ports 80 and 8080. Set gateway_listen in $config, then run this again. $(untouched)"
	[ "$GATEWAY_ADDRESS" = 127.0.0.1:80 ] || warn "Another program has port 80: the gateway gets $GATEWAY_ADDRESS (gateway_listen in $config changes it)."
}

gateway_runs() { if has_systemd; then systemctl -q is-active berth-gateway.socket; else [ -n "$(pid_of gateway.ts)" ]; fi; }

has_systemd() { [ -d /run/systemd/system ]; }

# Writes what the gateway is told. It doesn't read berth.toml itself: it has no right to what else stands there.
write_gateway_env() {
	cat >"$gateway_env.new" <<ENV
# Written by install.sh from berth.toml: change it there, and run install.sh again.
BERTH_GATEWAY_LISTEN=$GATEWAY_ADDRESS
BERTH_GATEWAY_WORKERS=$GATEWAY_WORKERS
BERTH_DRAIN_TIMEOUT=$DRAIN_TIMEOUT
ENV
	mv "$gateway_env.new" "$gateway_env"
}

# Whether nothing listens at an address, HOST:PORT.
is_free() { "$release/bin/node" "$release/install/is-free.ts" "$1"; }

wait_until_serving() {
	step "Waiting until it serves"
	"$current/bin/node" "$current/install/wait-until-serving.ts" "$SOCKET" "$GATEWAY_ADDRESS" 60 && return
	show_service_logs
	refuse "berth is installed but does not serve. \`berth doctor\` may say more.$(way_back)"
}

# What was deployed before starts anew where its instances were removed: "serves" should be true of it too.
wait_for_containers() {
	local admin=$DATA_DIR/gateway/admin.sock
	if has_systemd; then admin=/run/berth-gateway/admin.sock; fi
	"$current/bin/node" "$current/install/wait-for-containers.ts" "$SOCKET" "$admin" 20 2>>"$log" ||
		warn "Some containers do not answer yet: \`berth ls\` says which and why."
}

way_back() {
	local before
	before=$(find "$releases" -mindepth 1 -maxdepth 1 -type d ! -path "$release" | sort | tail -n 1)
	[ -z "$before" ] || printf ' To go back to what ran before: %s/install.sh' "$before"
}
