import type { Generated } from 'kysely';
import type { Outcome, Status } from '../domain/container.ts';
import type { EventKind } from '../domain/event.ts';

/** The tables of schema.sql as Kysely knows them. */
export interface Tables {
  installation: { only: number; id: string; last_address: number | null };
  users: { id: string; name: string; password_hash: string; roles: string; created_at: number };
  containers: {
    id: string;
    created_by: string;
    created_at: number;
    updated_at: number;
    latest_revision: number;
    serving_revision: number | null;
    status: Status;
    status_reason: string | null;
  };
  revisions: {
    container_id: string;
    number: number;
    spec: string;
    outcome: Outcome['kind'];
    failure: string | null;
    created_at: number;
  };
  kept_logs: { container_id: string; revision: number; instance_id: string; ended_at: number; lines: string };
  gpu_holdings: {
    container_id: string;
    revision: number;
    owner: string;
    name: string;
    gpu: string;
    memory: number | null;
    handover: number;
  };
  gpu_queue: {
    place: Generated<number>;
    container_id: string;
    overtaken: Generated<number>;
    announced: Generated<number>;
  };
  events: {
    id: Generated<number>;
    at: number;
    kind: EventKind;
    owner: string | null;
    container_id: string | null;
    data: string;
  };
  hostnames: { hostname: string; container_id: string };
}
