#!/bin/sh
# The life of the package, inside the tree that packaging/package-test.sh
# makes: one line for each check, and their sum.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
url=http://127.0.0.1:8080/api/chat/completions
passed=0 failed=0

check() { # TITLE COMMAND...
	title=$1
	shift
	if "$@" >/check.out 2>&1; then
		passed=$((passed + 1))
		echo "ok    $title"
	else
		failed=$((failed + 1))
		echo "FAIL  $title"
		tail -12 /check.out | sed 's/^/      /'
	fi
}
refuse() { ! "$@"; }
mode() { # MODE:OWNER:GROUP PATH
	found=$(stat -c %a:%U:%G "$2")
	[ "$found" = "$1" ] || { echo "$2 is $found"; false; }
}
gone() {
	[ ! -e "$1" ] || { ls -la "$1"; false; }
}
as() { # USER COMMAND...
	user=$1
	shift
	setpriv --reuid "$user" --regid "$user" --init-groups -- "$@"
}
plain() {
	as holdfast "$@"
}
traced() {
	strace -f -qq -o /trace -u holdfast -- "$@"
}
# The names in a set of systemd's.
calls() {
	systemd-analyze syscall-filter "$1" |
		sed -n '2,$s/^ *\([@a-z].*\)/\1/p' | while read -r name; do
		case $name in
		@*) calls "$name" ;;
		*) echo "$name" ;;
		esac
	done
}
# Of what the daemon called, what its unit would refuse.
refused() {
	sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' /trace | sort -u >/called
	{ calls @privileged; calls @resources; } | sort -u >/denied
	{ calls @system-service | sort -u | comm -23 - /denied
		calls @chown; calls @default; } | sort -u >/allowed
	comm -23 /called /allowed >/refused
	cat /refused
	[ -s /called ] && [ ! -s /refused ]
}
# What the unit does before ExecStart.
start() { # [WRAPPER...]
	install -d -o holdfast -g holdfast -m 0755 /run/holdfast
	install -d -o holdfast -g holdfast -m 0750 /var/lib/holdfast
	(umask 027 && "${@:-plain}" holdfast -c /etc/holdfast/holdfast.conf \
		>>/start.out 2>&1; echo $? >/start.status) &
	for _ in $(seq 100); do
		curl -sf -o /dev/null http://127.0.0.1:8080/ready && return 0
		sleep 0.1
	done
	cat /start.out
	false
}
stop() {
	rm -f /start.status
	as holdfast holdfast -s quit || return
	for _ in $(seq 100); do
		[ -s /start.status ] && break
		sleep 0.1
	done
	[ "$(cat /start.status)" = 0 ] || { cat /start.out; false; }
}
ask() { # STATUS CUSTOMER
	status=$(curl -s -o /answer.json -w '%{http_code}' "$url" \
		-H 'Authorization: Bearer demo' \
		-d "{\"model\": \"demo/lorem\", \"max_tokens\": 300,
		\"customer_identifier\": \"$2\",
		\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}")
	[ "$status" = "$1" ] || { echo "$status"; cat /answer.json; false; }
}
logged() {
	for _ in $(seq 100); do
		grep -qs "$1" /var/log/holdfast/access.log && return 0
		sleep 0.1
	done
	ls -l /var/log/holdfast
	cat /var/log/holdfast/access.log
	false
}
ends() {
	for _ in $(seq 100); do
		ask 401 somebody >/dev/null && return 0
		sleep 0.1
	done
	ask 401 somebody
}
# What was spent; what is leased to the workers goes back at a stop.
spent() {
	holdfastctl --json budget show alice | sed 's/"lease":[^,]*,//'
}
kept() {
	spent >/spent.now
	diff /spent.before /spent.now
}

check "install" dpkg -i /holdfast.deb
check "/etc/holdfast" mode 750:root:holdfast /etc/holdfast
check "holdfast.conf" mode 640:root:holdfast /etc/holdfast/holdfast.conf
check "secrets" mode 750:root:holdfast /etc/holdfast/secrets
check "environment" mode 640:root:holdfast /etc/default/holdfast
check "the log folder" mode 2750:holdfast:adm /var/log/holdfast
check "the unit" systemd-analyze verify holdfast.service
check "its exposure is 1.5" systemd-analyze security --offline=true \
	--threshold=15 holdfast.service
check "the unit is enabled" \
	test -h /etc/systemd/system/multi-user.target.wants/holdfast.service
