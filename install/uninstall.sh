# Taking berth away again. Read by install.sh.
# shellcheck shell=bash disable=SC2154

uninstall() {
	local purge=$1 id
	step "Stopping berth"
	if has_systemd; then stop_units; else stop_bare; fi
	id=$(installation_id)
	remove_from_engine "$id" "$purge"
	step "Removing $program"
	rm -rf "$program" "$npm_cache" "$gateway_data" "$runtime" /run/berth-gateway
	rm -f "$command_link"
	if [ "$purge" = yes ]; then purge_data; else say_what_is_kept; fi
}

# Which of the engine's containers are this installation's. Empty where it never started.
installation_id() {
	[ -e "$data/berth.db" ] && [ -x "$current/bin/node" ] || return 0
	"$current/bin/node" -e "
		const Database = require('$current/node_modules/better-sqlite3');
		const row = new Database('$data/berth.db', { readonly: true }).prepare('SELECT id FROM installation').get();
		process.stdout.write(row?.id ?? '');" 2>>"$log" || true
}

remove_from_engine() {
	local id=$1 purge=$2
	local -a filter=(--filter "label=berth.installation=$id")
	if [ -z "$id" ] || ! command -v docker >/dev/null || ! logged docker version; then
		warn "What berth made in the engine, if anything, is still there: \`docker ps -a --filter label=berth.installation\` lists it."
		return
	fi
	step "Removing its containers and its network from the engine"
	docker ps -aq "${filter[@]}" | xargs -r docker rm -fv >>"$log"
	docker network ls -q "${filter[@]}" | xargs -r docker network rm >>"$log"
	[ "$purge" = no ] || docker volume ls -q "${filter[@]}" | xargs -r docker volume rm >>"$log"
}

purge_data() {
	step "Removing data, configuration, volumes and accounts"
	rm -rf "$data" "$config_dir"
	! getent passwd berth-gateway >/dev/null || logged userdel berth-gateway
	! getent group berth-gateway >/dev/null || logged groupdel berth-gateway
	! getent group berth >/dev/null || logged groupdel berth
	rm -rf "$log_dir"
	done_with "berth is gone. Docker Engine, npm and the images that were pulled stay (docker image prune -a removes unused images)."
}

say_what_is_kept() {
	done_with "berth is removed. Kept: $data (what was deployed), $config_dir, $log_dir, its Docker volumes and images."
	echo "    ./install.sh brings everything back; ./install.sh --uninstall --purge removes it for good."
}
