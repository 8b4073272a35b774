import type { ContainerState } from './container.ts';
import { isSidecar } from './containers.ts';
import type { Container, Pod } from './kinds.ts';
import { NODE_ADDRESS } from './pod-network.ts';

/** The `status` of a pod (core/v1 PodStatus): a sidecar counts for its readiness like any other container. */
export function podStatus(
  { spec }: Pod,
  states: ReadonlyMap<string, ContainerState>,
  { address, startedAt, now }: { readonly address: string; readonly startedAt: string; readonly now: string },
): object {
  const init = spec.initContainers ?? [];
  const stateOf = ({ name }: Container): ContainerState => states.get(name) ?? WAITING;
  const initialized = init.every((one) => (isSidecar(one) ? stateOf(one).started : stateOf(one).exitCode === 0));
  const lasting = [...init.filter(isSidecar), ...spec.containers];
  const ready = initialized && lasting.every((one) => stateOf(one).ready);
  const condition = (type: string, value: boolean): object => ({
    type,
    status: value ? 'True' : 'False',
    lastTransitionTime: now,
  });
  const described = (one: Container): object => describe(one, stateOf(one), startedAt);
  return {
    phase: initialized ? phaseOf(spec, spec.containers.map(stateOf)) : 'Pending',
    hostIP: NODE_ADDRESS,
    hostIPs: [{ ip: NODE_ADDRESS }],
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: startedAt,
    conditions: [
      condition('PodScheduled', true),
      condition('PodReadyToStartContainers', true),
      condition('Initialized', initialized),
      condition('ContainersReady', ready),
      condition('Ready', ready),
    ],
    initContainerStatuses: init.map(described),
    containerStatuses: spec.containers.map(described),
  };
}

/** A pod is pending until each of its containers has been started; one whose containers are not started again has an end. */
function phaseOf({ restartPolicy = 'Always' }: Pod['spec'], states: readonly ContainerState[]): string {
  if (states.some(({ phase }) => phase === 'waiting')) return 'Pending';
  const haveEnded = restartPolicy !== 'Always' && states.every(({ phase }) => phase === 'ended');
  if (haveEnded && states.every(({ exitCode }) => exitCode === 0)) return 'Succeeded';
  return haveEnded && restartPolicy === 'Never' ? 'Failed' : 'Running';
}

const WAITING: ContainerState = { started: false, ready: false, restarts: 0, phase: 'waiting', exitCode: undefined };

function describe({ name, image }: Container, state: ContainerState, startedAt: string): object {
  const { started, ready, restarts, phase, exitCode = 0, waitsFor } = state;
  const noImage = { reason: 'ImagePullBackOff', message: `no program stands for image ${image}` };
  const now = {
    waiting: { waiting: waitsFor === 'image' ? noImage : { reason: 'PodInitializing' } },
    running: { running: { startedAt } },
    ended: { terminated: { exitCode, startedAt, finishedAt: startedAt } },
  }[phase];
  const containerID = `local://${name}`;
  return { name, image, imageID: image, containerID, ready, started, restartCount: restarts, state: now };
}
