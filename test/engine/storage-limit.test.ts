import { describe, expect, test } from 'vitest';
import { storageLimitOf } from '../../src/engine/storage-limit.ts';

function engine(driver: string, backing: string) {
  const DriverStatus = [['Backing Filesystem', backing]];
  return { NCPU: 1, MemTotal: 1, Driver: driver, DriverStatus, DockerRootDir: '/var/lib/docker' };
}

const mount = (point: string, options: string) =>
  `36 35 98:0 / ${point} rw,noatime shared:1 - xfs /dev/sda1 ${options}\n`;

describe('the limit of a writable layer is held', () => {
  test.for(['btrfs', 'zfs'])('by the driver %s', (driver) => {
    expect(storageLimitOf(engine(driver, ''), '')).toBe('driver');
  });

  test.for(['prjquota', 'pquota'])('by overlay2 on xfs mounted with %s', (option) => {
    const mounts = mount('/', 'rw') + mount('/var/lib', `rw,attr2,${option}`);
    expect(storageLimitOf(engine('overlay2', 'xfs'), mounts)).toBe('driver');
  });

  test.for([
    ['overlay2', 'extfs', mount('/', 'rw,prjquota')],
    ['overlay2', 'xfs', mount('/', 'rw,noquota')],
    ['overlay2', 'xfs', mount('/', 'rw,prjquota') + mount('/var/lib/docker', 'rw')],
    ['overlay2', 'xfs', mount('/', 'rw') + mount('/var/lib/dock', 'rw,prjquota')],
    ['overlay2', 'xfs', ''],
    ['overlayfs', 'xfs', mount('/', 'rw,prjquota')],
    ['vfs', 'xfs', mount('/', 'rw,prjquota')],
  ] as const)('by watching on %s over %s', ([driver, backing, mounts]) => {
    expect(storageLimitOf(engine(driver, backing), mounts)).toBe('watch');
  });
});
