const BINARY = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, Ti: 1024 ** 4 } as const;
const DECIMAL = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;
const FACTORS: ReadonlyMap<string, number> = new Map(Object.entries({ ...BINARY, ...DECIMAL, '': 1 }));

/** What a quantity looks like: digits, perhaps a fraction, perhaps a unit. Also the pattern in the OpenAPI document. */
export const QUANTITY_PATTERN = /^[0-9]{1,15}(\.[0-9]{1,9})?(Ki|Mi|Gi|Ti|k|M|G|T)?$/;

/** An amount of bytes and the text that it was given as, which is what the API echoes. */
export interface Quantity {
  readonly text: string;
  readonly bytes: number;
}

/** Parses a Kubernetes quantity of bytes ("512Mi", "2G", "1048576"). Undefined where the text is none. */
export function parseQuantity(text: string): Quantity | undefined {
  if (!QUANTITY_PATTERN.test(text)) return undefined;
  const unit = /[A-Za-z]*$/.exec(text)?.[0] ?? '';
  const factor = FACTORS.get(unit);
  if (factor === undefined) return undefined;
  const bytes = Math.floor(Number(text.slice(0, text.length - unit.length)) * factor);
  return Number.isSafeInteger(bytes) ? { text, bytes } : undefined;
}

/** Bytes for a person to read: "1.5Gi", "20Mi". */
export function formatBytes(bytes: number): string {
  for (const [unit, factor] of Object.entries(BINARY).reverse()) {
    if (bytes >= factor) return `${Math.round((bytes / factor) * 10) / 10}${unit}`;
  }
  return `${bytes} bytes`;
}
