import type { Rule } from '../schema.ts';
import { array, boolean, named } from '../schema.ts';
import {
  backendObjectReference,
  backendObjectReferenceFields,
  backendObjectReferenceRules,
  weight,
} from '../gateway-api/references.ts';
import { clusterSettings } from './cluster-settings.ts';

/** A reference to a back-end of a policy. */
export const backendRef = named(
  'BackendRef',
  { ...backendObjectReferenceFields, weight, fallback: boolean() },
  { rules: backendObjectReferenceRules },
);

/** The fields of something outside that a filter calls. */
export const externalServiceFields = {
  backendRef: { ...backendObjectReference, deprecated: 'Use backendRefs.' },
  backendRefs: array(backendRef, { maxItems: 16 }),
  backendSettings: clusterSettings,
};

/** The kinds such references may have. */
export const backendRefKindRules: readonly Rule[] = [
  {
    rule: "!has(self.backendRefs) || self.backendRefs.all(ref, ref.kind in ['Service', 'ServiceImport', 'Backend'])",
    message: 'must each be a Service, ServiceImport or Backend',
    fieldPath: ['backendRefs'],
  },
  {
    rule: "!has(self.backendRefs) || self.backendRefs.all(ref, ref.group in ['', 'multicluster.x-k8s.io', 'gateway.envoyproxy.io'])",
    message: "must each have group '', 'multicluster.x-k8s.io' or 'gateway.envoyproxy.io'",
    fieldPath: ['backendRefs'],
  },
];

/** That the older singular reference is not used. */
export const noBackendRef: Rule = {
  rule: '!has(self.backendRef)',
  message: 'must be absent; use backendRefs',
  fieldPath: ['backendRef'],
};

/** That some back-end is named, in either form. */
export const someBackendRef: Rule = {
  rule: 'has(self.backendRef) || (has(self.backendRefs) && size(self.backendRefs) > 0)',
  message: 'must name at least one back-end',
  fieldPath: ['backendRefs'],
};

/** What a fetch of a document (a key set, a discovery document) cannot have of the retry settings. */
export const documentFetchRules: readonly Rule[] = [
  noBackendRef,
  {
    rule: '!has(self.backendSettings) || !has(self.backendSettings.retry) || !has(self.backendSettings.retry.perRetry) || !has(self.backendSettings.retry.perRetry.timeout)',
    message: 'must not have retry.perRetry.timeout here',
    fieldPath: ['backendSettings'],
  },
  {
    rule: '!has(self.backendSettings) || !has(self.backendSettings.retry) || !has(self.backendSettings.retry.retryOn) || !has(self.backendSettings.retry.retryOn.httpStatusCodes)',
    message: 'must not have retry.retryOn.httpStatusCodes here',
    fieldPath: ['backendSettings'],
  },
];
