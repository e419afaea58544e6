import { createRuleset, type Ruleset } from './ruleset-plan.ts';
import type { Backend, Family, Frontend } from './service-plan.ts';

/** Set on packets whose source is to be rewritten after routing: the same bit as kube-proxy's, so that others' rules treat it alike. */
const MASQUERADE_MARK = '0x4000';

export interface NetworkFacts {
  readonly family: Family;
  /** Addresses of the cluster's pods in this family; undefined: unknown, then nothing is taken for a pod. */
  readonly clusterCidr: string | undefined;
  /** Addresses of pods on this node: a pod that reaches itself through a Service needs its source rewritten. */
  readonly localPodIps: readonly string[];
}

const ipWord = (family: Family) => (family === 'IPv4' ? 'ip' : 'ip6');
const addressType = (family: Family) => (family === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr');
const socket = ({ ip, port }: Backend) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

/** FNV-1a over UTF-16 units, 64 bits in hexadecimal: chain names have to be short and stable, not secret. */
export function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i += 1) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/** Chains that every packet meets; they do not depend on Services, so they are written once. */
function frame(rules: Ruleset, { family, clusterCidr }: NetworkFacts): void {
  const ip = ipWord(family);
  const address = addressType(family);
  rules.map('services', `type ${address} . inet_proto . inet_service : verdict`);
  rules.map('nodeports', 'type inet_proto . inet_service : verdict');
  rules.set('refused', `type ${address} . inet_proto . inet_service`);
  rules.set('refused-nodeports', 'type inet_proto . inet_service');
  rules.set('hairpin', `type ${address} . ${address}`);
  rules.chain('dispatch', [
    `${ip} daddr . meta l4proto . th dport vmap @services`,
    'fib daddr type local meta l4proto . th dport vmap @nodeports',
  ]);
  rules.chain('refuse', [
    `ct state new ${ip} daddr . meta l4proto . th dport @refused reject`,
    'ct state new fib daddr type local meta l4proto . th dport @refused-nodeports reject',
  ]);
  rules.chain('nat-prerouting', ['jump dispatch'], 'type nat hook prerouting priority -100');
  rules.chain('nat-output', ['jump dispatch'], 'type nat hook output priority -100');
  rules.chain(
    'nat-postrouting',
    [
      `meta mark & ${MASQUERADE_MARK} == ${MASQUERADE_MARK} masquerade`,
      `${ip} saddr . ${ip} daddr @hairpin masquerade`,
      ...(clusterCidr ? [`${ip} saddr ${clusterCidr} ${ip} daddr != ${clusterCidr} fib daddr type != multicast masquerade`] : []),
    ],
    'type nat hook postrouting priority 100',
  );
  for (const hook of ['input', 'forward', 'output']) {
    rules.chain(`filter-${hook}`, ['jump refuse'], `type filter hook ${hook} priority -110`);
  }
}

function markRule(frontend: Frontend, { family, clusterCidr }: NetworkFacts): string[] {
  const mark = `meta mark set meta mark or ${MASQUERADE_MARK}`;
  switch (frontend.masquerade) {
    case 'always':
      return [mark];
    case 'outside':
      return clusterCidr ? [`${ipWord(family)} saddr != ${clusterCidr} ${mark}`] : [];
    case 'never':
      return [];
  }
}

/** A backend each: clients that were seen go back to theirs, others are given one at random and remembered. */
function stickyRules(rules: Ruleset, frontend: Frontend, { family }: NetworkFacts): string[] {
  const ip = ipWord(family);
  const chains = frontend.backends.map((backend) => {
    const chain = `ep-${shortHash(`${frontend.id}|${socket(backend)}`)}`;
    const seen = `seen-${chain}`;
    rules.set(seen, `type ${addressType(family)}; flags dynamic,timeout; timeout ${frontend.affinitySeconds}s; size 65535`);
    rules.chain(chain, [`update @${seen} { ${ip} saddr }`, `meta l4proto ${frontend.protocol} dnat to ${socket(backend)}`]);
    return { chain, seen };
  });
  const verdicts = chains.map(({ chain }, i) => `${i} : goto ${chain}`).join(', ');
  return [
    ...chains.map(({ chain, seen }) => `${ip} saddr @${seen} goto ${chain}`),
    `numgen random mod ${chains.length} vmap { ${verdicts} }`,
  ];
}

function balanceRule({ backends, protocol }: Frontend, { family }: NetworkFacts): string {
  const [only] = backends;
  if (backends.length === 1 && only) return `meta l4proto ${protocol} dnat to ${socket(only)}`;
  const choices = backends.map(({ ip, port }, i) => `${i} : ${ip} . ${port}`).join(', ');
  return `meta l4proto ${protocol} dnat ${ipWord(family)} to numgen random mod ${backends.length} map { ${choices} }`;
}

function addFrontend(rules: Ruleset, frontend: Frontend, facts: NetworkFacts): void {
  const sockets = frontend.ips.map((ip) => `${ip} . ${frontend.protocol} . ${frontend.port}`);
  const nodeSocket = frontend.nodePort === undefined ? undefined : `${frontend.protocol} . ${frontend.nodePort}`;
  if (frontend.backends.length === 0) {
    for (const key of sockets) rules.element('refused', key);
    if (nodeSocket) rules.element('refused-nodeports', nodeSocket);
    return;
  }
  const chain = `svc-${shortHash(frontend.id)}`;
  const balance = frontend.affinitySeconds === undefined ? [balanceRule(frontend, facts)] : stickyRules(rules, frontend, facts);
  rules.chain(chain, [...markRule(frontend, facts), ...balance]);
  for (const key of sockets) rules.element('services', key, `goto ${chain}`);
  if (nodeSocket) rules.element('nodeports', nodeSocket, `goto ${chain}`);
}

/** The whole table of one family, as data: what apply.ts makes the kernel hold. */
export function planRuleset(frontends: readonly Frontend[], facts: NetworkFacts): Ruleset {
  const rules = createRuleset();
  frame(rules, facts);
  for (const ip of facts.localPodIps) rules.element('hairpin', `${ip} . ${ip}`);
  for (const frontend of frontends) addFrontend(rules, frontend, facts);
  return rules;
}
