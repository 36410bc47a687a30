import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { skipSuite } from '../support/ground.ts';
import { bootMachine, type Machine, whyNoMachine } from '../support/machine.ts';
import { busyboxArchive } from '../support/rootfs.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const API = 'http://127.0.0.1:7070/v1';
const NAME = 'install.sh on a bare Debian 12 with systemd';

const unavailable = await whyNoMachine('bookworm');
if (unavailable === undefined) describe(NAME, { timeout: 300_000 }, tests);
else skipSuite(NAME, unavailable);

function tests(): void {
  let machine: Machine;
  let container: { id: string; urls: string[] };

  beforeAll(async () => {
    machine = await timed('boot', () => bootMachine({ suite: 'bookworm' }));
    await copyCheckout(machine);
    await copyFile(join(REPOSITORY, 'test/support/inside/http.ts'), join(machine.root, 'root/http.ts'));
    await writeFile(join(machine.root, 'root/image.tar'), await busyboxArchive());
  });

  // One machine's life: what comes after a failed step would tell nothing.
  let failed = false;
  beforeEach(({ skip }) => skip(failed, 'an earlier step failed'));
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });

  afterAll(() => machine?.[Symbol.asyncDispose]());

  test('refuses without root, and says what to type', async () => {
    const plain = machine.exec(
      'cp -r checkout /tmp/ && setpriv --reuid=nobody /tmp/checkout/install.sh --uninstall',
    );
    await expect(plain).rejects.toThrow('sudo /tmp/checkout/install.sh --uninstall');
  });

  test('leaves both units active, and says where berth is and what to type next', async () => {
    const { all } = await timed('install', () => machine.exec('checkout/install.sh'));
    expect(all).toContain('http://127.0.0.1:7070');
    expect(all).toContain('berth run');
    expect(await active(machine)).toEqual(['active', 'active', 'active']);
  });

  test('berth doctor finds no problem', async () => {
    const { stdout } = await machine.exec('berth doctor --json');
    const findings: { state: string }[] = JSON.parse(stdout);
    expect(findings.filter(({ state }) => state !== 'ok')).toEqual([]);
  });

  test.each(['berthd', 'berth-gateway'])(
    'systemd-analyze rates the hardening of %s OK or better',
    async (unit) => {
      const { stdout } = await machine.exec(`systemd-analyze security ${unit}.service | tail -n 1`);
      console.log(stdout);
      expect(stdout).toMatch(/ (OK|SAFE) /);
    },
  );

  test.each(['berthd', 'berth-gateway'])('the journal calls %s by its name', async (unit) => {
    const { stdout } = await machine.exec(`journalctl -q -o cat -t ${unit} _SYSTEMD_UNIT=${unit}.service`);
    expect(stdout).not.toBe('');
  });

  test('a reload of berthd has it look at the GPUs anew', async () => {
    const smi = '/usr/local/bin/nvidia-smi';
    await machine.exec(`printf '#!/bin/sh\nexit 9\n' >${smi}; chmod +x ${smi}; systemctl reload berthd`);
    const journal = async () => (await machine.exec('journalctl -u berthd -o cat')).stdout;
    await expect.poll(journal, { timeout: 10_000 }).toContain('the driver is not loaded');
    await machine.exec(`rm ${smi}`);
  });

  test("berthd follows the kernel's log, which this machine has only now", async () => {
    await machine.exec('mknod -m 644 /dev/kmsg c 1 11; systemctl restart berthd');
    const files = 'readlink /proc/$(systemctl show -p MainPID --value berthd)/fd/*';
    const open = async () => (await machine.exec(files)).stdout.split('\n');
    await expect.poll(open, { timeout: 10_000 }).toContain('/dev/kmsg');
    await machine.exec('rm /dev/kmsg');
  });

  test('serves a container that is sent to the API', async () => {
    const change = `--change 'ENTRYPOINT ["/programs/web"]' --change 'ENV TEXT=hello'`;
    await machine.exec(`docker import ${change} image.tar hello:1`);
    const volumes = [{ name: 'kept', path: '/kept' }];
    const created = await api(machine, 'POST', '/containers', { name: 'hello', image: 'hello:1', volumes });
    expect(created).toMatchObject({ status: 201 });
    container = JSON.parse(created.body);
    await untilDeployed();
    expect(await fetched()).toContain('hello');
  });

  test('serves it again after a reboot', async () => {
    await timed('reboot', () => machine.reboot());
    await untilServed();
  });

  test('serves it again after the power was cut', async () => {
    await timed('power cut', () => machine.powerCut());
    await untilServed();
  });

  test('is upgraded by running it again, and no request fails meanwhile', async () => {
    await machine.exec(
      `sed -i 's/"version": ".*"/"version": "99.0.0"/' checkout/package.json; touch fetching`,
    );
    const fetching = machine.exec(insideHttp({ ...page(), whileThere: '/root/fetching' }));
    await timed('upgrade', () => machine.exec('checkout/install.sh'));
    await machine.exec(AWAIT_GATEWAY_VERSION.replace('VERSION', '99.0.0'));
    await machine.exec('rm fetching');
    const { requests, failures } = JSON.parse((await fetching).stdout);
    console.log(`${requests} requests over the upgrade`);
    expect(requests).toBeGreaterThan(0);
    expect(failures).toEqual([]);
    expect(await active(machine)).toEqual(['active', 'active', 'active']);
    expect((await machine.exec('berth --version')).stdout).toBe('99.0.0');
    await untilDeployed();
  });

  test('a daemon-reload of systemd leaves it serving', async () => {
    await machine.exec('systemctl daemon-reload');
    expect(await fetched()).toContain('hello');
    expect(await active(machine)).toEqual(['active', 'active', 'active']);
  });

  test('a bad berth.toml stops an upgrade before anything is changed', async () => {
    const before = await machine.exec('readlink /opt/berth/current');
    await machine.exec(
      `cp -a /etc/berth/berth.toml good.toml; echo 'colour = "blue"' >> /etc/berth/berth.toml`,
    );
    await expect(machine.exec('checkout/install.sh')).rejects.toThrow(/"colour".*unknown[\s\S]*untouched/);
    await machine.exec('cp -a good.toml /etc/berth/berth.toml');
    expect(await machine.exec('readlink /opt/berth/current')).toEqual(before);
    expect((await machine.exec('ls /opt/berth/releases | wc -l')).stdout).toBe('2');
    expect(await fetched()).toContain('hello');
  });

  test('--uninstall --purge with Docker stopped refuses before anything is removed', async () => {
    await machine.exec('systemctl stop docker.socket docker.service');
    await expect(purge()).rejects.toThrow(/Nothing was removed. Start Docker \(systemctl start docker\)/);
    expect(await active(machine)).toEqual(['active', 'active', 'active']);
    await machine.exec('test -e /var/lib/berth/berth.db && systemctl start docker');
  });

  test('--uninstall removes program, units and instances, and keeps what was deployed', async () => {
    await timed('uninstall', uninstall);
    expect((await machine.exec('docker ps -aq')).stdout).toBe('');
    expect((await machine.exec('docker volume ls -q')).stdout).not.toBe('');
    expect((await machine.exec("systemctl list-unit-files 'berth*' --no-legend || true")).stdout).toBe('');
    await machine.exec(
      'test ! -e /opt/berth && test -e /var/lib/berth/berth.db && test -e /etc/berth/berth.toml',
    );
  });

  test('--uninstall once more has nothing to warn of', async () => {
    expect((await uninstall()).all).not.toContain('warning');
  });

  test('installing again brings it back, and it is served by the time that install.sh says so', async () => {
    await timed('install again', () => machine.exec('checkout/install.sh'));
    expect(await fetched()).toContain('hello');
  });

  test('--uninstall with Docker stopped says what stays in it', async () => {
    await machine.exec('systemctl stop docker.socket docker.service');
    expect((await uninstall()).all).toMatch(/containers and its network stay there.*systemctl start docker/);
    await machine.exec('systemctl start docker');
    expect((await machine.exec('docker ps -aq')).stdout).not.toBe('');
  });

  test('--uninstall --purge after it leaves nothing, in Docker neither', async () => {
    expect((await timed('purge', purge)).all).not.toContain('warning');
    expect((await machine.exec('docker ps -aq; docker volume ls -q')).stdout).toBe('');
    expect(
      (await machine.exec("docker network ls --format '{{.Name}}' | sort | tr '\\n' ' '")).stdout.trim(),
    ).toBe('bridge host none');
    const files = "find / -xdev -path /proc -prune -o -path /root -prune -o -name '*berth*' -print";
    expect((await machine.exec(`${files}; find /run /tmp -name '*berth*'`)).stdout).toBe('');
    expect((await machine.exec('grep berth /etc/passwd /etc/group || true')).stdout).toBe('');
  });

  function uninstall() {
    return machine.exec('checkout/install.sh --uninstall');
  }

  function purge() {
    return machine.exec('checkout/install.sh --uninstall --purge');
  }

  function page() {
    return { url: 'http://127.0.0.1/', headers: { host: container.urls[0] ?? '' } };
  }

  async function fetched(): Promise<string> {
    const { stdout } = await machine.exec(insideHttp(page()));
    return JSON.parse(stdout).body;
  }

  async function untilServed(): Promise<void> {
    await expect.poll(fetched, { timeout: 60_000 }).toContain('hello');
  }

  async function untilDeployed(): Promise<void> {
    const state = async () => {
      container = JSON.parse((await api(machine, 'GET', `/containers/${container.id}`)).body);
      return container;
    };
    await expect.poll(state, { timeout: 60_000 }).toMatchObject({ status: 'deployed' });
  }
}

