/** A TCP address. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** As much of berthd's configuration as the doctor looks at. */
export interface DaemonSettings {
  readonly dataDir: string;
  readonly apiListen: Listen;
  readonly socket: string;
  /** Null lets berth choose: port 80, or 8080 when 80 may not be bound. */
  readonly gatewayListen: Listen | null;
  readonly domain: string;
  readonly dockerHost: string;
  readonly nvidiaSmi: string;
}

/** Reads them as berthd does: from its file and the environment. Rejects with an error of one line for a bad value. */
export type ReadSettings = (surroundings: {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly root: boolean;
  readonly home: string;
}) => Promise<DaemonSettings>;
