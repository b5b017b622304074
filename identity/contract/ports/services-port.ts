/** Who is behind the bearer token of another service. */
export interface ServicesPort {
  /** The service that made `assertion` for `audience`, or null: it does not hold. Only the audience itself may ask. */
  verify(assertion: string, audience: string): Promise<string | null>;
}
