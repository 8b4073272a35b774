import { describe, expect, it } from 'vitest';
import type { ContainerState } from './container.ts';
import type { Pod } from './kinds.ts';
import { podStatus } from './pod-status.ts';

const pod: Pod = {
  metadata: { name: 'p', namespace: 'n', uid: 'u' },
  spec: {
    initContainers: [
      { name: 'prepare', image: 'a' },
      { name: 'sidecar', image: 'b', restartPolicy: 'Always' },
    ],
    containers: [{ name: 'main', image: 'c' }],
  },
};

const WAITING: ContainerState = { started: false, ready: false, restarts: 0, phase: 'waiting', exitCode: undefined };
const PREPARED: ContainerState = { ...WAITING, started: true, ready: true, phase: 'ended', exitCode: 0 };
const UP: ContainerState = { ...WAITING, started: true, ready: true, phase: 'running' };

/** The phase of the pod and which of its conditions are true. */
function said(prepare: ContainerState, sidecar: ContainerState, main: ContainerState): unknown {
  const states = new Map(Object.entries({ prepare, sidecar, main }));
  const status = podStatus(pod, states, { address: '10.244.1.2', startedAt: 'then', now: 'now' });
  const { phase, conditions } = JSON.parse(JSON.stringify(status));
  const isTrue = (type: string): boolean =>
    conditions.some((one: { type: string; status: string }) => one.type === type && one.status === 'True');
  return { phase, initialized: isTrue('Initialized'), ready: isTrue('Ready') };
}

describe('the status of a pod', () => {
  it('is Pending until the init containers have ended and the sidecars have started', () => {
    expect(said(WAITING, WAITING, WAITING)).toEqual({ phase: 'Pending', initialized: false, ready: false });
    expect(said(PREPARED, { ...UP, started: false }, WAITING)).toMatchObject({ phase: 'Pending' });
  });

  it('is ready when the main containers are, and the sidecars, too', () => {
    expect(said(PREPARED, UP, UP)).toEqual({ phase: 'Running', initialized: true, ready: true });
    expect(said(PREPARED, { ...UP, ready: false }, UP)).toMatchObject({ phase: 'Running', ready: false });
    expect(said(PREPARED, UP, { ...UP, ready: false })).toMatchObject({ ready: false });
  });

  it('says that an image cannot be had, and is pending until every container has been started', () => {
    const states = new Map(
      Object.entries({ prepare: PREPARED, sidecar: UP, main: { ...WAITING, waitsFor: 'image' as const } }),
    );
    const status = podStatus(pod, states, { address: '', startedAt: 'then', now: 'now' });
    expect(status).toMatchObject({
      phase: 'Pending',
      containerStatuses: [
        { state: { waiting: { reason: 'ImagePullBackOff', message: 'no program stands for image c' } }, ready: false },
      ],
      initContainerStatuses: [{ state: { terminated: { exitCode: 0 } } }, { state: { running: {} } }],
    });
    expect(said(PREPARED, UP, WAITING)).toMatchObject({ phase: 'Pending', initialized: true });
  });

  it('has an end where its containers are not started again', () => {
    const phaseOf = (restartPolicy: string, exitCode: number, phase: ContainerState['phase'] = 'ended'): unknown => {
      const job = { ...pod, spec: { restartPolicy, containers: pod.spec.containers } };
      const states = new Map([['main', { ...WAITING, phase, exitCode }]]);
      return JSON.parse(JSON.stringify(podStatus(job, states, { address: '', startedAt: 'then', now: 'now' }))).phase;
    };
    expect(phaseOf('Never', 0)).toBe('Succeeded');
    expect(phaseOf('Never', 1)).toBe('Failed');
    expect(phaseOf('Never', 0, 'running')).toBe('Running');
    expect(phaseOf('OnFailure', 1)).toBe('Running');
    expect(phaseOf('Always', 0)).toBe('Running');
  });
});