// What the gateway says of itself to whoever connects to its admin socket.
const AWAIT_GATEWAY_VERSION = `
until /opt/berth/current/bin/node -e '
  require("node:net").connect("/run/berth-gateway/admin.sock").once("data", (hello) => {
    process.exit(JSON.parse(hello.toString().split("\\n")[0]).version === "VERSION" ? 0 : 1);
  })'
do sleep 0.1; done
`;

/** Copies what git knows of the working tree, and what it would take, to /root/checkout. */
async function copyCheckout(machine: Machine): Promise<void> {
  const list = 'git ls-files -co --exclude-standard -z | xargs -0 ls -d 2>/dev/null';
  const target = join(machine.root, 'root/checkout');
  await mkdir(target, { recursive: true });
  await execa('sh', ['-c', `${list} | tar -c -T - | tar -x -C "$1"`, 'copy', target], { cwd: REPOSITORY });
}

async function active(machine: Machine): Promise<string[]> {
  const units = 'berthd.service berth-gateway.service berth-gateway.socket';
  const { stdout } = await machine.exec(`systemctl is-active ${units} || true`);
  return stdout.split('\n');
}

async function api(machine: Machine, method: string, path: string, body?: unknown) {
  const token = (await machine.exec('berth token')).stdout;
  const ask = { url: `${API}${path}`, method, headers: { authorization: `Bearer ${token}` }, body };
  const { stdout } = await machine.exec(insideHttp(ask));
  const answer: { status: number; body: string } = JSON.parse(stdout);
  return answer;
}

function insideHttp(ask: object): string {
  return `/opt/berth/current/bin/node /root/http.ts '${JSON.stringify(ask)}'`;
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
