import type { GpuReading, GpuState } from '../domain/gpu.ts';
import { cleanText } from './clean-text.ts';
import { offBusReason, resetReason, sickReason } from './reasons.ts';

const MIB = 1024 * 1024;
/** With a hyphen: "all", "void" and "0" would mean other devices to whoever is told to hand them out. */
const UUID = /^(?=.*-)[0-9A-Za-z][0-9A-Za-z/_-]{0,127}$/;

/** The fields that cards are asked for, in this order; `mig.mode.current` is unknown to drivers before 450. */
export const CARD_FIELDS = [
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
  'mig.mode.current',
  'driver_version',
] as const;

/** A card as one line of the driver's answer tells it. */
export interface CardRow {
  readonly index: number;
  readonly uuid: string;
  /** Null where the driver can't say it. */
  readonly name: string | null;
  readonly memoryBytes: number | null;
  readonly reading: GpuReading;
  /** Whether MIG is on; null where a broken card's driver can't say. */
  readonly mig: boolean | null;
  readonly state: GpuState;
}

/** A card so far gone that the driver no longer knows its uuid. */
export interface NamelessCard {
  readonly index: number;
  readonly reason: string;
}

/** What a driver says of its cards. */
export interface CardRows {
  readonly cards: readonly CardRow[];
  readonly nameless: readonly NamelessCard[];
}

/**
 * Reads `--query-gpu=… --format=csv,noheader,nounits` with CARD_FIELDS, or with all but the MIG mode. Lines that are
 * no card (warnings, cut lines) are passed over, and so is a second card of one uuid.
 */
export function parseCardRows(text: string): CardRows {
  const cards = new Map<string, CardRow>();
  const nameless: NamelessCard[] = [];
  for (const line of text.split(/\r?\n/)) {
    const fields = line.split(',').map((field) => field.trim());
    const index = /^\d{1,4}$/.test(fields[0] ?? '') ? Number(fields[0]) : null;
    if (index === null) continue;
    // Without the MIG mode, a place is left where it would be.
    if (fields.length === CARD_FIELDS.length - 1) fields.splice(8, 0, '');
    if (fields.length !== CARD_FIELDS.length) continue;
    const uuid = fields[1] ?? '';
    if (!UUID.test(uuid)) nameless.push(...namelessCard(index, fields));
    else if (!cards.has(uuid)) cards.set(uuid, cardRow(index, uuid, fields));
  }
  return { cards: [...cards.values()], nameless };
}

function cardRow(index: number, uuid: string, fields: readonly string[]): CardRow {
  const [, , name = '', total = '', used = '', utilization = '', temperature = '', power = '', mig = ''] =
    fields;
  const state = stateOf(index, fields);
  return {
    index,
    uuid,
    name: isMarker(name) ? null : cleanText(name, 128) || null,
    memoryBytes: mebibytes(total),
    reading: {
      memoryUsedBytes: mebibytes(used),
      utilization: percent(utilization),
      temperature: number(temperature),
      power: number(power),
    },
    mig: state.kind === 'lost' && !/^(enabled|disabled)$/i.test(mig) ? null : /^enabled$/i.test(mig),
    state,
  };
}

function namelessCard(index: number, fields: readonly string[]): NamelessCard[] {
  const state = stateOf(index, fields);
  if (state.kind === 'lost') return [{ index, reason: state.reason }];
  return isFault(fields[1] ?? '') ? [{ index, reason: sickReason(index) }] : [];
}

function stateOf(index: number, fields: readonly string[]): GpuState {
  if (fields.some((field) => /^\[?gpu is lost\]?$/i.test(field))) {
    return { kind: 'lost', reason: offBusReason() };
  }
  if (fields.some((field) => /^\[?gpu requires (a )?re(set|start)\]?$/i.test(field))) {
    return { kind: 'lost', reason: resetReason(index) };
  }
  const [, , name = '', total = ''] = fields;
  if (isFault(name) || isFault(total)) return { kind: 'lost', reason: sickReason(index) };
  return { kind: 'usable' };
}

function isFault(field: string): boolean {
  return /^\[?(unknown error|err!)\]?$/i.test(field);
}

/** What stands in a value's place: "[N/A]", "N/A", "[Not Supported]", "ERR!". */
function isMarker(field: string): boolean {
  return field === '' || /^(\[.*\]|n\/a|err!)$/i.test(field);
}

function number(field: string): number | null {
  return /^-?\d{1,12}(\.\d{1,9})?$/.test(field) ? Number(field) : null;
}

function percent(field: string): number | null {
  const value = number(field);
  return value !== null && value >= 0 && value <= 100 ? value : null;
}

function mebibytes(field: string): number | null {
  const value = number(field);
  return value !== null && value >= 0 && value <= 1e9 ? Math.round(value * MIB) : null;
}
