#!/usr/bin/env bash
# A kube-apiserver and an etcd of its own for `npm run bench -- api watch --server test/bench/others/kube-apiserver.sh`; both are taken from PATH.
# All that is set is what it cannot do without, RBAC and TLS 1.3. Without controllers no service account comes for pods, so none is asked of them.
set -euo pipefail
: "${DATA_DIR:?is not set}" "${ADDRESS:?is not set}" "${PORT:?is not set}"
for program in openssl etcd kube-apiserver; do
  command -v "$program" >/dev/null || { echo "$program is not on PATH" >&2; exit 1; }
done
cd "$DATA_DIR"

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

issue() { # NAME SUBJECT EXTENSIONS
  key "$1"
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile <(printf '%b' "$3") -out "$1.crt"
}

key service-accounts
openssl pkey -in service-accounts.key -pubout -out service-accounts.pub
key ca
openssl req -x509 -key ca.key -subj /CN=bench-ca -days 2 -out ca.crt
issue server /CN=kube-apiserver "subjectAltName=IP:$ADDRESS\nextendedKeyUsage=serverAuth\n"
issue admin /O=system:masters/CN=admin 'extendedKeyUsage=clientAuth\n'

cat >kubeconfig.tmp <<YAML
apiVersion: v1
kind: Config
current-context: bench
contexts: [{ name: bench, context: { cluster: bench, user: admin } }]
clusters:
- name: bench
  cluster: { server: 'https://$ADDRESS:$PORT', certificate-authority-data: $(base64 -w 0 ca.crt) }
users:
- name: admin
  user: { client-certificate-data: $(base64 -w 0 admin.crt), client-key-data: $(base64 -w 0 admin.key) }
YAML
mv kubeconfig.tmp kubeconfig.yaml

end() {
  kill "${apiserver:-}" || true
  wait "${apiserver:-}" || true
  kill "${etcd:-}" || true
  wait
} 2>/dev/null
trap end EXIT
trap 'exit 0' TERM INT

etcd --data-dir etcd --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 &
etcd=$!
kube-apiserver --etcd-servers http://127.0.0.1:2379 \
  --bind-address "$ADDRESS" --advertise-address "$ADDRESS" --secure-port "$PORT" \
  --tls-cert-file server.crt --tls-private-key-file server.key --tls-min-version VersionTLS13 \
  --client-ca-file ca.crt --authorization-mode RBAC \
  --service-cluster-ip-range 10.96.0.0/16 --service-account-issuer https://kubernetes.default.svc \
  --service-account-key-file service-accounts.pub --service-account-signing-key-file service-accounts.key \
  --disable-admission-plugins ServiceAccount &
apiserver=$!
wait -n || true
echo "kube-apiserver or etcd ended by itself" >&2
exit 1
