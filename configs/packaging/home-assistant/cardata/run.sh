#!/bin/sh
# Turns the app's options into a pipeline, logs in where that is needed, and runs it as the user `cardata`.
set -eu

place=/data/cardata
own=/config/pipeline.yaml
install -d -o cardata -g cardata -m 0750 "$place"

option() {
    jq --raw-output ".$1" /data/options.json
}

# What a secret is goes into a file of its own: no text of others is written into YAML.
secret() {
    (umask 077 && printf '%s' "$2" >"$place/$1" && chown cardata: "$place/$1")
}

# The broker that Home Assistant knows of, if it knows of one.
broker() {
    told=$(curl --silent --header "Authorization: Bearer ${SUPERVISOR_TOKEN:-}" \
        http://supervisor/services/mqtt) || return 0
    [ "$(echo "$told" | jq --raw-output .result)" = ok ] || return 0
    secret mqtt-user "$(echo "$told" | jq --raw-output .data.username)"
    secret mqtt-password "$(echo "$told" | jq --raw-output .data.password)"
    echo "  - type: mqtt"
    echo "$told" | jq --raw-output '.data | "    url: mqtt\(if .ssl then "s" else "" end)://\(.host):\(.port)"'
    echo "    user: \${file:$place/mqtt-user}"
    echo "    password: \${file:$place/mqtt-password}"
}

pipeline() {
    cat <<PIPELINE
# Written anew at every start. Your own goes to the app's configuration folder, as pipeline.yaml.
state: $place/state
accounts:
  - name: home
    client_id: $(option client_id)
sources:
  - type: stream
  - type: telematics
    container: $(option collect)
    every: auto
sinks:
  - type: sqlite
    path: $place/cardata.db
PIPELINE
    broker
}

if [ -e "$own" ]; then
    config=$own
else
    config=$place/pipeline.yaml
    pipeline >"$config"
fi
echo "$config" >/run/pipeline

# A stop reaches the program, and not this script alone. glibc keeps memory that was freed for each thread apart, unless it is
# told not to.
cardata() {
    setpriv --reuid cardata --regid cardata --init-groups --reset-env \
        env MALLOC_ARENA_MAX=2 /usr/bin/cardata "$1" --config "$config" &
    child=$!
    trap 'kill -TERM "$child"' TERM INT
    wait "$child" && code=0 || code=$?
    # Cut off by a signal: the program is still ending.
    if kill -0 "$child" 2>/dev/null; then
        wait "$child" && code=0 || code=$?
        exit "$code"
    fi
}

cardata run
while [ "$code" = 3 ]; do
    echo "A login is needed: open the link below and approve the code with your BMW login."
    cardata login
    [ "$code" = 0 ] || exit "$code"
    cardata run
done
exit "$code"
