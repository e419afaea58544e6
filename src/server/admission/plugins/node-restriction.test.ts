import '../../../base/reflect-metadata.ts';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../api/meta/object.ts';
import { fakeReader } from '../../fake-reader.ts';
import type { AdmissionRequest, Authorizer, UserInfo } from '../../ports.ts';
import { nodeRestriction } from './node-restriction.ts';

const N1: UserInfo = { name: 'system:node:n1', groups: ['system:nodes'] };
const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters'] };
const object = (name: string, spec: object = {}, metadata: object = {}, more: object = {}): KubeObject =>
  ({ metadata: { name, ...metadata }, spec, ...more }) as KubeObject;
const own = object(
  'p',
  {
    nodeName: 'n1',
    volumes: [
      { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'a', audience: 'vault' } }] } },
      { name: 'v', csi: { driver: 'd' } },
    ],
  },
  { namespace: 'x', uid: 'u-p' },
);
const claiming = object(
  'r',
  {
    nodeName: 'n1',
    volumes: [
      { name: 'c', csi: { driver: 'none' } },
      { name: 'd', persistentVolumeClaim: { claimName: 'gone' } },
      { name: 'e', ephemeral: { volumeClaimTemplate: { spec: {} } } },
    ],
  },
  { namespace: 'x', uid: 'u-r' },
);
const foreign = object('q', { nodeName: 'n2' }, { namespace: 'x', uid: 'u-q' });
const reader = fakeReader({
  pods: [own, claiming, foreign],
  nodes: [object('n1', {}, { uid: 'u-n1' })],
  'csidrivers.storage.k8s.io': [object('d', { tokenRequests: [{ audience: 'store' }] })],
  persistentvolumeclaims: [object('r-e', { volumeName: 'pv' }, { namespace: 'x' })],
  persistentvolumes: [object('pv', { csi: { driver: 'd' } })],
});
const rights: Authorizer = (about) => ({
  allowed: about.verb === 'request-serviceaccounts-token-audience' && about.path === undefined && about.resource === 'granted',
  reason: '',
});
const plugin = nodeRestriction(reader, rights);

interface Asked {
  readonly operation?: AdmissionRequest['operation'];
  readonly group?: string;
  readonly subresource?: string;
  readonly object?: KubeObject;
  readonly old?: KubeObject;
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: UserInfo;
}

async function ask(
  resource: string,
  { operation = 'CREATE', group = '', subresource, object: sent, old, namespace = 'x', name, user = N1 }: Asked,
) {
  const request: AdmissionRequest = {
    operation,
    request: {
      verb: 'update',
      group,
      version: 'v1',
      resource,
      subresource,
      namespace,
      name: name ?? sent?.metadata?.name ?? old?.metadata?.name,
    },
    object: sent,
    old,
    context: { user, signal: new AbortController().signal, warn: () => {} },
  };
  await plugin.mutate?.(request, false);
}

/** Each: what is asked, and why it is refused; undefined when it is not. */
type Table = readonly (readonly [string, Asked, string | undefined])[];
const hold = (resource: string, table: Table) => {
  it.each(table)('%s', async (_, asked, why) => {
    if (why === undefined) await ask(resource, asked);
    else await expect(ask(resource, asked)).rejects.toMatchObject({ code: expect.any(Number), message: expect.stringContaining(why) });
    await ask(resource, { ...asked, user: ADMIN });
  });
};

