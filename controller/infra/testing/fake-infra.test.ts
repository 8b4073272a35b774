import { describeInfraContract } from '../contract.ts';
import { fakeMachine } from './fake-infra.ts';

describeInfraContract('the fake infra', () => {
  const machine = fakeMachine();
  return Promise.resolve({
    controller: () => machine.controller(),
    kill: (pid) => machine.kill(pid),
    connect: (key) => Promise.resolve(machine.connect(key)),
    dispose: () => Promise.resolve(),
  });
});
