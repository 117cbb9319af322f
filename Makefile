# One Makefile for the whole tree.  "make help" lists what it can do.
#
# A new source file goes on its room's list.  A new unit test is
# tests/ROOM/test_NAME.c: it is linked with the rooms that ROOM may include
# and with nothing else.
#
# CFLAGS, CPPFLAGS, LDFLAGS and WERROR belong to the person who builds (and to
# dpkg-buildflags); what the code itself needs is in the hf_ variables.

CC     ?= cc
AR     ?= ar
CFLAGS ?= -O2 -g
O      ?= build

# The programs are optimised as one, which takes a twelfth off a worker's time;
# LTO= is without.  The tests link the same objects as they are.
is_gcc := $(findstring Free Software,$(shell $(CC) --version))
is_x86 := $(findstring x86_64,$(shell $(CC) -dumpmachine))
LTO    ?= $(if $(is_gcc),-flto=auto)

prefix     ?= /usr/local
sysconfdir ?= /etc
DESTDIR    ?=

hf_CPPFLAGS = -D_GNU_SOURCE -I. -I$O -MMD -MP
hf_CFLAGS   = -std=c11 -fPIE $(hf_CALLS) -fstack-protector-strong \
	-Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wcast-qual \
	-Wvla -Wconversion $(WERROR) $(hf_COPIES)
# For a structure GCC writes "rep movs", which takes longer to begin than the C
# library takes to end.
hf_COPIES   = $(if $(is_gcc),$(if $(is_x86),$(foreach of,memcpy memset,\
	-m$(of)-strategy=libcall:-1:noalign)))
# All names are bound at the start (-z now): a table of jumps is one more line
# of code to fetch for each library function that a request calls.
hf_CALLS    = -fno-plt
hf_LDFLAGS  = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
hf_LTO      = $(if $(LTO),$(LTO) -ffat-lto-objects)
# Across files it cannot tell that who fails returns -1; each file was warned of.
hf_WHOLE    = $(hf_LTO) $(hf_CALLS) $(hf_COPIES) -Wno-maybe-uninitialized $(CFLAGS)
$O/tests/%: private hf_LTO =
$O/tests/%: private hf_LDFLAGS += $(if $(LTO),-fno-lto)

base_SRCS   = $(wildcard base/*.c)
net_SRCS    = $(wildcard net/*.c)
shm_SRCS    = $(wildcard shm/*.c)
store_SRCS  = $(wildcard store/*.c)
proto_SRCS  = $(wildcard proto/*.c)
dialect_SRCS = $(wildcard dialect/*.c)
worker_SRCS = $(wildcard worker/*.c)
keeper_SRCS = $(wildcard keeper/*.c)
logger_SRCS = $(wildcard logger/*.c)
admin_SRCS  = $(wildcard admin/*.c)
setup_SRCS  = $(wildcard setup/*.c)
master_SRCS = $(filter-out master/main.c,$(wildcard master/*.c))
ctl_SRCS    = $(filter-out ctl/main.c,$(wildcard ctl/*.c))

ROOMS = worker keeper logger admin setup master ctl net shm store dialect proto \
	base

# The rooms that a room's unit tests are linked with, itself first.
rooms_base   = base
rooms_net    = net base
rooms_shm    = shm base
rooms_store  = store base
rooms_proto  = proto base
rooms_dialect = dialect proto base
rooms_setup  = setup net proto base
rooms_keeper = keeper shm store base
rooms_logger = logger net shm store dialect proto base
rooms_admin  = admin net shm store proto base
rooms_master = master shm base
rooms_worker = worker net shm store dialect proto base
rooms_ctl    = ctl proto base

libs_base   = -lcrypto $(if $(is_x86),-lIPSec_MB)
libs_net    = -levent_core -lssl -lcrypto -lcares
libs_store  = -llmdb -lsqlite3
libs_proto  = -ljson-c
libs_setup  = -lconfig
check_LIBS  = -lcheck -lsubunit -lrt -lm -lpthread

room_libs = $(foreach r,$(rooms_$1),$(libs_$r))
room_archives = $(foreach r,$(rooms_$1),$O/lib$r.a)

unit_SRCS = $(wildcard $(foreach r,$(ROOMS),tests/$r/test_*.c))
UNITS     = $(unit_SRCS:%.c=$O/%)
ALL_C     = $(wildcard $(foreach r,$(ROOMS),$r/*.[ch]) tests/*.[ch] \
	tests/*/*.[ch])
ASAN_E2E  = tests/e2e/test_chat.py
SAN       = -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all

all: $O/holdfast $O/holdfastctl  ## compile everything

check:                    ## what stands before a commit; installs what it needs
	@sh packaging/need.sh check
	@$(MAKE) -s all units
	@sh tests/check.sh "$(T)"

check-long: all units     ## what takes longer: 10,000 power cuts
	@O=$O HOLDFAST_POWER_CUTS=10000 sh tests/units.sh power/power

units: $(UNITS) $(net_PROGRAMS)  ## compile the unit tests

unit: units               ## run the unit tests (T=net/http1 runs one)
	O=$O sh tests/units.sh $(T)

e2e: all $(net_PROGRAMS)  ## the end-to-end tests, against the real binary
	@O=$O sh tests/e2e.sh $(E2E)

asan:                     ## the unit and some end-to-end tests, ASan and UBSan
	@$(MAKE) -s O=build/asan LTO= CFLAGS="$(SAN)" LDFLAGS="$(SAN)" all units
	@O=build/asan ASAN_OPTIONS=detect_leaks=0 HOLDFAST_POWER_CUTS=200 sh tests/units.sh $(T)
	@O=build/asan ASAN_OPTIONS=detect_leaks=0 SUITE=$(ASAN_E2E) sh tests/e2e.sh

