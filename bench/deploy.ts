/**
 * How long from "run this image" to its first answer, berth beside `docker run`: the same image, engine and moment,
 * one after the other. Prints medians and their ratio; load goes to this machine's own containers only.
 */
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { TestDaemon } from '../test/support/daemon.ts';
import { startEngine } from '../test/support/engine.ts';
import { busyboxArchive } from '../test/support/rootfs.ts';

const ROUNDS = 15;
const POLL_MS = 2;
const DEADLINE_MS = 30_000;
const IMAGE = 'bench-web:1';

/** Milliseconds until the address answers 200. */
async function untilAnswered(began: number, host: string, url: URL): Promise<number> {
  while (performance.now() - began < DEADLINE_MS) {
    if ((await statusOf(host, url)) === 200) return performance.now() - began;
    await sleep(POLL_MS);
  }
  throw new Error(`${host} did not answer within ${DEADLINE_MS} ms`);
}

function statusOf(host: string, url: URL): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request(url, { headers: { host }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

async function berthOnce(berth: TestDaemon): Promise<number> {
  const began = performance.now();
  const { id } = await berth.create({ image: IMAGE, name: 'bench' });
  // The name is known from the id; a person would read it from `urls`, which comes with the first answer.
  const host = `bench-${base32(id)}.localhost`;
  const ms = await untilAnswered(began, host, new URL(berth.gatewayUrl));
  await berth.api(`/v1/containers/${id}`, { method: 'DELETE' });
  await berth.untilNothingRuns();
  return ms;
}

function base32(id: string): string {
  const bits = BigInt(`0x${id.replaceAll('-', '').slice(0, 10)}`)
    .toString(2)
    .padStart(40, '0');
  return (bits.match(/.{5}/g) ?? [])
    .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'.charAt(Number.parseInt(five, 2)))
    .join('');
}

async function dockerOnce(dockerHost: string): Promise<number> {
  const docker = (...args: string[]) => execa('docker', ['-H', dockerHost, ...args]);
  const began = performance.now();
  const { stdout: id } = await docker('run', '-d', '--memory', '64m', '--cpus', '1', IMAGE);
  const { stdout: ip } = await docker(
    'inspect',
    '-f',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    id,
  );
  const ms = await untilAnswered(began, ip, new URL(`http://${ip}/`));
  await docker('rm', '-f', id);
  return ms;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Resident megabytes of the processes whose command line holds the text. */
async function residentMegabytes(text: string): Promise<number> {
  let kilobytes = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!command.includes('/node') || !`${command}${environment}`.includes(text)) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    kilobytes += Number(/^VmRSS:\s+([0-9]+) kB/m.exec(status)?.[1] ?? 0);
  }
  return Math.round(kilobytes / 1024);
}

await using engine = await startEngine();
const changes = ['ENTRYPOINT ["/programs/web"]', 'ENV TEXT=bench', 'EXPOSE 80'];
const docker = [
  '-H',
  engine.dockerHost,
  'import',
  ...changes.flatMap((change) => ['-c', change]),
  '-',
  IMAGE,
];
await execa('docker', docker, { input: await busyboxArchive() });
await using berth = await TestDaemon.start({
  dockerHost: engine.dockerHost,
  asProcess: true,
  env: { BERTH_LOG_LEVEL: 'info' },
});

const times = { berth: [] as number[], docker: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  times.berth.push(await berthOnce(berth));
  times.docker.push(await dockerOnce(engine.dockerHost));
}
const [ours, theirs] = [median(times.berth), median(times.docker)];
console.log(
  `deploy, POST to first 200, median of ${ROUNDS}: berth ${ours.toFixed(0)} ms, docker run ${theirs.toFixed(0)} ms`,
);
console.log(`deploy ratio: ${(ours / theirs).toFixed(2)} x docker run`);
console.log(`resident memory, idle: daemon and gateway ${await residentMegabytes(berth.dir)} MB`);
