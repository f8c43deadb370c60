# prox: GNU make 4.2 or later, written by hand. Nothing needs to be configured.
#
#   make deps run         install what is missing, build, and start prox on conf/prox.json5
#   make deps check       install what is missing, build, and run all tests
#   make help             the other targets
#
#   V=1                   show the commands
#   VARIANT=name          build in build/name/ (asan and fuzz choose their flags, any other name is a release build)
#   CXX= CXXFLAGS= CPPFLAGS= LDFLAGS=   yours, added to what prox needs
#   SANITIZE=address,undefined          instrument with these sanitizers
#   LTO=1                 link-time optimisation (GCC)
#   WERROR=0|1            warnings are errors; 1 in a git checkout, 0 elsewhere
#   HARDEN=0              without the hardening flags
#   DEFAULT_USER=nobody   whom workers become when started as root
#   DESTDIR= PREFIX= SBINDIR= SYSCONFDIR= MANDIR=   where install puts things
#   FUZZ_SECONDS=60       for each fuzz target
#
# Settings are read from config.mak (written by ./configure, see `make configure`) and then local.mak (yours), if there.

SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

-include config.mak
-include local.mak

VERSION := $(file <VERSION)
VARIANT ?= release

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
SYSCONFDIR ?= /etc
MANDIR ?= $(PREFIX)/share/man
DEFAULT_USER ?= nobody

CXXFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
# Debian's own python3, which is the one that has Debian's python3-* packages.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
WERROR ?= $(if $(wildcard .git),1,0)
HARDEN ?= 1
FUZZ_CXX ?= clang++
FUZZ_SECONDS ?= 60
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy
PYTEST_FLAGS ?=
# Tests wait more than they compute.
PYTEST_JOBS ?= $(shell echo $$((2 * $$(nproc))))

ifeq ($(VARIANT),asan)
  SANITIZE := address,undefined
endif
ifeq ($(VARIANT),fuzz)
  SANITIZE := fuzzer-no-link,address,undefined
endif

B := build/$(VARIANT)
PROG := $(if $(filter release,$(VARIANT)),build/prox,$(B)/prox)
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-6s %s\n' '$1' '$2')

# ---- Goals ----------------------------------------------------------------------------------------------------------

# Goals that compile nothing in this make: no library is looked for.
PLAIN_GOALS := help dist configure format uninstall asan fuzz
# Goals that change what this file finds: they are done first, and a new make starts on the others.
FIRST_GOALS := deps deps-dev clean distclean

GOALS := $(or $(MAKECMDGOALS),all)
FIRST := $(filter $(FIRST_GOALS),$(GOALS))
THEN := $(filter-out $(FIRST_GOALS),$(GOALS))

.PHONY: all run check check-unit check-e2e asan fuzz bench lint format install uninstall dist help $(FIRST_GOALS)

# ---- Done first -----------------------------------------------------------------------------------------------------

# $(call install_packages,LISTS): as root, or with sudo, or by telling what to do. Silent and offline if nothing is missing.
define install_packages
@packages=$$(sed 's/#.*//' $1 | tr '\n' ' '); \
command -v dpkg-query >/dev/null || { \
  echo "This is not Debian. Please install what these packages of Debian hold: $$packages" >&2; exit 1; }; \
missing=; \
for package in $$packages; do \
  [ "$$(dpkg-query -W -f='$${db:Status-Status}' "$$package" 2>/dev/null)" = installed ] || missing="$$missing $$package"; \
done; \
[ -n "$$missing" ] || exit 0; \
install="apt-get install -y --no-install-recommends$$missing"; \
if [ "$$(id -u)" = 0 ]; then as=; \
elif command -v sudo >/dev/null; then as=sudo; \
else echo "Packages are missing. Please run as root: apt-get update && $$install" >&2; exit 1; fi; \
echo "Installing:$$missing"; \
$$as apt-get update && $$as env DEBIAN_FRONTEND=noninteractive $$install
endef

deps: $(filter deps-dev,$(FIRST)) ## install what building and testing need (deps.txt)
	$(call install_packages,deps.txt)

