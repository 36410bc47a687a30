# Taking berth away again. Read by install.sh.
# shellcheck shell=bash disable=SC2154

uninstall() {
	local purge=$1 data_dir id engine
	data_dir=$(configured data_dir)
	data_dir=${data_dir:-$data}
	if ! is_here; then
		rm -rf "$log_dir"
		done_with "There is no berth on this machine."
		return
	fi
	ask_the_configured_engine
	id=$(installation_id)
	engine=$(what_is_in_engine)
	[ "$purge" = no ] || refuse_to_leave_behind
	step "Stopping berth"
	if has_systemd; then stop_units; else stop_bare; fi
	if [ "$engine" = ours ]; then remove_from_engine; else say_what_stays_in_engine; fi
	[ "$purge" = yes ] || keep_id
	step "Removing $program"
	rm -rf "$program" "$npm_cache" "$gateway_data" "$runtime" /run/berth-gateway
	rm -f "$command_link"
	if [ "$purge" = yes ]; then purge_data; else say_what_is_kept; fi
}

is_here() { [ -e "$program" ] || [ -e "$data_dir" ] || [ -e "$config_dir" ]; }

# A text from berth.toml, read without Node, which an earlier --uninstall has removed.
configured() { sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*[\"']\([^\"']*\)[\"'].*/\1/p" "$config" 2>/dev/null || true; }

# The engine that berthd uses, and not one that root's environment or docker context names.
ask_the_configured_engine() {
	docker_host=$(configured docker_host)
	export DOCKER_HOST=${docker_host:-unix:///var/run/docker.sock}
}

# Which of the engine's things are this installation's: what berthd noted at its last start, or, where an older one didn't,
# what its database says. Empty where it never started, and where nothing is left to read it with.
installation_id() {
	if [ -s "$data_dir/installation" ]; then
		tr -d '[:space:]' <"$data_dir/installation"
	elif [ -e "$data_dir/berth.db" ] && [ -x "$current/bin/node" ]; then
		"$current/bin/node" -e "
			const Database = require('$current/node_modules/better-sqlite3');
			const row = new Database('$data_dir/berth.db', { readonly: true }).prepare('SELECT id FROM installation').get();
			process.stdout.write(row?.id ?? '');" 2>>"$log" || true
	fi
}

# What is known of the engine: nothing of berth's is there, it is ours, it is somebody's, the engine is silent, or there is none.
what_is_in_engine() {
	if [ -z "$id" ] && [ ! -e "$data_dir/berth.db" ]; then
		echo nothing
	elif engine_answers; then
		if [ -n "$id" ]; then echo ours; elif [ -n "$(labelled berth.installation)" ]; then echo unclear; else echo nothing; fi
	elif has_engine || [ -n "$docker_host" ]; then
		echo silent
	else
		echo gone
	fi
}

# A command that hangs is no answer either. Where the socket is systemd's, the question itself starts the engine.
engine_answers() { command -v docker >/dev/null && logged timeout 60 docker version; }

labelled() {
	docker ps -aq --filter "label=$1"
	docker network ls -q --filter "label=$1"
	docker volume ls -q --filter "label=$1"
}

# With the data goes the only note of what is this installation's, and nobody could tell afterwards.
refuse_to_leave_behind() {
	case $engine in
		silent)
			refuse "Docker Engine does not answer, and what berth made there (containers, a network, volumes) would be left behind for good. Nothing was removed. Start Docker ($(start_docker)) and run this again."
			;;
		unclear)
			refuse "Docker Engine holds things of a berth, but no note says whether of this one. Nothing was removed. Run ./install.sh first and this again after it, or remove what these list: $(list_commands)."
			;;
	esac
}

start_docker() { if has_systemd; then echo "systemctl start docker"; else echo dockerd; fi; }

list_commands() { echo "\`docker ps -a\`, \`docker network ls\` and \`docker volume ls\`, each with \`--filter label=berth.installation${id:+=$id}\`"; }

say_what_stays_in_engine() {
	case $engine in
		silent)
			warn "Docker Engine does not answer: berth's containers and its network stay there, if there are any. To remove them, start Docker ($(start_docker)) and run this again."
			;;
		unclear)
			warn "Docker Engine holds things of a berth, but no note says whether of this one, so they stay. They are listed by $(list_commands)."
			;;
		gone)
			warn "Docker Engine is not on this machine any more. What berth made there is in what it left, such as /var/lib/docker. Should it come back: $(list_commands)."
			;;
	esac
}

remove_from_engine() {
	local label=berth.installation=$id
	[ -z "$(labelled "$label")" ] || step "Removing what berth made in Docker Engine"
	docker ps -aq --filter "label=$label" | xargs -r docker rm -fv >>"$log"
	docker network ls -q --filter "label=$label" | xargs -r docker network rm >>"$log"
	[ "$purge" = no ] || docker volume ls -q --filter "label=$label" | xargs -r docker volume rm >>"$log"
}

# For the --purge that may come later, without Node. A berthd from before it made the note itself may have left none.
keep_id() {
	[ -n "$id" ] && [ ! -s "$data_dir/installation" ] || return 0
	(umask 077 && printf '%s\n' "$id" >"$data_dir/installation")
}

purge_data() {
	step "Removing data, configuration, logs and accounts"
	rm -rf "$data"
	! getent passwd berth-gateway >/dev/null || logged userdel berth-gateway
	! getent group berth-gateway >/dev/null || logged groupdel berth-gateway
	! getent group berth >/dev/null || logged groupdel berth
	rm -rf "$config_dir" "$log_dir"
	[ "$data_dir" = "$data" ] || warn "berth.toml named $data_dir as data_dir, where other things may be too: it stays, for you to remove."
	done_with "berth is gone. Docker Engine, npm and the images that were pulled stay (docker image prune -a removes unused images)."
}

say_what_is_kept() {
	done_with "berth is removed. Kept: $data_dir (what was deployed), $config_dir, $log_dir, its Docker volumes and images."
	echo "    ./install.sh brings everything back; ./install.sh --uninstall --purge removes it for good."
}
