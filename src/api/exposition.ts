/** One value of a gauge. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A gauge with its values at one moment. */
export interface Gauge {
  /** Letters, digits and "_", with the unit at the end. */
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * Makes gauges that are alike: `<prefix>_<name>` with one value a thing, or none where that is null, and the thing's own
 * labels.
 */
export function gaugesOf<Thing>(
  prefix: string,
  things: readonly Thing[],
  labelsOf: (thing: Thing) => Sample['labels'],
): (name: string, help: string, measure: (thing: Thing) => number | null) => Gauge {
  return (name, help, measure) => ({
    name: `${prefix}_${name}`,
    help,
    samples: things.flatMap((thing) => {
      const value = measure(thing);
      return value === null ? [] : [{ labels: labelsOf(thing), value }];
    }),
  });
}

/** What the text is sent as. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Gauges in Prometheus' text format ("Exposition formats", version 0.0.4). */
export function exposition(gauges: readonly Gauge[]): string {
  return gauges.flatMap(lines).join('');
}

function lines({ name, help, samples }: Gauge): string[] {
  return [
    `# HELP ${name} ${escaped(help)}\n`,
    `# TYPE ${name} gauge\n`,
    ...samples.map(({ labels, value }) => `${name}${labelled(labels)} ${numeral(value)}\n`),
  ];
}

function labelled(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(
    ([name, text]) => `${name}="${escaped(text).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** As Go's ParseFloat reads it. */
function numeral(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
