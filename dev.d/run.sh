# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev run: a server on this machine, and three proofs that it does its job: a request through SOCKS5 inside TLS, the
# same through stock ssh, and what a browser sees on the TLS port. Everything that is started here is stopped here, by pid.

state=$PWD/.alknet
once=no
scratch=
pids=()

usage() { die "usage: ./dev run [--once] [--state DIR]"; }

clean_up() {
  local i
  trap '' INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill "${pids[i]}" 2>/dev/null || true
    wait "${pids[i]}" 2>/dev/null || true
  done
  [ -z "$scratch" ] || rm -rf "$scratch"
}

# Starts a program; its stderr goes to a file, its stdout to a pipe. `started` becomes the pid. wait_line NAME PATTERN
# then reads that pipe and leaves the matching line in `line`.
start() { # NAME COMMAND...
  local name=$1
  shift
  mkfifo "$scratch/$name.out"
  "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" </dev/null &
  started=$!
  pids+=("$started")
  eval "exec {out_$name}<\"$scratch/$name.out\""
}

wait_line() { # NAME PATTERN SECONDS
  local name=$1 pattern=$2 deadline=$((SECONDS + $3)) fd=out_$1
  while ((SECONDS < deadline)) && IFS= read -r -t "$3" line <&"${!fd}"; do
    [[ $line =~ $pattern ]] && return 0
  done
  tail -n 20 "$scratch/$name.err" >&2
  die "$name did not become ready"
}

proof() { # WORDS
  printf 'proof: %s\n' "$*"
}

disproof() { # WORDS
  tail -n 20 "$scratch"/*.err >&2
  die "$*"
}

web_server=$(
  cat <<'PYTHON'
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (sys.argv[1] + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
print("port", server.server_port, flush=True)
server.serve_forever()
PYTHON
)

# The usual ports when they are free, so that the printed commands are the ones of the manual.
port_or_any() { # PORT
  if [ $once = yes ] || (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then echo 0; else echo "$1"; fi
}

prove_socks() {
  local socks body
  start connect build/bin/alknet connect --server "$tls" --transport tls --insecure \
    --identity "$state/client_ed25519" --known-hosts "$state/known_hosts" --socks5 127.0.0.1:0
  wait_line connect '^ready socks5=([^ ]+)' 30
  socks=${BASH_REMATCH[1]}
  body=$(curl -sS --max-time 30 --socks5-hostname "$socks" "http://127.0.0.1:$web_port/" || true)
  [ "$body" = "$page" ] || disproof "SOCKS5 over TLS gave '$body'"
  proof "curl, through alknet connect (SOCKS5 on $socks) inside TLS to $tls: $body"
}

prove_ssh() {
  local body
  start ssh ssh -N -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -i "$state/client_ed25519" \
    -o UserKnownHostsFile="$state/known_hosts" -o StrictHostKeyChecking=yes -o ExitOnForwardFailure=yes \
    -o PermitLocalCommand=yes -o LocalCommand='echo up' -L "$scratch/web:127.0.0.1:$web_port" \
    -p "${ssh##*:}" "alknet@${ssh%:*}"
  wait_line ssh '^up$' 30
  body=$(curl -sS --max-time 30 --unix-socket "$scratch/web" http://tunnel/ || true)
  [ "$body" = "$page" ] || disproof "ssh -L gave '$body'"
  proof "curl, through stock ssh -L to $ssh: $body"
}

prove_decoy() {
  local answer
  answer=$(curl -sSki --max-time 30 "https://$tls/" | tr -d '\r' || true)
  [[ $answer == HTTP/1.1\ 404* && $answer == *$'\nServer: nginx\n'* ]] || disproof "a browser would see: $answer"
  proof "a browser at https://$tls/ sees: $(head -n 1 <<<"$answer"), $(grep '^Server:' <<<"$answer")"
}

main() {
  while [ $# -gt 0 ]; do
    case $1 in
      --once) once=yes ;;
      --state) shift && state=$(realpath -m "${1:?}") ;;
      *) usage ;;
    esac
    shift
  done
  install_packages build run
  build_as_packaged bin.stamp
  scratch=$(mktemp -d)
  trap clean_up EXIT
  trap 'exit 0' INT TERM

  page="hello from behind the tunnel, $$"
  start web python3 -c "$web_server" "$page"
  wait_line web '^port ([0-9]+)' 30
  web_port=${BASH_REMATCH[1]}
  start serve build/bin/alknet serve --state "$state" --listen-tls "127.0.0.1:$(port_or_any 8443)" \
    --listen-ssh "127.0.0.1:$(port_or_any 8022)"
  server=$started
  wait_line serve '^ready tls=([^ ]+) ssh=([^ ]+)' 60
  tls=${BASH_REMATCH[1]} ssh=${BASH_REMATCH[2]}
  say "alknet serve is up: tls=$tls ssh=$ssh, state in $state"

  prove_socks
  prove_ssh
  prove_decoy
  say "all three proofs hold"
  [ $once = no ] || return 0

  cat <<TEXT

Try it yourself, in another terminal:
  build/bin/alknet connect --server $tls --transport tls --insecure \\
    --identity $state/client_ed25519 --known-hosts $state/known_hosts --socks5 127.0.0.1:1080
  curl --socks5-hostname 127.0.0.1:1080 https://www.debian.org/
  ssh -N -D 1081 -i $state/client_ed25519 -o UserKnownHostsFile=$state/known_hosts -p ${ssh##*:} alknet@${ssh%:*}

The log: $scratch/serve.err. Ctrl-C stops everything.
TEXT
  wait "$server" || die "alknet serve ended: $(tail -n 5 "$scratch/serve.err")"
}
