import { describe, expect, it } from 'vitest';
import type { ObjectMeta, PodSpec } from '../../../api/schema/generated/types.ts';
import { CHECKS, findingsOf, showFindings } from './evaluate-plan.ts';
import { type Level, policyOf, showLevel } from './policy-plan.ts';

const LATEST = 'latest' as const;
/** Passes everything at every version. */
const hardened = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const base = (spec: object = {}): PodSpec => ({
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'c', image: 'x', securityContext: hardened }],
  ...spec,
});
const ofContainer = (securityContext: object, more: object = {}) =>
  base({ containers: [{ name: 'c', image: 'x', securityContext: { ...hardened, ...securityContext }, ...more }] });
const ofPod = (securityContext: object) =>
  base({ securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...securityContext } });
const inContainer = (more: object) => base({ containers: [{ name: 'c', image: 'x', securityContext: hardened, ...more }] });

const judge = (level: Level, version: number | 'latest', spec: PodSpec, metadata: ObjectMeta = {}) =>
  showFindings(findingsOf({ level, version }, { metadata, spec }));

type Case = [what: string, spec: PodSpec, metadata?: ObjectMeta];
interface Table {
  readonly level: Level;
  readonly version?: number;
  readonly allowed: readonly Case[];
  readonly forbidden: readonly (readonly [...Case, message: string] | readonly [string, PodSpec, string])[];
}
const annotated = (key: string, value: string): ObjectMeta => ({ annotations: { [key]: value } });
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/c';