describe('nodes', () => {
  const node = (name: string, labels: object = {}, spec: object = {}, more: object = {}) => object(name, spec, { labels, ...more });
  const n1 = node('n1');
  hold('nodes', [
    ['register themselves', { object: node('n1', { 'kubernetes.io/hostname': 'n1', 'node.kubernetes.io/x': 'y', zone: 'a' }) }, undefined],
    ['do not register others', { object: node('n2') }, 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"'],
    [
      'do not register with labels of others',
      { object: node('n1', { 'node-restriction.kubernetes.io/pci': '', 'kubernetes.io/role': '' }) },
      'node "n1" is not allowed to set the following labels: kubernetes.io/role, node-restriction.kubernetes.io/pci',
    ],
    [
      'do not register with a configuration source',
      { object: node('n1', {}, { configSource: {} }) },
      'is not allowed to create pods with a non-nil configSource',
    ],
    ['update themselves', { operation: 'UPDATE', object: node('n1', { 'kubernetes.io/os': 'linux' }), old: n1 }, undefined],
    [
      'do not change such labels',
      { operation: 'UPDATE', object: n1, old: node('n1', { 'node-role.kubernetes.io/x': '' }) },
      'nodes "n1" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/x',
    ],
    [
      'do not change their taints',
      { operation: 'UPDATE', object: n1, old: node('n1', {}, { taints: [{ key: 'a', effect: 'NoSchedule' }] }) },
      'node "n1" is not allowed to modify taints',
    ],
    [
      'do not change who owns them',
      { operation: 'UPDATE', object: node('n1', {}, {}, { ownerReferences: [{ name: 'o' }] }), old: n1 },
      'node "n1" is not allowed to modify ownerReferences',
    ],
    ['report status', { operation: 'UPDATE', subresource: 'status', object: n1, old: n1 }, undefined],
    ['do not delete others', { operation: 'DELETE', old: node('n2') }, 'is not allowed to modify node "n2"'],
  ]);
});

describe('pods', () => {
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u-n1', controller: true };
  const mirror = (spec: object = {}, metadata: object = {}) =>
    object(
      'm',
      { nodeName: 'n1', containers: [], ...spec },
      { annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner], ...metadata },
    );
  const owned = (more: object) => mirror({}, { ownerReferences: [{ ...owner, ...more }] });
  hold('pods', [
    ['that mirror what a node runs are made', { object: mirror() }, undefined],
    [
      'of another sort are not made',
      { object: object('p', { nodeName: 'n1' }) },
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ],
    [
      'of other nodes are not made',
      { object: mirror({ nodeName: 'n2' }) },
      'node "n1" can only create pods with spec.nodeName set to itself',
    ],
    [
      'without an owner are not made',
      { object: mirror({}, { ownerReferences: [] }) },
      'can only create pods with an owner reference set to itself',
    ],
    [
      'with two owners are not made',
      { object: mirror({}, { ownerReferences: [owner, owner] }) },
      'can only create pods with a single owner reference set to itself',
    ],
    ['with another owner are not made', { object: owned({ name: 'n2' }) }, 'can only create pods with an owner reference set to itself'],
    [
      'whose owner is not in charge are not made',
      { object: owned({ controller: false }) },
      'can only create pods with a controller owner reference set to itself',
    ],
    [
      'that hold up their owner are not made',
      { object: owned({ blockOwnerDeletion: true }) },
      'must not set blockOwnerDeletion on an owner reference',
    ],
    ['of an earlier node of the name are not made', { object: owned({ uid: 'old' }) }, 'node n1 UID mismatch: expected old got u-n1'],
    [
      'with an account are not made',
      { object: mirror({ serviceAccountName: 'a' }) },
      'node "n1" can not create pods that reference a service account',
    ],
    [
      'with Secrets are not made',
      { object: mirror({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }) },
      'can not create pods that reference secrets',
    ],
    [
      'with ConfigMaps are not made',
      { object: mirror({ containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 'm' } }] }] }) },
      'can not create pods that reference configmaps',
    ],
    [
      'with claims are not made',
      { object: mirror({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }) },
      'can not create pods that reference persistentvolumeclaims',
    ],
    [
      'with claims of devices are not made',
      { object: mirror({ resourceClaims: [{ name: 'r', resourceClaimName: 'c' }] }) },
      'can not create pods that reference resourceclaims',
    ],
    [
      'are not changed',
      { operation: 'UPDATE', object: own, old: own },
      'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
    ],
    ['of the node are deleted', { operation: 'DELETE', old: own }, undefined],
    ['of others are not deleted', { operation: 'DELETE', old: foreign }, 'node "n1" can only delete pods with spec.nodeName set to itself'],
    ['of the node get a status', { operation: 'UPDATE', subresource: 'status', object: { ...own }, old: own }, undefined],
    [
      'of others get none',
      { operation: 'UPDATE', subresource: 'status', object: foreign, old: foreign },
      'node "n1" can only update pod status for pods with spec.nodeName set to itself',
    ],
    [
      'get no labels by status',
      { operation: 'UPDATE', subresource: 'status', object: { ...own, metadata: { ...own.metadata, labels: { a: 'b' } } }, old: own },
      'node "n1" cannot update labels through pod status',
    ],
    [
      'get no claims by status',
      {
        operation: 'UPDATE',
        subresource: 'status',
        object: { ...own, status: { resourceClaimStatuses: [{ name: 'a' }] } } as KubeObject,
        old: own,
      },
      'node "n1" cannot update resource claim statues',
    ],
    ['of the node are evicted', { subresource: 'eviction', object: object('p'), name: 'p' }, undefined],
    [
      'of others are not evicted',
      { subresource: 'eviction', object: object('q'), name: 'q' },
      'node n1 can only evict pods with spec.nodeName set to itself',
    ],
    [
      'are not bound',
      { subresource: 'binding', object: object('p') },
      `unexpected pod subresource "binding", only 'status' and 'eviction' are allowed`,
    ],
  ]);
});

