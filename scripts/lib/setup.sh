# Shared by quickstart.sh and test.sh: brings a Debian machine to where minik can be built and run.
# Sourced, not run. Needs root only when a package is missing.

step() { printf '\n==> %s\n' "$*"; }
info() { printf '    %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

have() { command -v "$1" >/dev/null 2>&1; }

# What is missing, as Debian's package names.
missing_packages() {
  have containerd || echo containerd
  have runc || echo runc
  [ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] || echo containernetworking-plugins
  have nft || echo nftables
  have ip || echo iproute2
  have conntrack || echo conntrack
  have modprobe || echo kmod
  have busybox && file_is_static "$(command -v busybox)" || echo busybox-static
  have kubectl || echo kubernetes-client
  have node && have npm || { echo nodejs; echo npm; }
  [ -d /etc/ssl/certs ] || echo ca-certificates
}

# The kernel alone must be able to run it: test images hold nothing else.
file_is_static() {
  case "$(ldd "$1" 2>&1 || true)" in
    *'not a dynamic'* | *'statically linked'*) return 0 ;;
    *) return 1 ;;
  esac
}

install_packages() {
  local packages
  packages=$(missing_packages | tr '\n' ' ')
  [ -n "${packages// /}" ] || { info "all system packages are here"; return; }
  [ "$(id -u)" = 0 ] || die "root is needed to install: $packages"
  have apt-get || die "no apt-get here: install by hand: $packages"
  info "installing $packages"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || die "apt-get update failed"
  # Debian's containerd package must not start a daemon of its own: minik runs its own.
  local policy=/usr/sbin/policy-rc.d made=no
  if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=yes; fi
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $packages >/dev/null || { [ "$made" = no ] || rm -f "$policy"; die "apt-get install failed"; }
  [ "$made" = no ] || rm -f "$policy"
}

# npm 9 (Debian 12) takes the link away again together with the package for the other architecture, which has the same link.
link_node() {
  local node
  [ ! -x node_modules/.bin/node ] || return 0
  node=$(cd node_modules && echo node-linux-*/bin/node)
  [ -x "node_modules/$node" ] || die "npm ci brought no Node for this machine ($(uname -m))"
  ln -sfn "../$node" node_modules/.bin/node
}

npm_ci() {
  npm ci --no-audit --no-fund --loglevel=error || die "npm ci failed"
  link_node
}

# node_modules matches package-lock.json, and holds the Node that minik is built with.
install_modules() {
  local stamp=node_modules/.package-lock.json
  if [ -x node_modules/.bin/node ] && [ -e "$stamp" ] && [ ! package-lock.json -nt "$stamp" ]; then
    info "node_modules is up to date"
  else
    info "npm ci"
    npm_ci
    if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
      info "npm ci again with the Node that it brought: $(node --version) is too old for some packages"
      local bin
      bin=$(mktemp -d)
      cp -L node_modules/.bin/node "$bin/node"
      NODE_NO_WARNINGS=1 PATH="$bin:$PATH" npm_ci
      rm -rf "$bin"
    fi
    touch "$stamp"
  fi
  export PATH="$PWD/node_modules/.bin:$PATH"
}

# dist/minik is newer than everything that it is made of.
build_minik() {
  if [ -x dist/minik ] && [ -z "$(find src scripts/build.ts scripts/generate-schemas.ts package-lock.json -newer dist/minik -type f -not -path '*/generated/*' -print -quit)" ]; then
    info "dist/minik is up to date"
    return
  fi
  npm run -s generate >/dev/null || die "generating the schemas failed"
  npm run -s build || die "the build failed"
}
