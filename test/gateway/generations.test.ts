import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { launchGateway } from '../../src/gateway/launch.ts';
import { openGatewayLink } from '../../src/gateway/link.ts';
import { type HttpBackend, httpBackend } from '../support/backends.ts';
import { eventually, isRunning, soon, startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, begin } from './client.ts';

const HOST = 'app.localhost';

describe('generations of the gateway', () => {
  let backend: HttpBackend;
  let gateway: TestGateway;
  let dir: string;

  beforeAll(async () => {
    backend = await httpBackend((request, response) => {
      if (request.url === '/slow') setTimeout(() => response.end('slow'), 500);
      else if (request.url === '/endless') response.write('begun');
      else response.end('ok');
    });
    const sockets = new WebSocketServer({ noServer: true });
    backend.server.on('upgrade', (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (ws) => ws.on('message', (data) => ws.send(data)));
    });
  });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'berth-generations-'));
    gateway = await startGateway({ dir, drainTimeoutMs: 3_000, stopTimeoutMs: 1_500 });
    await gateway.route(HOST, [backend.port]);
  });

  afterEach(async () => {
    await gateway[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  afterAll(() => backend[Symbol.asyncDispose]());

  function generationPid(): number {
    return gateway.link.info()?.pid ?? 0;
  }

  it('follow one another on SIGHUP without a failed request, on kept connections and new ones', async () => {
    const agents = Array.from(
      { length: 8 },
      (_, index) => new Agent({ keepAlive: index % 2 === 0, maxSockets: 1 }),
    );
    const stopping = new AbortController();
    let answered = 0;
    const clients = agents.map(async (agent) => {
      while (!stopping.signal.aborted) {
        expect(await ask(gateway.port, HOST, { agent })).toMatchObject({ status: 200, body: 'ok' });
        answered += 1;
      }
    });
    const done = Promise.all(clients);
    for (let generation = 2; generation <= 4; generation += 1) {
      process.kill(gateway.pid, 'SIGHUP');
      await Promise.race([
        eventually(() => gateway.link.info()?.generation === generation, 'the next generation'),
        done,
      ]);
    }
    stopping.abort();
    await done;
    expect(answered).toBeGreaterThan(100);
    for (const agent of agents) agent.destroy();
  });

  it('follow one another when berthd asks, and WebSockets live until the drain deadline', async () => {
    const before = generationPid();
    const ws = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, { headers: { host: HOST } });
    ws.on('error', () => undefined);
    await once(ws, 'open');
    const closed = once(ws, 'close');
    const started = performance.now();
    await gateway.link.reload(soon());
    expect(generationPid()).not.toBe(before);
    ws.send('still here');
    expect((await once(ws, 'message'))[0].toString()).toBe('still here');
    expect(isRunning(before)).toBe(true);
    await closed;
    expect(performance.now() - started).toBeGreaterThan(2_500);
    await eventually(() => !isRunning(before), 'the old generation ends');
  });

  it('close a kept connection by their next answer, not under a client that is about to ask', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await ask(gateway.port, HOST, { agent });
    await gateway.link.reload(soon());
    const last = await ask(gateway.port, HOST, { agent });
    expect(last).toMatchObject({ status: 200, headers: { connection: 'close' } });
    const next = await ask(gateway.port, HOST, { agent });
    expect(next).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } });
    agent.destroy();
  });

  it('hold a new instance to be drained until the old one is done with it', async () => {
    const slow = await begin(gateway.port, HOST, { path: '/endless' });
    await gateway.link.reload(soon());
    await gateway.link.withdraw(`container-of-${HOST}`, soon());
    let drained = false;
    const draining = gateway.link.drained(`${HOST}-${backend.port}`, soon()).then(() => {
      drained = true;
    });
    expect((await ask(gateway.port, HOST)).status).toBe(404);
    expect(drained).toBe(false);
    slow.destroy();
    await draining;
  });

  it("take each other's place after SIGKILL, with the last table", async () => {
    await gateway.link[Symbol.asyncDispose]();
    const before = JSON.parse(
      (await gateway.log()).split('\n').find((line) => line.includes('generationPid')) ?? '{}',
    );
    process.kill(before.generationPid, 'SIGKILL');
    // The listening socket outlives the process: a client only waits.
    expect(await ask(gateway.port, HOST)).toMatchObject({ status: 200, body: 'ok' });
  });

  it('start alone from the last table after everything was killed', async () => {
    const generation = generationPid();
    await gateway.link[Symbol.asyncDispose]();
    process.kill(gateway.pid, 'SIGKILL');
    process.kill(generation, 'SIGKILL');
    await eventually(() => !isRunning(gateway.pid) && !isRunning(generation), 'both end');
    gateway = await startGateway({ dir });
    expect(await ask(gateway.port, HOST)).toMatchObject({ status: 200, body: 'ok' });
    expect(gateway.link.current(`container-of-${HOST}`)?.hosts).toEqual([HOST]);
  });

  it('free the port when their parent was killed, and finish what they have', async () => {
    const generation = generationPid();
    const begun = once(backend.server, 'request');
    const slow = ask(gateway.port, HOST, { path: '/slow' });
    await begun;
    process.kill(gateway.pid, 'SIGKILL');
    expect((await slow).body).toBe('slow');
    await eventually(() => !isRunning(generation), 'the generation ends');
    await expect(ask(gateway.port, HOST)).rejects.toThrow('ECONNREFUSED');
  });

  it('leave the one before serving when the next cannot start, and say so', async () => {
    const before = generationPid();
    await rm(gateway.tableFile);
    // A folder where the table should be: no generation can load that.
    await mkdir(gateway.tableFile);
    process.kill(gateway.pid, 'SIGHUP');
    await eventually(
      async () => (await gateway.log()).includes('the one before goes on serving'),
      'the log says so',
    );
    expect(generationPid()).toBe(before);
    expect((await ask(gateway.port, HOST)).status).toBe(200);
    await rm(gateway.tableFile, { recursive: true });
    await gateway.route('more.localhost', [backend.port]);
    expect((await ask(gateway.port, 'more.localhost')).status).toBe(200);
    await gateway.link.reload(soon());
    expect((await ask(gateway.port, 'more.localhost')).status).toBe(200);
  });

  it('set a corrupt table aside, serve nothing, and take the next table', async () => {
    await gateway.link[Symbol.asyncDispose]();
    await gateway.stop();
    await writeFile(gateway.tableFile, '{"version": 3, "routes": [{');
    gateway = await startGateway({ dir });
    expect((await ask(gateway.port, HOST)).status).toBe(404);
    const aside = (await readdir(dir)).filter((name) => name.startsWith('table.json.corrupt-'));
    expect(aside).toHaveLength(1);
    expect(await gateway.log()).toContain('the table file is corrupt');
    await gateway.route(HOST, [backend.port]);
    expect((await ask(gateway.port, HOST)).status).toBe(200);
  });

  it('keep the table and the socket to their owner', async () => {
    expect((await stat(gateway.tableFile)).mode & 0o777).toBe(0o600);
    expect((await stat(gateway.adminSocket)).mode & 0o777).toBe(0o660);
    expect(JSON.parse(await readFile(gateway.tableFile, 'utf8')).routes).toHaveLength(1);
  });

  it('stop on SIGTERM after what is being answered', async () => {
    const agent = new Agent({ keepAlive: true });
    await ask(gateway.port, HOST, { agent });
    const generation = generationPid();
    const begun = once(backend.server, 'request');
    const slow = ask(gateway.port, HOST, { path: '/slow' });
    await begun;
    process.kill(gateway.pid, 'SIGTERM');
    expect(await slow).toMatchObject({ body: 'slow' });
    await eventually(() => !isRunning(gateway.pid) && !isRunning(generation), 'both end');
    agent.destroy();
  });

  it('stop at the deadline where an answer has no end', async () => {
    const endless = await begin(gateway.port, HOST, { path: '/endless' });
    const generation = generationPid();
    process.kill(gateway.pid, 'SIGTERM');
    await expect(endless.toArray()).rejects.toThrow();
    await eventually(() => !isRunning(gateway.pid) && !isRunning(generation), 'both end');
  });

  it('cannot be launched where the port is taken', async () => {
    const options = {
      host: '127.0.0.1',
      port: gateway.port,
      adminSocket: join(dir, 'b.sock'),
      tableFile: join(dir, 'b.json'),
    };
    const rest = {
      logFile: join(dir, 'b.log'),
      logLevel: 'info',
      workers: 1,
      drainTimeoutMs: 1_000,
    } as const;
    await expect(launchGateway({ ...options, ...rest }, soon())).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('start from the code that is installed by then, where the one before was started through a link', async () => {
    for (const release of ['1.0.0', '2.0.0']) await install(release);
    const current = join(dir, 'current');
    await symlink(join(dir, '1.0.0'), current);
    const adminSocket = join(dir, 'linked.sock');
    const options = {
      host: '127.0.0.1',
      port: 0,
      adminSocket,
      tableFile: join(dir, 'linked.json'),
      logFile: join(dir, 'linked.log'),
      logLevel: 'info',
      workers: 2,
      drainTimeoutMs: 1_000,
    };
    const started = promisify(execFile)(process.execPath, [
      join(current, 'src', 'launcher.ts'),
      JSON.stringify(options),
    ]);
    const pid = Number((await started).stdout);
    await using link = openGatewayLink({ socketPath: adminSocket, log: pino({ level: 'silent' }) });
    try {
      await link.ready(soon());
      expect(link.info()?.version).toBe('1.0.0');
      await symlink(join(dir, '2.0.0'), join(dir, 'next'));
      await rename(join(dir, 'next'), current);
      await link.reload(soon());
      expect(link.info()?.version).toBe('2.0.0');
    } finally {
      process.kill(pid, 'SIGTERM');
      await eventually(() => !isRunning(pid), 'the gateway stops');
    }
  });

  /** A copy of this program under that version, with a stand-in for berthd that launches its gateway. */
  async function install(version: string): Promise<void> {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const folder = join(dir, version);
    await mkdir(folder);
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await cp(join(root, 'src'), join(folder, 'src'), { recursive: true });
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
    await writeFile(
      join(folder, 'src', 'launcher.ts'),
      `import { launchGateway } from './gateway/launch.ts';
      const options = JSON.parse(process.argv[2]);
      console.log((await launchGateway(options, AbortSignal.timeout(20_000))).pid);`,
    );
  }
});
