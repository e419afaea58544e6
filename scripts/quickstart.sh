#!/usr/bin/env bash
# One command from a Debian box to a running cluster with an app on it. Safe to run again.
#   ./scripts/quickstart.sh            install what is missing, build, start, show an app
#   ./scripts/quickstart.sh --stop     stop minik; containers keep running
#   ./scripts/quickstart.sh --clean    stop everything and leave nothing behind
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/setup.sh

DATA_DIR=${MINIK_DATA_DIR:-/var/lib/minik}
PORT=${MINIK_HTTPS_LISTEN_PORT:-6443}
LOG=/var/log/minik.log
PID_FILE=$DATA_DIR/minik.pid
export KUBECONFIG=$DATA_DIR/kubeconfig.yaml

usage() { sed -n '2,5s/^# \{0,1\}//p' "$0"; }

running_pid() {
  [ -r "$PID_FILE" ] || return 1
  local pid
  pid=$(head -n 1 "$PID_FILE")
  kill -0 "$pid" 2>/dev/null && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q 'minik server' && echo "$pid"
}

stop_minik() {
  local pid
  pid=$(running_pid) || { info "minik does not run"; return; }
  info "stopping minik (pid $pid)"
  kill -TERM "$pid"
  for _ in $(seq 300); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
  die "minik (pid $pid) did not stop within 30 s"
}

start_minik() {
  local pid
  if pid=$(running_pid); then
    if [ "$(readlink "/proc/$pid/exe")" = "$PWD/dist/minik" ]; then info "minik runs already (pid $pid)"; return; fi
    info "minik was built anew: restarting it (containers keep running)"
    stop_minik
  fi
  mkdir -p "$DATA_DIR"
  setsid dist/minik server --data-dir "$DATA_DIR" --https-listen-port "$PORT" >>"$LOG" 2>&1 </dev/null &
  info "started (pid $!), log: $LOG"
}

# wait_for SECONDS "what" command…: one dot a second.
wait_for() {
  local seconds=$1 what=$2 start=$SECONDS
  shift 2
  printf '    waiting for %s ' "$what"
  until "$@" >/dev/null 2>&1; do
    [ $((SECONDS - start)) -lt "$seconds" ] || { printf '\n'; tail -n 15 "$LOG" >&2 || true; die "no $what after $seconds s (log: $LOG)"; }
    printf '.'
    sleep 0.3
  done
  printf ' %s s\n' "$((SECONDS - start))"
}

node_ready() { kubectl wait --for=condition=Ready nodes --all --timeout=5s; }
fetch() { node -e 'fetch(process.argv[1], { signal: AbortSignal.timeout(10_000) }).then(async (r) => { if (!r.ok) throw r.status; process.stdout.write(await r.text()); }).catch(() => process.exit(1))' "$1"; }

run_hello() {
  node scripts/hello-image.ts dist/hello.tar
  dist/minik images import --data-dir "$DATA_DIR" dist/hello.tar
  kubectl apply -f examples/hello/hello.yaml
  kubectl rollout status deployment/hello --timeout=120s
  local ip port node
  ip=$(kubectl get service hello -o jsonpath='{.spec.clusterIP}')
  port=$(kubectl get service hello -o jsonpath='{.spec.ports[0].nodePort}')
  node=$(kubectl get nodes -o jsonpath='{.items[0].status.addresses[?(@.type=="InternalIP")].address}')
  wait_for 30 "the page at the Service's address, http://$ip" fetch "http://$ip/"
  info "$(fetch "http://$ip/")"
  wait_for 30 "the page at the node port, http://$node:$port" fetch "http://$node:$port/"
  info "$(fetch "http://$node:$port/")"
}

summary() {
  step "What runs"
  kubectl get nodes,deployments,pods,services -o wide
  cat <<TXT

kubeconfig  $KUBECONFIG
            export KUBECONFIG=$KUBECONFIG; kubectl get pods -A
log         $LOG
stop        $0 --stop       (containers keep running)
restart     $0
remove all  $0 --clean
TXT
}

clean() {
  step "Removing minik from this machine"
  if [ -x dist/minik ]; then dist/minik uninstall --yes --data-dir "$DATA_DIR"; else stop_minik; [ ! -e "$DATA_DIR" ] || die "dist/minik is needed to clean $DATA_DIR: run npm run build first"; fi
  rm -f "$LOG"
}

main() {
  case "${1:-}" in
    '') ;;
    --clean) clean; exit 0 ;;
    --stop) stop_minik; exit 0 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  [ "$(id -u)" = 0 ] || die "run it as root"
  step "System packages"; install_packages
  step "Node and libraries"; install_modules
  step "Building dist/minik"; build_minik
  step "Starting the cluster"; start_minik
  wait_for 60 "the API server" kubectl get --raw /readyz
  wait_for 60 "the node to be Ready" node_ready
  step "An app: examples/hello"; run_hello
  summary
}
main "$@"
