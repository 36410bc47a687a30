import { expect, test } from 'vitest';
import { parseDockerHost } from '../../src/engine/docker-host.ts';

test.for([
  ['unix:///var/run/docker.sock', { kind: 'socket', socketPath: '/var/run/docker.sock' }],
  ['tcp://10.0.0.2:2376', { kind: 'tcp', host: '10.0.0.2', port: 2376 }],
  ['tcp://docker.example', { kind: 'tcp', host: 'docker.example', port: 2375 }],
  ['tcp://[::1]:1', { kind: 'tcp', host: '::1', port: 1 }],
] as const)('%s names an engine', ([text, host]) => {
  expect(parseDockerHost(text)).toEqual(host);
});

test.for([
  '',
  'unix://',
  'unix://relative',
  '/var/run/docker.sock',
  'ssh://host',
  'tcp://',
  'tcp://host:0',
  'tcp://host:70000',
  'https://host',
  'tcp://u:p@host',
])('%j is refused by its name', (text) => {
  expect(() => parseDockerHost(text)).toThrow(
    expect.objectContaining({ name: 'DomainError', message: expect.stringContaining(`"${text}"`) }),
  );
});