deps-dev: ## install also what the other targets need (deps-dev.txt)
	$(call install_packages,deps.txt deps-dev.txt)

clean: ## remove build/
	rm -rf build

distclean: clean ## remove what ./configure made, too
	rm -f config.mak config.log config.status

ifneq ($(FIRST),)

ifneq ($(THEN),)
# Only in a recipe does MAKEFLAGS tell of -j.
jobs = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
.PHONY: $(THEN)
$(firstword $(THEN)): $(FIRST)
	@$(MAKE) --no-print-directory $(jobs) $(THEN)
$(sort $(filter-out $(firstword $(THEN)),$(THEN))): $(firstword $(THEN)) ;
endif

else
# ---- Sources --------------------------------------------------------------------------------------------------------

find = $(sort $(shell find $1 -name '$2' 2>/dev/null))
objects = $(patsubst %.cc,$(B)/%.o,$1)

LIB_SOURCES := $(filter-out src/cli/main.cc,$(call find,src,*.cc))
UNIT_SOURCES := t/unit/main.cc $(call find,t/unit,*_test.cc)
FUZZ_SOURCES := $(call find,t/fuzz,*_fuzz.cc)
BENCH_SOURCES := $(call find,t/bench,*_bench.cc)
HEADERS := $(call find,include,*.h) $(call find,src,*.h)
FUZZ_NAMES := $(patsubst t/fuzz/%_fuzz.cc,%,$(FUZZ_SOURCES))

LIB := $(B)/libprox.a
UNIT_TESTS := $(B)/unit-tests
REPLAYS := $(patsubst %,$(B)/replay/%,$(FUZZ_NAMES))
FUZZERS := $(patsubst %,$(B)/fuzz/%,$(FUZZ_NAMES))
BENCHES := $(patsubst t/bench/%.cc,$(B)/bench/%,$(BENCH_SOURCES))

# ---- Flags and stamps -----------------------------------------------------------------------------------------------

ifneq ($(filter-out $(PLAIN_GOALS),$(GOALS)),)

LIBRARIES := libevent_core libcares libssl libcrypto libnghttp2 zlib libbrotlienc libzstd fmt
PKG_MISSING := $(shell $(PKG_CONFIG) --print-errors --exists $(LIBRARIES) 2>&1 || echo failed)
ifneq ($(PKG_MISSING),)
  $(error $(PKG_CONFIG) does not find all of: $(LIBRARIES). `make deps` installs them on Debian)
endif
# As system headers, so that our warnings do not fall on them.
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(LIBRARIES)))
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARIES))
LIBRARY_VERSIONS := $(foreach library,$(LIBRARIES),$(library) $(shell $(PKG_CONFIG) --modversion $(library)))
# Catch2 version 3 has a library, version 2 has none.
CATCH_LIBS = $(shell $(PKG_CONFIG) --libs catch2 catch2-with-main 2>/dev/null | sed 's/-lCatch2Main//')
# What prox encodes, its tests decode.
DECODER_LIBS = $(shell $(PKG_CONFIG) --libs libbrotlidec)

MACHINE := $(shell $(CXX) -dumpmachine)
COMPILER := $(shell $(CXX) --version | head -n 1)

OUR_CPPFLAGS := -Iinclude -Isrc -I$(B)/gen $(PKG_CFLAGS)
OUR_CXXFLAGS := -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -ffunction-sections -fdata-sections -fPIE
OUR_LDFLAGS := -pie -Wl,--gc-sections -Wl,--as-needed

ifeq ($(WERROR),1)
  OUR_CXXFLAGS += -Werror
endif
ifeq ($(HARDEN),1)
  OUR_CXXFLAGS += -fstack-protector-strong -fno-plt
  OUR_LDFLAGS += -Wl,-z,relro,-z,now,-z,noexecstack
  ifneq ($(filter x86_64-% i%86-%,$(MACHINE)),)
    OUR_CXXFLAGS += -fcf-protection -fstack-clash-protection
  endif
  # Level 3 costs run time for sizes that are known only there. The sanitizers check the same calls themselves.
  ifeq ($(SANITIZE),)
    OUR_CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
  endif
