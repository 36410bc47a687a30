# What berth needs from the distribution. Read by install.sh.
# shellcheck shell=bash disable=SC2154

# Installs what is missing. An engine that is there already, docker-ce or another, is left as it is.
install_packages() {
	local -a missing=()
	has_engine || missing+=(docker.io iptables)
	command -v npm >/dev/null || missing+=(npm)
	[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
	# Browsers and curl know *.localhost by themselves; this teaches everybody else.
	getent hosts berth.localhost >/dev/null || missing+=(libnss-myhostname)
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		refuse "${missing[*]} not installed, and there is no apt-get to install them. Install Docker Engine and npm, then run this again."
	step "Installing ${missing[*]} from the distribution"
	apt_update
	has_engine || add_engine_companions
	NEEDRESTART_SUSPEND=1 DEBIAN_FRONTEND=noninteractive logged_or_refuse \
		"apt-get could not install ${missing[*]}. Mend what it says (on Ubuntu they are in \"universe\"), then run this again." \
		apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "${missing[@]}"
}

has_engine() { command -v dockerd >/dev/null || [ -S /var/run/docker.sock ]; }

# A fresh machine often updates itself just now, and apt-get doesn't wait for the lock on its lists.
apt_update() {
	local try
	for try in {1..30}; do
		logged apt-get update -q -o Acquire::Retries=3 && return
		tail -n 5 "$log" | grep -q 'Could not get lock' || break
		[ "$try" != 1 ] || step "Waiting for another apt-get to end"
		sleep 5
	done
	refuse_with_log "apt-get could not read the package lists. Check the network and /etc/apt, then run this again."
}

# What docker.io only recommends: the command where it is a package of its own, and the profile loader where AppArmor is on.
add_engine_companions() {
	if apt-cache show docker-cli >/dev/null 2>&1; then missing+=(docker-cli); fi
	if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then missing+=(apparmor); fi
}
