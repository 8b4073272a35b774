import type { EnvoyPatchPolicy, Gateway, ParentReference } from '#controller/api/gen/types.d.ts';
import type { ResourcePatchIr } from '../../ir/patch.ts';
import type { AncestorReport } from '../../policies/ancestors.ts';
import { byAge, type Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, type Refusal, success, type Verdict } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { readPatches } from './operations.ts';

/** A Gateway that is ours, and the proxy that serves it. */
export interface ServedGateway {
  readonly gateway: Gateway;
  readonly proxy: string;
}

/** What is known of a GatewayClass that is ours. */
export interface ServedClass {
  readonly accepted: boolean;
  readonly mergeGateways: boolean;
}

/** A policy, the proxy that it patches, and how. */
export interface PatchPolicy {
  readonly object: EnvoyPatchPolicy;
  readonly ancestor: ParentReference;
  /** `Accepted`: why it patches nothing, or the proxy that it is for. */
  readonly proxy: Outcome<string>;
  /** `Programmed`: why it cannot be applied to any proxy, or what it does. */
  readonly patches: Outcome<readonly ResourcePatchIr[]>;
}

const GROUP = 'gateway.networking.k8s.io';

/**
 * The policies that are for our proxies, in the order in which they are applied: lower `priority` first, then the older,
 * then by namespace and name. One for a Gateway of somebody else is none of our business.
 */
export function patchPolicies(
  resources: Resources,
  classes: ReadonlyMap<string, ServedClass>,
  gateways: readonly ServedGateway[],
  settings: Pick<Settings, 'envoyPatchPolicy'>,
): readonly PatchPolicy[] {
  return resources
    .list('EnvoyPatchPolicy')
    .toSorted((a, b) => a.spec.priority - b.spec.priority || byAge(a, b))
    .flatMap((object): PatchPolicy[] => {
      const { targetRef } = object.spec;
      const isOfGateway = targetRef.kind === 'Gateway' && targetRef.group === GROUP;
      const target = isOfGateway ? resources.get('Gateway', object.metadata.namespace, targetRef.name) : undefined;
      if (target !== undefined && !classes.has(target.spec.gatewayClassName)) return [];
      const isOfClass = targetRef.kind === 'GatewayClass' && targetRef.group === GROUP;
      const isOthers = isOfClass && resources.get('GatewayClass', '', targetRef.name) !== undefined;
      if (isOthers && !classes.has(targetRef.name)) return [];
      const proxy = settings.envoyPatchPolicy
        ? proxyOf(object, target, classes, gateways)
        : refusal('Disabled', 'EnvoyPatchPolicy is disabled in the configuration of the controller');
      return [{ object, ancestor: ancestorOf(object, target, classes), proxy, patches: patchesOf(object) }];
    });
}

/** The same operations as long as the policy is the same: what they made of a resource is remembered by them. */
function patchesOf(policy: EnvoyPatchPolicy): PatchPolicy['patches'] {
  let patches = known.get(policy);
  if (patches === undefined) {
    patches = readPatches(policy);
    known.set(policy, patches);
  }
  return patches;
}

const known = new WeakMap<EnvoyPatchPolicy, PatchPolicy['patches']>();

/** What a policy can be for (Envoy Gateway 1.9): a Gateway whatever kind it names, or a GatewayClass that merges its Gateways. */
function ancestorOf(
  { metadata: { namespace }, spec: { targetRef } }: EnvoyPatchPolicy,
  target: Gateway | undefined,
  classes: ReadonlyMap<string, ServedClass>,
): ParentReference {
  const { kind, name } = targetRef;
  const isMerged = target !== undefined && classes.get(target.spec.gatewayClassName)?.mergeGateways === true;
  if (kind === 'GatewayClass' || isMerged) return { group: GROUP, kind: 'GatewayClass', name };
  return { group: GROUP, kind: 'Gateway', namespace, name };
}

function proxyOf(
  { metadata, spec }: EnvoyPatchPolicy,
  target: Gateway | undefined,
  classes: ReadonlyMap<string, ServedClass>,
  gateways: readonly ServedGateway[],
): Outcome<string> {
  const { group, kind, name } = spec.targetRef;
  if (group !== GROUP || (kind !== 'Gateway' && kind !== 'GatewayClass')) {
    return refusal(
      'Invalid',
      `spec.targetRef: found ${kind} of group "${group}", accepted is Gateway of group ${GROUP}, or GatewayClass when its Gateways are merged`,
    );
  }
  if (kind === 'GatewayClass') return proxyOfClass(name, classes.get(name));
  if (target === undefined) return refusal('TargetNotFound', `Gateway ${metadata.namespace}/${name} does not exist`);
  const served = gateways.find(({ gateway }) => gateway === target);
  const ofClass = target.spec.gatewayClassName;
  if (served === undefined) {
    return refusal(
      'Invalid',
      `Gateway ${metadata.namespace}/${name} is not served: GatewayClass ${ofClass} is not accepted`,
    );
  }
  if (classes.get(ofClass)?.mergeGateways !== true) return success(served.proxy);
  return refusal(
    'Invalid',
    `spec.targetRef.kind: found Gateway, accepted is GatewayClass ${ofClass}: its Gateways are merged into one proxy`,
  );
}

function proxyOfClass(name: string, found: ServedClass | undefined): Outcome<string> {
  if (found === undefined) return refusal('Invalid', `GatewayClass ${name} does not exist`);
  if (!found.accepted) return refusal('Invalid', `GatewayClass ${name} is not accepted`);
  if (found.mergeGateways) return success(name);
  return refusal(
    'Invalid',
    `spec.targetRef.kind: found GatewayClass, accepted is Gateway: the Gateways of GatewayClass ${name} are not merged`,
  );
}

/** What is to be said of a policy; `refused` tells why its patches could not be applied. */
export function patchPolicyReport(
  { object, ancestor, proxy }: PatchPolicy,
  refused: Refusal | undefined,
): AncestorReport {
  const name = `EnvoyPatchPolicy ${object.metadata.namespace}/${object.metadata.name}`;
  if (!proxy.ok) {
    return { ref: ancestor, verdicts: [no('Accepted', proxy.refusal.reason, `${name}: ${proxy.refusal.message}`)] };
  }
  const accepted: Verdict = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: 'The policy is for this proxy',
  };
  const programmed: Verdict =
    refused === undefined
      ? { type: 'Programmed', status: 'True', reason: 'Programmed', message: 'All patches are applied' }
      : no(
          'Programmed',
          refused.reason,
          `${name}: ${refused.message}; none of its patches is applied, the proxy serves without them`,
        );
  return { ref: ancestor, verdicts: [accepted, programmed] };
}

function no(type: string, reason: string, message: string): Verdict {
  return { type, status: 'False', reason, message };
}
