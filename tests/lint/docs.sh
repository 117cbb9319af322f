#!/bin/sh
# Documents that must say what tables in the code say: fails when a row is
# missing in a document, or a document names what is not there.
set -eu
bad=0
complain() {
	echo "$1" >&2
	bad=1
}

# Settings: the manual is written from the table; the example is by hand.
example=etc/examples/holdfast.conf
rows=$(sed -n 's/^SETTING([A-Z]*, "\([^"]*\)".*/\1/p' base/settings.def)
for row in $rows; do
	grep -q "^ *# $row: " $example || complain "$example: $row is missing"
done
for name in $(sed -n 's/^ *# \([a-z_]*\.[a-z_.]*\): .*/\1/p' $example); do
	case $name in
	server.listen | customers.list | logs.files) ;;
	*) echo "$rows" | grep -qxF "$name" ||
		complain "$example: there is no setting $name" ;;
	esac
done

# Members of lists: everything that setup reads stands in the manual.
page=packaging/man/holdfast.conf.5.in
for name in $(sed -n \
	-e 's/^	{ "\([a-z_0-9]*\)", FIELD_.*/\1/p' \
	-e 's/^	\(PICO\|FEE\)("\([a-z_0-9]*\)".*/\2/p' setup/*.c | sort -u); do
	grep -Eq "^\.Ic $name( |\$)" $page || complain "$page: $name is missing"
done

# Verbs and their options.
page=packaging/man/holdfastctl.1
sed -n 's/^	{ "\([a-z ]*\)", ".*/\1/p' ctl/verbs.c | {
	missing=0
	while read -r verb; do
		grep -Eq "^\.It Cm $verb( |\$)" $page && continue
		echo "$page: $verb is missing" >&2
		missing=1
	done
	exit $missing
} || bad=1
for flag in $(grep -o '"--[a-z-]*"' ctl/*.c | sed 's/.*"--\(.*\)"/\1/' |
	sort -u); do
	grep -q "Fl -$flag" $page || complain "$page: --$flag is missing"
done

# Options of the daemon.
page=packaging/man/holdfast.8
for letter in $(sed -n 's/.*getopt_long(argc, argv, "\([^"]*\)".*/\1/p' \
	master/options.c | tr -d ':' | fold -w1); do
	[ "$letter" = h ] || grep -q "Fl $letter" $page ||
		complain "$page: -$letter is missing"
done

# One version.
version=$(sed -n 's/.*HOLDFAST_VERSION "\(.*\)"/\1/p' base/version.h)
grep -q "^holdfast ($version-" packaging/debian/changelog ||
	complain "packaging/debian/changelog: not version $version"

# Where to add things: every file that the two pages name is there.
for file in $(grep -oh '`[a-z0-9_/]*\.\(c\|h\|def\|sh\|csv\|py\|conf\|1\|md\)`' \
	README.md HACKING.md | tr -d '`' | sort -u); do
	case $file in */*) ;; *) continue ;; esac
	[ -e "$file" ] || complain "README.md, HACKING.md: $file is not there"
done
# And every target of make.
for target in $(grep -oh '`make [a-z0-9-]*\|^\$ make [a-z0-9-]*' README.md \
	HACKING.md | sed 's/.*make //' | sort -u); do
	grep -q "^$target:" Makefile tests/*/rules.mk ||
		complain "README.md, HACKING.md: make $target is not there"
done

if command -v mandoc >/dev/null; then
	for page in packaging/man/*.[178]; do
		mandoc -Tlint -Wwarning "$page" || bad=1
	done
	awk -f packaging/man/settings.awk base/settings.def \
		packaging/man/holdfast.conf.5.in | mandoc -Tlint -Wwarning ||
		bad=1
fi
exit $bad