/** The page "Pod Security Standards", control by control. */
const TABLES: Readonly<Record<string, Table>> = {
  'Host namespaces': {
    level: 'baseline',
    allowed: [
      ['unset', base()],
      ['false', base({ hostNetwork: false, hostPID: false, hostIPC: false })],
    ],
    forbidden: [
      ['the network', base({ hostNetwork: true }), 'host namespaces (hostNetwork=true)'],
      ['all', base({ hostNetwork: true, hostPID: true, hostIPC: true }), 'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)'],
    ],
  },
  'Privileged containers': {
    level: 'baseline',
    allowed: [['false', ofContainer({ privileged: false })]],
    forbidden: [
      ['a container', ofContainer({ privileged: true }), 'privileged (container "c" must not set securityContext.privileged=true)'],
      [
        'containers of all lists',
        base({
          containers: [{ name: 'c', image: 'x', securityContext: { privileged: true } }],
          initContainers: [{ name: 'i', image: 'x', securityContext: { privileged: true } }],
          ephemeralContainers: [{ name: 'e', image: 'x', securityContext: { privileged: true } }],
        }),
        'privileged (containers "i", "c", "e" must not set securityContext.privileged=true)',
      ],
    ],
  },
  Capabilities: {
    level: 'baseline',
    allowed: [['of the default set', ofContainer({ capabilities: { add: ['CHOWN', 'NET_BIND_SERVICE', 'SYS_CHROOT'] } })]],
    forbidden: [
      [
        'others',
        ofContainer({ capabilities: { add: ['SYS_ADMIN', 'NET_RAW'] } }),
        'non-default capabilities (container "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
      ],
    ],
  },
  'HostPath volumes': {
    level: 'baseline',
    allowed: [['emptyDir', base({ volumes: [{ name: 'v', emptyDir: {} }] })]],
    forbidden: [
      [
        'hostPath',
        base({
          volumes: [
            { name: 'v', hostPath: { path: '/' } },
            { name: 'w', hostPath: { path: '/x' } },
          ],
        }),
        'hostPath volumes (volumes "v", "w")',
      ],
    ],
  },
  'Host ports': {
    level: 'baseline',
    allowed: [['container ports', inContainer({ ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 0 }] })]],
    forbidden: [
      ['one', inContainer({ ports: [{ containerPort: 80, hostPort: 80 }] }), 'hostPort (container "c" uses hostPort 80)'],
      [
        'several',
        inContainer({
          ports: [
            { containerPort: 80, hostPort: 9 },
            { containerPort: 81, hostPort: 80 },
          ],
        }),
        'hostPort (container "c" uses hostPorts 80, 9)',
      ],
    ],
  },
  'Host probes and lifecycle hooks (v1.34+)': {
    level: 'baseline',
    allowed: [['of the pod itself', inContainer({ livenessProbe: { httpGet: { port: 80, host: '' } } })]],
    forbidden: [
      [
        'of others',
        inContainer({
          livenessProbe: { httpGet: { port: 80, host: '10.0.0.1' } },
          lifecycle: { preStop: { tcpSocket: { port: 1, host: 'a.b' } } },
        }),
        'probe or lifecycle host (container "c" uses probe or lifecycle hosts "10.0.0.1", "a.b")',
      ],
    ],
  },
  'Host probes before v1.34': {
    level: 'baseline',
    version: 33,
    allowed: [['of others', inContainer({ livenessProbe: { httpGet: { port: 80, host: '10.0.0.1' } } })]],
    forbidden: [],
  },
  AppArmor: {
    level: 'baseline',
    allowed: [
      ['the default', ofPod({ appArmorProfile: { type: 'RuntimeDefault' } })],
      ['of the node', ofContainer({ appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } })],
      ['annotations of the default', base(), annotated(APPARMOR, 'runtime/default')],
      ['annotations of the node', base(), annotated(APPARMOR, 'localhost/p')],
    ],
    forbidden: [
      [
        'none',
        ofPod({ appArmorProfile: { type: 'Unconfined' } }),
        'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
      ],
      [
        'none by annotation',
        base(),
        annotated(APPARMOR, 'unconfined'),
        `forbidden AppArmor profile (annotation must not set AppArmor profile type to "${APPARMOR}="unconfined"")`,
      ],
      [
        'none in several places',
        base({
          securityContext: { appArmorProfile: { type: 'Unconfined' } },
          containers: [{ name: 'c', image: 'x', securityContext: { appArmorProfile: { type: 'Unconfined' } } }],
        }),
        'forbidden AppArmor profile (pod and container "c" must not set AppArmor profile type to "Unconfined")',
      ],
    ],
  },
  SELinux: {
    level: 'baseline',
    allowed: [
      ['types of containers', ofPod({ seLinuxOptions: { type: 'container_kvm_t', level: 's0' } })],
      ['engines (v1.31+)', ofContainer({ seLinuxOptions: { type: 'container_engine_t' } })],
    ],
    forbidden: [
      [
        'another type',
        ofContainer({ seLinuxOptions: { type: 'spc_t' } }),
        'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "spc_t")',
      ],
      [
        'user and role',
        ofPod({ seLinuxOptions: { type: 'x', user: 'u', role: 'r' } }),
        'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set; role may not be set)',
      ],
    ],
  },
  'SELinux before v1.31': {
    level: 'baseline',
    version: 30,
    allowed: [],
    forbidden: [
      [
        'engines',
        ofPod({ seLinuxOptions: { type: 'container_engine_t' } }),
        'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
      ],
    ],
  },
  '/proc mount type': {
    level: 'baseline',
    allowed: [
      ['the default', ofContainer({ procMount: 'Default' })],
      ['any in a user namespace (v1.35+)', { ...ofContainer({ procMount: 'Unmasked' }), hostUsers: false }],
    ],
    forbidden: [
      [
        'unmasked',
        ofContainer({ procMount: 'Unmasked' }),
        'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
      ],
    ],
  },
  '/proc mount type, restricted': {
    level: 'restricted',
    allowed: [['the default', ofContainer({ procMount: 'Default' })]],
    forbidden: [
      [
        'unmasked in a user namespace',
        { ...ofContainer({ procMount: 'Unmasked' }), hostUsers: false },
        'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
      ],
    ],
  },
  Seccomp: {
    level: 'baseline',
    allowed: [
      ['unset', base({ securityContext: {} })],
      ['of the node', ofContainer({ seccompProfile: { type: 'Localhost', localhostProfile: 'p' } })],
    ],
    forbidden: [
      [
        'none',
        ofContainer({ seccompProfile: { type: 'Unconfined' } }),
        'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
      ],
    ],
  },
  'Seccomp before v1.19': {
    level: 'baseline',
    version: 18,
    allowed: [
      ['annotation of the default', base(), annotated('seccomp.security.alpha.kubernetes.io/pod', 'docker/default')],
      ['the field', ofPod({ seccompProfile: { type: 'Unconfined' } })],
    ],
    forbidden: [
      [
        'none by annotation',
        base(),
        annotated('container.seccomp.security.alpha.kubernetes.io/c', 'unconfined'),
        'seccompProfile (forbidden annotation container.seccomp.security.alpha.kubernetes.io/c="unconfined")',
      ],
    ],
  },
  Sysctls: {
    level: 'baseline',
    allowed: [
      [
        'safe ones',
        ofPod({
          sysctls: ['kernel.shm_rmid_forced', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_keepalive_time', 'net.ipv4.ip_local_reserved_ports'].map(
            (name) => ({ name, value: '1' }),
          ),
        }),
      ],
    ],
    forbidden: [
      [
        'others',
        ofPod({
          sysctls: [
            { name: 'kernel.msgmax', value: '1' },
            { name: 'a.b', value: '1' },
          ],
        }),
        'forbidden sysctls (kernel.msgmax, a.b)',
      ],
    ],
  },
  'Sysctls before v1.27': {
    level: 'baseline',
    version: 26,
    allowed: [['safe ones', ofPod({ sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] })]],
    forbidden: [
      [
        'later ones',
        ofPod({ sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports', value: '1' }] }),
        'forbidden sysctls (net.ipv4.ip_local_reserved_ports)',
      ],
    ],
  },
  HostProcess: {
    level: 'baseline',
    allowed: [['false', ofPod({ windowsOptions: { hostProcess: false } })]],
    forbidden: [
      [
        'pod',
        ofPod({ windowsOptions: { hostProcess: true } }),
        'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
      ],
      [
        'container',
        ofContainer({ windowsOptions: { hostProcess: true } }),
        'hostProcess (container "c" must not set securityContext.windowsOptions.hostProcess=true)',
      ],
    ],
  },
  'Volume types': {
    level: 'restricted',
    allowed: [
      [
        'of the list',
        base({
          volumes: [
            { name: 'a', configMap: {} },
            { name: 'b', csi: { driver: 'd' } },
            { name: 'c', projected: {} },
            { name: 'd', persistentVolumeClaim: { claimName: 'x' } },
            { name: 'e', ephemeral: {} },
            { name: 'f', image: {} },
            { name: 'g', secret: {} },
            { name: 'h', downwardAPI: {} },
          ],
        }),
      ],
    ],
    forbidden: [
      [
        'others, hostPath said once',
        base({
          volumes: [
            { name: 'v', hostPath: { path: '/' } },
            { name: 'w', nfs: { server: 's', path: '/' } },
          ],
        }),
        'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")',
      ],
      ['one', base({ volumes: [{ name: 'v', iscsi: {} }] }), 'restricted volume types (volume "v" uses restricted volume type "iscsi")'],
    ],
  },
  'Privilege escalation': {
    level: 'restricted',
    allowed: [
      ['false', base()],
      ['windows (v1.25+)', { ...ofContainer({ allowPrivilegeEscalation: undefined }), os: { name: 'windows' } }],
    ],
    forbidden: [
      [
        'unset',
        ofContainer({ allowPrivilegeEscalation: undefined }),
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
      ],
      [
        'true',
        ofContainer({ allowPrivilegeEscalation: true }),
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
      ],
    ],
  },
  'Privilege escalation before windows was told apart': {
    level: 'restricted',
    version: 24,
    allowed: [],
    forbidden: [
      [
        'windows',
        { ...ofContainer({ allowPrivilegeEscalation: undefined }), os: { name: 'windows' } },
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
      ],
    ],
  },
  'Running as non-root': {
    level: 'restricted',
    allowed: [
      ['by the pod', base()],
      ['by the container', { ...ofContainer({ runAsNonRoot: true }), securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }],
      ['anything in a user namespace (v1.35+)', { ...ofPod({ runAsNonRoot: false }), hostUsers: false }],
    ],
    forbidden: [
      [
        'unset',
        ofPod({ runAsNonRoot: undefined }),
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
      ],
      [
        'false',
        { ...ofContainer({ runAsNonRoot: false }), securityContext: { runAsNonRoot: false, seccompProfile: { type: 'Localhost' } } },
        'runAsNonRoot != true (pod and container "c" must not set securityContext.runAsNonRoot=false)',
      ],
    ],
  },
  'Running as non-root user (v1.23+)': {
    level: 'restricted',
    allowed: [
      ['others', ofContainer({ runAsUser: 1000 })],
      ['root in a user namespace (v1.35+)', { ...ofPod({ runAsUser: 0 }), hostUsers: false }],
    ],
    forbidden: [['root', ofContainer({ runAsUser: 0 }), 'runAsUser=0 (container "c" must not set runAsUser=0)']],
  },
  'Running as non-root user before v1.23': {
    level: 'restricted',
    version: 22,
    allowed: [['root', ofContainer({ runAsUser: 0 })]],
    forbidden: [],
  },
  'Seccomp, restricted (v1.19+)': {
    level: 'restricted',
    allowed: [['by the container', { ...ofContainer({ seccompProfile: { type: 'Localhost' } }), securityContext: { runAsNonRoot: true } }]],
    forbidden: [
      [
        'unset',
        ofPod({ seccompProfile: undefined }),
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
      ],
      [
        'none',
        ofPod({ seccompProfile: { type: 'Unconfined' } }),
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
      ],
    ],
  },
  'Capabilities, restricted (v1.22+)': {
    level: 'restricted',
    allowed: [['NET_BIND_SERVICE', ofContainer({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } })]],
    forbidden: [
      [
        'kept',
        ofContainer({ capabilities: { drop: ['CHOWN'] } }),
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
      ],
      [
        'kept and added',
        ofContainer({ capabilities: { add: ['CHOWN'] } }),
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN" in securityContext.capabilities.add)',
      ],
    ],
  },
};