endif
ifneq ($(SANITIZE),)
  OUR_CPPFLAGS += -D_GLIBCXX_ASSERTIONS
  # Not vptr: it asks the kernel through a new pipe whether memory can be read, and is wrong when descriptors have run out.
  OUR_CXXFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer
  OUR_LDFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize=vptr
endif
ifeq ($(LTO),1)
  OUR_CXXFLAGS += -flto=auto -fno-fat-lto-objects
  OUR_LDFLAGS += -flto=auto $(CXXFLAGS)
  AR := gcc-ar
endif

COMPILE := $(CXX) $(OUR_CPPFLAGS) $(CPPFLAGS) $(OUR_CXXFLAGS) $(CXXFLAGS)
LINK := $(CXX) $(OUR_LDFLAGS) $(LDFLAGS)
# Tests spend their time in being compiled, not in running.
TEST_FLAGS := -It/unit -O0 -U_FORTIFY_SOURCE

# $(call stamp,FILE,TEXT) writes the file only if the text is not what it holds, so what depends on it is rebuilt then.
differs = $(subst x$1,,x$2)$(subst x$2,,x$1)
stamp = $(if $(call differs,$(file <$1),$2),$(shell mkdir -p $(dir $1))$(file >$1,$2))

quoted = "$(subst ",\",$(subst \,\\,$1))"
define VERSION_H
#pragma once

#include <string_view>

// Written by the Makefile. Belongs to no room: any may include it.
namespace prox {

inline constexpr std::string_view kVersion = $(call quoted,$(VERSION));
inline constexpr std::string_view kCompiler = $(call quoted,$(COMPILER));
inline constexpr std::string_view kBuildOptions = $(call quoted,$(strip $(BUILD_OPTIONS)));
inline constexpr std::string_view kLibraries = $(call quoted,$(strip $(LIBRARY_VERSIONS)));
// The config when none is named and the working directory holds none.
inline constexpr std::string_view kInstalledConfig = $(call quoted,$(SYSCONFDIR)/prox/config.json5);
// Whom workers become when the master is root and the config names nobody.
inline constexpr std::string_view kDefaultUser = $(call quoted,$(DEFAULT_USER));

}  // namespace prox
endef
BUILD_OPTIONS = VARIANT=$(VARIANT) PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) DEFAULT_USER=$(DEFAULT_USER) \
  $(if $(SANITIZE),SANITIZE=$(SANITIZE)) $(if $(filter 1,$(LTO)),LTO=1) $(if $(filter 1,$(HARDEN)),,HARDEN=0) CXXFLAGS='$(CXXFLAGS)'

FLAGS := $(B)/flags
SOURCES := $(B)/sources
VERSION_HEADER := $(B)/gen/prox/version.h
$(call stamp,$(FLAGS),$(COMPILER) $(COMPILE) $(LINK) $(PKG_LIBS))
$(call stamp,$(SOURCES),$(LIB_SOURCES) $(UNIT_SOURCES))
$(call stamp,$(VERSION_HEADER),$(VERSION_H))

endif

# ---- Building -------------------------------------------------------------------------------------------------------

all: $(PROG) ## build the program: build/prox (the default)

$(FLAGS) $(SOURCES) $(VERSION_HEADER): ;

$(B)/src/%.o: src/%.cc $(FLAGS) | $(VERSION_HEADER)
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(B)/t/bench/%.o: TEST_FLAGS := -It/unit
$(B)/t/%.o: t/%.cc $(FLAGS) | $(VERSION_HEADER)
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(TEST_FLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call objects,$(LIB_SOURCES)) $(SOURCES)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

link = $(call say,LINK,$@)$(newline)	@mkdir -p $(@D)$(newline)	$(Q)$(LINK) $1 -o $@ $(filter %.o %.a,$^) $(PKG_LIBS) $2
define newline


endef

