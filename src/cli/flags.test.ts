import { Command, type Option } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  admissionFlags,
  apiFlags,
  clusterFlags,
  commonFlags,
  devFlags,
  joinFlags,
  nodeFlags,
  runtimeFlags,
  sharedNodeFlags,
} from './flags.ts';
import { tlsFlags } from './tls-flags.ts';

function parse(flags: Option[], ...argv: string[]): Record<string, unknown> {
  const command = new Command('x').exitOverride().configureOutput({ outputError: () => {} });
  for (const flag of flags) command.addOption(flag);
  return command.parse(argv, { from: 'user' }).opts();
}

const groups = { commonFlags, apiFlags, runtimeFlags, admissionFlags, clusterFlags, sharedNodeFlags, nodeFlags, joinFlags, devFlags };
const all = [
  ...commonFlags(),
  ...apiFlags(),
  ...tlsFlags(),
  ...runtimeFlags(),
  ...admissionFlags(),
  ...clusterFlags(),
  ...sharedNodeFlags(),
  ...nodeFlags(),
];

describe('flags', () => {
  it.each([
    ['--https-listen-port', '8443', 'httpsListenPort', 8443],
    ['--bind-address', '::1', 'bindAddress', '::1'],
    ['--cluster-cidr', 'fd00::/48', 'clusterCidr', ['fd00::/48']],
    ['--service-cidr', '10.43.0.0/16, fd00::/112', 'serviceCidr', ['10.43.0.0/16', 'fd00::/112']],
    ['--node-ip', 'fd00::1,10.0.0.1', 'nodeIp', ['fd00::1', '10.0.0.1']],
    ['--node-cidr-mask-size-ipv6', '72', 'nodeCidrMaskSizeIpv6', 72],
    ['--service-node-port-range', '30000-30010', 'serviceNodePortRange', '30000-30010'],
    ['--node-taint', 'a=b:NoSchedule', 'nodeTaint', ['a=b:NoSchedule']],
    ['--node-taint', 'a:NoExecute', 'nodeTaint', ['a:NoExecute']],
    ['--node-label', 'zone=', 'nodeLabel', ['zone=']],
    ['--disable', 'dns,proxy', 'disable', ['dns', 'proxy']],
    ['--enable-admission-plugins', 'PodSecurity,AlwaysPullImages', 'enableAdmissionPlugins', ['PodSecurity', 'AlwaysPullImages']],
    ['--tls-min-version', 'VersionTLS13', 'tlsMinVersion', 'TLSv1.3'],
    ['--tls-cipher-suites', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'tlsCipherSuites', ['ECDHE-ECDSA-AES128-GCM-SHA256']],
    ['--default-not-ready-toleration-seconds', '30', 'defaultNotReadyTolerationSeconds', 30],
    ['--runtime-config', 'storagemigration.k8s.io/v1beta1=true', 'runtimeConfig', ['storagemigration.k8s.io/v1beta1=true']],
    ['--runtime-config', 'api/alpha=false,apps/v1=true', 'runtimeConfig', ['api/alpha=false', 'apps/v1=true']],
    ['--disable-admission-plugins', 'PodSecurity,AlwaysPullImages', 'disableAdmissionPlugins', ['PodSecurity', 'AlwaysPullImages']],
  ])('%s accepts %s', (flag, value, attribute, expected) => {
    expect(parse(all, flag, value)[attribute]).toEqual(expected);
  });

  it.each([
    ['--https-listen-port', '65536'],
    ['--enable-admission-plugins', 'ClusterTrustBundleAttest'],
    ['--tls-min-version', 'VersionTLS11'],
    ['--tls-cipher-suites', 'TLS_RSA_WITH_RC4_128_SHA'],
    ['--default-unreachable-toleration-seconds', '5m'],
    ['--disable-admission-plugins', 'podsecurity'],
    ['--runtime-config', 'apps/v1=false'],
    ['--runtime-config', 'api/all=false'],
    ['--runtime-config', 'apps/v2'],
    ['--runtime-config', 'storagemigration.k8s.io/v1beta1=yes'],
    ['--https-listen-port', '1.5'],
    ['--bind-address', 'localhost'],
    ['--cluster-cidr', '10.42.0.0'],
    ['--cluster-cidr', '10.42.0.0/33'],
    ['--cluster-cidr', '10.42.0.0/16,10.43.0.0/16'],
    ['--service-cidr', 'fd00::/112,fd01::/112'],
    ['--service-cidr', '10.43.0.0/16,fd00::/112,fd01::/112'],
    ['--service-cidr', '10.43.0.0/16,'],
    ['--node-ip', '10.0.0.1,10.0.0.2'],
    ['--node-cidr-mask-size-ipv4', '33'],
    ['--node-cidr-mask-size', '0'],
    ['--service-node-port-range', '200-100'],
    ['--service-node-port-range', '30000-70000'],
    ['--node-taint', 'a=b'],
    ['--node-taint', 'a:Sometimes'],
    ['--node-label', 'zone'],
    ['--disable', 'gravity'],
    ['--data-dir', ''],
    ['--log-level', 'trace'],
  ])('%s refuses %j and says what it wants', (flag, value) => {
    expect(() => parse(all, flag, value)).toThrow(/is invalid\. it must/);
  });

  it('a value of each family may also come in two flags, and replaces the default', () => {
    expect(parse(all).clusterCidr).toEqual(['10.42.0.0/16']);
    expect(parse(all, '--cluster-cidr', '10.1.0.0/16', '--cluster-cidr', 'fd00::/48').clusterCidr).toEqual(['10.1.0.0/16', 'fd00::/48']);
  });

  it('lists may be repeated and mixed with commas', () => {
    expect(parse(all, '--tls-san', 'a,b', '--tls-san', 'c').tlsSan).toEqual(['a', 'b', 'c']);
  });

  it('only https servers can be joined', () => {
    expect(parse(joinFlags(), '--join', 'https://10.0.0.1:6443').join).toBe('https://10.0.0.1:6443');
    expect(() => parse(joinFlags(), '--join', 'http://10.0.0.1:6443')).toThrow(/https:/);
  });

  it.each(Object.entries(groups))('%s gives options of its own at each call, since a command keeps what it is given', (_, flags) => {
    const [first, second] = [flags(), flags()];
    expect(first.map((flag) => flag.long)).toEqual(second.map((flag) => flag.long));
    expect(first.every((flag, at) => flag !== second[at])).toBe(true);
  });
});
