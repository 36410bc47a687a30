import { describe, expect, test } from 'vitest';
import { deviceDriverFor } from '../../src/engine/device-drivers.ts';

const DIRS = ['/etc/cdi', '/var/run/cdi'];
const device = (name: string, source = 'cdi') => ({ Source: source, ID: `nvidia.com/gpu=${name}` });

describe('GPUs are handed out', () => {
  test.for([
    ['20.10, which has no CDI', {}, '1.41', 'nvidia'],
    ['26.1 with CDI off', { CDISpecDirs: [] }, '1.45', 'nvidia'],
    ['26.1 with CDI on, and what it knows to be found out', { CDISpecDirs: DIRS }, '1.45', 'cdi-perhaps'],
    ['28.5 that knows none', { CDISpecDirs: DIRS }, '1.51', 'nvidia'],
    [
      '28.5 that knows one of two',
      { CDISpecDirs: DIRS, DiscoveredDevices: [device('GPU-1')] },
      '1.51',
      'nvidia',
    ],
    [
      '28.5 that knows them by their numbers',
      { CDISpecDirs: DIRS, DiscoveredDevices: ['0', '1', 'all'].map((name) => device(name)) },
      '1.51',
      'nvidia',
    ],
    [
      '28.5 that knows them from elsewhere',
      { CDISpecDirs: DIRS, DiscoveredDevices: ['GPU-1', 'GPU-2'].map((name) => device(name, 'other')) },
      '1.51',
      'nvidia',
    ],
    [
      '28.5 that knows both',
      { CDISpecDirs: DIRS, DiscoveredDevices: ['GPU-2', 'all', 'GPU-1'].map((name) => device(name)) },
      '1.51',
      'cdi',
    ],
  ] as const)('by Engine %s', ([, { ...info }, apiVersion, driver]) => {
    expect(deviceDriverFor(['GPU-1', 'GPU-2'], structuredClone<object>(info), apiVersion)).toBe(driver);
  });
});
