import { array, string } from '../schema.ts';
import { localObjectReference } from './references.ts';

/** Whose certificates of a back-end are good (Gateway API, `BackendTLSPolicyValidation`; Envoy Gateway, `BackendTLSSettings`). */
export const trustedAuthorities = {
  caCertificateRefs: array(localObjectReference, { maxItems: 8 }),
  wellKnownCACertificates: string({
    minLength: 1,
    maxLength: 253,
    pattern:
      '^(System|([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]))$',
    patternHint: 'System or a domain-prefixed name',
  }),
};