$(PROG): $(B)/src/cli/main.o $(LIB) $(FLAGS)
	$(call link)

$(UNIT_TESTS): $(call objects,$(UNIT_SOURCES)) $(LIB) $(SOURCES)
	$(call link,,$(CATCH_LIBS) $(DECODER_LIBS))

$(REPLAYS): $(B)/replay/%: $(B)/t/fuzz/%_fuzz.o $(B)/t/fuzz/replay_main.o $(LIB)
	$(call link)

$(FUZZERS): $(B)/fuzz/%: $(B)/t/fuzz/%_fuzz.o $(LIB)
	$(call link,-fsanitize=fuzzer)

$(BENCHES): $(B)/bench/%: $(B)/t/bench/%.o $(LIB)
	$(call link)

-include $(patsubst %.o,%.d,$(call objects,src/cli/main.cc $(LIB_SOURCES) $(UNIT_SOURCES) $(FUZZ_SOURCES) \
  $(BENCH_SOURCES) t/fuzz/replay_main.cc))

# ---- Running and testing --------------------------------------------------------------------------------------------

run: $(PROG) ## start prox in the foreground on conf/prox.json5
	@exec $(PROG) serve -config conf/prox.json5

check: check-unit ## run all tests: check-unit, then check-e2e
	@$(MAKE) --no-print-directory check-e2e

check-unit: $(UNIT_TESTS) $(REPLAYS) ## run the unit tests, and the fuzz targets on their seeds
	$(UNIT_TESTS)
	@for name in $(FUZZ_NAMES); do $(B)/replay/$$name t/data/fuzz/$$name || exit 1; done

check-e2e: $(PROG) ## run the tests that start the real program (PYTEST_FLAGS= for a choice, PYTEST_JOBS= at a time)
	cd t && PROX_BIN=$(abspath $(PROG)) $(if $(SANITIZE),PROX_SANITIZED=1) PYTHONDONTWRITEBYTECODE=1 \
	  $(PYTHON) -m pytest -n $(PYTEST_JOBS) $(PYTEST_FLAGS)

asan: ## build with AddressSanitizer and UBSan in build/asan/, and run all tests with it
	@$(MAKE) --no-print-directory VARIANT=asan check

fuzz: ## run each fuzz target for FUZZ_SECONDS with clang's libFuzzer (FUZZ_TARGETS= for a choice of them)
	@$(MAKE) --no-print-directory VARIANT=fuzz CXX="$(FUZZ_CXX)" run-fuzzers

FUZZ_TARGETS ?= $(FUZZ_NAMES)
.PHONY: run-fuzzers $(FUZZ_TARGETS:%=fuzz-%)
run-fuzzers: $(FUZZ_TARGETS:%=fuzz-%)

# What a run finds goes to build/fuzz/corpus/, and stays there for the next run; the seeds are only read.
$(FUZZ_TARGETS:%=fuzz-%): fuzz-%: $(B)/fuzz/%
	@mkdir -p $(B)/corpus/$*
	@echo '  FUZZ   $*, $(FUZZ_SECONDS) s'
	@$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -artifact_prefix=$(B)/$*- $(B)/corpus/$* t/data/fuzz/$* >$(B)/$*.log 2>&1 \
	  || { tail -n 60 $(B)/$*.log; exit 1; }
	@echo "$*: $$(tail -n 1 $(B)/$*.log)"

bench: $(PROG) $(BENCHES) ## measure: the parts in t/bench/*_bench.cc, then requests and CPU time through prox
	@for bench in $(BENCHES); do echo "$$bench" && $$bench || exit 1; done
	cd t && PROX_BIN=$(abspath $(PROG)) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m bench.throughput
	cd t && PROX_BIN=$(abspath $(PROG)) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m bench.routing

# ---- Holding the house to its style ---------------------------------------------------------------------------------

ALONE := $(HEADERS:%=$(B)/alone/%.ok)
TIDY := $(patsubst src/%.cc,$(B)/tidy/%.ok,$(LIB_SOURCES) src/cli/main.cc)
FORMATTED := $(call find,include,*.h) $(call find,src,*.h) $(call find,src,*.cc) $(call find,t,*.h) $(call find,t,*.cc)

