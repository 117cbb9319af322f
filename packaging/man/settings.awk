# The rows of base/settings.def as items of an mdoc list, put in place of the
# line "@SETTINGS@" of a manual.
# usage: awk -f packaging/man/settings.awk base/settings.def holdfast.conf.5.in
BEGIN {
	kind["BOOL"]  = "True or false"
	kind["INT"]   = "A number"
	kind["STR"]   = "A text"
	kind["MSEC"]  = "A duration"
	kind["BYTES"] = "A size"
	kind["NANO"]  = "US dollars"
	kind["STRS"]  = "A list of texts"
	kind["INTS"]  = "A list of numbers"
	kind["SECRET"] = "A secret"
}
# Lines of at most 78 bytes.
function fold(text,   word, n, i, line) {
	n = split(text, word, " ")
	for (i = 1; i <= n; i++) {
		if (line != "" && length(line word[i]) > 77) {
			print line
			line = ""
		}
		line = line (line == "" ? "" : " ") word[i]
	}
	# A macro starts with one of these.
	print (line ~ /^['.]/ ? "\\&" : "") line
}
# row: SETTING(TYPE, "path", field, "default", min, max, WHEN, "help")
function item(row,   quoted, plain) {
	split(row, quoted, "\"")
	split(quoted[1], plain, /[(,]/)
	print ".It Ic " quoted[2]
	if (quoted[4] == "")
		print kind[plain[2]] "; none unless set."
	else
		print kind[plain[2]] "; default:\n.Ql " quoted[4] " ."
	if (quoted[5] ~ /RESTART/)
		print "Takes effect at a restart only."
	print ".br"
	fold(toupper(substr(quoted[6], 1, 1)) substr(quoted[6], 2) ".")
}
FNR == NR {
	if (/^SETTING\(/) row = $0
	else if (row != "") row = row " " $0
	if (row != "" && row ~ /"\)[ \t]*$/) {
		rows[++n] = row
		row = ""
	}
	next
}
$0 == "@SETTINGS@" {
	for (i = 1; i <= n; i++) item(rows[i])
	next
}
{ print }