valgrind: units           ## the unit tests under valgrind
	@for t in $(UNITS); do HOLDFAST_SIM_SEEDS=100 CK_FORK=no valgrind -q --leak-check=full \
		--error-exitcode=1 $$t || exit 1; done

ci:                       ## everything that stands before main
	@sh packaging/need.sh ci
	@sh tests/ci.sh $(STAGES)

lint:                     ## arrows between the rooms, documents against tables, planted faults
	sh tests/lint/arrows.sh
	sh tests/lint/docs.sh
	sh tests/lint/mutants.sh

format-check:             ## fail on any difference from .clang-format
	clang-format --dry-run -Werror $(ALL_C)

run:                      ## start the demo; installs what it needs from Debian
	@sh packaging/need.sh run
	@echo "Compiling ..."
	@$(MAKE) -s all
	@mkdir -p build/run
	@echo "Look at it with: $O/holdfastctl --socket build/run/admin.sock status"
	@$O/holdfast -F -c etc/demo.conf

install: all $O/man       ## put everything in place: prefix=, DESTDIR=
	install -d $(inst_bin) $(inst_sbin) $(inst_share) $(inst_doc)/examples \
		$(inst_man)/man1 $(inst_man)/man5 $(inst_man)/man7 \
		$(inst_man)/man8 $(inst_comp) $(inst_etc)
	install -d -m 0750 $(inst_etc)/conf.d $(inst_etc)/secrets
	install $O/holdfast $(inst_sbin)
	install $O/holdfastctl $(inst_bin)
	install -m 0644 etc/models.csv $(inst_share)
	install -m 0644 etc/examples/* $(inst_doc)/examples
	for page in $O/man/*.[1578]; do \
		install -m 0644 $$page $(inst_man)/man$${page##*.} || exit; \
	done
	install -m 0644 packaging/completions/* $(inst_comp)
	test -e $(inst_etc)/holdfast.conf || \
		sed 's|/usr/share|$(prefix)/share|' etc/holdfast.conf \
		>$(inst_etc)/holdfast.conf

deb:                      ## build the Debian package; the last commit's
	@sh packaging/need.sh package
	@sh packaging/deb.sh

check-package:            ## install, run and purge the package; needs root
	@sh packaging/need.sh package
	@sh packaging/package-test.sh

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' Makefile tests/*/rules.mk

clean:
	rm -rf build

# A test's own code gets -O1: to make it fast took half of its compilation.
define room_rules
$O/tests/$1/test_%.o: private override CFLAGS := $(patsubst -O2,-O1,$(CFLAGS))
$O/lib$1.a: $$($1_SRCS:%.c=$O/%.o)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
$O/tests/$1/test_%: $O/tests/$1/test_%.o $O/tests/run.o $$(call room_archives,$1)
	$$(CC) $$(hf_LDFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(call room_libs,$1) $$(check_LIBS)
endef
$(foreach r,$(ROOMS),$(eval $(call room_rules,$r)))

hf_ARCHIVES = $(foreach r,$(filter-out ctl,$(ROOMS)),$O/lib$r.a)

# GNU ld's own script, but for order.ld ahead of all other code.  Another linker
# tells none; then the file is empty, and each function stays where it is.
$O/holdfast.ld: order.ld
	@mkdir -p $O
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -Wl,--verbose 2>/dev/null | \
		sed -n '/^====/,/^====/{//!p}' | \
		sed '/^ *\.text .*:/{n;s/{/{ INCLUDE order.ld/}' >$@

$O/holdfast: $O/master/main.o $(hf_ARCHIVES) $(if $(LTO),$O/holdfast.ld)
	$(CC) $(hf_LDFLAGS) $(hf_WHOLE) $(LDFLAGS) -o $@ $(filter-out %.ld,$^) \
		$(if $(LTO),-ffunction-sections $$(test ! -s $O/holdfast.ld || echo -T $O/holdfast.ld)) \
		$(libs_setup) $(libs_store) $(libs_net) $(libs_proto) $(libs_base)

$O/holdfastctl: $O/ctl/main.o $O/libctl.a $O/libproto.a $O/libbase.a
	$(CC) $(hf_LDFLAGS) $(hf_WHOLE) $(LDFLAGS) -o \
		$@ $^ $(libs_proto) $(libs_base)

# The manual of the settings is written from their table.
$O/man: packaging/man/* base/settings.def
	@rm -rf $@ && mkdir -p $@
	cp packaging/man/*.[178] $@
	awk -f packaging/man/settings.awk base/settings.def \
		packaging/man/holdfast.conf.5.in >$@/holdfast.conf.5

inst_bin   = $(DESTDIR)$(prefix)/bin
inst_sbin  = $(DESTDIR)$(prefix)/sbin
inst_share = $(DESTDIR)$(prefix)/share/holdfast
inst_doc   = $(DESTDIR)$(prefix)/share/doc/holdfast
inst_man   = $(DESTDIR)$(prefix)/share/man
inst_comp  = $(DESTDIR)$(prefix)/share/bash-completion/completions
inst_etc   = $(DESTDIR)$(sysconfdir)/holdfast

$O/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(hf_CPPFLAGS) $(CPPFLAGS) $(hf_CFLAGS) $(hf_LTO) $(CFLAGS) -c -o $@ $<

.SECONDARY:
.PHONY: all check check-long units unit e2e asan valgrind ci lint format-check run install \
	deb check-package help clean
-include $(wildcard tests/*/rules.mk)
-include $(wildcard $O/*/*.d $O/tests/*/*.d)
