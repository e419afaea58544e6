import { type FieldError, invalid } from '../../../api/meta/field-error.ts';

export const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof LEVELS)[number];

/** A level as it was in a version: `v1.30` is 30, the newest is `latest`. */
export interface LevelVersion {
  readonly level: Level;
  readonly version: number | 'latest';
}

export interface Levels {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

export interface Policy extends Levels {
  /** Labels that say nothing that is known. */
  readonly errors: readonly FieldError[];
}

export const MODES = ['enforce', 'audit', 'warn'] as const satisfies readonly (keyof Levels)[];
const PREFIX = 'pod-security.kubernetes.io/';
const VERSION = /^v1\.([0-9]|[1-9][0-9]*)$/;
const PRIVILEGED: LevelVersion = { level: 'privileged', version: 'latest' };
/** Of namespaces that say nothing. */
export const NO_POLICY: Policy = { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED, errors: [] };

export const isPrivileged = ({ level }: LevelVersion): boolean => level === 'privileged';
export const sameLevel = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.version === b.version;
export const isStricter = (a: Level, b: Level): boolean => LEVELS.indexOf(a) > LEVELS.indexOf(b);
/** `restricted:latest`, `baseline:v1.30` */
export const showLevel = ({ level, version }: LevelVersion): string => `${level}:${version === 'latest' ? version : `v1.${version}`}`;

type Labels = Readonly<Record<string, string>>;

/** Where a level is not known, why. */
export const levelFault = (level: string): string | undefined =>
  LEVELS.includes(level as Level) ? undefined : `must be one of ${LEVELS.join(', ')}`;

/** undefined: it is none. */
export function versionOf(text: string): LevelVersion['version'] | undefined {
  if (text === 'latest') return text;
  const minor = VERSION.exec(text)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

export const VERSION_FAULT = 'must be "latest" or "v1.x"';

/**
 * What the labels of a namespace ask for, and the defaults where they say nothing. Labels that are not understood count as restricted where they enforce, and as nothing where they only warn or
 * are noted (Kubernetes: "Pod Security Admission", labels).
 */
export function policyOf(labels: Labels | undefined, defaults: Policy = NO_POLICY): Policy {
  if (!labels || !Object.keys(labels).some((key) => key.startsWith(PREFIX))) return defaults;
  const errors: FieldError[] = [];
  const read = (mode: keyof Levels, unknown: Level) => readMode(labels, { mode, unknown, absent: defaults[mode] }, errors);
  const [enforce, audit, warn] = [read('enforce', 'restricted'), read('audit', 'privileged'), read('warn', 'privileged')];
  return { enforce, audit, warn: labels[`${PREFIX}warn`] === undefined ? warnOfEnforce(labels, enforce, warn) : warn, errors };
}

function readMode(
  labels: Labels,
  { mode, unknown, absent }: { mode: keyof Levels; unknown: Level; absent: LevelVersion },
  errors: FieldError[],
): LevelVersion {
  const fault = (key: string, value: string, detail: string) => void errors.push(invalid(`metadata.labels[${key}]`, value, detail));
  const levelKey = `${PREFIX}${mode}`;
  const level = labels[levelKey];
  const wrong = level === undefined ? undefined : levelFault(level);
  if (level !== undefined && wrong !== undefined) fault(levelKey, level, wrong);
  const versionKey = `${levelKey}-version`;
  const text = labels[versionKey];
  const version = text === undefined ? absent.version : versionOf(text);
  if (text !== undefined && version === undefined) fault(versionKey, text, VERSION_FAULT);
  return {
    level: level === undefined ? absent.level : wrong === undefined ? (level as Level) : unknown,
    version: version ?? 'latest',
  };
}

/** Who enforces is warned as well, also where only templates of pods are written. */
function warnOfEnforce(labels: Labels, enforce: LevelVersion, warn: LevelVersion): LevelVersion {
  if (!LEVELS.includes(labels[`${PREFIX}enforce`] as Level) || !isStricter(enforce.level, warn.level)) return warn;
  return { level: enforce.level, version: labels[`${PREFIX}warn-version`] === undefined ? enforce.version : warn.version };
}

/** What an exempt namespace asks for in vain; undefined: nothing beyond the defaults. Source: pod-security-admission, exemptNamespaceWarning. */
export function ignoredPolicy(policy: Policy, defaults: Levels, labels: Labels = {}): string | undefined {
  const isSame = (mode: keyof Levels) =>
    sameLevel(policy[mode], defaults[mode]) || (isPrivileged(policy[mode]) && isPrivileged(defaults[mode]));
  if (MODES.every((mode) => isPrivileged(policy[mode])) || MODES.every(isSame)) return undefined;
  const isSaid = (mode: keyof Levels) => [`${PREFIX}${mode}`, `${PREFIX}${mode}-version`].some((key) => labels[key] !== undefined);
  return MODES.filter((mode) => !isPrivileged(policy[mode]) && isSaid(mode))
    .map((mode) => `${mode}=${showLevel(policy[mode])}`)
    .join(', ');
}
