import { describeInfraContract, describeProcessContract, type ProcessHarness } from '../contract.ts';
import { fakeMachine } from './fake-infra.ts';

function fake(): Promise<ProcessHarness> {
  const machine = fakeMachine();
  return Promise.resolve({
    controller: () => Promise.resolve(machine.controller()),
    kill: (pid) => machine.kill(pid),
    connect: (key) => Promise.resolve(machine.connect(key)),
    dispose: () => Promise.resolve(),
  });
}

describeInfraContract('the fake infra', fake);
describeProcessContract('the fake infra', fake);
