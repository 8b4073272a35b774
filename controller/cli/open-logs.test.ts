import { describe, expect, it } from 'vitest';
import { logSettings } from '../log-settings.ts';
import { openLogs } from './open-logs.ts';

const told = logSettings({ level: { default: 'warn', provider: 'debug', xds: 'error', 'xds-server': 'trace' } });

describe('the logs of a run', () => {
  it('have the levels that the configuration says, each component that of its own', () => {
    const logs = openLogs({}, told);
    expect(logs().level).toBe('warn');
    expect(logs('gateway-api').level).toBe('warn');
    expect(logs('provider').level).toBe('debug');
    expect(logs('xds-translator').level).toBe('error');
    expect(logs('xds-server').level).toBe('trace');
    expect(logs('provider').child({ gateway: 'default/shop' }).level).toBe('debug');
  });

  it('all have the level that is said at the command line', () => {
    const logs = openLogs({ logLevel: 'info' }, told);
    expect([logs().level, logs('provider').level, logs('xds-server').level]).toEqual(['info', 'info', 'info']);
  });

  it('have level info where nobody says one, and name the component in each line', () => {
    const logs = openLogs({}, undefined);
    expect([logs().level, logs('provider').level]).toEqual(['info', 'info']);
    expect([logs().bindings(), logs('provider').bindings()]).toEqual([{}, { component: 'provider' }]);
  });
});
