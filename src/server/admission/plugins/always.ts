import type { AdmissionPlugin, AdmissionRequest } from '../../ports.ts';
import { refusal } from '../request.ts';

/** Does nothing. Upstream keeps it for command lines that name it. */
export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit' };

const deny = (admission: AdmissionRequest): never => {
  throw refusal(admission, 'admission control is denying all modifications');
};

/** For tests of clients. */
export const alwaysDeny: AdmissionPlugin = { name: 'AlwaysDeny', mutate: deny, validate: deny };
