/** Who asks. `admin` may see and change everyone's containers. */
export interface Caller {
  /** The token's `sub`; becomes `createdBy`. */
  readonly userId: string;
  readonly admin: boolean;
}

/** A user who fetches tokens with a name and a password. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly roles: readonly string[];
}