describe.each(Object.entries(TABLES))('%s', (_, { level, version = LATEST, allowed, forbidden }) => {
  for (const [what, spec, metadata] of allowed) {
    it(`allows ${what}`, () => expect(judge(level, version, spec, metadata)).toBe(''));
  }
  for (const entry of forbidden) {
    const [what, spec] = entry;
    const message = entry.at(-1) as string;
    const metadata = entry.length === 4 ? (entry[2] as ObjectMeta) : undefined;
    it(`forbids ${what}`, () => {
      expect(judge(level, version, spec, metadata)).toBe(message);
      expect(judge('privileged', version, spec, metadata)).toBe('');
    });
  }
});

describe('levels', () => {
  it('restricted says what baseline says, then its own, each part by name of the control', () => {
    const spec: PodSpec = {
      hostNetwork: true,
      containers: [
        { name: 'a', image: 'x', securityContext: { privileged: true } },
        { name: 'b', image: 'x' },
      ],
    };
    expect(judge('restricted', LATEST, spec)).toBe(
      'host namespaces (hostNetwork=true), privileged (container "a" must not set securityContext.privileged=true), ' +
        'allowPrivilegeEscalation != false (containers "a", "b" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or containers "a", "b" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  it('of versions to come are those of now', () => {
    expect(judge('restricted', 99, ofContainer({ procMount: 'Unmasked' }))).toBe(
      judge('restricted', LATEST, ofContainer({ procMount: 'Unmasked' })),
    );
  });

  it('have controls with names of their own and versions in order', () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
    for (const { versions } of CHECKS)
      expect(versions.map(({ since }) => since)).toEqual(versions.map(({ since }) => since).sort((a, b) => a - b));
  });
});

