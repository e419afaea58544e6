import type { AdmissionPlugin, AdmissionRequest } from '../ports.ts';
import type { Admission } from '../registry/deps.ts';

/**
 * Runs plugins in their order: every `mutate`, later every `validate`. The first refusal ends the request. Webhooks, policies and quota are
 * plugins as well: they go at the end, in upstream's order (mutating webhooks after built-in mutation; quota last).
 */
export function admissionChain(plugins: readonly AdmissionPlugin[]): Admission {
  const mutating = plugins.filter((plugin) => plugin.mutate !== undefined);
  const validating = plugins.filter((plugin) => plugin.validate !== undefined);
  return {
    async mutate(request: AdmissionRequest) {
      for (const plugin of mutating) await plugin.mutate?.(request);
    },
    async validate(request: AdmissionRequest) {
      for (const plugin of validating) await plugin.validate?.(request);
    },
  };
}
