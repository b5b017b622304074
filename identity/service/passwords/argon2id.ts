/** Argon2id at OWASP's first choice: 19 MiB, two passes, one lane; about 40 ms. Raised here, it is raised for everybody. */
export const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
