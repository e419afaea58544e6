import { type FieldError, required } from '../meta/field-error.ts';
import { checkEnum, checkIp, checkLabel, checkPort } from '../meta/validation.ts';
import type { EndpointSubset, Endpoints } from '../schema/generated/types.ts';

function checkSubset(at: string, { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): FieldError[] {
  const errors: FieldError[] =
    addresses.length + notReadyAddresses.length > 0 ? [] : [required(at, 'must specify `addresses` or `notReadyAddresses`')];
  for (const [list, entries] of Object.entries({ addresses, notReadyAddresses })) {
    errors.push(...entries.flatMap(({ ip }, i) => checkIp(`${at}.${list}[${i}].ip`, ip)));
  }
  for (const [index, port] of ports.entries()) {
    const path = `${at}.ports[${index}]`;
    if (port.name) errors.push(...checkLabel(`${path}.name`, port.name));
    else if (ports.length > 1) errors.push(required(`${path}.name`));
    errors.push(...checkPort(`${path}.port`, port.port), ...checkEnum(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']));
  }
  return errors;
}

export const checkEndpoints = ({ subsets }: Endpoints): FieldError[] =>
  (subsets ?? []).flatMap((subset, index) => checkSubset(`subsets[${index}]`, subset));
