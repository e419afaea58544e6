import { fail, fieldsOf, textOf, wholeNumberOf } from '../../configuration-fields.ts';

export interface ImagePolicySettings {
  /** Names the webhook and what to show there. */
  readonly kubeConfigFile: string;
  /** How long its answers are believed that allow, and that refuse. 0: not at all. */
  readonly allowedMs: number;
  readonly refusedMs: number;
  /** Before it is asked a second time. */
  readonly retryMs: number;
  /** What is done while it does not answer. */
  readonly allowsByDefault: boolean;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** The file has no kind. (Kubernetes: "Admission Control", ImagePolicyWebhook.) */
export function planImagePolicy(document: unknown, at: string): ImagePolicySettings {
  const path = `${at}.imagePolicy`;
  const { imagePolicy } = fieldsOf(document, at, ['imagePolicy']);
  const fields = fieldsOf(imagePolicy, path, ['kubeConfigFile', 'allowTTL', 'denyTTL', 'retryBackoff', 'defaultAllow']);
  /** -1: none. 0 or nothing: as usual. */
  const duration = (name: string, unitMs: number, { usualMs, mostMs }: { usualMs: number; mostMs: number }) => {
    const count = wholeNumberOf(fields[name], `${path}.${name}`) ?? 0;
    if (count === -1) return 0;
    const ms = count === 0 ? usualMs : count * unitMs;
    return ms > 0 && ms <= mostMs ? ms : fail(`${path}.${name}`, `must be from 1 to ${mostMs / unitMs}, or -1`);
  };
  const { defaultAllow = false } = fields;
  if (typeof defaultAllow !== 'boolean') fail(`${path}.defaultAllow`, 'must be true or false');
  return {
    kubeConfigFile: textOf(fields.kubeConfigFile, `${path}.kubeConfigFile`) || fail(`${path}.kubeConfigFile`, 'Required value'),
    allowedMs: duration('allowTTL', SECOND_MS, { usualMs: 5 * MINUTE_MS, mostMs: 30 * MINUTE_MS }),
    refusedMs: duration('denyTTL', SECOND_MS, { usualMs: 30 * SECOND_MS, mostMs: 30 * MINUTE_MS }),
    retryMs: duration('retryBackoff', 1, { usualMs: 500, mostMs: 5 * MINUTE_MS }),
    allowsByDefault: defaultAllow as boolean,
  };
}
