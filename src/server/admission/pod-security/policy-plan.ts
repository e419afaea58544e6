import { type FieldError, invalid } from '../../../api/meta/field-error.ts';

export const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof LEVELS)[number];

/** A level as it was in a version: `v1.30` is 30, the newest is `latest`. */
export interface LevelVersion {
  readonly level: Level;
  readonly version: number | 'latest';
}

export interface Policy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
  /** Labels that say nothing that is known. */
  readonly errors: readonly FieldError[];
}

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

/**
 * What the labels of a namespace ask for. Labels that are not understood count as restricted where they enforce, and as nothing where they only warn or
 * are noted (Kubernetes: "Pod Security Admission", labels).
 */
export function policyOf(labels: Labels | undefined): Policy {
  if (!labels || !Object.keys(labels).some((key) => key.startsWith(PREFIX))) return NO_POLICY;
  const errors: FieldError[] = [];
  const enforce = readMode(labels, 'enforce', 'restricted', errors);
  const audit = readMode(labels, 'audit', 'privileged', errors);
  const warn = readMode(labels, 'warn', 'privileged', errors);
  return { enforce, audit, warn: labels[`${PREFIX}warn`] === undefined ? warnOfEnforce(labels, enforce, warn) : warn, errors };
}

function readMode(labels: Labels, mode: string, unknown: Level, errors: FieldError[]): LevelVersion {
  const fault = (key: string, value: string, detail: string) => void errors.push(invalid(`metadata.labels[${key}]`, value, detail));
  const levelKey = `${PREFIX}${mode}`;
  const level = labels[levelKey];
  const isKnown = LEVELS.includes(level as Level);
  if (level !== undefined && !isKnown) fault(levelKey, level, `must be one of ${LEVELS.join(', ')}`);
  const versionKey = `${levelKey}-version`;
  const text = labels[versionKey] ?? 'latest';
  const minor = VERSION.exec(text)?.[1];
  if (text !== 'latest' && minor === undefined) fault(versionKey, text, 'must be "latest" or "v1.x"');
  return {
    level: level === undefined ? 'privileged' : isKnown ? (level as Level) : unknown,
    version: minor === undefined ? 'latest' : Number(minor),
  };
}

/** Who enforces is warned as well, also where only templates of pods are written. */
function warnOfEnforce(labels: Labels, enforce: LevelVersion, warn: LevelVersion): LevelVersion {
  if (!LEVELS.includes(labels[`${PREFIX}enforce`] as Level) || !isStricter(enforce.level, warn.level)) return warn;
  return { level: enforce.level, version: labels[`${PREFIX}warn-version`] === undefined ? enforce.version : warn.version };
}