# shellcheck disable=SC2016
check "manuals" sh -c 'for p in 8.holdfast 1.holdfastctl 5.holdfast.conf \
	7.holdfast-quickstart; do man -w "${p%%.*}" "${p#*.}" || exit; done'
check "settings are fine" as holdfast holdfast -t
check "the long example is fine" env OPENAI_API_KEY=x holdfast -t \
	-c /usr/share/doc/holdfast/examples/holdfast.conf
check "logrotate reads its file" logrotate -d /etc/logrotate.d/holdfast

check "start" start
check "a first answer" ask 200 somebody
check "holdfastctl try" holdfastctl try demo/echo Hello
check "holdfastctl status" holdfastctl status
check "the control socket" mode 660:holdfast:holdfast-admin \
	/run/holdfast/admin.sock
check "a stranger may not use it" refuse as nobody holdfastctl status
useradd -G holdfast-admin ada
check "a member of holdfast-admin may" as ada holdfastctl status
check "who may not read settings" refuse as ada cat /etc/holdfast/holdfast.conf
check "the second start is refused" sh -c \
	'setpriv --reuid holdfast --regid holdfast --init-groups holdfast; [ $? = 69 ]'

cat >/etc/holdfast/conf.d/10-prices.conf <<'END'
models = ( { name = "demo/lorem"; provider = "demo";
  price = { input = "0.15"; output = "0.60"; }; replace = true; } );
END
cat >/etc/holdfast/conf.d/20-logs.conf <<'END'
logs = { files = ( { kind = "access"; path = "/var/log/holdfast/access.log"; } ); };
END
echo sk-secret >/key.txt
check "a provider's key" install -m 0640 -g holdfast /key.txt \
	/etc/holdfast/secrets/openai
cat >/etc/holdfast/conf.d/30-openai.conf <<'END'
providers = ( { name = "openai"; credentials = (
  { name = "main"; api_key = "file:/etc/holdfast/secrets/openai"; } ); } );
END
check "new settings" as holdfast holdfast -t
check "reload" as holdfast holdfast -s reload
reloaded() {
	for _ in $(seq 100); do
		holdfastctl --json config | grep -q '"generation":2' && return 0
		sleep 0.1
	done
	holdfastctl config
	false
}
check "reloaded" reloaded
check "a budget" holdfastctl customer set alice --environment test \
	--budget 0.0004/day
check "within it" ask 200 alice
check "within it still" ask 200 alice
check "over it" ask 429 alice
spent >/spent.before
echo 'broken = ' >/etc/holdfast/conf.d/40-broken.conf
check "a broken file is refused" sh -c \
	'setpriv --reuid holdfast --regid holdfast --init-groups holdfast -t -q; [ $? = 78 ]'
rm /etc/holdfast/conf.d/40-broken.conf
check "the access log" logged '"*POST /api/chat/completions'
check "its mode" mode 640:holdfast:adm /var/log/holdfast/access.log
check "logrotate" logrotate -f /etc/logrotate.d/holdfast
check "it was moved" test -s /var/log/holdfast/access.log.1
check "reopen" as holdfast holdfast -s reopen
check "another request" ask 200 somebody
check "in the new log" logged somebody
check "its mode" mode 640:holdfast:adm /var/log/holdfast/access.log
check "a key" holdfastctl key new --name mine
check "ends the key demo" ends

check "stop" stop
check "start again" start traced
check "the ledger is kept" kept
check "reload again" as holdfast holdfast -s reload
check "reloaded again" reloaded
check "stop again" stop
check "no system call that the unit refuses" refused

chmod 0600 /etc/default/holdfast
check "install over itself" dpkg -i /holdfast.deb
check "the administrator's mode is kept" mode 600:root:holdfast \
	/etc/default/holdfast
check "start after it" start
check "the ledger is kept still" kept
check "stop after it" stop

rm /etc/holdfast/conf.d/*.conf
check "remove" dpkg -r holdfast
check "the program is gone" gone /usr/sbin/holdfast
check "the ledger stays" test -e /var/lib/holdfast/ledger
check "settings stay" test -e /etc/holdfast/holdfast.conf
check "purge" dpkg -P holdfast
for path in /var/lib/holdfast /var/log/holdfast /etc/default/holdfast \
	/etc/holdfast/holdfast.conf /etc/logrotate.d/holdfast \
	/etc/systemd/system/multi-user.target.wants/holdfast.service; do
	check "gone: $path" gone "$path"
done
check "the administrator's secret stays" test -e /etc/holdfast/secrets/openai

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
