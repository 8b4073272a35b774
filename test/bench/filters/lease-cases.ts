import { targets } from './filter-case.ts';

/** A global rate limit that lets everything pass, and how it is counted. No filter of Envoy does the same without a service. */
export interface LeaseCase {
  readonly id: 'global-leased' | 'global-each';
  readonly manifests: string;
}

/** So many clients ask in turn that hardly two requests at a time are of one: those would share a call. */
export const CLIENTS = Array.from({ length: 64 }, (_, index) => `client-${index}`);

/** For each client in windows of a second, so that leases end and are taken again while they are measured. */
export const LEASE_CASES: readonly LeaseCase[] = [
  { id: 'global-leased', manifests: globalLimit('global-leased', '') },
  { id: 'global-each', manifests: globalLimit('global-each', 'annotations: { sluice.dev/rate-limit-lease: "0" }') },
];

function globalLimit(id: LeaseCase['id'], more: string): string {
  return `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata:
  name: ${id}
  ${more}
spec:
  ${targets(id)}
  rateLimit:
    global:
      rules:
        - clientSelectors: [{ headers: [{ name: authorization, type: Distinct }] }]
          limit: { requests: 100000, unit: Second }
`;
}
