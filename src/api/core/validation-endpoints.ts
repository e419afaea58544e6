import { checkIp, checkNonSpecialIp } from '../meta/addresses.ts';
import { type FieldError, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkEnum, checkLabel, checkPort, checkQualifiedName, found } from '../meta/validation.ts';
import type { EndpointAddress, EndpointSubset, Endpoints } from '../schema/generated/types.ts';

function checkAddress(at: string, { ip = '', hostname, nodeName }: EndpointAddress): FieldError[] {
  return [
    ...checkIp(`${at}.ip`, ip),
    ...(hostname ? checkLabel(`${at}.hostname`, hostname) : []),
    ...(nodeName === undefined ? [] : found(`${at}.nodeName`, nodeName, dns1123SubdomainFindings(nodeName))),
    ...checkNonSpecialIp(`${at}.ip`, ip),
  ];
}

function checkSubset(at: string, { addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): FieldError[] {
  const errors: FieldError[] =
    addresses.length + notReadyAddresses.length > 0 ? [] : [required(at, 'must specify `addresses` or `notReadyAddresses`')];
  for (const [list, entries] of Object.entries({ addresses, notReadyAddresses })) {
    errors.push(...entries.flatMap((address, i) => checkAddress(`${at}.${list}[${i}]`, address)));
  }
  for (const [index, port] of ports.entries()) {
    const path = `${at}.ports[${index}]`;
    if (port.name) errors.push(...checkLabel(`${path}.name`, port.name));
    else if (ports.length > 1) errors.push(required(`${path}.name`));
    errors.push(...checkPort(`${path}.port`, port.port ?? 0), ...checkEnum(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']));
    if (port.appProtocol !== undefined) errors.push(...checkQualifiedName(`${path}.appProtocol`, port.appProtocol));
  }
  return errors;
}

export const checkEndpoints = ({ subsets }: Endpoints): FieldError[] =>
  (subsets ?? []).flatMap((subset, index) => checkSubset(`subsets[${index}]`, subset));