describe('tokens', () => {
  const ref = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u-p' };
  const token = (boundObjectRef: object | undefined, audiences: string[] = ['vault']): Asked => ({
    subresource: 'token',
    name: 'robot',
    object: object('robot', { boundObjectRef, audiences }),
  });
  hold('serviceaccounts', [
    ['for pods of the node, as their volumes say', token(ref), undefined],
    ['as a driver of their volumes asks', token(ref, ['store']), undefined],
    ['as the node was given the right to', token(ref, ['granted']), undefined],
    [
      'not for others',
      token(ref, ['bank']),
      'serviceaccounts "robot" is forbidden: audience "bank" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
    ],
    ['as a driver of the volume of an ephemeral claim asks', token({ ...ref, name: 'r', uid: 'u-r' }, ['store']), undefined],
    [
      'not for others, and what is missing is said',
      token({ ...ref, name: 'r', uid: 'u-r' }, ['bank']),
      'error validating audience "bank": [csidriver.storage.k8s.io "none" not found, persistentvolumeclaim "gone" not found]',
    ],
    ['not for several', token(ref, ['vault', 'store']), 'node may only request 0 or 1 audiences'],
    ['not bound to nothing', token(undefined), 'node requested token not bound to a pod'],
    ['not bound to another kind', token({ ...ref, kind: 'Secret' }), 'node requested token not bound to a pod'],
    ['not without a uid', token({ ...ref, uid: undefined }), 'node requested token with a pod binding without a uid'],
    [
      'not for an earlier pod',
      token({ ...ref, uid: 'old' }),
      'the UID in the bound object reference (old) does not match the UID in record.',
    ],
    [
      'not for pods of others',
      token({ ...ref, name: 'q', uid: 'u-q' }),
      'node requested token bound to a pod scheduled on a different node',
    ],
    ['not for pods that are gone', token({ ...ref, name: 'gone' }), 'pods "gone" not found'],
  ]);
});

describe('claims', () => {
  const claim = (status: object, metadata: object = {}) => object('c', { volumeName: 'v' }, metadata, { status });
  const old = claim({ phase: 'Bound', capacity: { storage: '1Gi' } }, { resourceVersion: '1' });
  const write = (sent: KubeObject): Asked => ({ operation: 'UPDATE', subresource: 'status', object: sent, old });
  hold('persistentvolumeclaims', [
    ['get a size', write(claim({ phase: 'Bound', capacity: { storage: '2Gi' }, conditions: [] })), undefined],
    ['get no phase', write(claim({ phase: 'Lost' })), 'is not allowed to update fields other than'],
    ['get no labels', write(claim({ phase: 'Bound' }, { labels: { a: 'b' } })), 'is not allowed to update fields other than'],
    ['are not changed', { operation: 'UPDATE', object: old, old }, 'may only update PVC status'],
  ]);
});

describe('leases, CSINodes and slices', () => {
  hold('leases', [
    ['of itself', { group: 'coordination.k8s.io', namespace: 'kube-node-lease', object: object('n1') }, undefined],
    [
      'of others',
      { group: 'coordination.k8s.io', namespace: 'kube-node-lease', object: object('n2') },
      'can only access node lease with the same name as the requesting node',
    ],
    [
      'elsewhere',
      { group: 'coordination.k8s.io', namespace: 'kube-system', object: object('n1') },
      'can only access leases in the "kube-node-lease" system namespace',
    ],
  ]);
  hold('csinodes', [
    ['of itself', { group: 'storage.k8s.io', object: object('n1') }, undefined],
    [
      'of others',
      { group: 'storage.k8s.io', operation: 'DELETE', old: object('n2') },
      'can only access CSINode with the same name as the requesting node',
    ],
  ]);
  hold('resourceslices', [
    ['of itself', { group: 'resource.k8s.io', object: object('s', { nodeName: 'n1' }) }, undefined],
    [
      'of nobody',
      { group: 'resource.k8s.io', object: object('s') },
      'can only create ResourceSlice with the same NodeName as the requesting node',
    ],
    [
      'of others, deleted',
      { group: 'resource.k8s.io', operation: 'DELETE', old: object('s', { nodeName: 'n2' }) },
      'can only delete ResourceSlice with the same NodeName as the requesting node',
    ],
  ]);
});

describe('certificates', () => {
  const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const asked = async (commonName: string, signerName = 'kubernetes.io/kubelet-serving') => {
    const keys = (await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])) as {
      publicKey: import('node:crypto').webcrypto.CryptoKey;
      privateKey: import('node:crypto').webcrypto.CryptoKey;
    };
    const csr = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [commonName] }], keys, signingAlgorithm: ECDSA });
    return { group: 'certificates.k8s.io', object: object('r', { signerName, request: btoa(csr.toString('pem')) }) };
  };
  it('are for the node that asks', async () => {
    await ask('certificatesigningrequests', await asked('system:node:n1'));
    await ask('certificatesigningrequests', await asked('jane', 'example.com/other'));
    await expect(ask('certificatesigningrequests', await asked('system:node:n2'))).rejects.toThrow(
      'can only create a node CSR with CN=system:node:n1',
    );
  });
});
