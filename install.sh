#!/bin/bash
# Installs berth on this machine, upgrades it, or removes it: see --help. The steps are in install/, one concern a file.
set -Eeuo pipefail
umask 022

source_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

# Where things are. The units in systemd/ name the same places.
program=/opt/berth
releases=$program/releases
current=$program/current
command_link=/usr/local/bin/berth
config_dir=/etc/berth
config=$config_dir/berth.toml
gateway_env=$config_dir/gateway.env
data=/var/lib/berth
gateway_data=/var/lib/berth-gateway
runtime=/run/berth
log_dir=/var/log/berth
log=$log_dir/install.log
npm_cache=/var/cache/berth
units=/etc/systemd/system
listen_drop_in=$units/berth-gateway.socket.d/listen.conf

# shellcheck source=install/messages.sh
. "$source_dir/install/messages.sh"
# shellcheck source=install/packages.sh
. "$source_dir/install/packages.sh"
# shellcheck source=install/release.sh
. "$source_dir/install/release.sh"
# shellcheck source=install/settings.sh
. "$source_dir/install/settings.sh"
# shellcheck source=install/systemd.sh
. "$source_dir/install/systemd.sh"
# shellcheck source=install/bare.sh
. "$source_dir/install/bare.sh"
# shellcheck source=install/uninstall.sh
. "$source_dir/install/uninstall.sh"

usage() {
	cat <<'USAGE'
Usage: sudo ./install.sh                        install berth, or upgrade it to what is in this folder
       sudo ./install.sh --uninstall            remove berth; keep its data, configuration and volumes
       sudo ./install.sh --uninstall --purge    remove those too
       ./install.sh --help

For Debian 12 and 13, Ubuntu 22.04 and 24.04, on x86-64 and arm64. It installs Docker Engine from the distribution where
there is none, puts berth in /opt/berth and starts it. It downloads from the distribution and from npm's registry only.
USAGE
}

main() {
	local verb=install purge=no argument
	for argument in "$@"; do
		case $argument in
			--uninstall) verb=uninstall ;;
			--purge) purge=yes ;;
			-h | --help) usage && return ;;
			*) usage >&2 && refuse "install.sh does not know \"$argument\"." ;;
		esac
	done
	[ "$purge" = no ] || [ "$verb" = uninstall ] || refuse "--purge goes with --uninstall."
	[ "$(id -u)" = 0 ] || refuse "This needs root. Run: sudo $source_dir/install.sh${*:+ $*}"
	open_log
	if [ "$verb" = uninstall ]; then uninstall "$purge"; else install_berth; fi
}

install_berth() {
	check_machine
	install_packages
	make_release
	make_accounts_and_folders
	read_settings
	choose_gateway_address
	switch_release
	write_gateway_env
	if has_systemd; then start_units; else start_bare; fi
	wait_until_serving
	wait_for_containers
	remove_old_releases
	say_what_next
}

check_machine() {
	case $(uname -s)-$(uname -m) in
		Linux-x86_64 | Linux-aarch64) ;;
		*) refuse "berth runs on Linux on x86-64 and arm64, and this is $(uname -sm)." ;;
	esac
	local ID=unknown VERSION_ID='' PRETTY_NAME='an unknown system'
	# shellcheck source=/dev/null
	[ ! -r /etc/os-release ] || . /etc/os-release
	case $ID-$VERSION_ID in
		debian-12 | debian-13 | ubuntu-22.04 | ubuntu-24.04) ;;
		*) warn "$PRETTY_NAME is not one berth was made for (Debian 12 and 13, Ubuntu 22.04 and 24.04). Going on." ;;
	esac
}

say_what_next() {
	local api="http://$API_ADDRESS" gateway="http://$GATEWAY_ADDRESS" berth=berth token
	token=$("$command_link" token) || refuse "berth serves, but \`berth token\` failed. See what it says, and \`berth doctor\`."
	if needs_sudo; then berth='sudo berth'; fi
	done_with "berth $version serves."
	cat <<NEXT

  API        $api   (try $api/docs)
  Gateway    $gateway
  Token      $token

Next, run a container and open its URL:

  $berth run nginx:1.28

or the same with curl:

  curl -H "Authorization: Bearer \$($berth token)" -H 'Content-Type: application/json' \\
    -d '{"name": "hello", "image": "nginx:1.28"}' $api/v1/containers

NEXT
	if needs_sudo; then
		printf '%s\n\n' "To use berth without sudo: sudo usermod -aG berth $SUDO_USER, then log in again."
	fi
}

# Whether who called sudo is neither root nor in the group that may use berth.
needs_sudo() {
	[ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] && [[ " $(id -nG "$SUDO_USER") " != *' berth '* ]]
}

main "$@"
exit