.PHONY: lint-quick lint-tree lint-man lint-format
lint: lint-quick $(TIDY) ## layers, each header alone, clang-format, man pages, clang-tidy
	@echo 'lint: all is well'

lint-quick: lint-tree lint-man lint-format $(ALONE) ## the same without clang-tidy, which takes minutes

lint-tree:
	$(Q)$(PYTHON) t/lint/tree.py

lint-man:
	$(Q)t/lint/man.sh man/*.[0-9]

lint-format:
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $(FORMATTED)

$(B)/alone/%.ok: % $(FLAGS) | $(VERSION_HEADER)
	$(call say,ALONE,$<)
	@mkdir -p $(@D)
	$(Q)echo '#include "$<"' | $(COMPILE) -I. -MMD -MP -MF $(@:.ok=.d) -MT $@ -fsyntax-only -x c++ -
	@touch $@

# The object is as new as the newest header that the file includes.
$(B)/tidy/%.ok: src/%.cc $(B)/src/%.o .clang-tidy
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG_TIDY) --quiet $< -- $(OUR_CPPFLAGS) $(CPPFLAGS) -std=c++20 -Wall -Wextra -Wshadow -O1 2>$(@:.ok=.log) \
	  || { cat $(@:.ok=.log); exit 1; }
	@touch $@

-include $(ALONE:.ok=.d)

format: ## format all sources with clang-format
	$(CLANG_FORMAT) -i $(FORMATTED)

# ---- Installing and packing -----------------------------------------------------------------------------------------

install: $(PROG) ## install program, man pages and config (DESTDIR= PREFIX= SBINDIR= SYSCONFDIR= MANDIR=)
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(SYSCONFDIR)/prox
	install -m 755 $(PROG) $(DESTDIR)$(SBINDIR)/prox
	@for page in man/*.[1-9]; do \
	  to=$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; echo "install -m 644 $$page $$to"; \
	  sed 's,/etc/prox/,$(SYSCONFDIR)/prox/,g' $$page >$$to && chmod 644 $$to || exit 1; \
	done
	@to=$(DESTDIR)$(SYSCONFDIR)/prox/config.json5; \
	if [ -e $$to ]; then echo "keeping $$to"; \
	else echo "install -m 644 conf/prox.json5 $$to"; install -m 644 conf/prox.json5 $$to; fi

uninstall: ## remove what install put there, except the config
	rm -f $(DESTDIR)$(SBINDIR)/prox
	rm -f $(patsubst man/%,$(DESTDIR)$(MANDIR)/man5/%,$(wildcard man/*.5))
	rm -f $(patsubst man/%,$(DESTDIR)$(MANDIR)/man8/%,$(wildcard man/*.8))

configure: configure.ac VERSION ## make ./configure (needs autoconf), which writes config.mak: all of it optional
	autoconf && rm -rf autom4te.cache

DIST := prox-$(VERSION)
# In a tarball there is no git to ask, and in another user's checkout it does not answer.
dist: configure ## pack the sources: build/prox-VERSION.tar.gz
	@mkdir -p build
	$(Q){ [ -e .git ] && git ls-files -co --exclude-standard || find . -type f -not -path './build/*' -not -path './.git/*' \
	  -not -path '*/__pycache__/*' -not -name 'config.*' -not -name local.mak | sed 's,^\./,,'; \
	  echo config.mak.in; echo configure; } \
	  | sort -u | while read -r file; do [ ! -e "$$file" ] || echo "$$file"; done >build/dist.files
	$(Q)tar -czf build/$(DIST).tar.gz --owner=0 --group=0 --numeric-owner --transform 's,^,$(DIST)/,' -T build/dist.files
	@echo build/$(DIST).tar.gz

help: ## print this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | sort | while IFS='|' read -r target what; do \
	  printf '  %-12s %s\n' "$$target" "$$what"; done

endif
