import { checkClientConfig } from '../admissionregistration/webhook-validation.ts';
import { caBundleFault, goBytes } from '../meta/ca-bundle.ts';
import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { dns1035LabelFindings } from '../meta/names.ts';
import { checkEnum } from '../meta/validation.ts';
import type { CustomResourceConversion, CustomResourceDefinition } from '../schema/generated/types.ts';
import { isCrdConditionTrue } from './crd-conditions.ts';

const STRATEGIES = ['None', 'Webhook'];
/** Versions of ConversionReview that this server speaks, and one that older objects may still name. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

/** `spec.conversion`. Paths are those of upstream's internal type, as its messages have them. */
export function validateConversion(conversion: CustomResourceConversion | undefined, path: string): FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const errors = strategy ? checkEnum(`${path}.strategy`, strategy, STRATEGIES) : [required(`${path}.strategy`)];
  if (strategy !== 'Webhook') {
    if (webhook?.clientConfig)
      errors.push(forbidden(`${path}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook'));
    if (webhook?.conversionReviewVersions?.length) {
      errors.push(forbidden(`${path}.conversionReviewVersions`, 'should not be set when strategy is not set to Webhook'));
    }
    return errors;
  }
  return [
    ...errors,
    ...(webhook?.clientConfig
      ? checkClientConfig(`${path}.webhookClientConfig`, webhook.clientConfig)
      : [required(`${path}.webhookClientConfig`, 'required when strategy is set to Webhook')]),
    ...validateReviewVersions(webhook?.conversionReviewVersions ?? [], `${path}.conversionReviewVersions`),
  ];
}

/** undefined: the conversion webhook's certificates are fine, or there are none. */
export function conversionBundleFault({ spec }: CustomResourceDefinition): string | undefined {
  const { caBundle } = spec.conversion?.webhook?.clientConfig ?? {};
  return caBundle ? caBundleFault(caBundle) : undefined;
}

/** Certificates that cannot be read are taken as long as the kind is not served, and where they could not be read before. */
export function checkConversionBundle(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const fault = conversionBundleFault(crd);
  if (fault === undefined || !isCrdConditionTrue(old, 'Established') || conversionBundleFault(old) !== undefined) return [];
  const shown = goBytes(crd.spec.conversion?.webhook?.clientConfig?.caBundle ?? '');
  return [
    { reason: 'FieldValueInvalid', path: 'spec.conversion.webhookClientConfig.caBundle', message: `Invalid value: ${shown}: ${fault}` },
  ];
}

function validateReviewVersions(versions: readonly string[], path: string): FieldError[] {
  if (versions.length === 0) return [required(path)];
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [invalid(`${path}[${i}]`, version, 'duplicate version')]
      : dns1035LabelFindings(version).map((fault) => invalid(`${path}[${i}]`, version, fault)),
  );
  if (versions.some((version) => REVIEW_VERSIONS.includes(version))) return errors;
  return [...errors, invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`)];
}
