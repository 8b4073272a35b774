import { defineKind } from '../kind.ts';
import {
  apiGroup,
  apiKind,
  dnsSubdomain,
  objectName,
  preciseHostname,
  qualifiedName,
  wildcardHostname,
} from '../kubernetes/names.ts';
import { array, map, named, oneOf, required, string } from '../schema.ts';
import { policyStatus } from './status.ts';
import { trustedAuthorities } from './trusted-authorities.ts';
import { memberRules } from './union-rules.ts';

const targetRef = named('LocalPolicyTargetReferenceWithSectionName', {
  group: required(string(apiGroup)),
  kind: required(string(apiKind)),
  name: required(string(objectName)),
  sectionName: string(dnsSubdomain),
});

const sameTarget = 'a.group == b.group && a.kind == b.kind && a.name == b.name';

const validation = named(
  'BackendTLSPolicyValidation',
  {
    ...trustedAuthorities,
    hostname: required(string(preciseHostname)),
    subjectAltNames: array(
      named(
        'SubjectAltName',
        {
          type: required(oneOf(['Hostname', 'URI'])),
          hostname: string(wildcardHostname),
          uri: string({ minLength: 1, maxLength: 253, format: 'uri' }),
        },
        { rules: memberRules({ Hostname: 'hostname', URI: 'uri' }) },
      ),
      { maxItems: 5 },
    ),
  },
  {
    rules: [
      {
        rule: '(has(self.caCertificateRefs) && size(self.caCertificateRefs) > 0) != has(self.wellKnownCACertificates)',
        message: 'must have exactly one of caCertificateRefs and wellKnownCACertificates',
      },
    ],
  },
);

/** BackendTLSPolicy: that connections to a Service are TLS, and whom they trust. */
export const backendTlsPolicy = defineKind({
  group: 'gateway.networking.k8s.io',
  kind: 'BackendTLSPolicy',
  plural: 'backendtlspolicies',
  shortNames: ['btlspolicy'],
  categories: ['gateway-api'],
  storageVersion: 'v1',
  oldVersions: ['v1alpha3'],
  body: {
    spec: required(
      named('BackendTLSPolicySpec', {
        targetRefs: required(
          array(targetRef, {
            minItems: 1,
            maxItems: 16,
            rules: [
              {
                rule: `self.all(a, self.all(b, !(${sameTarget}) || has(a.sectionName) == has(b.sectionName)))`,
                message: 'must all name a sectionName where several refer to the same target',
              },
              {
                rule: `self.all(a, self.exists_one(b, ${sameTarget} && (has(a.sectionName) ? has(b.sectionName) && a.sectionName == b.sectionName : !has(b.sectionName))))`,
                message: 'must not refer to the same part of a target twice',
              },
            ],
          }),
        ),
        validation: required(validation),
        options: map(string({ maxLength: 4096 }), { maxProperties: 16, keyPattern: qualifiedName }),
      }),
    ),
    status: policyStatus,
  },
});
