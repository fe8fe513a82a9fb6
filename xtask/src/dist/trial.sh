#!/bin/sh
# What a person does with the package, from the first day to the last, in a fresh Debian. `cargo xtask dist --trial` runs
# it there as root; it ends with the first thing that is not as it should be.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
cd /trial
package=$(echo ./*.deb)

fail() {
    echo "trial: $*" >&2
    exit 1
}

is() { # what, how it is, how it should be
    [ "$2" = "$3" ] || fail "$1 is \"$2\" and not \"$3\""
}

there() {
    for path; do
        [ -s "$path" ] || fail "$path is missing"
    done
}

gone() {
    for path; do
        [ ! -e "$path" ] || fail "$path is still there"
    done
}

kind() {
    stat -c '%U:%G %a' "$1"
}

# What apt says goes into a file, and on the screen when it fails.
apt() {
    apt-get --yes --no-install-recommends "$@" >said 2>&1 || { cat said; fail "apt-get $* failed"; }
}

install() {
    apt install "$1"
}

# Everything but what apt and dpkg keep for themselves.
everything() {
    find / -xdev \( -path /trial -o -path /proc -o -path /sys -o -path /tmp -o -path /run -o -path /var/cache \
        -o -path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg \) -prune -o -print | sort
}

# A simulated car, so that there is something to keep.
pipeline() {
    cat <<'PIPELINE'
state: /var/lib/cardata/state
simulator: { speed: 3600 }
sources:
  - type: telematics
    container: battery
    every: 30m
sinks:
  - type: sqlite
    path: /var/lib/cardata/cardata.db
PIPELINE
}

as_service() {
    (cd /var/lib/cardata && setpriv --reuid cardata --regid cardata --clear-groups "$@")
}

# The unit's command, for some seconds.
run() {
    as_service timeout --foreground --preserve-status 6 cardata run --config /etc/cardata/pipeline.yaml \
        >said 2>&1 && code=0 || code=$?
    is "the exit code of run ($(cat said))" "$code" 0
}

entries() {
    as_service cardata journal stats --config /etc/cardata/pipeline.yaml || fail "the journal cannot be read"
}

# ── an older version, to begin with
dpkg-deb --raw-extract "$package" old
version=$(sed -n 's/^Version: //p' old/DEBIAN/control)
sed -i 's/^Version: .*/Version: 0.0.1/' old/DEBIAN/control
dpkg-deb -Zgzip -z1 --build old older.deb >/dev/null
rm -r old
everything >before

# ── the first day
begun=$(date +%s%N)
install "$package"
echo "installed in $((($(date +%s%N) - begun) / 1000000)) ms"
is "the last line" "$(grep -v '^Processing' said | tail -n 1)" "Set it up: sudo cardata init"
is "the user" "$(getent passwd cardata | cut -d: -f6-)" "/var/lib/cardata:/usr/sbin/nologin"
is /etc/cardata "$(kind /etc/cardata)" "root:cardata 750"
is /var/lib/cardata "$(kind /var/lib/cardata)" "cardata:cardata 750"
is "the version" "$(cardata --version)" "cardata $version"
link=/etc/systemd/system/multi-user.target.wants/cardata.service
is "$link" "$(readlink $link)" /lib/systemd/system/cardata.service
[ -f "$(readlink -f $link)" ] || fail "$link leads nowhere"
zcat /usr/share/man/man1/cardata.1.gz | grep -q '^\.SH' || fail "there is no page of the manual"
bash -n /usr/share/bash-completion/completions/cardata
there /usr/share/zsh/vendor-completions/_cardata /usr/share/fish/vendor_completions.d/cardata.fish
cd /usr/share/doc/cardata
there CHANGELOG.md DICTIONARY.md JSON.md README.md RULES.md copyright changelog.gz THIRD-PARTY-LICENSES.gz
there examples/pipeline.yaml examples/grafana.yaml examples/pipeline.schema.json
cd /trial
is "what says cardata schema" "$(cardata schema | sha256sum)" "$(sha256sum </usr/share/cardata/pipeline.schema.json)"

# ── set up by who has no terminal
cardata init --client-id 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 </dev/null >said 2>&1 || fail "$(cat said)"
is "what init wrote" "$(kind /etc/cardata/pipeline.yaml)" "root:cardata 640"
as_service cardata check >said 2>&1 || fail "$(cat said)"
rm /etc/cardata/pipeline.yaml

# ── and its end, before anything was set up
apt purge cardata
everything >after
is "what is left of it" "$(diff before after | grep '^[<>]' | grep -v '/etc/[a-z]*-$' || true)" ""
is "the user" "$(getent passwd cardata || true)" ""

# ── from an older version to this one
install ./older.deb
pipeline >/etc/cardata/pipeline.yaml
chown root:cardata /etc/cardata/pipeline.yaml
chmod 640 /etc/cardata/pipeline.yaml
chmod 700 /var/lib/cardata
run
there /var/lib/cardata/cardata.db
kept=$(cat /etc/cardata/pipeline.yaml /var/lib/cardata/cardata.db | sha256sum)
entries >stats.before
install "$package"
is "the version" "$(dpkg-query -W -f '${Version}' cardata)" "$version"
grep -q 'Set it up' said && fail "what is set up is asked for"
is "configuration and history" "$(cat /etc/cardata/pipeline.yaml /var/lib/cardata/cardata.db | sha256sum)" "$kept"
is /var/lib/cardata "$(kind /var/lib/cardata)" "cardata:cardata 700"
is /etc/cardata/pipeline.yaml "$(kind /etc/cardata/pipeline.yaml)" "root:cardata 640"
entries >stats.after
is "the journal" "$(cat stats.after)" "$(cat stats.before)"
run

# ── removed and installed again: all of it is still there
apt remove cardata
gone /usr/bin/cardata /usr/share/doc/cardata /usr/share/cardata
there /etc/cardata/pipeline.yaml /var/lib/cardata/state/journal.db
install "$package"
run

# ── purged: the logins go, what BMW sent stays
umask 077
for folder in state state.before-restore-1 state/before-restore-1; do
    mkdir -p /var/lib/cardata/$folder/tokens
    echo '{}' >/var/lib/cardata/$folder/tokens/home.json
done
apt purge cardata
is "what of logins is left" "$(find /var/lib/cardata -name tokens)" ""
gone /etc/cardata $link
there /var/lib/cardata/state/journal.db /var/lib/cardata/cardata.db
is "its owner" "$(stat -c %U /var/lib/cardata/state/journal.db)" cardata
removal=$(sed -n 's/^To remove it for good: //p' said)
[ -n "$removal" ] || fail "nobody says how to remove the history"
sh -euc "$removal" >/dev/null 2>&1 || fail "\"$removal\" failed"
everything >after
is "what is left of it" "$(diff before after | grep '^[<>]' | grep -v '/etc/[a-z]*-$' || true)" ""

# ── and what Debian thinks of it
if apt-get update >said 2>&1 && apt-get --yes --no-install-recommends install lintian >said 2>&1; then
    lintian --allow-root --info --tag-display-limit 0 --fail-on error,warning "$package"
else
    echo "left out: lintian, which cannot be fetched: $(tail -n 1 said)" >&2
fi
echo "the package was installed, upgraded, removed and purged as it should be"
