import { z } from 'zod';

// What berth reads of the Docker API's answers (API 1.41 to 1.51), and nothing else of them.

/** GET /version */
export const VersionAnswer = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().default('1.0'),
  Arch: z.string(),
});

/** GET /info */
export const InfoAnswer = z.object({
  NCPU: z.number(),
  MemTotal: z.number(),
  Driver: z.string(),
  DriverStatus: z.array(z.array(z.string())).nullish(),
  DockerRootDir: z.string(),
  /** From API 1.44; empty where CDI is off. */
  CDISpecDirs: z.array(z.string()).nullish(),
  /** From API 1.50; absent where there are none. */
  DiscoveredDevices: z.array(z.object({ Source: z.string(), ID: z.string() })).nullish(),
});
export type InfoAnswer = z.infer<typeof InfoAnswer>;

const Labels = z.record(z.string(), z.string()).nullish();

/** GET /containers/json */
export const ContainerListAnswer = z.array(
  z.object({ Id: z.string(), Labels, SizeRw: z.number().nullish() }),
);

/** GET /containers/{id}/json */
export const ContainerAnswer = z.object({
  Id: z.string(),
  Config: z.object({ Labels }),
  State: z.object({
    Status: z.string(),
    OOMKilled: z.boolean(),
    Pid: z.number(),
    ExitCode: z.number(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
  }),
  /** Those that run, and those that were never started. */
  ExecIDs: z.array(z.string()).nullish(),
  NetworkSettings: z.object({
    Networks: z
      .record(
        z.string(),
        z.object({
          IPAddress: z.string().nullish(),
          IPAMConfig: z.object({ IPv4Address: z.string().nullish() }).nullish(),
        }),
      )
      .nullish(),
  }),
});
export type ContainerAnswer = z.infer<typeof ContainerAnswer>;

/** POST /containers/create */
export const CreatedAnswer = z.object({ Id: z.string() });

/** POST /containers/{id}/exec */
export const ExecCreatedAnswer = z.object({ Id: z.string() });

/** GET /exec/{id}/json */
export const ExecAnswer = z.object({
  Running: z.boolean(),
  ProcessConfig: z.object({ entrypoint: z.string() }),
});

/** GET /images/{name}/json */
export const ImageAnswer = z.object({
  Os: z.string(),
  Architecture: z.string(),
  RepoDigests: z.array(z.string()).nullish(),
  Config: z.object({ Env: z.array(z.string()).nullish() }).nullish(),
});

/** One network of GET /networks */
export const NetworkAnswer = z.object({
  Id: z.string(),
  Name: z.string(),
  Created: z.string(),
  Labels,
  Options: Labels,
  IPAM: z.object({
    Config: z.array(z.object({ Subnet: z.string().nullish(), Gateway: z.string().nullish() })).nullish(),
  }),
});
export type NetworkAnswer = z.infer<typeof NetworkAnswer>;

/** One line of GET /events */
export const EventAnswer = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
});

/** One line of POST /images/create */
export const PullAnswer = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().optional() }).optional(),
});
export type PullAnswer = z.infer<typeof PullAnswer>;
