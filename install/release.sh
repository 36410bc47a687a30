# Releases: each a folder of its own below /opt/berth/releases, the one in use behind the link /opt/berth/current.
# Read by install.sh.
# shellcheck shell=bash disable=SC2154,SC2034

# Copies this folder to a release of its own with its packages, and tries it. What runs now is not touched.
make_release() {
	version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$source_dir/package.json")
	release=$releases/$version-$(date -u +%Y%m%d%H%M%S)
	trap drop_unfinished_release EXIT
	step "Putting berth $version in $release"
	install -d "$release"
	tar -C "$source_dir" -c --exclude=./{.git,node_modules,dist,test,bench,shared,.ci} . | tar -C "$release" -x --no-same-owner
	chmod -R u=rwX,go=rX "$release"
	fetch_modules
	logged_or_refuse "berth's own Node does not run on this machine. $(untouched)" "$release/bin/node" --version
	logged_or_refuse "SQLite does not load on this machine. $(untouched)" \
		"$release/bin/node" -e "require('$release/node_modules/better-sqlite3')(':memory:').close()"
}

fetch_modules() {
	step "Fetching its packages and Node from npm's registry"
	# sudo drops this variable. npm's own list of authorities lacks those that were added to this machine.
	export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
	logged_or_refuse "npm could not fetch the packages. Check that this machine reaches npm's registry, then run this again. $(untouched)" \
		env -C "$release" npm ci --omit=dev --no-progress --cache "$npm_cache"
}

untouched() {
	if [ -e "$current" ]; then echo "The berth that was installed before is untouched."; else echo "Nothing was started."; fi
}

drop_unfinished_release() {
	[ -z "${release:-}" ] || [ "$(readlink -f "$current")" = "$release" ] || rm -rf "$release"
}

# From here on the new release is the one that starts. A rename, so that there is always one.
switch_release() {
	node_before=$("$current/bin/node" --version 2>/dev/null || true)
	ln -sfn "$release" "$current.new"
	mv -T "$current.new" "$current"
	ln -sfn "$current/bin/berth" "$command_link"
}

# Keeps the release in use, the one before it, and whichever a process still runs from.
remove_old_releases() {
	local folder running
	running=$(readlink /proc/[0-9]*/exe 2>/dev/null || true)
	find "$releases" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d' ' -f2- |
		while read -r folder; do
			[[ $running == *"$folder/"* ]] || rm -rf "$folder"
		done
}
