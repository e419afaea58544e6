import { dns1123LabelFindings, dns1123SubdomainFindings } from '../../../api/meta/names.ts';
import { documentFields, fail, fieldsOf, textOf, textsOf } from '../../configuration-fields.ts';
import { type Level, type LevelVersion, levelFault, MODES, type Policy, VERSION_FAULT, versionOf } from '../pod-security/policy-plan.ts';

export interface PodSecuritySettings {
  /** For namespaces whose labels say nothing. */
  readonly defaults: Policy;
  readonly exempt: {
    readonly users: ReadonlySet<string>;
    readonly namespaces: ReadonlySet<string>;
    readonly runtimeClasses: ReadonlySet<string>;
  };
}

const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `pod-security.admission.config.k8s.io/${version}`);

/** (Kubernetes: "Enforce Pod Security Standards by Configuring the Built-in Admission Controller".) */
export function planPodSecurity(document: unknown, at: string): PodSecuritySettings {
  const { defaults, exemptions } = documentFields(document, {
    apiVersions: API_VERSIONS,
    kind: 'PodSecurityConfiguration',
    fields: ['defaults', 'exemptions'],
    at,
  });
  const levels = fieldsOf(
    defaults,
    `${at}.defaults`,
    MODES.flatMap((mode) => [mode, `${mode}-version`]),
  );
  const [enforce, audit, warn] = MODES.map((mode) => levelOf(levels, mode, `${at}.defaults`)) as [LevelVersion, LevelVersion, LevelVersion];
  const exempt = fieldsOf(exemptions, `${at}.exemptions`, ['usernames', 'namespaces', 'runtimeClasses']);
  const names = (field: string, fault: (text: string) => string | undefined) =>
    new Set(textsOf(exempt[field], `${at}.exemptions.${field}`, fault));
  return {
    defaults: { enforce, audit, warn, errors: [] },
    exempt: {
      users: names('usernames', (name) => (name === '' ? 'username must not be empty' : undefined)),
      namespaces: names('namespaces', (name) => dns1123LabelFindings(name)[0]),
      runtimeClasses: names('runtimeClasses', (name) => dns1123SubdomainFindings(name)[0]),
    },
  };
}

function levelOf(fields: Readonly<Record<string, unknown>>, mode: (typeof MODES)[number], at: string): LevelVersion {
  const level = textOf(fields[mode], `${at}.${mode}`) || 'privileged';
  const wrong = levelFault(level);
  if (wrong !== undefined) fail(`${at}.${mode}`, `Invalid value: ${JSON.stringify(level)}: ${wrong}`);
  const text = textOf(fields[`${mode}-version`], `${at}.${mode}-version`) || 'latest';
  const version = versionOf(text) ?? fail(`${at}.${mode}-version`, `Invalid value: ${JSON.stringify(text)}: ${VERSION_FAULT}`);
  return { level: level as Level, version };
}
