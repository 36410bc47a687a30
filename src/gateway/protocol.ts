import { z } from 'zod';

/**
 * The admin socket: newline-delimited JSON both ways over a Unix socket, between berthd and one generation of the gateway.
 * A message whose `type` the receiver doesn't know is ignored, so that either side may be the newer one.
 */
export const PROTOCOL_VERSION = 1;

/** The longest time that a timer of node's can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const count = z.int().nonnegative();
const port = z.int().min(1).max(65_535);

const route = z.object({
  containerId: z.string().min(1),
  hosts: z.array(z.string().min(1)).readonly(),
  requestTimeoutMs: z.int().min(1).max(MAX_TIMER_MS),
  upstreams: z.array(z.object({ instance: z.string().min(1), host: z.string().min(1), port })).readonly(),
});

export const tableSchema = z.object({ version: count, routes: z.array(route).readonly() });

export const activitySchema = z
  .array(z.object({ instance: z.string(), inFlight: count, lastUsed: z.number().nonnegative() }))
  .readonly();

const gatewayMessage = z.discriminatedUnion('type', [
  /** The first message on each connection. An `activity` of every busy instance follows it. */
  z.object({
    type: z.literal('hello'),
    protocol: z.literal(PROTOCOL_VERSION),
    /** berth's version, of the code that this generation runs. */
    version: z.string(),
    generation: count,
    pid: z.int().positive(),
    listen: z.object({ host: z.string(), port }),
    table: tableSchema,
  }),
  /** Every process of this generation uses the table of this version. */
  z.object({ type: z.literal('applied'), version: count }),
  /** Requests and WebSockets in flight at the instances where that has changed, over all processes. */
  z.object({ type: z.literal('activity'), instances: activitySchema }),
  /** This generation takes no new connections; the next one answers at the same path. Activity goes on until the end. */
  z.object({ type: z.literal('retiring') }),
  /** A request came for a container that has no instance. */
  z.object({ type: z.literal('wake'), containerId: z.string() }),
]);

const berthdMessage = z.discriminatedUnion('type', [
  /** The whole table; it replaces the one before. */
  z.object({ type: z.literal('table'), table: tableSchema }),
  /** Start the next generation from the code now installed. */
  z.object({ type: z.literal('reload') }),
]);

export type GatewayMessage = z.infer<typeof gatewayMessage>;
export type BerthdMessage = z.infer<typeof berthdMessage>;
export type Hello = Extract<GatewayMessage, { type: 'hello' }>;

export function encodeMessage(message: GatewayMessage | BerthdMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/** A line from the gateway; undefined where its type is unknown. Throws where it is malformed. */
export function decodeGatewayMessage(line: string): GatewayMessage | undefined {
  const value = parseLine(line);
  return isOneOf(gatewayMessage.options, value.type) ? gatewayMessage.parse(value) : undefined;
}

/** A line from berthd; undefined where its type is unknown. Throws where it is malformed. */
export function decodeBerthdMessage(line: string): BerthdMessage | undefined {
  const value = parseLine(line);
  return isOneOf(berthdMessage.options, value.type) ? berthdMessage.parse(value) : undefined;
}

const anyMessage = z.looseObject({ type: z.string() });

function parseLine(line: string): z.infer<typeof anyMessage> {
  return anyMessage.parse(JSON.parse(line));
}

function isOneOf(options: readonly { shape: { type: { value: string } } }[], type: string): boolean {
  return options.some((option) => option.shape.type.value === type);
}