describe('labels of namespaces', () => {
  const label = (mode: string, value: string) => ({ [`pod-security.kubernetes.io/${mode}`]: value });
  const read = (labels: Record<string, string>) => {
    const { enforce, audit, warn, errors } = policyOf(labels);
    return [...[enforce, audit, warn].map(showLevel), ...errors.map(({ path, message }) => `${path}: ${message}`)];
  };
  it.each([
    [{ a: 'b' }, ['privileged:latest', 'privileged:latest', 'privileged:latest']],
    [label('enforce', 'restricted'), ['restricted:latest', 'privileged:latest', 'restricted:latest']],
    [{ ...label('enforce', 'baseline'), ...label('enforce-version', 'v1.30') }, ['baseline:v1.30', 'privileged:latest', 'baseline:v1.30']],
    [
      { ...label('enforce', 'restricted'), ...label('warn', 'privileged') },
      ['restricted:latest', 'privileged:latest', 'privileged:latest'],
    ],
    [
      { ...label('enforce', 'restricted'), ...label('warn-version', 'v1.29') },
      ['restricted:latest', 'privileged:latest', 'restricted:v1.29'],
    ],
    [{ ...label('audit', 'baseline'), ...label('warn', 'restricted') }, ['privileged:latest', 'baseline:latest', 'restricted:latest']],
    [
      { ...label('enforce', 'strict'), ...label('warn', 'x'), ...label('audit-version', 'v2.0') },
      [
        'restricted:latest',
        'privileged:latest',
        'privileged:latest',
        'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted',
        'metadata.labels[pod-security.kubernetes.io/audit-version]: Invalid value: "v2.0": must be "latest" or "v1.x"',
        'metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "x": must be one of privileged, baseline, restricted',
      ],
    ],
  ])('%j', (labels, expected) => expect(read(labels as Record<string, string>)).toEqual(expected));
});
