/** What the parent tells a generation. */
const ORDERS = [
  /** The next generation is about to load the table: answer `held`, and apply none until `resume` or `retire`. */
  'hold',
  'resume',
  /** Load the table and serve. */
  'start',
  /** The next one serves: finish what is open, and exit. */
  'retire',
  /** The gateway stops: finish soon, and exit. */
  'stop',
] as const;

/** What a generation tells the parent. */
const REPORTS = [
  'prepared',
  'held',
  'serving',
  /** berthd asks for the next generation. */
  'reload',
] as const;

export type Order = (typeof ORDERS)[number];
export type Report = (typeof REPORTS)[number];

export function parseOrder(message: unknown): Order | undefined {
  return ORDERS.find((order) => order === message);
}

export function parseReport(message: unknown): Report | undefined {
  return REPORTS.find((report) => report === message);
}
